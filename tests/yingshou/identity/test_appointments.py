"""Binding duties where there is one administrator: nobody gives them alone, by duties or by invitation; two of staff are the second."""

from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.identity.test_people import draft, invited
from tests.yingshou.identity.test_registration import key, signed_in
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.identity.actions import appointments, people, requests
from yingshou.identity.errors import NotYours, OwnDuties
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import DutyRequest, Membership, Organisation, OrganisationInvite
from yingshou.kernel.errors import StaleVersion
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Organisation:
    return make.organisation(Capability.PLATFORM_OPERATOR, size=None)


def asked(administrator: Actor, member: Membership, *duties: Duty) -> DutyRequest:
    with acting_as(administrator):
        found = appointments.set_duties(
            membership_id=member.pk, duties=duties, version=member.version, by=administrator, at=make.AT
        )
    assert isinstance(found, DutyRequest)
    return found


def decided(operator: Organisation, request: DutyRequest, *, grant: bool = True) -> Any:
    """Proposed by one member of staff, agreed to by another; the outcome."""
    first, second = make.actor_for(operator, Duty.MAKER), make.actor_for(operator, Duty.CHECKER)
    with acting_as(first):
        approval = requests.propose(
            request_id=request.pk, grant=grant, reason="电话核实法定代表人", by=first, at=make.AT
        )
        assert approval.is_open
        with pytest.raises(Exception, match=r"APR-00[45]"):
            approvals.approve(approval.pk, by=first, at=make.AT)
    with acting_as(second):
        (outcome,) = approvals.approve(approval.pk, by=second, at=make.AT)
    return outcome


def duties_of(member: Membership) -> list[str]:
    with acting_as(Actor.system("test")):
        return list(Membership.objects.get(pk=member.pk).duties)


@pytest.mark.parametrize("duty", [Duty.CHECKER, Duty.SIGNER, Duty.ADMINISTRATOR])
def test_lone_administrator_cannot_give_a_binding_duty(operator: Organisation, duty: Duty) -> None:
    row = make.organisation()
    administrator, member = make.actor_for(row, Duty.ADMINISTRATOR), make.membership(row, [Duty.MAKER])

    request = asked(administrator, member, Duty.MAKER, duty)
    assert duties_of(member) == ["maker"]
    outcome = decided(operator, request)

    assert outcome.ok
    assert duties_of(member) == sorted(["maker", str(duty)])
    with acting_as(administrator), transaction.atomic():
        kinds = AuditEvent.objects.visible_to(administrator).order_by("pk").values_list("kind", flat=True)
        assert [kind.rsplit(".", 1)[-1] for kind in kinds] == ["duties_asked", "duties_changed", "duties_granted"]


def test_staff_refuse_with_a_reason_the_organisation_reads(operator: Organisation) -> None:
    row = make.organisation()
    own, member = make.membership(row, [Duty.ADMINISTRATOR]), make.membership(row, [])
    request = asked(actor_of(own, "r"), member, Duty.SIGNER)

    assert decided(operator, request, grant=False).ok

    assert duties_of(member) == []
    page = signed_in(own.person).get("/organisation/").content.decode()
    assert "电话核实法定代表人" in page


def test_invitation_of_a_lone_administrator_carries_no_binding_duty_until_staff_agreed(
    operator: Organisation, mailoutbox: Any
) -> None:
    row = make.organisation()
    administrator = make.actor_for(row, Duty.ADMINISTRATOR)
    with acting_as(administrator):
        invite = people.invite(
            email="new@example.com", display_name="新人", duties=[Duty.MAKER, Duty.CHECKER], language="", by=administrator, at=make.AT
        )  # fmt: skip
    token = make.first_group(r"/organisation/invite/([\w-]+)/", mailoutbox[-1].body)
    stranger = Actor.anonymous("r")
    with acting_as(stranger):
        request = DutyRequest.objects.get()
        member = people.accept_invite(token=token, draft=draft(), by=stranger, at=make.AT)

    assert invite.duties == ["maker"]
    assert member.duties == ["maker"]
    assert decided(operator, request).ok
    assert duties_of(member) == ["checker", "maker"]


def test_grant_before_the_invited_person_comes_is_on_the_invitation(operator: Organisation, mailoutbox: Any) -> None:
    row = make.organisation()
    token = invited(mailoutbox, by=make.actor_for(row, Duty.ADMINISTRATOR), duty=Duty.SIGNER)
    with acting_as(Actor.anonymous("r")):
        request = DutyRequest.objects.get()
    assert decided(operator, request).ok

    with acting_as(Actor.anonymous("r")) as stranger:
        assert people.accept_invite(token=token, draft=draft(), by=stranger, at=make.AT).duties == ["signer"]


