"""Move the sample city's clock forward, so that deadlines, reminders and expiry can be seen."""

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from yingshou.identity import sample_clock
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

_STEP = re.compile(r"^([+-]?)(\d{1,4})([dhm])$")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class Command(BaseCommand):
    """`manage.py move_clock +3d`: every process of the sample city follows within seconds."""

    help = "Move the clock of the sample city: +3d, +12h, +30m, or 0 for the real time. Refused in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """By how much."""
        parser.add_argument("step", help="+3d, -12h, +30m, or 0 to go back to the real time")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Store the new offset.

        :raises CommandError: in production, or if the step is not understood
        """
        if not settings.YINGSHOU_CLOCK_MAY_MOVE:
            raise CommandError(
                "The clock of this installation follows real time; only the sample city moves its clock."
            )
        step = options["step"].strip()
        found = _STEP.match(step)
        if step != "0" and found is None:
            raise CommandError("Say by how much: +3d, -12h, +30m, or 0 to go back to the real time.")
        with acting_as(Actor.system("move_clock")):
            offset = timedelta(0)
            if found is not None:
                sign = -1 if found[1] == "-" else 1
                offset = sample_clock.stored() + sign * timedelta(**{_UNITS[found[3]]: int(found[2])})
            sample_clock.store(offset)
        self.stdout.write(f"The sample city's clock now says {clock.now().astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}.")
