"""`manage.py database_roles`: the SQL that prepares a real PostgreSQL server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from yingshou.runtime import roles
from yingshou.runtime.places import APPLICATION_ROLE, DATABASE, OWNER_ROLE, REPORT_ROLE, SEALING_ROLE


class Command(BaseCommand):
    """Print, never run: the SQL is for the one who administers the server."""

    help = "Print the SQL that makes the roles and the database on a real PostgreSQL server (for psql, as superuser)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the database have another name."""
        parser.add_argument("--database", default=DATABASE)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the script."""
        database = options["database"]
        self.stdout.write(
            "\n".join(
                [
                    "-- psql -v ON_ERROR_STOP=1 -f this-file, as a superuser of the server.",
                    roles.create_roles_sql(),
                    "-- Give each role a password of its own; psql asks for it and sends only its hash.",
                    f"\\password {OWNER_ROLE}",
                    f"\\password {APPLICATION_ROLE}",
                    f"\\password {SEALING_ROLE}",
                    f"\\password {REPORT_ROLE}",
                    f"alter role {APPLICATION_ROLE} set idle_in_transaction_session_timeout = '60s';",
                    roles.create_database_sql(database),
                    f"\\connect {database}",
                    roles.grants_sql(database),
                ]
            )
        )
