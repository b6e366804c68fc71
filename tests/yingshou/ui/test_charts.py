"""Charts: heights are proportional, figures are in the table, nothing needs inline style."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import RequestFactory
from django_cotton import render_component

from yingshou.ui.charts import AgeingBar, BarChart, Series, Sparkline, nice_top


def chart(*series: Series) -> BarChart:
    return BarChart("Title", "Description", ["a", "b"], series, unit="yuan", places=0)


def test_bars_are_as_high_as_their_figures() -> None:
    low, high = chart(Series("one", [50, 100])).rects

    assert Decimal(high.height) == pytest.approx(Decimal(low.height) * 2, abs=Decimal("0.2"))
    assert Decimal(low.y) + Decimal(low.height) == Decimal(high.y) + Decimal(high.height)


def test_a_stack_stands_on_what_is_below_it() -> None:
    first, second = chart(Series("one", [30, 0]), Series("two", [70, 0])).rects

    assert Decimal(second.y) + Decimal(second.height) == pytest.approx(Decimal(first.y), abs=Decimal("0.2"))
    assert (first.css, second.css) == ("s0", "s1")


def test_negative_or_missing_figures_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        chart(Series("one", [1, -1]))
    with pytest.raises(ValueError, match="label"):
        chart(Series("one", [1]))


@pytest.mark.parametrize(
    ("highest", "top"),
    [("0", "1"), ("1", "1"), ("110", "120"), ("0.7", "0.8"), ("999", "1000"), ("18402911", "20000000")],
)
def test_the_axis_ends_at_a_readable_number(highest: str, top: str) -> None:
    assert nice_top(Decimal(highest)) == Decimal(top)


def test_nothing_to_show_is_no_error() -> None:
    assert BarChart("T", "D", [], []).rects == []
    assert Sparkline("T", "D", []).points == ""
    assert AgeingBar("T", "D", [("none", Decimal(0))]).rects == []


def test_a_chart_is_readable_without_seeing_it() -> None:
    html = render_component(RequestFactory().get("/"), "chart", {"chart": chart(Series("one", [1234, 2]))})

    assert 'aria-label="Title: Description"' in html
    assert "1,234" in html
    assert "style=" not in html
