"""Who is shown in the top bar. The app that knows people and organisations registers how to find out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import HttpRequest

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class FrameMembership:
    """One organisation the person can act for."""

    id: int
    organisation_name: str
    capability_labels: Sequence[StrOrPromise] = ()
    is_current: bool = False


@dataclass(frozen=True)
class FrameIdentity:
    """The person, the organisation acted for, and what both may be called."""

    organisation_name: str
    person_name: str
    capability_labels: Sequence[StrOrPromise] = ()
    duty_labels: Sequence[StrOrPromise] = ()
    memberships: Sequence[FrameMembership] = field(default_factory=tuple)


identities: Registry[Callable[[HttpRequest], FrameIdentity | None]] = Registry("frame identities")


def identity_of(request: HttpRequest) -> FrameIdentity | None:
    """The first answer a registered provider gives; None for somebody who has not signed in."""
    for provider in identities.values():
        found = provider(request)
        if found is not None:
            return found
    return None
