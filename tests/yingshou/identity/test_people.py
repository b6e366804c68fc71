"""Invitations, duties under two administrators, deactivation, profile, bank accounts; by actions and pages."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.identity.test_registration import key, signed_in
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.audit.models import AccessEvent, AuditEvent
from yingshou.identity.actions import accounts, appointments, duties, people
from yingshou.identity.actions.registration import AdministratorDraft
from yingshou.identity.errors import (
    DutyNotForThisOrganisation,
    InviteClosed,
    LastAdministrator,
    NotAnAdministrator,
    NotYours,
    OwnDuties,
    StaffActsForCustomer,
)
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import BankAccount, Membership, OrganisationInvite
from yingshou.kernel.errors import StaleVersion
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def draft(email: str = "new@example.com", username: str = "new-person") -> Any:
    return AdministratorDraft(username, "新人", email, "13800138001", make.PASSWORD)


def invited(mailoutbox: Any, *, by: Actor, email: str = "new@example.com", duty: Duty = Duty.MAKER) -> str:
    with acting_as(by):
        people.invite(email=email, display_name="新人", duties=[duty], language="zh-hans", by=by, at=make.AT)
    return make.first_group(r"/organisation/invite/([\w-]+)/", mailoutbox[-1].body)


def test_invited_person_joins_by_the_link_once(mailoutbox: Any) -> None:
    row = make.organisation()
    administrator = make.actor_for(row, Duty.ADMINISTRATOR)
    token = invited(mailoutbox, by=administrator)
    stranger = Actor.anonymous("r")

    with acting_as(stranger):
        membership = people.accept_invite(token=token, draft=draft(), by=stranger, at=make.AT)
        with pytest.raises(InviteClosed):
            people.accept_invite(token=token, draft=draft("x@example.com", "other"), by=stranger, at=make.AT)

    assert (membership.organisation_id, membership.duties) == (row.pk, ["maker"])
    with acting_as(stranger):
        assert OrganisationInvite.objects.get().token_hash != token
        assert EmailAddress.objects.get(user__username="new-person").verified


@pytest.mark.parametrize("what", ["old", "withdrawn", "invented"])
def test_dead_links_answer_alike(mailoutbox: Any, client: Client, what: str) -> None:
    administrator = make.actor_for(make.organisation(), Duty.ADMINISTRATOR)
    token = invited(mailoutbox, by=administrator)
    with acting_as(administrator):
        if what == "old":
            OrganisationInvite.objects.update(
                expires_at=make.AT - timedelta(days=1), created_at=make.AT - timedelta(days=8)
            )
        if what == "withdrawn":
            people.revoke_invite(invite_id=OrganisationInvite.objects.get().pk, by=administrator, at=make.AT)

    response = client.get(reverse("identity:accept_invite", args=["invented" if what == "invented" else token]))

    assert response.status_code == 404
    assert "新人" not in response.content.decode()


def test_invitation_by_pages(mailoutbox: Any) -> None:
    row = make.organisation()
    client = signed_in(make.membership(row, [Duty.ADMINISTRATOR]).person)
    page = client.get(reverse("identity:invite"))

    sent = client.post(
        reverse("identity:invite"),
        {"idempotency_key": key(page), "display_name": "新人", "email": "new@example.com", "duties": ["viewer"]},
    )
    assert sent.status_code == 302
    link = make.first_group(r"/organisation/invite/[\w-]+/", mailoutbox[-1].body)
    guest = Client()
    page = guest.get(link)
    values = {
        "username": "new-person",
        "display_name": "新人",
        "phone": "13800138001",
        "password1": make.PASSWORD,
        "password2": make.PASSWORD,
    }
    joined: Any = guest.post(link, values | {"idempotency_key": key(page)})

    assert joined.url == reverse("account_login")
    assert guest.post(reverse("account_login"), {"login": "new-person", "password": make.PASSWORD}).status_code == 302
    assert guest.get(reverse("identity:organisation")).context["organisation"].pk == row.pk
    assert client.get(reverse("identity:people")).status_code == 200


def test_staff_and_customers_stay_apart(mailoutbox: Any) -> None:
    operator = make.organisation(Capability.PLATFORM_OPERATOR, size=None)
    staff = make.membership(operator, [Duty.MAKER])
    customer = make.organisation()
    token = invited(mailoutbox, by=make.actor_for(customer, Duty.ADMINISTRATOR), email=staff.person.email)
    actor = actor_of(staff, "r")

    with acting_as(actor), pytest.raises(StaffActsForCustomer):
        people.accept_invite(token=token, draft=None, by=actor, at=make.AT)


def test_link_of_somebody_else_is_no_use_to_a_signed_in_person(mailoutbox: Any) -> None:
    token = invited(mailoutbox, by=make.actor_for(make.organisation(), Duty.ADMINISTRATOR))
    other = make.actor_for(make.organisation(), Duty.MAKER)

    with acting_as(other), pytest.raises(InviteClosed):
        people.accept_invite(token=token, draft=None, by=other, at=make.AT)


def test_only_administrators_manage_people() -> None:
    row = make.organisation()
    for duty in (Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR):
        actor = make.actor_for(row, duty)
        with acting_as(actor), pytest.raises(NotAnAdministrator):
            people.invite(email="a@example.com", display_name="甲", duties=[], language="", by=actor, at=make.AT)


def test_single_administrator_makes_makers_and_readers_at_once() -> None:
    row = make.organisation()
    administrator = make.actor_for(row, Duty.ADMINISTRATOR)
    member = make.membership(row, [Duty.VIEWER])

    with acting_as(administrator):
        changed = appointments.set_duties(
            membership_id=member.pk, duties=[Duty.MAKER], version=1, by=administrator, at=make.AT
        )
        event = AuditEvent.objects.filter(kind="identity.organisation.duties_changed")

        assert isinstance(changed, Membership)
        with transaction.atomic():
            assert event.get().body["after"] == ["maker"]


def test_second_administrator_agrees_to_binding_duties() -> None:
    row = make.organisation()
    first, second = make.actor_for(row, Duty.ADMINISTRATOR), make.actor_for(row, Duty.ADMINISTRATOR)
    member = make.membership(row, [Duty.VIEWER])

    with acting_as(first):
        waiting = appointments.set_duties(
            membership_id=member.pk, duties=[Duty.CHECKER, Duty.SIGNER], version=1, by=first, at=make.AT
        )
        assert isinstance(waiting, Approval)
        assert Membership.objects.get(pk=member.pk).duties == ["viewer"]
        with pytest.raises(Exception, match="APR-004"):
            approvals.approve(waiting.pk, by=first, at=make.AT)
    with acting_as(second):
        approvals.approve(waiting.pk, by=second, at=make.AT)
        assert Membership.objects.get(pk=member.pk).duties == ["checker", "signer"]


def test_second_administrator_decides_on_the_people_page() -> None:
    row = make.organisation()
    first, second = make.membership(row, [Duty.ADMINISTRATOR]), make.membership(row, [Duty.ADMINISTRATOR])
    member = make.membership(row, [])
    client = signed_in(first.person)
    page = client.get(reverse("identity:member", args=[member.pk]))
    posted = client.post(
        reverse("identity:member", args=[member.pk]), {"idempotency_key": key(page), "version": 1, "duties": ["maker"]}
    )
    assert posted.status_code == 302, posted.content.decode()
    with acting_as(actor_of(first, "r")), transaction.atomic():
        approval = Approval.objects.get()
    outsider = signed_in(make.membership(make.organisation(), [Duty.ADMINISTRATOR]).person)
    url = reverse("identity:decide_change", args=[approval.pk])

    assert outsider.post(url, {"decision": "approve", "idempotency_key": "a"}).status_code == 404
    assert client.post(url, {"decision": "approve", "idempotency_key": "b"}).status_code == 403
    other = signed_in(second.person)
    assert "maker" in str(other.get(reverse("identity:people")).context["changes"][0]["line"].payload)
    assert other.post(url, {"decision": "approve", "idempotency_key": "c"}).status_code == 302
    with acting_as(Actor.anonymous()):
        assert Membership.objects.get(pk=member.pk).duties == ["maker"]


def test_taking_duties_away_needs_nobody_else() -> None:
    row = make.organisation()
    first = make.actor_for(row, Duty.ADMINISTRATOR)
    make.actor_for(row, Duty.ADMINISTRATOR)
    member = make.membership(row, [Duty.MAKER, Duty.CHECKER])

    with acting_as(first):
        changed = appointments.set_duties(membership_id=member.pk, duties=[Duty.MAKER], version=1, by=first, at=make.AT)

    assert isinstance(changed, Membership)


def test_duty_rules_are_kept() -> None:
    row, other = make.organisation(), make.organisation()
    own = make.membership(row, [Duty.ADMINISTRATOR])
    administrator = actor_of(own, "r")
    member, foreign = make.membership(row, [Duty.MAKER]), make.membership(other, [Duty.MAKER])

    def change(membership: Membership, wanted: list[Duty], version: Any = 1) -> Any:
        return appointments.set_duties(
            membership_id=membership.pk, duties=wanted, version=version, by=administrator, at=make.AT
        )

    with acting_as(administrator):
        with pytest.raises(OwnDuties):
            change(own, [Duty.ADMINISTRATOR, Duty.SIGNER])
        with pytest.raises(NotYours):
            change(foreign, [Duty.VIEWER])
        with pytest.raises(StaleVersion):
            change(member, [Duty.VIEWER], version=7)
        with pytest.raises(DutyNotForThisOrganisation):
            change(member, [Duty.AUDIT_ADMINISTRATOR])
        with pytest.raises(OwnDuties):
            people.set_active(membership_id=own.pk, active=False, by=administrator, at=make.AT)


def test_staff_duties_in_a_customers_row_give_nothing() -> None:
    actor = make.actor_for(make.organisation(), Duty.AUDIT_ADMINISTRATOR, Duty.SYSTEM_ADMINISTRATOR)

    assert actor.duties == frozenset()
    assert not actor.may("identity.staff_admin")


def test_last_administrator_stays() -> None:
    row = make.organisation()
    administrator = make.membership(row, [Duty.ADMINISTRATOR])
    security = make.actor_for(row, Duty.ADMINISTRATOR)
    with acting_as(security):
        people.set_active(membership_id=administrator.pk, active=False, by=security, at=make.AT)
        with pytest.raises(LastAdministrator):
            duties.keep_an_administrator(Membership.objects.get(person_id=security.person_id or 0))


def test_ended_person_is_turned_away_and_can_return() -> None:
    row = make.organisation()
    administrator = signed_in(make.membership(row, [Duty.ADMINISTRATOR]).person)
    member = make.membership(row, [Duty.MAKER])
    worker = signed_in(member.person)
    assert worker.get(reverse("identity:accounts")).status_code == 200

    administrator.post(reverse("identity:end_member", args=[member.pk]), {"idempotency_key": "a"})
    assert worker.get(reverse("identity:accounts")).status_code == 403
    administrator.post(reverse("identity:return_member", args=[member.pk]), {"idempotency_key": "b"})
    assert worker.get(reverse("identity:accounts")).status_code == 200


def test_profile_keeps_language_and_text_size_in_cookies() -> None:
    person = make.membership(make.organisation(), [Duty.MAKER]).person
    client = signed_in(person)
    page = client.get(reverse("identity:profile"))

    client.post(
        reverse("identity:profile"),
        {"idempotency_key": key(page), "display_name": "新名", "phone": "", "language": "en", "text_size": "large"},
    )

    assert client.cookies[settings.TEXT_SIZE_COOKIE_NAME].value == "large"
    assert "My profile" in client.get(reverse("identity:profile")).content.decode()


def test_bank_account_is_entered_checked_and_shown_whole_on_record() -> None:
    row = make.organisation()
    maker, checker = make.membership(row, [Duty.MAKER]), make.membership(row, [Duty.CHECKER])
    client = signed_in(maker.person)
    page = client.get(reverse("identity:add_account"))
    posted = client.post(
        reverse("identity:add_account"),
        {
            "idempotency_key": key(page),
            "bank_code": "104491063589",
            "bank_name": "中国银行",
            "account_name": row.name,
            "number": "4321 0000 1234 5678",
        },
    )
    assert posted.status_code == 302, posted.content.decode()
    actor = actor_of(checker, "r")
    with acting_as(actor):
        with transaction.atomic():
            approval = Approval.objects.get()
            line = approval.lines.get()
        assert "4321000012345678" not in f"{line.document}{line.payload}{line.label}"
        approvals.approve(approval.pk, by=actor, at=make.AT)
    with acting_as(actor), transaction.atomic():
        account = BankAccount.objects.get()
        assert (account.active, account.is_default) == (True, True)

    shown = client.get(reverse("identity:accounts")).content.decode()
    assert "4321000012345678" not in shown
    whole = client.post(reverse("identity:reveal_account", args=[account.pk]))
    assert "4321000012345678" in whole.content.decode()
    with acting_as(actor), transaction.atomic():
        assert AccessEvent.objects.filter(kind="identity.account_revealed", object_id=account.pk).count() == 1
    foreign = signed_in(make.membership(make.organisation(), [Duty.MAKER]).person)
    assert foreign.post(reverse("identity:reveal_account", args=[account.pk])).status_code == 404


def test_refused_bank_account_can_be_entered_again() -> None:
    row = make.organisation()
    maker, checker = make.actor_for(row, Duty.MAKER), make.actor_for(row, Duty.CHECKER)
    fields = {
        "bank_code": "104491063589",
        "bank_name": "中国银行",
        "account_name": row.name,
        "number": "4321000012345678",
    }
    for _ in range(2):
        with acting_as(maker):
            approval = accounts.propose_account(**fields, by=maker, at=make.AT)
        with acting_as(checker):
            approvals.reject(approval.pk, reason="不是我们的账户", by=checker, at=make.AT)

    with acting_as(checker), transaction.atomic():
        assert not BankAccount.objects.exclude(number_cipher="").exists()
