"""
Charts as SVG made on the server: no script, no inline style, readable by screen readers and printers.

Every chart carries a title, a description and the same figures as a table. Heights are exact to a pixel; amounts keep
their Decimal until they are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WIDTH, HEIGHT = 720, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 26
BAR_SHARE = Decimal("0.55")
AXIS_STEPS = 4
# Times a power of ten; each divides by four into figures a reader can add.
NICE = tuple(Decimal(factor) for factor in ("1", "1.2", "1.6", "2", "2.4", "3", "4", "5", "6", "8", "10"))


@dataclass(frozen=True)
class Series:
    """One colour of a stack; `values` has one figure a bar."""

    label: StrOrPromise
    values: Sequence[Decimal | int]


@dataclass(frozen=True)
class Rect:
    """One piece of a bar."""

    x: str
    y: str
    width: str
    height: str
    css: str
    hint: str


@dataclass(frozen=True)
class Mark:
    """A text at a place."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class BarChart:
    """
    Stacked bars, such as what is due in each of the coming weeks.

    :param labels: under each bar
    :param series: from the bottom of the stack upwards; no negative figures
    :param unit: what the figures are, shown above the axis
    :param places: decimals of the figures in the table
    """

    title: StrOrPromise
    description: StrOrPromise
    labels: Sequence[StrOrPromise]
    series: Sequence[Series]
    unit: StrOrPromise = ""
    places: int = 2

    def __post_init__(self) -> None:
        if any(len(one.values) != len(self.labels) for one in self.series):
            raise ValueError("every series needs one figure for each label")
        if any(value < 0 for one in self.series for value in one.values):
            raise ValueError("a stack cannot hold negative figures")

    kind = "bars"
    view_box = f"0 0 {WIDTH} {HEIGHT}"
    baseline = str(HEIGHT - BOTTOM)
    left, right = str(LEFT), str(WIDTH - RIGHT)

    @cached_property
    def top(self) -> Decimal:
        """The figure at the top of the axis: the highest bar, rounded up to a readable number."""
        highest = max((sum(bar, Decimal(0)) for bar in self._bars), default=Decimal(0))
        return nice_top(highest)

    @property
    def _bars(self) -> list[list[Decimal]]:
        return [[Decimal(one.values[place]) for one in self.series] for place in range(len(self.labels))]

    @cached_property
    def rects(self) -> list[Rect]:
        """The pieces of all bars."""
        step = Decimal(WIDTH - LEFT - RIGHT) / max(len(self.labels), 1)
        width = step * BAR_SHARE
        room = Decimal(HEIGHT - TOP - BOTTOM)
        pieces = []
        for place, bar in enumerate(self._bars):
            x = LEFT + step * place + (step - width) / 2
            y = Decimal(HEIGHT - BOTTOM)
            for number, value in enumerate(bar):
                if not value:
                    continue
                height = room * value / self.top
                y -= height
                hint = f"{self.labels[place]} · {self.series[number].label}: {value:,.{self.places}f}"
                pieces.append(Rect(_px(x), _px(y), _px(width), _px(height), f"s{number % 4}", hint))
        return pieces

    @cached_property
    def marks(self) -> list[Mark]:
        """The labels under the bars."""
        step = Decimal(WIDTH - LEFT - RIGHT) / max(len(self.labels), 1)
        return [
            Mark(_px(LEFT + step * place + step / 2), str(HEIGHT - 8), str(label))
            for place, label in enumerate(self.labels)
        ]

    @cached_property
    def grid(self) -> list[Mark]:
        """The lines of the axis, each with its figure."""
        room = Decimal(HEIGHT - TOP - BOTTOM)
        return [
            Mark(
                str(LEFT - 6),
                _px(HEIGHT - BOTTOM - room * number / AXIS_STEPS),
                f"{(self.top * number / AXIS_STEPS).normalize():,f}",
            )
            for number in range(1, AXIS_STEPS + 1)
        ]

    @cached_property
    def table(self) -> list[tuple[str, list[str]]]:
        """The same figures for a table: label and one text a series."""
        return [
            (str(label), [f"{value:,.{self.places}f}" for value in bar])
            for label, bar in zip(self.labels, self._bars, strict=True)
        ]


@dataclass(frozen=True)
class Sparkline:
    """A small line without axes beside a number."""

    title: StrOrPromise
    description: StrOrPromise
    values: Sequence[Decimal | int]
    kind: str = field(default="spark", init=False)

    @cached_property
    def points(self) -> str:
        """The line's points in a box of 120 by 28."""
        if not self.values:
            return ""
        low, high = Decimal(min(self.values)), Decimal(max(self.values))
        spread = high - low or Decimal(1)
        step = Decimal(116) / max(len(self.values) - 1, 1)
        return " ".join(
            f"{_px(2 + step * place)},{_px(26 - (Decimal(value) - low) / spread * 24)}"
            for place, value in enumerate(self.values)
        )

    @property
    def last(self) -> tuple[str, str]:
        """Where the line ends."""
        x, y = self.points.split(" ")[-1].split(",") if self.points else ("0", "0")
        return x, y


@dataclass(frozen=True)
class AgeingBar:
    """One bar split by age: not due, 1-30 days, and so on; each part with its word and figure."""

    title: StrOrPromise
    description: StrOrPromise
    parts: Sequence[tuple[StrOrPromise, Decimal]]
    kind: str = field(default="ageing", init=False)

    @cached_property
    def rects(self) -> list[Rect]:
        """The parts from left to right; a part that is not nothing is at least one pixel wide."""
        total = sum((amount for _label, amount in self.parts), Decimal(0)) or Decimal(1)
        x = Decimal(0)
        pieces = []
        for number, (label, amount) in enumerate(self.parts):
            if amount <= 0:
                continue
            width = max(Decimal(WIDTH) * amount / total, Decimal(1))
            pieces.append(Rect(_px(x), "0", _px(width), "24", f"s{number % 4}", f"{label}: {amount:,.2f}"))
            x += width
        return pieces

    @cached_property
    def table(self) -> list[tuple[str, list[str]]]:
        """The same figures for a table."""
        return [(str(label), [f"{amount:,.2f}"]) for label, amount in self.parts]


def nice_top(highest: Decimal) -> Decimal:
    """
    The smallest readable number that is not below a figure: one whose quarters are readable too.

    :param highest: not negative
    """
    if highest <= 0:
        return Decimal(1)
    power = Decimal(10) ** (highest.adjusted())
    return next(power * factor for factor in NICE if power * factor >= highest)


def _px(value: Decimal | int) -> str:
    return f"{Decimal(value).quantize(Decimal('0.1'))}"
