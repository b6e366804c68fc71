"""The life of a receivable and of a dispute: every state with every event."""

import pytest

from receivables.states import (
    APPEAL_LIFECYCLE,
    CHANGE_LIFECYCLE,
    DISPUTE_LIFECYCLE,
    FLAG_LIFECYCLE,
    LIFECYCLE,
    REASONS,
    ChangeState,
    State,
    reasons_for,
)
from yingshou.kernel.lifecycle import IllegalTransition, Transition

ALLOWED = {
    ("DRAFT", "submit"): "PENDING_CONFIRM",
    ("DRAFT", "submit_direct"): "DIRECT",
    ("DRAFT", "publish"): "CONFIRMED",
    ("DRAFT", "undo"): "UNDONE",
    ("PENDING_CONFIRM", "confirm"): "CONFIRMED",
    ("PENDING_CONFIRM", "confirm_part"): "CONFIRMED",
    ("PENDING_CONFIRM", "return"): "RETURNED",
    ("PENDING_CONFIRM", "refuse"): "REFUSED",
    ("PENDING_CONFIRM", "withdraw"): "WITHDRAWN",
    ("RETURNED", "resubmit"): "PENDING_CONFIRM",
    ("RETURNED", "withdraw"): "WITHDRAWN",
    ("CONFIRMED", "settle"): "SETTLED",
    ("CONFIRMED", "write_off"): "WRITTEN_OFF",
    ("CONFIRMED", "accept_change"): "CONFIRMED",
    ("DIRECT", "settle"): "SETTLED",
    ("DIRECT", "write_off"): "WRITTEN_OFF",
}


@pytest.mark.parametrize(("state", "event", "step"), list(LIFECYCLE.product()))
def test_every_state_with_every_event(state: str, event: str, step: Transition | None) -> None:
    expected = ALLOWED.get((state, event))

    if expected is None:
        with pytest.raises(IllegalTransition):
            LIFECYCLE.check(state, event)
    else:
        assert LIFECYCLE.check(state, event).target == expected


def test_product_is_complete() -> None:
    assert len(list(LIFECYCLE.product())) == len(State) * 13


def test_closed_states_are_final() -> None:
    assert LIFECYCLE.final == {"REFUSED", "WITHDRAWN", "UNDONE", "SETTLED", "WRITTEN_OFF"}


@pytest.mark.parametrize(
    ("state", "event", "target"),
    [
        ("OPEN", "answer", "OPEN"),
        ("OPEN", "resolve", "RESOLVED"),
        ("OPEN", "withdraw", "WITHDRAWN"),
    ],
)
def test_a_dispute_moves(state: str, event: str, target: str) -> None:
    assert DISPUTE_LIFECYCLE.check(state, event).target == target


def test_a_closed_dispute_stays_closed() -> None:
    assert DISPUTE_LIFECYCLE.final == {"RESOLVED", "WITHDRAWN"}


CHANGES = {"accept": "ACCEPTED", "refuse": "REFUSED", "withdraw": "WITHDRAWN", "lapse": "LAPSED"}


@pytest.mark.parametrize(("state", "event", "step"), list(CHANGE_LIFECYCLE.product()))
def test_a_proposed_change_is_answered_once(state: str, event: str, step: Transition | None) -> None:
    assert (step.target if step else None) == (CHANGES[event] if state == ChangeState.OPEN else None)


FLAGS = {"dismiss": "DISMISSED", "merge": "MERGED"}
APPEALS = {"lift": "LIFTED", "uphold": "UPHELD", "withdraw": "WITHDRAWN"}


@pytest.mark.parametrize(("state", "event", "step"), list(FLAG_LIFECYCLE.product()))
def test_a_possible_duplicate_is_decided_once(state: str, event: str, step: Transition | None) -> None:
    assert (step.target if step else None) == (FLAGS[event] if state == "OPEN" else None)


@pytest.mark.parametrize(("state", "event", "step"), list(APPEAL_LIFECYCLE.product()))
def test_an_appeal_is_answered_once(state: str, event: str, step: Transition | None) -> None:
    assert (step.target if step else None) == (APPEALS[event] if state == "OPEN" else None)


def test_both_words_about_a_change_have_reasons_to_choose_from() -> None:
    assert {one.code for one in reasons_for("propose_change")} >= {"TERMS_AGREED", "OTHER"}
    assert {one.code for one in reasons_for("refuse_change")} >= {"NOT_AGREED", "OTHER"}


def test_every_step_that_says_no_has_reasons_to_choose_from() -> None:
    for step in LIFECYCLE.transitions:
        if step.reason:
            assert reasons_for(step.event), step.event


def test_partly_disputed_belongs_to_part_confirmation_only() -> None:
    assert REASONS["PARTLY_DISPUTED"].events == {"confirm_part"}


def test_another_due_date_is_a_return() -> None:
    assert REASONS["DUE_DATE"].events == {"return"}
