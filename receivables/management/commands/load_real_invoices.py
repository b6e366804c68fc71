"""Load the sales ledgers of real, anonymised firms through the engine that the browser uses, and compare the sums."""

from __future__ import annotations

from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from receivables.loading import load, parties
from receivables.loading.ledgers import independent_sums, largest_buyers, newest_day, read_ledgers, weeks_forward
from receivables.loading.signers import SampleAuthority
from yingshou.identity.models import OrganisationSize
from yingshou.kernel import clock
from yingshou.tenancy.actor import Capability


class Command(BaseCommand):
    """Prints one line a firm: rows = imported + refused + duplicates, and the totals; stops with an error if they differ."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the archive is, and how much of it to load."""
        parser.add_argument("path", type=Path, help="the archive of ledgers")
        parser.add_argument("--firms", type=int, default=0, help="only so many firms; 0 for all")
        parser.add_argument("--buyers", type=int, default=20, help="how many of the largest buyers confirm")
        parser.add_argument("--no-confirm", action="store_true", help="import only")
        parser.add_argument("--authority", type=Path, default=settings.YINGSHOU_DATA_DIR / "authority")

    def handle(self, *_args: Any, **options: Any) -> None:
        """
        Load, compare, submit and confirm.

        :raises CommandError: if the archive is missing, a row is unaccounted for or a total differs
        """
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"{path} does not exist")
        at = clock.now()
        ledgers = read_ledgers(path)
        buyers = largest_buyers(ledgers.values(), options["buyers"])
        if options["firms"]:
            ledgers = dict(list(ledgers.items())[: options["firms"]])
        staff = parties.people(at)
        debtors = {
            label: parties.party(
                label, f"购方单位{label}", Capability.DEBTOR, staff=staff, size=OrganisationSize.LARGE, at=at
            )
            for label in buyers
        }
        firms = {
            label: parties.party(
                label, f"样本企业{label}", Capability.CREDITOR, staff=staff, size=OrganisationSize.SMALL, at=at
            )
            for label in ledgers
        }
        wrong = self._load(path, ledgers, firms, at)
        if not options["no_confirm"]:
            self._confirm(firms, debtors, options["authority"], at)
        if wrong:
            raise CommandError(f"{len(wrong)} firms do not add up: {', '.join(wrong)}")

    def _load(self, path: Path, ledgers: dict[str, Any], firms: dict[str, parties.Party], at: Any) -> list[str]:
        line = "{:>6} {:>7} {:>8} {:>7} {:>8} {:>7} {:>18} {:>18} {:>16}  {}"
        self.stdout.write(
            line.format("firm", "rows", "imported", "added", "refused", "double", "valid", "imported", "refused", "why")
        )
        wrong: list[str] = []
        newest, sums = newest_day(ledgers.values()), independent_sums(path)
        total = [0, 0, 0, 0, 0]
        for label, rows in ledgers.items():
            today = load.first_day(firms[label], label) or clock.business_date(at)
            forward = weeks_forward(newest, today)
            report = load.load_firm(firms[label], label, rows, forward=forward, today=today, at=at)
            expected = sums[label]
            agrees = report.imported_total + report.refused_total == expected.valid_total
            if not (report.adds_up and agrees and expected.rows == report.rows):
                wrong.append(label)
            why = " ".join(f"{code}:{count}" for code, count in sorted(report.reasons.items()))
            self.stdout.write(
                line.format(
                    label,
                    report.rows,
                    report.imported,
                    report.added,
                    report.refused,
                    report.duplicates,
                    expected.valid_total,
                    report.imported_total,
                    report.refused_total,
                    why if agrees else f"{why} DIFFERS",
                )
            )
            counted = (report.rows, report.imported, report.added, report.refused, report.duplicates)
            total = [one + other for one, other in zip(total, counted, strict=True)]
        self.stdout.write(line.format("all", *total, "", "", "", ""))
        return wrong

    def _confirm(
        self, firms: dict[str, parties.Party], debtors: dict[str, parties.Party], folder: Path, at: Any
    ) -> None:
        authority = SampleAuthority(folder, at=at)
        ids = [one.organisation.pk for one in debtors.values()]
        sent = sum(load.submit_to(firm, ids, at=at) for firm in firms.values())
        self.stdout.write(f"submitted to the {len(debtors)} largest buyers: {sent}")
        lines, amount = 0, Decimal("0.00")
        for label, debtor in debtors.items():
            parties.require_signature(debtor, "receivables.confirm")
            done = load.confirm_all(debtor, label, authority, at=clock.now())
            if done is None:
                continue
            lines, amount = lines + done.lines, amount + done.amount
            self.stdout.write(
                f"{label}: {done.lines} confirmed with signature {done.signature_id}, ¥ {done.amount:,}, {done.seconds:.1f} s"
            )
        self.stdout.write(f"confirmed: {lines} receivables, ¥ {amount:,}")
