"""What staff granted to a person on single organisations and regions (django-guardian), resolved once per request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from yingshou.identity.models import Organisation, OrganisationGrant, RegionGrant
from yingshou.tenancy.actor import Actor

SUPPORT_VIEW = "support_view"
WORK_IN_REGION = "work_in_region"


@dataclass(frozen=True)
class SupportGrant:
    """
    One live support view of one person.

    :param granted_by: the names of the two colleagues
    :param address: the one page it is limited to; empty for all pages of the organisation
    """

    pk: int
    organisation: Organisation
    reason: str
    granted_by: tuple[str, str]
    ends_at: datetime
    address: str = ""


@dataclass(frozen=True)
class Grants:
    """What is open to one person at one instant: support views by number, regions by code."""

    support: Mapping[int, SupportGrant] = field(default_factory=dict)
    regions: frozenset[str] = field(default_factory=frozenset)


def of(actor: Actor, at: datetime) -> Grants:
    """
    The grants of the actor's person that are in force at `at`.

    Read from guardian's own tables; the ids then filter rows by ordinary foreign keys, never one grant per receivable.
    """
    if actor.person_id is None:
        return Grants()
    views = OrganisationGrant.objects.live(at).filter(user_id=actor.person_id, permission__codename=SUPPORT_VIEW)
    with transaction.atomic():
        support = (
            list(views.select_related("content_object", "granted_by", "approved_by"))
            if actor.is_staff_organisation
            else []
        )
    regions = RegionGrant.objects.filter(
        user_id=actor.person_id, permission__codename=WORK_IN_REGION, starts_at__lte=at
    ).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
    return Grants(
        support={row.pk: support_grant(row) for row in support},
        regions=frozenset(regions.values_list("content_object_id", flat=True)),
    )


def support_grant(row: OrganisationGrant) -> SupportGrant:
    """A row of guardian's table as the pages use it."""
    return SupportGrant(
        pk=row.pk,
        organisation=row.content_object,
        reason=row.reason,
        granted_by=(row.granted_by.display_name, row.approved_by.display_name),
        ends_at=row.ends_at,
        address=row.address,
    )
