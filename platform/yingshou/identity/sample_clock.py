"""The sample city's clock: an offset in the database that every process of the city follows within two seconds."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from yingshou.identity.models import ClockOffset
from yingshou.kernel import clock

_FRESH_SECONDS = 2.0


class _Read:
    """When this process last looked; nothing is shared between processes but the row."""

    at = -_FRESH_SECONDS


def stored() -> timedelta:
    """The offset as it stands in the database; zero where the clock was never moved."""
    seconds = ClockOffset.objects.values_list("seconds", flat=True).first()
    return timedelta(seconds=seconds or 0)


def store(offset: timedelta) -> None:
    """Move the clock of the whole city; its services outside the platform read the file."""
    seconds = int(offset.total_seconds())
    ClockOffset.objects.update_or_create(id=1, defaults={"seconds": seconds})
    clock.set_offset(offset)
    folder = Path(settings.YINGSHOU_DATA_DIR)
    if folder.is_dir():
        (folder / "clock-offset").write_text(str(seconds))


def follow() -> bool:
    """
    Take the city's offset over into this process; whether it looked. Asks nothing where clocks may not move.

    Not inside a transaction: who has begun one keeps the instant it began with.
    """
    now = time.monotonic()
    if not settings.YINGSHOU_CLOCK_MAY_MOVE or connection.in_atomic_block or now - _Read.at < _FRESH_SECONDS:
        return False
    _Read.at = now
    clock.set_offset(stored())
    return True
