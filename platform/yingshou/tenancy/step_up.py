"""Who proves anew that it is still the person who signed in: asked before an act that binds, answered by the package that knows how."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from django.http import HttpResponseBase

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from yingshou.tenancy.guards import AppRequest


class Proof(StrEnum):
    """
    What an act asks for.

    `FACTOR`: a second factor, of whoever has one. `ALWAYS`: a second factor, and of those without one the password.
    """

    NONE = ""
    FACTOR = "factor"
    ALWAYS = "always"


Asker = Callable[["AppRequest", Proof], HttpResponseBase | None]

ASKERS: Registry[Asker] = Registry("ways to ask for a proof of identity")


def ask(request: AppRequest, proof: Proof) -> HttpResponseBase | None:
    """The page that asks for the proof; None where it was given lately, came with this very request, or is not due."""
    for _name, asker in ASKERS.items():
        answer = asker(request, proof)
        if answer is not None:
            return answer
    return None
