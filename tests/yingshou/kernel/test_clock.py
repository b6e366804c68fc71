"""The clock: one source, business dates of Shanghai, an offset for the sample city."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from yingshou.kernel import clock


@pytest.fixture
def _clock_put_back() -> Iterator[None]:
    yield
    clock.set_offset(timedelta(0))


def test_now_is_aware_and_in_utc() -> None:
    with time_machine.travel(datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
        assert clock.now().tzinfo is UTC


def test_the_business_date_turns_at_midnight_in_shanghai() -> None:
    assert clock.business_date(datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 31)
    assert clock.business_date(datetime(2026, 3, 31, 16, 0, 0, tzinfo=UTC)) == date(2026, 4, 1)
    assert clock.start_of(date(2026, 4, 1)) == datetime(2026, 3, 31, 16, tzinfo=UTC)


def test_an_instant_without_a_zone_has_no_business_date() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock.business_date(datetime(2026, 3, 31))


@pytest.mark.usefixtures("_clock_put_back")
def test_the_sample_city_moves_its_clock_but_not_the_real_one() -> None:
    clock.set_offset(timedelta(days=30))

    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 3, 31, tzinfo=UTC)
        assert clock.real_now() == datetime(2026, 3, 1, tzinfo=UTC)
    assert clock.offset() == timedelta(days=30)
