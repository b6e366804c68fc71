"""Support views: a customer's pages as staff see them under a grant of two, read only, on the customer's record, over at once."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from receivables.models import Receivable
from receivables.support import _address
from tests.factories import identity as make
from tests.factories import receivables as make_receivable
from tests.walk.walker import addresses
from tests.yingshou.identity.test_registration import key, signed_in
from yingshou.approvals import actions as approvals
from yingshou.audit.models import AuditEvent
from yingshou.identity.actions import support
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation, OrganisationGrant
from yingshou.identity.support_view import PERSONAL
from yingshou.kernel import clock
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.tenancy.actor import Actor, ActorKind, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "T-77 看不到到期日"


class Office:
    """The operator with two who grant and one who looks; a customer and its counterpart."""

    def __init__(self) -> None:
        self.operator = make.organisation(Capability.PLATFORM_OPERATOR)
        self.first = self.colleague(Duty.SECURITY_ADMINISTRATOR)
        self.second = self.colleague(Duty.SECURITY_ADMINISTRATOR)
        self.helper = self.colleague(Duty.MAKER)
        self.customer, self.buyer = make_receivable.creditor(), make_receivable.debtor()
        self.row = make_receivable.confirmed(self.customer, self.buyer)

    def colleague(self, duty: Duty) -> Membership:
        return make.membership(self.operator, [duty])

    def grant(self, at: datetime | None = None, **only: str) -> OrganisationGrant:
        """The whole way: proposed by the first, agreed to by the second."""
        at = at or clock.now()
        first, second = actor_of(self.first, "r1"), actor_of(self.second, "r2")
        with acting_as(first):
            asked = support.propose_support(
                organisation_id=self.customer.pk, person_id=self.helper.person_id, reason=REASON, by=first, at=at, **only
            )  # fmt: skip
        with acting_as(second):
            (outcome,) = approvals.approve(asked.pk, by=second, at=at)
        assert outcome.ok, outcome.error
        with acting_as(Actor.system("test")):
            found: OrganisationGrant = OrganisationGrant.objects.latest("pk")
        return found

    def looks(self) -> list[AuditEvent]:
        """What stands on the customer's record."""
        reader = make.actor_for(self.customer, Duty.VIEWER)
        with acting_as(reader), transaction.atomic():
            return list(
                AuditEvent.objects.visible_to(reader).filter(kind="identity.support_view.looked").order_by("pk")
            )


@pytest.fixture
def office() -> Office:
    return Office()


def page_of(row: Receivable) -> str:
    return f"/receivables/{row.public_no}/"


def inside(grant: OrganisationGrant, address: str) -> str:
    return f"/support/{grant.pk}{address}"


def test_customers_pages_open_read_only_with_a_banner(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)

    detail = client.get(inside(grant, page_of(office.row)))
    listing = client.get(inside(grant, "/receivables/"))
    organisation = client.get(inside(grant, "/organisation/"))

    assert [one.status_code for one in (detail, listing, organisation)] == [200, 200, 200]
    text = detail.content.decode()
    for said in (office.row.public_no, REASON, office.first.person.display_name, office.second.person.display_name):
        assert said in text
    assert 'class="y-notice y-notice-amber"' in text
    assert office.row.public_no in listing.content.decode()
    assert office.customer.name in organisation.content.decode()
    assert "/organisation/accounts/" not in organisation.content.decode()
    # Links lead on inside the view; no form of the customer's is offered.
    assert f'href="{inside(grant, page_of(office.row))}"' in listing.content.decode()
    sent = {re.search(r'action="([^"]+)"', one) for one in forms(text + listing.content.decode())}
    personal = {reverse(name) for name in PERSONAL}
    assert {found[1].removeprefix(inside(grant, "")) for found in sent if found} <= personal


def forms(text: str) -> list[str]:
    return [part.split(">", 1)[0] for part in text.split("<form")[1:] if 'method="post"' in part.split(">", 1)[0]]


def test_without_the_prefix_staff_still_see_nothing(office: Office) -> None:
    office.grant()
    client = signed_in(office.helper.person)

    assert client.get(page_of(office.row)).status_code in (403, 404)
    assert office.row.public_no not in client.get("/receivables/").content.decode()


