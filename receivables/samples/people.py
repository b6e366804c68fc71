"""Settles the city: organisations, people, memberships, and registrations that wait for the platform's staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from django.contrib.auth.hashers import make_password
from django.db import transaction

from receivables.samples import city
from receivables.samples.city import Firm
from yingshou.approvals import actions as approvals
from yingshou.identity import factors
from yingshou.identity.actions import decisions, registration
from yingshou.identity.actions import factors as factor_actions
from yingshou.identity.actions.founding import Founder, found
from yingshou.identity.actions.registration import AdministratorDraft, OrganisationDraft, Upload
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation
from yingshou.tenancy.actor import Actor, Capability, acting_as

JOB = "sample_city"
# The smallest picture a browser shows: stands in for the scan of a licence.
LICENCE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fe"
    "dccc59e70000000049454e44ae426082"
)
_CITY_IS_OLDER_BY = timedelta(days=400)


@dataclass(frozen=True)
class City:
    """The city after it was settled: organisations by key, actors by sign-in name."""

    organisations: dict[str, Organisation]
    actors: dict[str, Actor]
    is_new: bool

    def actor(self, username: str) -> Actor:
        """Who acts under a sign-in name."""
        return self.actors[username]


def settle(*, password: str, at: datetime) -> City:
    """Create whoever is missing; run again, it changes nothing."""
    worker = Actor.system(JOB)
    with acting_as(worker), transaction.atomic():
        is_new = Organisation.objects.by_uscc(city.OPERATOR.uscc) is None
    # One hash for all: a hundred slow hashes would only make the load slow, the password is printed anyway.
    password_hash = make_password(password) if is_new else ""
    since = at - _CITY_IS_OLDER_BY
    for number, firm in enumerate(city.FIRMS):
        found(_draft(firm), _founders(firm, password_hash, number), by=worker, at=since)
    if is_new:
        _second_membership(since)
    settled = _city(is_new)
    if is_new:
        _second_factors(settled, at=since)
        _applicants(settled, password=password, at=at)
    return settled


def _city(is_new: bool) -> City:
    with acting_as(Actor.system(JOB)), transaction.atomic():
        codes = {firm.uscc: firm.key for firm in city.FIRMS}
        organisations = {codes[row.uscc]: row for row in Organisation.objects.filter(uscc__in=codes)}
        rows = Membership.objects.filter(organisation__in=organisations.values()).select_related(
            "person", "organisation"
        )
        own = {citizen.username: firm.uscc for firm in city.FIRMS for citizen in firm.people}
        actors = {
            row.person.username: actor_of(row, JOB)
            for row in rows
            if own.get(row.person.username) == row.organisation.uscc
        }
    return City(organisations, actors, is_new)


def _draft(firm: Firm) -> OrganisationDraft:
    return OrganisationDraft(
        uscc=firm.uscc,
        name=firm.name,
        short_name=firm.short_name,
        name_en=firm.name_en,
        capabilities=[str(capability) for capability in firm.capabilities],
        kind=firm.kind,
        region=firm.region,
        size=firm.size,
        industry=firm.industry,
        legal_representative="法定代表人",
        address=f"{firm.short_name}大道1号",
    )


def _founders(firm: Firm, password_hash: str, number: int) -> Sequence[Founder]:
    return [
        Founder(
            username=citizen.username,
            display_name=citizen.display_name,
            email=f"{citizen.username}@sample.example",
            phone=f"139{number:04d}{place:04d}",
            duties=citizen.duties,
            password_hash=password_hash,
            is_staff=Capability.PLATFORM_OPERATOR in firm.capabilities,
        )
        for place, citizen in enumerate(firm.people)
    ]


def _second_membership(since: datetime) -> None:
    username, key, duties = city.SECOND_MEMBERSHIP
    firm = next(firm for firm in city.FIRMS if firm.key == key)
    with acting_as(Actor.system(JOB)), transaction.atomic():
        person_id = Membership.objects.values_list("person_id", flat=True).get(person__username=username)
        organisation = Organisation.objects.by_uscc(firm.uscc)
        Membership.objects.get_or_create(
            person_id=person_id,
            organisation=organisation,
            defaults={"duties": [str(duty) for duty in duties], "since": since},
        )


def _second_factors(settled: City, *, at: datetime) -> None:
    """Platform staff need a second factor; in the city it is an app whose secret is printed."""
    worker = Actor.system(JOB)
    with acting_as(worker), transaction.atomic():
        for citizen in city.OPERATOR.people:
            person_id = settled.actor(citizen.username).person_id
            factor_actions.add_app(
                person_id=person_id or 0, secret=factors.new_secret(), step=0, is_told=False, by=worker, at=at
            )


def _applicants(settled: City, *, password: str, at: datetime) -> None:
    """Register some by the public form's action; staff look at one and send another back."""
    rows: list[Organisation] = []
    stranger = Actor.anonymous(JOB)
    for days, firm in zip((5, 2, 9), city.APPLICANTS, strict=True):
        with acting_as(stranger):
            row, _person = registration.register(
                organisation=_draft(firm),
                administrator=AdministratorDraft(
                    username=f"{firm.key}.admin",
                    display_name=f"{firm.short_name}管理员",
                    email=f"{firm.key}.admin@sample.example",
                    phone="13900000000",
                    password=password,
                ),
                licence=[Upload("营业执照.png", BytesIO(LICENCE))],
                by=stranger,
                at=at - timedelta(days=days),
            )
            rows.append(row)
    first, second = settled.actor("staff.first"), settled.actor("staff.second")
    with acting_as(first):
        decisions.propose_decision(organisation_id=rows[0].pk, event="verify", by=first, at=at - timedelta(days=1))
        back = decisions.propose_decision(
            organisation_id=rows[2].pk,
            event="reject",
            reason_code="LICENCE_UNREADABLE",
            reason="执照照片模糊，请重新上传。",
            by=first,
            at=at - timedelta(days=8),
        )
    with acting_as(second):
        approvals.approve(back.pk, by=second, at=at - timedelta(days=7))
    with acting_as(Actor.system(JOB)), transaction.atomic():
        registered = [f"{firm.key}.admin" for firm in city.APPLICANTS]
        _confirm_addresses(registered)


def _confirm_addresses(usernames: Sequence[str]) -> None:
    for membership in Membership.objects.filter(person__username__in=usernames).select_related("person"):
        membership.person.emailaddress_set.update(verified=True)  # type: ignore[attr-defined]  # allauth's reverse relation
