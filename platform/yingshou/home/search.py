"""
The search box: what was typed is understood once (number, credit code, name, amount, date); each app answers in one query.

Providers search their own rows under row-level security, so that a search can never find more than its pages show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from yingshou.home.reading import amount_in, code_in, day_in, number_in
from yingshou.kernel.identifiers import normalise
from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What one provider shows; one more is asked for, to know whether there is more.
SHOWN = 10
# Longer texts are nobody's number or name.
LONGEST = 100


@dataclass(frozen=True)
class SearchText:
    """
    What was typed, read in every way it can be meant; a provider uses what concerns it.

    :param text: NFKC, trimmed, single spaces
    :param number: without spaces and dashes, in capitals: receivable, invoice and contract numbers; empty for a mere name
    :param credit_code: the unified social credit code, if it is a whole valid one; else empty
    :param amount: the amount it reads as (分 exact), else None
    :param day: the date it reads as, else None
    :param last_four: four digits, as the end of an account number; else empty
    """

    text: str
    number: str = ""
    credit_code: str = ""
    amount: Decimal | None = None
    day: date | None = None
    last_four: str = ""

    @classmethod
    def read(cls, typed: str) -> SearchText:
        """Understand what was typed."""
        # A zero byte, which PostgreSQL refuses, and other control characters are nobody's number.
        text = normalise("".join(one if one.isprintable() else " " for one in typed[:LONGEST]))
        number = number_in(text)
        return cls(
            text=text,
            number=number,
            credit_code=code_in(text),
            amount=amount_in(text),
            day=day_in(text),
            last_four=number if len(number) == 4 and number.isdecimal() else "",
        )

    @property
    def query(self) -> str:
        """The same search as the query of an address: `?q=…`."""
        return "?" + urlencode({"q": self.text})


@dataclass(frozen=True)
class SearchHit:
    """
    One thing found.

    :param title: its number or name
    :param url: its page; empty where this actor has none
    :param detail: one line that tells it from others
    :param exact: whether the text is its whole number or code: a single exact hit opens at once
    """

    title: StrOrPromise
    url: str
    detail: StrOrPromise = ""
    exact: bool = False


FindHits = Callable[[Actor, SearchText, int], Sequence[SearchHit]]


@dataclass(frozen=True)
class SearchProvider:
    """
    Who can find something.

    :param label: what it finds, in the plural: "Receivables"
    :param find: called with the actor, the text and the most hits wanted; one query at most, best first
    :param permission: what an actor needs; the provider is not asked otherwise
    :param more_url: the list that shows all of them, for a text; empty where there is none
    """

    label: StrOrPromise
    find: FindHits
    permission: str
    order: int = 100
    more_url: Callable[[SearchText], str] | None = None


@dataclass(frozen=True)
class SearchGroup:
    """What one provider found; `more_url` leads to the rest."""

    label: StrOrPromise
    hits: Sequence[SearchHit]
    has_more: bool
    more_url: str


_PROVIDERS: Registry[SearchProvider] = Registry("search providers")


def register(name: str, provider: SearchProvider) -> SearchProvider:
    """
    Add a provider. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return _PROVIDERS.register(name, provider)


def providers_for(actor: Actor) -> list[SearchProvider]:
    """Those that this actor may ask, in their order."""
    return sorted((one for one in _PROVIDERS.values() if actor.may(one.permission)), key=lambda one: one.order)


def find(actor: Actor, text: SearchText) -> list[SearchGroup]:
    """Ask every provider once; groups without a hit are left out."""
    groups = []
    for provider in providers_for(actor):
        hits = list(provider.find(actor, text, SHOWN + 1))
        if hits:
            more_url = provider.more_url(text) if provider.more_url and len(hits) > SHOWN else ""
            groups.append(
                SearchGroup(label=provider.label, hits=hits[:SHOWN], has_more=len(hits) > SHOWN, more_url=more_url)
            )
    return groups


def only_exact_hit(groups: Sequence[SearchGroup]) -> SearchHit | None:
    """The one object whose whole number was typed; None where there are several or none."""
    exact = [hit for group in groups for hit in group.hits if hit.exact]
    return exact[0] if len(exact) == 1 else None
