"""Permissions by name. Each app registers its own in `contributions.py`; the actor's duties and organisation decide."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Permission:
    """
    What an act needs of the person and of the organisation.

    :param sentence: what the permission allows, shown where duties are granted
    :param duties: any one of them suffices
    :param capabilities: any one of them suffices; empty means every organisation
    """

    sentence: "StrPromise | str"
    duties: AbstractSet[str] = field(default_factory=frozenset)
    capabilities: AbstractSet[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        # Registrations are written with set literals; the stored value must not change afterwards.
        object.__setattr__(self, "duties", frozenset(self.duties))
        object.__setattr__(self, "capabilities", frozenset(self.capabilities))

    def allows(self, duties: AbstractSet[str], capabilities: AbstractSet[str]) -> bool:
        """Whether one of the duties and one of the capabilities fit."""
        if self.duties.isdisjoint(duties):
            return False
        return not self.capabilities or not self.capabilities.isdisjoint(capabilities)


PERMISSIONS: Registry[Permission] = Registry("permissions")


def register(name: str, permission: Permission) -> None:
    """
    Register a permission under `app.verb`.

    :raises AlreadyRegistered: if the name is taken
    """
    PERMISSIONS.register(name, permission)
