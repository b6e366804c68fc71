"""Whether the person who acts still may: asked inside the transaction of an act that binds, not when the request began."""

from collections.abc import Callable

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

Check = Callable[[Actor, str], bool]

CHECKS: Registry[Check] = Registry("checks of a person's standing")


def still_may(by: Actor, permission: str) -> bool:
    """Whether nothing that was committed meanwhile took the permission from the person; jobs answer for themselves."""
    return by.may(permission) and all(check(by, permission) for _name, check in CHECKS.items())
