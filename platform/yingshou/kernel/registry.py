"""
The one registry type. A shared package declares a registry; apps put entries in from their `contributions.py`. A name that
is registered twice, or asked for and unknown, is a mistake in the program and stops it at start.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator
from typing import Generic, TypeVar, overload

T = TypeVar("T")
Entry = TypeVar("Entry")

# None is a value that may be registered.
_ABSENT = object()


class RegistryError(Exception):
    """A registry was used wrongly; a fault of the program, never of its user."""


class AlreadyRegistered(RegistryError):
    """Two contributions claim the same name."""


class NotRegistered(RegistryError):
    """Nothing was registered under the name."""


class Registry(Generic[T]):
    """Values by name, in the order of registration."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, T] = {}

    @overload
    def register(self, name: str, value: T) -> T: ...

    @overload
    def register(self, name: str) -> Callable[[Entry], Entry]: ...

    def register(self, name: str, value: object = _ABSENT) -> object:
        """
        Put a value under a name; without a value, a decorator that does so and hands the value back.

        :raises AlreadyRegistered: if the name is taken, even by the same value
        """
        if value is not _ABSENT:
            return self._put(name, value)

        def decorate(entry: Entry) -> Entry:
            self._put(name, entry)
            return entry

        return decorate

    def get(self, name: str) -> T:
        """
        The value under the name.

        :raises NotRegistered: if there is none
        """
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(sorted(self._entries)) or "nothing"
            raise NotRegistered(f"{self.name} has no {name!r}; it knows {known}") from None

    def items(self) -> ItemsView[str, T]:
        """Names and values, in the order of registration."""
        return self._entries.items()

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self._entries)

    def values(self) -> list[T]:
        """All values, in the order of registration."""
        return list(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Registry {self.name}: {len(self)} entries>"

    def _put(self, name: str, value: object) -> T:
        if name in self._entries:
            raise AlreadyRegistered(f"{self.name} already has {name!r}: {self._entries[name]!r}")
        entry: T = value  # type: ignore[assignment]  # the overloads fix the type for callers
        self._entries[name] = entry
        return entry
