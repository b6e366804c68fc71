"""Receivables for tests: made through the actions, so that every row has its events, invoices and balance."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from receivables import actions
from receivables.actions.changes import Wish
from receivables.actions.common import Via
from receivables.models import ChangeRequest, Receivable
from receivables.rules.changes import terms_of
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from tests.factories import identity
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def creditor(**fields: Any) -> Organisation:
    """A verified supplier."""
    return identity.organisation(Capability.CREDITOR, **fields)


def debtor(**fields: Any) -> Organisation:
    """A verified buyer."""
    return identity.organisation(Capability.DEBTOR, **fields)


def maker(of: Organisation) -> Actor:
    """A new person who prepares."""
    return identity.actor_for(of, Duty.MAKER)


def checker(of: Organisation) -> Actor:
    """A new person who checks and signs."""
    return identity.actor_for(of, Duty.CHECKER, Duty.SIGNER)


def job(of: Organisation | int) -> Actor:
    """A job that works for the organisation: acts without a second person."""
    return Actor.system("test", organisation_id=of if isinstance(of, int) else of.pk)


def invoice(gross: str = "113000.00", **fields: Any) -> InvoiceDraft:
    """An invoice with 13 % tax and a number of its own."""
    total = Decimal(gross)
    net = (total / Decimal("1.13")).quantize(Decimal("0.01"))
    values: dict[str, Any] = {
        "number": f"{next(_numbers):08d}",
        "code": "3502261130",
        "issue_date": date(2026, 11, 1),
        "net_amount": net,
        "tax_amount": total - net,
        "gross_amount": total,
        "used_amount": total,
    }
    return InvoiceDraft(**(values | fields))


def draft(other: Organisation | None = None, face: str = "113000.00", **fields: Any) -> ClaimDraft:
    """A sale of goods, delivered on 1 November 2026 and due 90 days later."""
    values: dict[str, Any] = {
        "other_uscc": other.uscc if other else identity.uscc(),
        "other_name": other.name if other else "尚未注册的采购公司",
        "contract_no": f"HT-{next(_numbers):06d}",
        "face_amount": Decimal(face),
        "delivery_date": date(2026, 11, 1),
        "due_date": date(2027, 1, 30),
        "contract_date": date(2026, 10, 1),
        "evidence": (EvidenceDraft(file_id=next(_numbers), kind="CONTRACT"),),
    }
    values |= fields
    if "invoices" not in values and values.get("kind", "S1") == "S1":
        values["invoices"] = (invoice(face),)
    return ClaimDraft(**values)


def drafted(of: Organisation, other: Organisation | None = None, *, at: datetime = AT, **fields: Any) -> Receivable:
    """A draft of the creditor."""
    by = job(of)
    with acting_as(by), transaction.atomic():
        return actions.create_draft(draft(other, **fields), by=by, at=at)


def pending(of: Organisation, other: Organisation | None = None, *, at: datetime = AT, **fields: Any) -> Receivable:
    """A receivable that waits for its debtor."""
    by = job(of)
    with acting_as(by), transaction.atomic():
        row = actions.create_draft(draft(other, **fields), by=by, at=at)
        _all_done(actions.submit([row.pk], by=by, at=at))
        return Receivable.objects.get(pk=row.pk)


def confirmed(of: Organisation, other: Organisation, *, at: datetime = AT, **fields: Any) -> Receivable:
    """A confirmed receivable, in the ledger."""
    row = pending(of, other, at=at, **fields)
    by = job(other)
    with acting_as(by), transaction.atomic():
        _all_done(actions.confirm([actions.Decision(row.pk)], by=by, at=at))
        return Receivable.objects.get(pk=row.pk)


def proposed(
    row: Receivable, by: Actor, *, at: datetime = AT, reason_code: str = "TERMS_AGREED", **terms: Any
) -> ChangeRequest:
    """A change of a confirmed receivable that waits for the other side."""
    with acting_as(by), transaction.atomic():
        wish = Wish(row.pk, row.version, replace(terms_of(row), **terms), reason_code)
        _all_done(actions.propose_change([wish], by=by, at=at))
        return ChangeRequest.objects.open().get(receivable_id=row.pk)


def via(approval_id: int = 1) -> Via:
    """As if an approval had carried the step."""
    return Via(approval_id=approval_id)


def _all_done(outcomes: Sequence[Any]) -> None:
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
