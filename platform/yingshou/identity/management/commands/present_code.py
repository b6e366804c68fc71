"""The code that a sample sign-in's authenticator app would show now, for whoever tries the sample city without a phone."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from yingshou.identity import factors
from yingshou.tenancy.actor import Actor, acting_as


class Command(BaseCommand):
    """`manage.py present_code staff.first`: six digits and how long they last."""

    help = "Print the present code of a sample sign-in's authenticator app. Refused in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("username", help="a sign-in of the sample city, for example staff.first")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Print the code.

        :raises CommandError: in production, or if the sign-in has no app
        """
        if not settings.YINGSHOU_CLOCK_MAY_MOVE:
            raise CommandError("Codes are printed in the sample city alone; here they come from the person's own app.")
        with acting_as(Actor.system("present_code")), transaction.atomic():
            found = factors.secrets_of_apps([options["username"].strip().lower()])
        if not found:
            raise CommandError("This sign-in has no authenticator app.")
        now = time.time()
        left = factors.STEP_SECONDS - int(now) % factors.STEP_SECONDS
        self.stdout.write(f"{factors.code_at(next(iter(found.values())), now)} (for another {left} s)")
