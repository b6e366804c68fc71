"""Maker-checker: two people, frozen lines, a result per line, the rejection kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from yingshou.approvals import actions
from yingshou.approvals.handlers import HANDLERS, Handler, LineDraft
from yingshou.approvals.models import Approval, ApprovalLine, ApprovalPolicy, When
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel import clock
from yingshou.kernel.errors import NotVisible, StaleVersion
from yingshou.kernel.lifecycle import IllegalTransition
from yingshou.kernel.merkle import leaf_hash, root
from yingshou.tenancy.actor import Actor, ActorKind, Duty, acting_as
from yingshou.tenancy.permissions import PERMISSIONS, Permission

pytestmark = pytest.mark.django_db(transaction=True)

MAKER = Actor(
    kind=ActorKind.PERSON, person_id=3, organisation_id=1, duties=frozenset({Duty.MAKER, Duty.CHECKER}), label="Maker"
)
CHECKER = Actor(
    kind=ActorKind.PERSON, person_id=4, organisation_id=1, duties=frozenset({Duty.CHECKER}), label="Checker"
)
VIEWER = Actor(kind=ActorKind.PERSON, person_id=5, organisation_id=1, duties=frozenset({Duty.VIEWER}))
STRANGER = Actor(kind=ActorKind.PERSON, person_id=6, organisation_id=2, duties=frozenset({Duty.CHECKER}))

applied: list[int] = []
stale: set[int] = set()


class Recording(Handler):
    title = "Test"
    maker_permission = "test.make"
    checker_permission = "test.check"

    def apply(
        self,
        lines: Sequence[ApprovalLine],
        *,
        approval: Approval,
        by: Actor,
        at: datetime,
        signature_id: int | None,
    ) -> list[Outcome]:
        outcomes = [
            Outcome(line.object_id, line.object_id not in stale, StaleVersion() if line.object_id in stale else None)
            for line in lines
        ]
        applied.extend(outcome.pk for outcome in outcomes if outcome.ok)
        return outcomes


if "test.act" not in dict(HANDLERS.items()):
    HANDLERS.register("test.act", Recording())
    PERMISSIONS.register("test.make", Permission(sentence="make", duties=frozenset({Duty.MAKER})))
    PERMISSIONS.register("test.check", Permission(sentence="check", duties=frozenset({Duty.CHECKER})))


@pytest.fixture(autouse=True)
def _acting() -> Iterator[None]:
    applied.clear()
    stale.clear()
    with acting_as(MAKER), transaction.atomic():
        yield


def draft(object_id: int, amount: str = "100.00") -> LineDraft:
    return LineDraft("thing", object_id, 1, f"T-{object_id}", Decimal(amount), document={"id": object_id})


def submit(*ids: int) -> Approval:
    return actions.submit("test.act", [draft(one) for one in ids], by=MAKER, at=clock.now())


def approve(approval: Approval, by: Actor = CHECKER, **more: int) -> list[Outcome]:
    with acting_as(by):
        return actions.approve(approval.pk, by=by, at=clock.now(), **more)


def set_policy(**facts: object) -> None:
    ApprovalPolicy.objects.create(organisation_id=1, action="test.act", **facts)


def test_nothing_happens_until_a_second_person_approves() -> None:
    approval = submit(1, 2)
    before = list(applied)

    outcomes = approve(approval)

    assert before == []
    assert applied == [1, 2]
    assert all(outcome.ok for outcome in outcomes)


def test_the_maker_cannot_check_even_with_the_duty() -> None:
    approval = submit(1)

    with pytest.raises(actions.CheckerIsMaker):
        approve(approval, by=MAKER)
    assert applied == []


def test_the_database_refuses_a_checker_who_is_the_maker() -> None:
    approval = submit(1)

    with pytest.raises(IntegrityError, match="checker_is_not_maker"), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(checker_id=MAKER.person_id)


def test_without_the_duty_nobody_checks() -> None:
    approval = submit(1)

    with pytest.raises(actions.DutyMissing):
        approve(approval, by=VIEWER)


def test_another_organisation_does_not_find_it() -> None:
    approval = submit(1)

    with pytest.raises(NotVisible):
        approve(approval, by=STRANGER)


def test_two_approvals_give_one() -> None:
    approval = submit(1)
    approve(approval)

    with pytest.raises(IllegalTransition):
        approve(approval)
    assert applied == [1]


def test_a_rejection_keeps_the_row_and_its_reason_and_frees_the_object() -> None:
    approval = submit(1)

    with acting_as(CHECKER):
        actions.reject(approval.pk, reason="Amount differs", by=CHECKER, at=clock.now())

    approval.refresh_from_db()
    assert (approval.state, approval.reason, approval.checker_id) == ("REJECTED", "Amount differs", 4)
    assert submit(1).pk != approval.pk


def test_no_second_change_of_the_same_object_while_one_is_open() -> None:
    submit(1)

    with pytest.raises(actions.ChangeAlreadyOpen):
        submit(1)


def test_a_line_that_changed_since_is_left_out_and_named() -> None:
    approval = submit(1, 2)
    stale.add(2)

    outcomes = approve(approval)

    assert [outcome.ok for outcome in outcomes] == [True, False]
    kept = list(approval.lines.order_by("position").values_list("outcome", "outcome_code"))
    assert kept == [("DONE", ""), ("REFUSED", "STALE")]


def test_only_the_maker_takes_it_back() -> None:
    approval = submit(1)

    with acting_as(CHECKER), pytest.raises(actions.DutyMissing):
        actions.withdraw(approval.pk, by=CHECKER, at=clock.now())
    actions.withdraw(approval.pk, by=MAKER, at=clock.now())

    approval.refresh_from_db()
    assert approval.state == "WITHDRAWN"


def test_a_policy_may_ask_for_nobody() -> None:
    set_policy(second_person=When.NEVER)

    submit(1)

    assert applied == [1]


@pytest.mark.parametrize(("amount", "needed"), [("999.99", False), ("1000.00", True)])
def test_a_policy_may_ask_from_an_amount(amount: str, needed: bool) -> None:
    set_policy(second_person=When.FROM_AMOUNT, second_person_from_amount=Decimal("1000.00"))

    approval = actions.submit("test.act", [draft(1, amount)], by=MAKER, at=clock.now())

    assert approval.needs_second_person is needed


def test_where_a_signature_is_needed_a_click_does_not_do() -> None:
    set_policy(second_person=When.ALWAYS, signature=When.ALWAYS)
    approval = submit(1)

    with pytest.raises(actions.SignatureMissing):
        approve(approval)
    approve(approval, signature_id=77)

    approval.refresh_from_db()
    assert (approval.state, approval.signature_id) == ("APPROVED", 77)


def test_the_manifest_is_the_merkle_root_of_the_frozen_documents() -> None:
    approval = submit(1, 2)

    documents = approval.lines.order_by("position").values_list("document", flat=True)

    assert bytes(approval.manifest_root) == root([leaf_hash(document.encode()) for document in documents])


def test_nothing_selected_and_too_much_selected_are_refused() -> None:
    with pytest.raises(actions.NothingSelected):
        submit()
    with pytest.raises(actions.TooManyLines):
        submit(*range(1, actions.LINES_MAXIMUM + 2))
