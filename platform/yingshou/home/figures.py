"""The numbers and the picture beside the to-do list: each app registers what the roles it serves live by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor
from yingshou.ui.charts import AgeingBar, BarChart

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# How many numbers a page shows: what a person takes in at a glance.
SHOWN = 4


@dataclass(frozen=True)
class Figure:
    """
    One number.

    :param label: what it counts
    :param value: the number as text, with its unit
    :param note: what it means, or what to do about it
    :param tone: green, amber, red or none
    :param url: the list behind the number
    :param small: whether the value is a sentence
    """

    label: StrOrPromise
    value: StrOrPromise
    note: StrOrPromise = ""
    tone: str = ""
    url: str = ""
    small: bool = False


@dataclass(frozen=True)
class FigureProvider:
    """
    Where figures come from: all figures of one provider from one query at most.

    :param permission: what an actor needs to be shown them
    :param order: smaller comes first; a page shows the first four figures
    """

    figures: Callable[[Actor, datetime], Sequence[Figure]]
    permission: str
    order: int = 100


@dataclass(frozen=True)
class Picture:
    """
    One picture.

    :param chart: drawn by `ui.charts`, with its title
    :param note: how to read it, or what it costs to read it wrongly
    """

    chart: BarChart | AgeingBar
    note: StrOrPromise = ""


@dataclass(frozen=True)
class PictureProvider:
    """Where a picture comes from: one query at most; None while there is nothing to draw."""

    picture: Callable[[Actor, datetime], Picture | None]
    permission: str
    order: int = 100


_FIGURES: Registry[FigureProvider] = Registry("figures of the home page")
_PICTURES: Registry[PictureProvider] = Registry("pictures of the home page")


def register(name: str, provider: FigureProvider) -> FigureProvider:
    """
    Add figures. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return _FIGURES.register(name, provider)


def register_picture(name: str, provider: PictureProvider) -> PictureProvider:
    """
    Add a picture; a page shows the first one that has something to draw. Called in `contributions.py`.

    :raises AlreadyRegistered: if the name is taken
    """
    return _PICTURES.register(name, provider)


def figures_for(actor: Actor, at: datetime) -> list[Figure]:
    """The numbers this actor lives by; providers beyond the fourth figure are not asked."""
    found: list[Figure] = []
    for provider in sorted(_FIGURES.values(), key=lambda one: one.order):
        if len(found) < SHOWN and actor.organisation_id is not None and actor.may(provider.permission):
            found.extend(provider.figures(actor, at))
    return found[:SHOWN]


def picture_for(actor: Actor, at: datetime) -> Picture | None:
    """The one picture of this actor's page."""
    for provider in sorted(_PICTURES.values(), key=lambda one: one.order):
        if actor.organisation_id is not None and actor.may(provider.permission):
            picture = provider.picture(actor, at)
            if picture is not None:
                return picture
    return None
