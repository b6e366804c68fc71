"""For a person who lost phone, passkeys and recovery codes: after her identity was established by other means, all factors are removed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from yingshou.identity.actions import factors
from yingshou.identity.models import Person
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as


class Command(BaseCommand):
    """`manage.py remove_second_factor jinghe.maker`: on record, and the person is told by mail."""

    help = "Remove every second factor of a person who lost them all. Establish by other means who asks for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("username", help="the sign-in name")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Remove them.

        :raises CommandError: if there is no such sign-in, or it has none
        """
        worker = Actor.system("remove_second_factor")
        with acting_as(worker), transaction.atomic():
            person = Person.objects.filter(username=options["username"].strip().lower()).first()
            if person is None:
                raise CommandError("There is no such sign-in name.")
            count = factors.remove_all(person_id=person.pk, by=worker, at=clock.now())
        if not count:
            raise CommandError("This sign-in has no second factor.")
        self.stdout.write(
            f"Removed; {person.username} signs in with the password and sets a new one up where it is required."
        )
