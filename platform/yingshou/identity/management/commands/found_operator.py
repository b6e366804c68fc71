"""Create the platform operator's organisation and its first staff: before anybody can verify anybody, somebody has to exist."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError

from yingshou.identity.actions.founding import Founder, found
from yingshou.identity.actions.registration import OrganisationDraft
from yingshou.identity.models import OrganisationKind
from yingshou.kernel import clock
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import parse_uscc
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

_STAFF = {
    "first": (Duty.MAKER, Duty.CHECKER),
    "second": (Duty.MAKER, Duty.CHECKER),
    "system": (Duty.SYSTEM_ADMINISTRATOR,),
    "security": (Duty.SECURITY_ADMINISTRATOR,),
    "audit": (Duty.AUDIT_ADMINISTRATOR,),
}


class Command(BaseCommand):
    """`manage.py found_operator --uscc … --name … --representative … --first a@b.cn --second …`; run again, it adds who is missing."""

    help = "Create the platform operator and its first five members of staff; each sets a password by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who the operator is, and one address per role."""
        for name in ("uscc", "name", "representative"):
            parser.add_argument(f"--{name}", required=True)
        for role in _STAFF:
            parser.add_argument(f"--{role}", required=True, metavar="EMAIL", help=f"address of {role}")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Create what is missing.

        :raises CommandError: if the credit code is not valid, or two roles share one address
        """
        try:
            uscc = parse_uscc(options["uscc"])
        except DomainError as error:
            raise CommandError(f"{error.message_text} {error.cure_text}") from error
        addresses = [options[role].strip().lower() for role in _STAFF]
        if len(set(addresses)) != len(addresses):
            raise CommandError("Each role needs a person of its own: the addresses must differ.")
        draft = OrganisationDraft(
            uscc=uscc,
            name=options["name"],
            capabilities=[str(Capability.PLATFORM_OPERATOR)],
            kind=OrganisationKind.ENTERPRISE,
            region="",
            size=None,
            legal_representative=options["representative"],
        )
        # No usable password: each member of staff has one set by the link of "I forgot my password".
        founders = [
            Founder(
                username=f"staff.{role}",
                display_name=role,
                email=address,
                phone="",
                duties=duties,
                password_hash=make_password(None),
                is_staff=True,
            )
            for (role, duties), address in zip(_STAFF.items(), addresses, strict=True)
        ]
        worker = Actor.system("found_operator")
        with acting_as(worker):
            row = found(draft, founders, by=worker, at=clock.now())
        self.stdout.write(f"{row.name} and its staff are ready; each sets a password on the sign-in page.")