def test_another_administrator_agrees_to_duties_of_an_invitation(mailoutbox: Any) -> None:
    row = make.organisation()
    first, second = make.actor_for(row, Duty.ADMINISTRATOR), make.actor_for(row, Duty.ADMINISTRATOR)
    invited(mailoutbox, by=first, duty=Duty.CHECKER)
    with acting_as(first), transaction.atomic():
        approval, invite = Approval.objects.get(), OrganisationInvite.objects.get()
        assert (invite.duties, DutyRequest.objects.count()) == ([], 0)
    with acting_as(first), pytest.raises(Exception, match="APR-004"):
        approvals.approve(approval.pk, by=first, at=make.AT)
    shown = signed_in(make.membership(row, [Duty.ADMINISTRATOR]).person).get(reverse("identity:people"))
    assert shown.status_code == 200

    with acting_as(second):
        (outcome,) = approvals.approve(approval.pk, by=second, at=make.AT)

    assert outcome.ok, outcome.error
    with acting_as(first):
        assert OrganisationInvite.objects.get().duties == ["checker"]


def test_lone_administrator_cannot_serve_herself(mailoutbox: Any) -> None:
    row = make.organisation()
    own = make.membership(row, [Duty.ADMINISTRATOR])
    administrator = actor_of(own, "r")

    with acting_as(administrator), transaction.atomic(), pytest.raises(OwnDuties):
        people.invite(email=own.person.email.upper(), display_name="我", duties=[Duty.MAKER], language="", by=administrator, at=make.AT)  # fmt: skip
    token = invited(mailoutbox, by=administrator, email="other@example.com")
    with acting_as(Actor.system("test")), transaction.atomic():
        type(own.person).objects.filter(pk=own.person_id).update(email="other@example.com")
    with acting_as(administrator), transaction.atomic(), pytest.raises(OwnDuties):
        people.accept_invite(token=token, draft=None, by=administrator, at=make.AT)
    assert duties_of(own) == ["administrator"]


def test_two_of_staff_are_neither_the_asker_nor_the_person(operator: Organisation) -> None:
    security = make.membership(operator, [Duty.ADMINISTRATOR, Duty.MAKER])
    member = make.membership(operator, [Duty.MAKER])
    request = asked(actor_of(security, "r"), member, Duty.CHECKER)
    for by in (actor_of(security, "r"), actor_of(member, "r")):
        with acting_as(by), transaction.atomic(), pytest.raises(requests.OwnRequest):
            requests.propose(request_id=request.pk, grant=True, reason="x", by=by, at=make.AT)


def test_customers_do_not_decide_and_change_since_is_stale(operator: Organisation) -> None:
    row = make.organisation()
    administrator, member = make.actor_for(row, Duty.ADMINISTRATOR), make.membership(row, [Duty.VIEWER])
    request = asked(administrator, member, Duty.CHECKER)
    outsider = make.actor_for(make.organisation(), Duty.MAKER)
    with acting_as(outsider), transaction.atomic(), pytest.raises(NotYours):
        requests.propose(request_id=request.pk, grant=True, reason="x", by=outsider, at=make.AT)
    with acting_as(administrator):
        appointments.set_duties(membership_id=member.pk, duties=[Duty.MAKER], version=1, by=administrator, at=make.AT)

    outcome = decided(operator, request)

    assert isinstance(outcome.error, StaleVersion)
    assert duties_of(member) == ["maker"]


def test_pages_say_why_whose_turn_and_let_it_be_taken_back(operator: Organisation) -> None:
    row = make.organisation()
    client = signed_in(make.membership(row, [Duty.ADMINISTRATOR]).person)
    member = make.membership(row, [Duty.MAKER])
    address = reverse("identity:member", args=[member.pk])
    sent = client.post(
        address,
        {"idempotency_key": key(client.get(address)), "version": 1, "duties": ["maker", "checker"]},
        follow=True,
    )
    with acting_as(Actor.anonymous()):
        request = DutyRequest.objects.get()
    staff = signed_in(make.membership(operator, [Duty.MAKER]).person)
    listed = staff.get(reverse("identity:registrations"))

    assert "ORG" not in sent.content.decode()
    assert reverse("identity:take_back_request", args=[request.pk]) in sent.content.decode()
    assert member.person.display_name in listed.content.decode()
    entry = listed.content.decode()
    entry = entry[entry.index(f'href="{reverse("identity:registrations")}"') :]
    assert make.first_group(r'class="y-count[^"]*"[^>]*>(\d+)<', entry[: entry.index("</a>")]) == "1"
    form = {"idempotency_key": "k", "decision": "grant", "reason": "核实"}
    assert staff.post(reverse("identity:propose_duties", args=[request.pk]), form).status_code == 302
    again = staff.get(reverse("identity:registrations")).content.decode()
    assert "/approvals/" in again[again.index(member.person.display_name) :]

    back = client.post(reverse("identity:take_back_request", args=[request.pk]), {"idempotency_key": "b"})
    assert back.status_code == 302
    checker = make.actor_for(operator, Duty.CHECKER)
    with acting_as(checker), transaction.atomic():
        (outcome,) = approvals.approve(Approval.objects.get().pk, by=checker, at=make.AT)
    assert isinstance(outcome.error, NotYours)
    assert duties_of(member) == ["maker"]
