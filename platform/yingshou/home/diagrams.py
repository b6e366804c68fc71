"""The step diagram of a mode as SVG geometry: a lane for each party, a numbered circle for each step, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yingshou.home.modes import WHO_LABELS, Mode

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LABEL_WIDTH = 200
STEP_WIDTH = 52
LANE_HEIGHT = 46
RADIUS = 13


@dataclass(frozen=True)
class Lane:
    """One party's line."""

    label: StrOrPromise
    y: int


@dataclass(frozen=True)
class Dot:
    """One step: a circle with its number."""

    number: int
    x: int
    y: int
    is_open: bool
    hint: StrOrPromise


@dataclass(frozen=True)
class Diagram:
    """What the template draws."""

    width: int
    height: int
    lanes: list[Lane]
    dots: list[Dot]

    @property
    def points(self) -> str:
        """The way from step to step, as the points of a polyline."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


def diagram_of(mode: Mode) -> Diagram:
    """The diagram of one mode."""
    middle = {who: number * LANE_HEIGHT + LANE_HEIGHT // 2 for number, who in enumerate(mode.lanes)}
    return Diagram(
        width=LABEL_WIDTH + STEP_WIDTH * len(mode.steps),
        height=LANE_HEIGHT * len(middle),
        lanes=[Lane(label=WHO_LABELS[who], y=y) for who, y in middle.items()],
        dots=[
            Dot(
                number=number + 1,
                x=LABEL_WIDTH + number * STEP_WIDTH + STEP_WIDTH // 2,
                y=middle[step.who],
                is_open=step.is_open,
                hint=step.what,
            )
            for number, step in enumerate(mode.steps)
        ],
    )
