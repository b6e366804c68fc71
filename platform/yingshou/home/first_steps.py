"""What somebody without a to-do can do first: each app registers its own opening move, shown on the empty page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class FirstStep:
    """
    One opening move.

    :param sentence: what it is for: "Bring in what your customers owe you"
    :param label: the button, a verb
    :param url_name: the page it opens
    :param permission: who may
    """

    sentence: StrOrPromise
    label: StrOrPromise
    url_name: str
    permission: str
    order: int = 100

    @property
    def url(self) -> str:
        """The address of its page."""
        return reverse(self.url_name)


_STEPS: Registry[FirstStep] = Registry("first steps")


def register(name: str, step: FirstStep) -> FirstStep:
    """
    Add a first step. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return _STEPS.register(name, step)


def steps_for(actor: Actor) -> list[FirstStep]:
    """What this actor may do first, in order."""
    return sorted((step for step in _STEPS.values() if actor.may(step.permission)), key=lambda step: step.order)