def test_each_look_is_on_the_customers_record(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)
    client.get(inside(grant, page_of(office.row)))
    client.get(inside(grant, "/receivables/AR2026112000000000X/"))

    (look,) = office.looks()
    page = signed_in(make.membership(office.customer, [Duty.VIEWER]).person).get("/organisation/").content.decode()

    assert (look.person_id, look.organisation_id, look.object_id) == (office.helper.person_id, office.operator.pk, office.customer.pk)  # fmt: skip
    assert look.body["address"] == page_of(office.row)
    assert look.body["reason"] == REASON
    assert page.count(REASON) == 2, "opened, and looked"
    assert office.helper.person.display_name in page
    assert f'href="{page_of(office.row)}"' in page
    stranger = signed_in(make.membership(office.buyer, [Duty.VIEWER]).person).get("/organisation/").content.decode()
    assert REASON not in stranger


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_page_is_not_shown_when_the_look_cannot_be_recorded(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)
    client.raise_request_exception = False
    with connections["owner"].cursor() as owner:
        owner.execute("revoke insert on audit_auditevent from yingshou_app")
        try:
            answer = client.get(inside(grant, page_of(office.row)))
        finally:
            owner.execute("grant insert on audit_auditevent to yingshou_app")
    connections["owner"].close()

    assert answer.status_code == 500
    assert office.row.public_no not in answer.content.decode()


def test_nothing_is_ever_sent_through_a_view(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)
    drafted = make_receivable.drafted(office.customer, office.buyer)
    arguments: dict[str, Any] = {"public_no": drafted.public_no, "name": "submit", "kind": "receivables.claims"}
    answers = {}
    for address in addresses():
        if address.name.startswith("admin:"):
            continue
        given = {name: arguments.get(name, office.customer.pk) for name in address.arguments}
        try:
            path = reverse(address.name, kwargs=given)
        except NoReverseMatch:  # an address whose argument has another shape
            continue
        answers[address.name] = client.post(inside(grant, path), {"idempotency_key": uuid4().hex}).status_code

    refused = {name: status for name, status in answers.items() if name not in PERSONAL}
    assert len(refused) > 60
    assert set(refused.values()) == {404}
    assert client.get("/receivables/").status_code in (200, 302, 403), "the switches are the colleague's own"


def test_only_named_pages_open_and_never_personal_ones(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)

    for path in (
        "/",
        "/admin/",
        "/organisation/people/",
        "/organisation/accounts/",
        "/account/sessions/",
        "/receivables/new/",
    ):
        assert client.get(inside(grant, path)).status_code == 404, path
    profile = client.get(inside(grant, "/organisation/profile/"))
    assert (profile.status_code, profile["Location"]) == (302, "/organisation/profile/")
    assert client.post(inside(grant, "/account/logout/")).status_code == 302
    assert client.get(inside(grant, "/receivables/")).status_code == 404


def test_view_of_one_receivable_opens_that_page_alone(office: Office) -> None:
    other = make_receivable.confirmed(office.customer, office.buyer)
    grant = office.grant(kind="receivables.receivable", number=f" {office.row.public_no.lower()} ")
    client = signed_in(office.helper.person)

    assert client.get(inside(grant, page_of(office.row))).status_code == 200
    for path in (page_of(other), "/receivables/", "/organisation/"):
        assert client.get(inside(grant, path)).status_code == 404, path


def test_view_of_one_receivable_shows_nobody_elses(office: Office) -> None:
    foreign = make_receivable.confirmed(make_receivable.creditor(), make_receivable.debtor())
    grant = office.grant(kind="receivables.receivable", number=foreign.public_no)

    assert signed_in(office.helper.person).get(inside(grant, page_of(foreign))).status_code == 404
    assert office.looks() == []


