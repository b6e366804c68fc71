"""Ledgers through the engine, then submission to and confirmation by the largest buyers."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from receivables import actions
from receivables.actions import Proposal
from receivables.imports.claims import CLAIMS
from receivables.loading.ledgers import LedgerRow, sheet
from receivables.loading.parties import Party
from receivables.loading.signers import SampleAuthority, sign_approval
from receivables.models import Receivable
from receivables.states import State
from yingshou.approvals import actions as approvals
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.documents.models import ImportBatch, ImportRow
from yingshou.documents.states import RowState
from yingshou.kernel import clock
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import acting_as

BATCH_LINES = 10_000
_GROSS = [column.name for column in CLAIMS.columns].index("gross_amount")
_STATUS = [column.name for column in CLAIMS.columns].index("invoice_status")


@dataclass
class FirmReport:
    """What became of one firm's ledger."""

    firm: str
    rows: int = 0
    imported: int = 0
    duplicates: int = 0
    refused: int = 0
    added: int = 0
    imported_total: Decimal = Decimal("0.00")
    refused_total: Decimal = Decimal("0.00")
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        return self.imported + self.duplicates + self.refused == self.rows


def first_day(of: Party, label: str) -> date | None:
    """The day on which this ledger was first loaded: a later load moves the days as the first one did."""
    with acting_as(of.job), transaction.atomic():
        first = (
            ImportBatch.objects.filter(organisation_id=of.organisation.pk, file__name=f"{label}.csv")
            .order_by("id")
            .first()
        )
    return clock.business_date(first.created_at) if first else None


def load_firm(
    of: Party, label: str, rows: Sequence[LedgerRow], *, forward: timedelta, today: date, at: datetime
) -> FirmReport:
    """One ledger through the engine: upload, read, check, accept what is good; by the same steps as the browser's jobs."""
    report = FirmReport(firm=label, rows=len(rows))
    content = sheet(rows, forward=forward, today=today)
    with acting_as(of.maker):
        stored = documents.store(f"{label}.csv", io.BytesIO(content), by=of.maker, at=at, purpose=files.IMPORT)
        batch = documents.receive(CLAIMS.name, stored, by=of.maker, at=at)
    with acting_as(of.job):
        batch = steps.read(batch.pk, by=of.job, at=at)
    if batch.ready_count:
        with acting_as(of.maker):
            documents.accept(batch.pk, by=of.maker, at=at)
        with acting_as(of.job):
            batch = steps.accept(batch.pk, by=of.job, at=at)
    with acting_as(of.job), transaction.atomic():
        _count(batch, report)
    return report


def _count(batch: ImportBatch, report: FirmReport) -> None:
    rows = ImportRow.objects.filter(batch_id=batch.pk).values_list("state", "problems", "data", "result_type")
    for state, problems, data, _result in rows.iterator(chunk_size=5_000):
        gross = from_minor(int(data[_GROSS])) if data[_GROSS] else Decimal("0.00")
        counts = gross > 0 and data[_STATUS] != "VOID"
        if state in (RowState.ACCEPTED, RowState.KNOWN):
            report.imported += 1
            report.added += state == RowState.ACCEPTED
            report.imported_total += gross if counts else 0
        elif state == RowState.DUPLICATE:
            report.duplicates += 1
        else:
            report.refused += 1
            report.refused_total += gross if counts else 0
            errors = [one["key"] for one in problems or [] if one["severity"] == "error"]
            report.reasons[errors[0] if errors else state] += 1


def submit_to(of: Party, debtor_ids: Sequence[int], *, at: datetime) -> int:
    """The firm's maker and checker send every draft for these debtors; how many were sent."""
    with acting_as(of.maker), transaction.atomic():
        ids = list(
            Receivable.objects.of_creditor(of.organisation.pk)
            .filter(state=State.DRAFT, debtor_id__in=debtor_ids)
            .order_by("id")
            .values_list("id", flat=True)
        )
    sent = 0
    for start in range(0, len(ids), BATCH_LINES):
        chosen = ids[start : start + BATCH_LINES]
        with acting_as(of.maker):
            approval = actions.propose("submit", [Proposal(pk) for pk in chosen], by=of.maker, at=at)
        with acting_as(of.checker):
            sent += sum(one.ok for one in approvals.approve(approval.pk, by=of.checker, at=at))
    return sent


@dataclass(frozen=True)
class Confirmation:
    """What one buyer confirmed, with one signature."""

    buyer: str
    lines: int
    amount: Decimal
    signature_id: int | None
    seconds: float


def confirm_all(of: Party, label: str, authority: SampleAuthority, *, at: datetime) -> Confirmation | None:
    """The buyer's maker selects all that waits, its checker signs once; nothing when nothing waits."""
    started = clock.real_now()
    with acting_as(of.maker), transaction.atomic():
        waiting = Receivable.objects.waiting_for(of.organisation.pk).order_by("confirm_requested_at", "id")
        ids = list(waiting.values_list("id", flat=True)[:BATCH_LINES])
    if not ids:
        return None
    with acting_as(of.maker):
        approval = actions.propose("confirm", [Proposal(pk) for pk in ids], by=of.maker, at=at)
    evidence = sign_approval(approval, of, authority.key_file(of), at=at)
    with acting_as(of.job), transaction.atomic():
        done = Receivable.objects.of_debtor(of.organisation.pk).filter(pk__in=ids, state=State.CONFIRMED).count()
    seconds = (clock.real_now() - started).total_seconds()
    return Confirmation(label, done, approval.total_amount, evidence.pk, seconds)
