"""What stands on the left: each app registers its entries; the frame shows those the actor may use, with counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor
from yingshou.ui.counts import capped_counts, shown

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A queryset is counted together with all others in one statement; a number is taken as it is; None shows no count.
CountProvider = Callable[[Actor], "int | QuerySet[Any] | None"]


@dataclass(frozen=True)
class NavItem:
    """
    One entry of the navigation.

    :param url_name: the page it opens
    :param permission: what the actor needs; empty for everybody who is signed in
    :param icon: a symbol of `static/icons.svg`
    :param order: smaller stands higher
    :param count: what waits behind it
    :param capabilities: shown only to organisations with one of these; empty for all
    """

    label: StrOrPromise
    url_name: str
    permission: str = ""
    icon: str = "list"
    order: int = 100
    count: CountProvider | None = None
    capabilities: frozenset[str] = frozenset()

    def shown_to(self, actor: Actor) -> bool:
        """Whether the actor sees the entry."""
        if self.capabilities and self.capabilities.isdisjoint(actor.capabilities):
            return False
        return not self.permission or actor.may(self.permission)


@dataclass(frozen=True)
class NavEntry:
    """An entry as the frame renders it."""

    label: StrOrPromise
    url: str
    icon: str
    count: str
    is_current: bool


_ITEMS: Registry[NavItem] = Registry("navigation")


def register(name: str, item: NavItem) -> NavItem:
    """
    Put an entry into the navigation.

    :raises AlreadyRegistered: if the name is taken
    """
    return _ITEMS.register(name, item)


def entries_for(actor: Actor, path: str, opens: Callable[[str], bool] | None = None) -> list[NavEntry]:
    """
    The entries the actor sees, in order, with what waits behind each; two statements at most.

    :param opens: whether a page, by the name of its address, can be opened here; None for all
    """
    visible = sorted(
        (
            (name, item)
            for name, item in _ITEMS.items()
            if item.shown_to(actor) and (opens is None or opens(item.url_name))
        ),
        key=lambda pair: pair[1].order,
    )
    placed = [(name, item, url) for name, item in visible if (url := _address(item)) is not None]
    counts = _counts(actor, [(name, item) for name, item, _url in placed])
    current = _current(path, [url for _name, _item, url in placed])
    return [
        NavEntry(label=item.label, url=url, icon=item.icon, count=counts.get(name, ""), is_current=url == current)
        for name, item, url in placed
    ]


def _address(item: NavItem) -> str | None:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        # An app may be left out of an installation; its entry then leads nowhere and is not shown.
        return None


def _counts(actor: Actor, items: Sequence[tuple[str, NavItem]]) -> dict[str, str]:
    numbers: dict[str, int] = {}
    querysets: dict[str, QuerySet[Any]] = {}
    # The actor's scope lives as long as a transaction; a page that answers a POST has none of its own.
    with transaction.atomic(savepoint=False):
        for name, item in items:
            found = item.count(actor) if item.count is not None else None
            if isinstance(found, QuerySet):
                querysets[name] = found
            elif found is not None:
                numbers[name] = found
        numbers |= capped_counts(querysets)
    return {name: shown(number) for name, number in numbers.items() if number}


def _current(path: str, addresses: Sequence[str]) -> str | None:
    """The entry whose address is the longest beginning of the path; home only when it is the path itself."""
    fitting = [address for address in addresses if path == address or (address != "/" and path.startswith(address))]
    return max(fitting, key=len, default=None)