@pytest.mark.parametrize("who", ["granter", "colleague", "customer", "stranger"])
def test_view_belongs_to_the_person_it_names(office: Office, who: str) -> None:
    grant = office.grant()
    persons = {
        "granter": office.first.person,
        "colleague": office.colleague(Duty.MAKER).person,
        "customer": make.membership(office.customer, [Duty.MAKER]).person,
    }
    client = signed_in(persons[who]) if who in persons else Client()

    inner, nowhere = client.get(inside(grant, page_of(office.row))), client.get("/support/987654/receivables/")

    assert (inner.status_code, nowhere.status_code) == (404, 404)
    assert office.looks() == []


def test_view_ends_by_time(office: Office) -> None:
    grant = office.grant(at=clock.now() - timedelta(hours=2, seconds=1))

    assert signed_in(office.helper.person).get(inside(grant, page_of(office.row))).status_code == 404


@pytest.mark.parametrize("who", ["first", "helper"])
def test_view_ends_at_once_when_it_is_ended(office: Office, who: str) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)
    assert client.get(inside(grant, page_of(office.row))).status_code == 200
    ending = client if who == "helper" else signed_in(office.first.person)
    shown = ending.get("/organisation/support/")
    assert office.customer.name in shown.content.decode()

    answer = ending.post(reverse("identity:end_support", args=[grant.pk]), {"idempotency_key": key(shown)})

    assert answer.status_code == 302
    assert client.get(inside(grant, page_of(office.row))).status_code == 404
    reader = make.actor_for(office.customer, Duty.VIEWER)
    with acting_as(reader), transaction.atomic():
        assert AuditEvent.objects.visible_to(reader).filter(kind="identity.organisation.support_ended").count() == 1


def test_colleague_who_left_sees_nothing_any_more(office: Office) -> None:
    grant, client = office.grant(), signed_in(office.helper.person)
    with acting_as(Actor.system("test")), transaction.atomic():
        Membership.objects.filter(pk=office.helper.pk).update(active=False)

    assert client.get(inside(grant, page_of(office.row))).status_code == 404


def test_nobody_opens_a_view_for_herself(office: Office) -> None:
    first, second, at = actor_of(office.first, "r"), actor_of(office.second, "r"), clock.now()
    with acting_as(first), transaction.atomic(), pytest.raises(support.ThirdPerson):
        support.propose_support(organisation_id=office.customer.pk, person_id=first.person_id or 0, reason="x", by=first, at=at)  # fmt: skip
    with acting_as(first):
        asked = support.propose_support(organisation_id=office.customer.pk, person_id=second.person_id or 0, reason="x", by=first, at=at)  # fmt: skip
    with acting_as(second):
        (outcome,) = approvals.approve(asked.pk, by=second, at=at)

    assert isinstance(outcome.error, support.ThirdPerson)
    with acting_as(Actor.system("test")):
        assert not OrganisationGrant.objects.exists()


def test_strangers_cannot_end_a_view(office: Office) -> None:
    grant = office.grant()
    for by in (make.actor_for(office.customer, Duty.ADMINISTRATOR), actor_of(office.colleague(Duty.MAKER), "r")):
        with acting_as(by), pytest.raises(NotVisible):
            support.end_support(grant_id=grant.pk, by=by, at=clock.now())


def test_number_must_have_the_form_of_one(office: Office) -> None:
    assert _address(office.row.public_no) == page_of(office.row)
    for number in ("", "AR1", "../../organisation/people/"):
        with pytest.raises(support.NoSuchObject):
            office.grant(kind="receivables.receivable", number=number)


def test_actor_of_a_view_can_write_nothing_even_by_mistake(office: Office) -> None:
    by = Actor(
        kind=ActorKind.SUPPORT,
        person_id=office.helper.person_id,
        organisation_id=office.customer.pk,
        duties=frozenset({Duty.MAKER, Duty.CHECKER}),
        capabilities=frozenset({Capability.CREDITOR}),
    )
    with pytest.raises(DatabaseError, match="read-only transaction"), acting_as(by), transaction.atomic():
        Organisation.objects.filter(pk=office.customer.pk).update(short_name="x")
    with acting_as(by), pytest.raises(DomainError):
        support.propose_support(organisation_id=1, person_id=1, reason="x", by=by, at=clock.now())
