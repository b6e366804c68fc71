"""How figures, days and waiting times are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from django.utils import translation

from yingshou.ui.counts import shown
from yingshou.ui.templatetags import ui

AT = datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("113000"), "113,000.00"), (0, "0.00"), (Decimal("-1.5"), "-1.50"), (None, ""), ("", "")],
)
def test_amounts_carry_separators_and_two_decimals(value: object, text: str) -> None:
    assert ui.amount(value) == text


def test_money_carries_its_sign_or_its_code() -> None:
    assert ui.money_text(Decimal("1284300")) == "¥\N{NO-BREAK SPACE}1,284,300.00"
    assert ui.money_text(Decimal("5"), "USD") == "USD\N{NO-BREAK SPACE}5.00"


def test_words_leave_out_the_prefix_that_the_sign_already_says() -> None:
    assert ui.in_words(Decimal("113000")) == "壹拾壹万叁仟元整"


def test_instants_are_told_in_shanghai() -> None:
    assert ui.day(AT) == "2026-11-23"
    assert ui.minute(AT) == "2026-11-23 01:30"
    assert ui.second(AT) == "2026-11-23 01:30:05"
    assert ui.short_minute(AT) == "11-23 01:30"
    assert ui.day(date(2027, 1, 30)) == "2027-01-30"


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (timedelta(days=6, hours=3), "6 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=3, minutes=59), "3 hours"),
        (timedelta(minutes=12), "12 minutes"),
        (timedelta(seconds=59), "under a minute"),
    ],
)
def test_waiting_is_said_in_its_largest_unit(gone: timedelta, text: str) -> None:
    with translation.override("en"):
        assert ui.waiting(AT - gone, AT) == text


def test_waiting_since_a_day_counts_days_in_shanghai() -> None:
    with translation.override("en"):
        assert ui.waiting(date(2026, 11, 23), AT) == "today"
        assert ui.waiting(date(2026, 11, 20), AT) == "3 days"


def test_a_long_wait_changes_its_tone() -> None:
    since = AT - timedelta(days=6)
    assert ui.wait_tone(since, AT, "", "") == ""
    assert ui.wait_tone(since, AT, "6", "") == "amber"
    assert ui.wait_tone(since, AT, 7, 30) == ""
    assert ui.wait_tone(since, AT, 2, 5) == "red"


def test_an_account_shows_its_last_four() -> None:
    assert ui.masked("6222 0212 3456 7731") == "****7731"
    assert ui.last_four("6222 0212 3456 7731") == "7731"
    assert ui.masked(None) == ""


def test_a_hash_is_shortened_in_the_middle() -> None:
    assert ui.digest("9f2cabcdef11ab") == "9f2c…11ab"
    assert ui.digest("9f2c") == "9f2c"


def test_counts_say_more_beyond_a_thousand() -> None:
    assert shown(1000) == "1,000"
    assert shown(1001) == "1,000+"


def test_a_query_keeps_what_is_not_changed() -> None:
    query = QueryDict("a=1&a=2&b=3")
    assert ui.query_with(query, b=None, c="4") == "?a=1&a=2&c=4"


def test_the_time_left_is_told_once_a_tenth_is_done() -> None:
    started = datetime.now(tz=UTC) - timedelta(minutes=10)
    early = SimpleNamespace(pk=1, state="RUNNING", done=5, total=100, started_at=started)
    later = SimpleNamespace(pk=1, state="RUNNING", done=50, total=100, started_at=started)
    with translation.override("en"):
        assert ui.job_view(early).left == ""
        assert ui.job_view(later).left in {"9 minutes", "10 minutes"}
        assert ui.job_view(later).percent == 50
