"""Lifecycle tables: what they allow, what they refuse, and tables that contradict themselves."""

import pytest
from django.db.models import TextChoices

from yingshou.kernel.lifecycle import BrokenLifecycle, IllegalTransition, Lifecycle, Transition


class State(TextChoices):
    DRAFT = "DRAFT", "Draft"
    PENDING = "PENDING", "Waiting for confirmation"
    RETURNED = "RETURNED", "Returned"
    CONFIRMED = "CONFIRMED", "Confirmed"


def step(event: str, sources: set[str], target: str, who: str = "creditor", **needs: bool) -> Transition:
    return Transition(event, frozenset(sources), target, who, **needs)


STEPS = [
    step("submit", {State.DRAFT}, State.PENDING, second_person=True),
    step("confirm", {State.PENDING}, State.CONFIRMED, "debtor", second_person=True, signature=True),
    step("return", {State.PENDING}, State.RETURNED, "debtor", reason=True),
    step("resubmit", {State.RETURNED}, State.PENDING),
]
LIFECYCLE = Lifecycle("test.claim", STEPS, State, verbs={"return": "return for correction"})


def test_every_state_with_every_event_is_either_in_the_table_or_refused() -> None:
    allowed = {("DRAFT", "submit"), ("PENDING", "confirm"), ("PENDING", "return"), ("RETURNED", "resubmit")}

    for state, event, transition in LIFECYCLE.product():
        assert LIFECYCLE.allows(state, event) is ((state, event) in allowed)
        if transition is None:
            with pytest.raises(IllegalTransition):
                LIFECYCLE.check(state, event)
        else:
            assert LIFECYCLE.check(state, event) is transition
    assert len(list(LIFECYCLE.product())) == 16


def test_a_refusal_names_the_state_as_people_know_it() -> None:
    with pytest.raises(IllegalTransition) as caught:
        LIFECYCLE.check(State.DRAFT, "confirm")

    assert caught.value.status == 409
    assert caught.value.as_dict()["message_en"] == (
        "This step (confirm) is not possible: the present state is “Draft”."
    )


def test_a_refusal_names_the_event_as_people_say_it() -> None:
    with pytest.raises(IllegalTransition) as caught:
        LIFECYCLE.check(State.DRAFT, "return")

    assert caught.value.params["event"] == "return for correction"


def test_verbs_of_unknown_events_are_refused() -> None:
    with pytest.raises(BrokenLifecycle, match="unknown events"):
        Lifecycle("test.broken", STEPS, State, verbs={"approve": "approve"})


def test_an_event_that_the_table_does_not_know_is_a_fault_of_the_program() -> None:
    with pytest.raises(LookupError, match="no event 'approve'"):
        LIFECYCLE.check(State.DRAFT, "approve")


def test_available_follows_the_order_of_the_table_and_the_actor() -> None:
    assert [transition.event for transition in LIFECYCLE.available(State.PENDING)] == ["confirm", "return"]
    assert [transition.event for transition in LIFECYCLE.available(State.PENDING, who="creditor")] == []
    assert LIFECYCLE.available(State.CONFIRMED) == []


def test_the_table_knows_its_ends() -> None:
    assert LIFECYCLE.initial == {"DRAFT"}
    assert LIFECYCLE.final == {"CONFIRMED"}
    assert LIFECYCLE.events == ("submit", "confirm", "return", "resubmit")
    assert LIFECYCLE.sources("return") == {"PENDING"}


def test_mermaid_draws_every_transition_once() -> None:
    assert LIFECYCLE.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> DRAFT",
        "    DRAFT --> PENDING: submit [creditor, 2nd person]",
        "    PENDING --> CONFIRMED: confirm [debtor, 2nd person, signature]",
        "    PENDING --> RETURNED: return [debtor, reason]",
        "    RETURNED --> PENDING: resubmit [creditor]",
        "    CONFIRMED --> [*]",
    ]


def test_one_event_may_lead_to_different_states_from_different_ones() -> None:
    lifecycle = Lifecycle(
        "test.two",
        [step("go", {"A"}, "B"), step("go", {"B"}, "C"), Transition("create", frozenset(), "D", "system")],
        ["A", "B", "C", "D"],
    )

    assert lifecycle.check("A", "go").target == "B"
    assert lifecycle.check("B", "go").target == "C"


@pytest.mark.parametrize(
    ("transitions", "states", "reason"),
    [
        ([], [], "no states"),
        ([], ["A", "A"], "twice"),
        ([step("go", {"A"}, "X")], ["A"], "unknown states"),
        ([step("go", {"X"}, "A")], ["A"], "unknown states"),
        ([step("go", {"A"}, "B"), step("go", {"A"}, "A")], ["A", "B"], "two answers"),
        ([step("go", {"A"}, "A")], ["A", "B"], "nothing leads"),
        ([step("", {"A"}, "B")], ["A", "B"], "lacks its event"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    transitions: list[Transition], states: list[str], reason: str
) -> None:
    with pytest.raises(BrokenLifecycle, match=reason):
        Lifecycle("test.broken", transitions, states)


def test_an_initial_state_must_be_one_of_the_states() -> None:
    with pytest.raises(BrokenLifecycle, match="unknown states"):
        Lifecycle("test.broken", [], ["A"], initial=["B"])
