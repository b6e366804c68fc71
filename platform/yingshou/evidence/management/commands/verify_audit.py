"""Check the whole history against its leaves, the signed checkpoints and the copies outside (G8)."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from yingshou.evidence import sealing, verification
from yingshou.kernel import clock


class Command(BaseCommand):
    """Name every event that was changed, removed or slipped in; end with 1 if there is any."""

    help = "Check the sealed history; needs DATABASE_SEAL_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument("--language", choices=["zh-hans", "en"], default="zh-hans")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the findings."""
        with translation.override(options["language"]), sealing.reading() as cursor:
            report = verification.verify(cursor, at=clock.now())
            if options["json"]:
                self.stdout.write(_as_json(report))
            else:
                self._print(report)
        if not report.good:
            sys.exit(1)

    def _print(self, report: verification.Report) -> None:
        for finding in report.findings:
            self.stdout.write(f"✗ {finding.text}")
        self.stdout.write(
            _("%(events)s events, %(checkpoints)s checkpoints and %(copies)s copies checked: %(total)s findings.")
            % {
                "events": report.events,
                "checkpoints": report.checkpoints,
                "copies": report.copies,
                "total": report.total,
            }
        )


def _as_json(report: verification.Report) -> str:
    return json.dumps(
        {
            "events": report.events,
            "checkpoints": report.checkpoints,
            "copies": report.copies,
            "total": report.total,
            "findings": [
                {"fault": finding.fault, "place": finding.place, "text": finding.text} for finding in report.findings
            ],
        },
        ensure_ascii=False,
    )
