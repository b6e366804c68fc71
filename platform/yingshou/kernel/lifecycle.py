"""
The life of an aggregate as one pure table: event, states it may come from, state it leads to, who may fire it, and whether
it needs a second person, a signature or a reason. The table drives the action, the buttons, the tests and the diagrams; the
half that writes is `audit.lifecycle`. A table that contradicts itself fails when it is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Conflict

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class IllegalTransition(Conflict):
    """The object is in a state from which this event cannot start."""

    code = "STATE"
    message = _("This step (%(event)s) is not possible: the present state is “%(state)s”.")
    cure = _("Open the page again; it offers the steps that are possible now.")


class BrokenLifecycle(Exception):
    """A lifecycle table contradicts itself; a fault of the program."""


@dataclass(frozen=True)
class Transition:
    """
    One row of a table.

    :param event: the verb that users see, e.g. `confirm`
    :param sources: states from which it may start; empty for an event that creates the object
    :param target: state it leads to
    :param who: who may fire it, in the words of the app (`creditor`, `debtor`, `system` ...)
    :param second_person: whether a policy may require a checker
    :param signature: whether a policy may require a signature
    :param reason: whether a reason must be given
    """

    event: str
    sources: frozenset[str]
    target: str
    who: str
    second_person: bool = False
    signature: bool = False
    reason: bool = False


class Lifecycle:
    """A checked table of transitions; pure, without queries."""

    def __init__(
        self,
        name: str,
        transitions: Iterable[Transition],
        states: Iterable[str],
        *,
        initial: Iterable[str] | None = None,
        verbs: Mapping[str, StrOrPromise] | None = None,
    ) -> None:
        """
        Check the table and index it.

        :param name: the object type, e.g. `receivables.receivable`
        :param states: every state, the first one initial; a `TextChoices` class gives labels as well
        :param initial: the states in which an object may be created, where that is not just the first one
        :param verbs: events as people say them, for refusals; without it the name of the event stands there
        :raises BrokenLifecycle: unknown or doubled states, an event with two answers in one state, no way to a state
        """
        members = list(states)
        self.name = name
        self.transitions = tuple(transitions)
        self.states: tuple[str, ...] = tuple(str(state) for state in members)
        self.labels: dict[str, StrOrPromise] = {str(state): getattr(state, "label", str(state)) for state in members}
        self.verbs: dict[str, StrOrPromise] = dict(verbs or {})
        self.initial: frozenset[str] = frozenset(str(s) for s in (self.states[:1] if initial is None else initial))
        self._table: dict[tuple[str, str], Transition] = {}
        self._check_states()
        self._index()
        self._check_reachable()

    @property
    def events(self) -> tuple[str, ...]:
        """Every event once, in the order of the table."""
        return tuple(dict.fromkeys(transition.event for transition in self.transitions))

    @property
    def final(self) -> frozenset[str]:
        """States that nothing leaves."""
        return frozenset(self.states) - {state for state, _event in self._table}

    def check(self, state: str, event: str) -> Transition:
        """
        The transition that the event makes from the state.

        :raises IllegalTransition: if there is none
        """
        if event not in self.events:
            raise LookupError(f"{self.name} knows no event {event!r}")
        transition = self._table.get((str(state), event))
        if transition is None:
            raise IllegalTransition(event=self.verbs.get(event, event), state=self.labels.get(str(state), str(state)))
        return transition

    def allows(self, state: str, event: str) -> bool:
        """Whether the event may start from the state."""
        return (str(state), event) in self._table

    def available(self, state: str, who: str | None = None) -> list[Transition]:
        """What can happen from the state, in the order of the table; to one kind of actor if `who` is given."""
        return [
            transition
            for transition in self.transitions
            if str(state) in transition.sources and (who is None or transition.who == who)
        ]

    def sources(self, event: str) -> frozenset[str]:
        """All states from which the event may start."""
        return frozenset(state for state, known in self._table if known == event)

    def product(self) -> Iterator[tuple[str, str, Transition | None]]:
        """Every state with every event, and the transition or None: the full test of a table walks this."""
        for state in self.states:
            for event in self.events:
                yield state, event, self._table.get((state, event))

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram, for the documentation."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {state}" for state in self.states if state in self.initial]
        for transition in self.transitions:
            marks = _marks(transition)
            for state in _ordered(transition.sources, self.states):
                lines.append(f"    {state} --> {transition.target}: {transition.event}{marks}")
        lines += [f"    {state} --> [*]" for state in self.states if state in self.final]
        return "\n".join(lines) + "\n"

    def _check_states(self) -> None:
        if not self.states:
            raise BrokenLifecycle(f"{self.name} has no states")
        if len(set(self.states)) != len(self.states):
            raise BrokenLifecycle(f"{self.name} names a state twice")
        unknown = self.initial - set(self.states)
        for transition in self.transitions:
            unknown |= {str(state) for state in transition.sources} | {str(transition.target)}
        unknown -= set(self.states)
        if unknown or not self.initial:
            raise BrokenLifecycle(f"{self.name}: unknown states {sorted(unknown)}, initial {sorted(self.initial)}")

    def _index(self) -> None:
        for transition in self.transitions:
            if not transition.event or not transition.who:
                raise BrokenLifecycle(f"{self.name}: a transition to {transition.target} lacks its event or its actor")
            for state in transition.sources:
                key = (str(state), transition.event)
                if key in self._table:
                    raise BrokenLifecycle(f"{self.name}: {transition.event!r} has two answers in {state}")
                self._table[key] = transition
        if not self.verbs.keys() <= set(self.events):
            raise BrokenLifecycle(
                f"{self.name}: verbs for unknown events {sorted(self.verbs.keys() - set(self.events))}"
            )

    def _check_reachable(self) -> None:
        reached = set(self.initial) | {str(t.target) for t in self.transitions if not t.sources}
        waiting = list(reached)
        while waiting:
            state = waiting.pop()
            for transition in self.available(state):
                if transition.target not in reached:
                    reached.add(str(transition.target))
                    waiting.append(str(transition.target))
        lost = set(self.states) - reached
        if lost:
            raise BrokenLifecycle(f"{self.name}: nothing leads to {sorted(lost)}")


def _marks(transition: Transition) -> str:
    marks = [
        word
        for word, present in (
            ("2nd person", transition.second_person),
            ("signature", transition.signature),
            ("reason", transition.reason),
        )
        if present
    ]
    return f" [{transition.who}{', ' if marks else ''}{', '.join(marks)}]"


def _ordered(states: Iterable[str], order: Sequence[str]) -> list[str]:
    return sorted((str(state) for state in states), key=order.index)
