"""The checker's pages: what waits, one submission, the decision, the policy."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.approvals.test_actions import applied  # registers the action "test.act"
from yingshou.approvals import actions
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalPolicy
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(client: Client, who: Membership) -> Client:
    with acting_as(Actor.system("test")):
        session = client.session
        session[SESSION_KEY] = str(who.person_id)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = who.person.get_session_auth_hash()
        session["membership_id"] = who.pk
        session.save()
    return client


@pytest.fixture
def people() -> dict[str, Membership]:
    firm = make.organisation()
    return {
        "maker": make.membership(firm, [Duty.MAKER]),
        "checker": make.membership(firm, [Duty.CHECKER]),
        "administrator": make.membership(firm, [Duty.ADMINISTRATOR]),
        "stranger": make.membership(make.organisation(), [Duty.CHECKER]),
    }


@pytest.fixture
def approval(people: dict[str, Membership]) -> Approval:
    applied.clear()
    maker = actor_of(people["maker"], "test")
    draft = LineDraft("thing", 71, 1, "T-71", Decimal("113000.00"), document={"id": 71})
    with acting_as(maker):
        return actions.submit("test.act", [draft], by=maker, at=clock.now())


def state(approval: Approval) -> str:
    with acting_as(Actor.system("test", approval.organisation_id)):
        from_database = Approval.objects.filter(pk=approval.pk)
        return str(_read(from_database))


def _read(rows: Any) -> Any:
    with transaction.atomic():
        return rows.values_list("state", flat=True).get()


def post(client: Client, name: str, approval: Approval, **fields: str) -> Any:
    return client.post(reverse(name, args=[approval.pk]), {"idempotency_key": f"{name}-{len(fields)}", **fields})


def test_the_checker_finds_it_in_the_inbox_and_the_maker_among_the_own(
    client: Client, people: dict[str, Membership], approval: Approval
) -> None:
    link = reverse("approvals:detail", args=[approval.pk])

    for who in ("checker", "maker"):
        page = signed_in(client, people[who]).get(reverse("approvals:inbox"))
        assert page.status_code == 200
        assert link in page.content.decode()


def test_the_page_says_what_is_asked_in_figures_and_words(
    client: Client, people: dict[str, Membership], approval: Approval
) -> None:
    page = signed_in(client, people["checker"]).get(reverse("approvals:detail", args=[approval.pk])).content.decode()

    assert "113,000.00" in page
    assert "壹拾壹万叁仟元整" in page
    assert "T-71" in page


def test_the_checker_approves_with_one_click(client: Client, people: dict[str, Membership], approval: Approval) -> None:
    answer = post(signed_in(client, people["checker"]), "approvals:approve", approval)

    assert answer.status_code == 302
    assert state(approval) == "APPROVED"
    assert applied == [71]


def test_the_maker_is_told_that_a_second_person_is_needed(
    client: Client, people: dict[str, Membership], approval: Approval
) -> None:
    page = signed_in(client, people["maker"]).get(reverse("approvals:detail", args=[approval.pk])).content.decode()
    answer = post(client, "approvals:approve", approval)

    assert reverse("approvals:approve", args=[approval.pk]) not in page
    assert answer.status_code == 403
    assert state(approval) == "SUBMITTED"


def test_a_rejection_needs_its_reason(client: Client, people: dict[str, Membership], approval: Approval) -> None:
    checker = signed_in(client, people["checker"])

    bare = post(checker, "approvals:reject", approval)
    reasoned = post(checker, "approvals:reject", approval, reason="金额不符")

    assert (bare.status_code, reasoned.status_code) == (422, 302)
    assert state(approval) == "REJECTED"
    assert "金额不符" in checker.get(reverse("approvals:detail", args=[approval.pk])).content.decode()


def test_the_maker_takes_it_back(client: Client, people: dict[str, Membership], approval: Approval) -> None:
    answer = post(signed_in(client, people["maker"]), "approvals:withdraw", approval)

    assert answer.status_code == 302
    assert state(approval) == "WITHDRAWN"


def test_another_organisation_gets_the_page_of_what_does_not_exist(
    client: Client, people: dict[str, Membership], approval: Approval
) -> None:
    stranger = signed_in(client, people["stranger"])

    foreign = stranger.get(reverse("approvals:detail", args=[approval.pk]))
    nothing = stranger.get(reverse("approvals:detail", args=[approval.pk + 9_999]))

    assert (foreign.status_code, nothing.status_code) == (404, 404)


def test_the_administrator_sets_from_which_amount_a_second_person_is_needed(
    client: Client, people: dict[str, Membership]
) -> None:
    administrator = signed_in(client, people["administrator"])
    fields = {
        "idempotency_key": "p",
        "second_person": "FROM_AMOUNT",
        "second_person_from_amount": "1000.00",
        "signature": "NEVER",
    }

    listed = administrator.get(reverse("approvals:policies"))
    answer = administrator.post(reverse("approvals:policy", args=["test.act"]), fields)

    assert listed.status_code == 200
    assert answer.status_code == 302
    with acting_as(Actor.system("test", people["administrator"].organisation_id)):
        assert _policy().second_person_from_amount == Decimal("1000.00")


def _policy() -> ApprovalPolicy:
    with transaction.atomic():
        return ApprovalPolicy.objects.get(action="test.act")


def test_a_policy_of_no_action_does_not_exist(client: Client, people: dict[str, Membership]) -> None:
    answer = signed_in(client, people["administrator"]).get(reverse("approvals:policy", args=["no.such"]))

    assert answer.status_code == 404


def test_the_inbox_is_searched_and_ordered_and_leaves_as_a_file(
    client: Client, people: dict[str, Membership], approval: Approval
) -> None:
    link = reverse("approvals:detail", args=[approval.pk])
    inbox = signed_in(client, people["checker"])

    found = inbox.get(reverse("approvals:inbox"), {"number": "T-7", "order": "amount", "amount_from": "100000"})
    other = inbox.get(reverse("approvals:inbox"), {"number": "T-8"})
    decided = inbox.get(reverse("approvals:inbox"), {"view": "decided"})
    file = inbox.post(reverse("approvals:export"), {"query": "view=waiting&number=T-7", "format": "csv"})
    foreign = signed_in(Client(), people["stranger"]).post(reverse("approvals:export"), {"format": "csv"})

    assert link in found.content.decode()
    assert link not in other.content.decode()
    assert link not in decided.content.decode()
    assert "113000.00" in file.getvalue().decode("utf-8-sig")
    assert "113000.00" not in foreign.getvalue().decode("utf-8-sig")


def test_a_filter_keeps_the_list_it_was_set_in(client: Client, people: dict[str, Membership]) -> None:
    page = signed_in(client, people["checker"]).get(reverse("approvals:inbox"), {"view": "decided", "maker": "nobody"})

    assert ("view", "decided") in page.context["list"].kept
    assert page.context["list"].cleared_url == "?view=decided"
