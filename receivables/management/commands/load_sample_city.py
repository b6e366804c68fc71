"""Load the sample city: organisations, people, certificates and claims; safe to run again."""

import time
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from receivables.samples import city, claims, licences, people, seals
from receivables.samples.people import City
from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import Rule
from yingshou.identity import factors, labels
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

PASSWORD = "Yingshou-2026-demo"  # noqa: S105 (printed on purpose: everything in the city is invented)
SIGNED_ACTIONS = ("receivables.confirm", "receivables.confirm_part", "receivables.publish")


class Command(BaseCommand):
    """`manage.py load_sample_city`: idempotent, prints the sign-ins."""

    help = "Load the sample city of fictional organisations of every kind and print its sign-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to leave out."""
        parser.add_argument("--people-only", action="store_true", help="organisations and people, no claims")
        parser.add_argument("--password", default=PASSWORD, help="the password of every sample sign-in")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Load what is missing.

        :raises CommandError: in production
        """
        if not settings.YINGSHOU_CLOCK_MAY_MOVE:
            raise CommandError("The sample city is not loaded into a production installation.")
        begun = time.monotonic()
        at = clock.now()
        # All or nothing: a load that was interrupted leaves no half city that a second one would take for whole.
        with acting_as(Actor.system(people.JOB)), transaction.atomic():
            settled = people.settle(password=options["password"], at=at)
            if settled.is_new and not options["people_only"]:
                sealed = seals.issue(settled)
                _require_signatures(settled)
                licences.issue(settled, at=at)
                # Signed after the authority published its lists: before that they say nothing.
                count = claims.fill(settled, sealed, at=clock.now())
                self.stdout.write(f"{count} receivables entered.")
        self._print(settled, options["password"])
        self.stdout.write(f"Sample city ready after {time.monotonic() - begun:.0f} s.")

    def _print(self, settled: City, password: str) -> None:
        self.stdout.write(f"\nSign-ins of the sample city, all with the password {password}")
        self.stdout.write(
            f"Signers' key files: {settings.YINGSHOU_DATA_DIR}/signers/<sign-in>.p12, PIN {seals.PIN}\n\n"
        )
        for firm in city.FIRMS:
            if not (firm.is_main or firm is city.OPERATOR):
                continue
            capabilities = ", ".join(str(label) for label in labels.capability_labels(map(str, firm.capabilities)))
            self.stdout.write(f"{firm.short_name} ({capabilities})")
            for citizen in firm.people:
                duties = ", ".join(str(label) for label in labels.duty_labels(map(str, citizen.duties)))
                self.stdout.write(f"    {citizen.username:<20} {duties}")
        with acting_as(Actor.system(people.JOB)), transaction.atomic():
            secrets = factors.secrets_of_apps([citizen.username for citizen in city.OPERATOR.people])
        self.stdout.write(
            "\nSecond factors of the platform's staff: secrets for an authenticator app. The code of now: "
            "python manage.py present_code <sign-in>"
        )
        for username, secret in sorted(secrets.items()):
            self.stdout.write(f"    {username:<20} {secret}")
        others = len([firm for firm in city.FIRMS if not firm.is_main]) - 1
        self.stdout.write(f"and {others} more organisations with <key>.maker and <key>.checker.\n")


def _require_signatures(settled: City) -> None:
    """Second person and signature for everything that binds a debtor, set by each debtor's own administrator."""
    for firm in (*city.MAIN, *city.BUYERS):
        if not {city.DEBTOR, city.CORE} & set(firm.capabilities):
            continue
        administrator = settled.actor(f"{firm.key}.admin")
        with acting_as(administrator):
            for action in SIGNED_ACTIONS:
                rule = Rule("ALWAYS", Decimal("0.00"), "ALWAYS", Decimal("0.00"))
                approvals.set_policy(action, rule=rule, by=administrator, at=clock.now())
