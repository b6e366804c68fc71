"""Read the books of the whole platform and name every row that breaks one of their statements (G21)."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from yingshou.audit.books import Report
from yingshou.evidence import actions
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

JOB = "manage.py verify_books"


class Command(BaseCommand):
    """Name every row that breaks a statement; end with 1 if there is any. The result is kept as an event."""

    help = "Verify the books; needs DATABASE_REPORT_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument("--language", choices=["zh-hans", "en"], default="zh-hans")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print what was found."""
        by = Actor.system(JOB)
        with translation.override(options["language"]):
            with acting_as(by):
                report = actions.verify_books(by=by, at=clock.now())
            if options["json"]:
                self.stdout.write(_as_json(report))
            else:
                self._print(report)
        if not report.good:
            sys.exit(1)

    def _print(self, report: Report) -> None:
        for read in report.read:
            if read.violations:
                self.stdout.write(f"✗ {read.book.code}: {read.book.sentence}")
            for one in read.violations:
                self.stdout.write(f"    {one.object_type} {one.object_id} ({one.detail})")
            if read.more:
                self.stdout.write("    " + _("and more"))
        self.stdout.write(
            _("%(books)s books read in %(seconds)s s: %(total)s violations.")
            % {"books": len(report.read), "seconds": f"{report.seconds:.1f}", "total": len(report.violations)}
        )


def _as_json(report: Report) -> str:
    return json.dumps(
        {
            "at": report.at.isoformat(),
            "books": {read.book.code: round(read.seconds, 3) for read in report.read},
            "seconds": round(report.seconds, 3),
            "total": len(report.violations),
            "more": [read.book.code for read in report.read if read.more],
            "violations": [
                {"book": one.book, "object_type": one.object_type, "object_id": one.object_id, "detail": one.detail}
                for one in report.violations
            ],
        },
        ensure_ascii=False,
    )
