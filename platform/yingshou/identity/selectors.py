"""Reads that go beyond one model: the directory's search, people of an organisation, what waits for staff."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from django.db import connection
from django.urls import reverse

from yingshou.approvals.models import Approval
from yingshou.identity.models import (
    DutyRequest,
    Membership,
    Organisation,
    OrganisationDetails,
    OrganisationGrant,
    OrganisationInvite,
    Region,
    RegionLevel,
    Workday,
)
from yingshou.identity.states import OrganisationState
from yingshou.identity.support_pages import page_address
from yingshou.kernel.calendar import Calendar
from yingshou.kernel.identifiers import normalise_uscc
from yingshou.kernel.names import bigrams, name_key
from yingshou.tenancy.actor import Actor, ActorKind
from yingshou.tenancy.permissions import PERMISSIONS

# Letters and digits of a credit code, from this many on it is searched as a code.
_CODE_FROM = 4


def find_organisations(text: str, limit: int = 20) -> list[Organisation]:
    """
    Organisations of the directory whose name contains the text, or whose credit code begins with it; best first.

    Two characters of a Chinese name suffice. Needs a signed-in actor.
    """
    by_id = Organisation.objects.in_bulk(ids := find_organisation_ids(text, limit))
    return [by_id[pk] for pk in ids if pk in by_id]


def find_organisation_ids(text: str, limit: int = 20) -> list[int]:
    """As `find_organisations`, the ids only: what a list filters its counterpart column by."""
    key = name_key(text)
    if not key:
        return []
    code = normalise_uscc(text)
    as_code = code if len(code) >= _CODE_FROM and code.isascii() and code.isalnum() else ""
    grams = bigrams(text) if len(key) > 1 else []
    with connection.cursor() as cursor:
        cursor.execute("select app_find_organisations(%s, %s, %s, %s)", [grams, key, as_code, limit])
        return [int(row[0]) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Member:
    """A person of an organisation as the administrator's list shows her."""

    membership: Membership
    open_change: Approval | None


def members(organisation_id: int) -> list[Member]:
    """The organisation's people, active ones first, each with a change of duties that waits."""
    rows = list(
        Membership.objects.filter(organisation_id=organisation_id)
        .select_related("person")
        .order_by("-active", "person__display_name", "pk")
    )
    waiting = {
        line.object_id: approval for approval in open_duty_changes(organisation_id) for line in approval.lines.all()
    }
    return [Member(row, waiting.get(row.pk)) for row in rows]


def open_duty_changes(organisation_id: int) -> Sequence[Approval]:
    """Changes of duties that wait for another administrator, oldest first."""
    return list(
        Approval.objects.open()
        .filter(organisation_id=organisation_id, action="identity.change_duties")
        .prefetch_related("lines")
        .order_by("submitted_at", "pk")
    )


def open_duty_requests(organisation_id: int | None = None) -> Sequence[DutyRequest]:
    """Duties that a lone administrator asked for and staff did not decide, oldest first; of one organisation or of all."""
    rows = DutyRequest.objects.open().select_related("organisation").order_by("asked_at", "pk")
    return list(rows if organisation_id is None else rows.filter(organisation_id=organisation_id))


def open_invites(organisation_id: int, at: datetime) -> Sequence[OrganisationInvite]:
    """Invitations that can still be used, newest first."""
    return list(
        OrganisationInvite.objects.filter(
            organisation_id=organisation_id, accepted_at=None, revoked_at=None, expires_at__gt=at
        ).order_by("-created_at")
    )


def organisations_to_verify(actor: Actor) -> Sequence[Organisation]:
    """Registrations that wait for staff, oldest first."""
    rows = Organisation.objects.visible_to(actor).filter(state=OrganisationState.PENDING_VERIFICATION)
    return list(rows.select_related("region").order_by("registered_at", "pk"))


@dataclass(frozen=True)
class SupportRow:
    """A live support view with the address it begins at."""

    row: OrganisationGrant
    address: str
    is_own: bool


def support_views(actor: Actor, at: datetime, *, everybodys: bool) -> list[SupportRow]:
    """Support views in force: the actor's own, or everybody's; the one that ends first on top."""
    rows = OrganisationGrant.objects.live(at).select_related("user", "content_object", "granted_by", "approved_by")
    if not everybodys:
        rows = rows.filter(user_id=actor.person_id)
    first = reverse("identity:organisation")
    return [
        SupportRow(row, page_address(row.pk, row.address or first), row.user_id == actor.person_id)
        for row in rows.order_by("ends_at", "pk")
    ]


def region_choices(day: date) -> list[tuple[str, list[tuple[str, str]]]]:
    """Provinces with their prefectures, for a drop-down in groups; those in use on the day."""
    groups: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for region in Region.objects.on(day).filter(level__lte=RegionLevel.PREFECTURE).order_by("code"):
        province = f"{region.code[:2]}0000"
        if region.level == RegionLevel.PROVINCE:
            names[region.code] = region.name
        groups.setdefault(province, []).append((region.code, region.name))
    return [(names.get(code, code), regions) for code, regions in groups.items()]


def calendar() -> Calendar:
    """The working-day calendar as staff keep it."""
    return Calendar(dict(Workday.objects.values_list("day", "is_workday")))


def membership_holds(by: Actor, permission: str) -> bool:
    """Whether the actor's membership, as committed at this instant, still gives the permission."""
    if by.kind is ActorKind.SUPPORT:
        return False
    if by.kind is not ActorKind.PERSON or by.person_id is None or by.organisation_id is None:
        return True
    row = Membership.objects.filter(person_id=by.person_id, organisation_id=by.organisation_id).first()
    if row is None:
        # Nobody's membership is ever deleted; who has none acts by another right, which the caller has judged.
        return True
    return row.active and PERMISSIONS.get(permission).allows(row.duty_set, by.capabilities)


def licences_among(file_ids: Collection[int]) -> set[int]:
    """Which of these stored files are business licences that an organisation registered with."""
    held = OrganisationDetails.objects.filter(licence_file_ids__overlap=list(file_ids))
    return set(chain.from_iterable(held.values_list("licence_file_ids", flat=True))) & set(file_ids)
