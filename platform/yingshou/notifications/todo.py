"""
The to-do list: each app registers a provider that reads, in one query, what waits for an actor, grouped by act (N12).

A group is one line of the list: one verb, one button. It is computed from the rows themselves, so that a to-do appears and
disappears with the state it stands for and nobody has to tick it off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class TodoGroup:
    """
    What waits for one act.

    :param act: the verb and its object: "Confirm receivables"
    :param count: how many things wait; a provider counts at most to 1,001
    :param url: opens the act itself, with these things already chosen
    :param url_label: the word on the button, a verb: "Confirm together"
    :param why: one sentence: why it is this person's turn, or what is true of all of them
    :param counterpart: with whom: a name, or "12 suppliers"
    :param amount: the sum of all of them
    :param currency: ISO code; shown only where it is not CNY
    :param oldest_at: since when the oldest has waited
    :param deadline: until when: "24 days left"; empty where there is no limit
    :param basis: what sets the deadline: a law with its article, a contract, a policy
    :param tone: green, amber or red; colours the waiting time
    :param primary: whether its button is the page's one primary button (the first such group wins)
    """

    act: StrOrPromise
    count: int
    url: str
    url_label: StrOrPromise
    why: StrOrPromise = ""
    counterpart: StrOrPromise = ""
    amount: Decimal | None = None
    currency: str = "CNY"
    oldest_at: datetime | None = None
    deadline: StrOrPromise = ""
    basis: StrOrPromise = ""
    tone: str = ""
    primary: bool = False


GroupsOf = Callable[[Actor, datetime], Sequence[TodoGroup]]


@dataclass(frozen=True)
class TodoProvider:
    """
    Where groups come from.

    :param groups: called with the actor and the moment of the page; one query at most; groups with count 0 are dropped
    :param promise: what will appear here, for the empty page: "Receivables that your suppliers ask you to confirm"
    :param permission: who may do the act; nobody else is shown it, and the provider is not asked
    :param order: among groups that have waited equally long, the smaller comes first
    """

    groups: GroupsOf
    promise: StrOrPromise
    permission: str
    order: int = 100


_PROVIDERS: Registry[TodoProvider] = Registry("to-do providers")


def register(name: str, provider: TodoProvider) -> TodoProvider:
    """
    Add a provider. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return _PROVIDERS.register(name, provider)


def providers_for(actor: Actor) -> list[TodoProvider]:
    """The providers whose acts this actor may do, in their order."""
    if actor.organisation_id is None:
        return []
    mine = [provider for provider in _PROVIDERS.values() if actor.may(provider.permission)]
    return sorted(mine, key=lambda provider: provider.order)


def groups_for(actor: Actor, at: datetime) -> list[TodoGroup]:
    """What waits for the actor: the longest waiting first; what has no such time comes last."""
    found = [
        (group, provider.order)
        for provider in providers_for(actor)
        for group in provider.groups(actor, at)
        if group.count
    ]
    return [group for group, _order in sorted(found, key=lambda pair: (pair[0].oldest_at or at, pair[1]))]
