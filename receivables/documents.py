"""
The canonical document of a decision: the seven fields of D01, the very bytes that are frozen at submission and signed.

Parties, contract, delivery accepted, invoice numbers, confirmed amount, due date, set-off known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from receivables.models import InvoiceUse, Maturity, Receivable
from yingshou.identity.models import Organisation

SCHEMA = "yingshou.receivable-decision/1"


@dataclass(frozen=True)
class Statement:
    """What is decided about one receivable, beyond the receivable itself."""

    event: str
    version: int | None = None
    amount: Decimal | None = None
    due_date: date | None = None
    delivery_accepted: bool | None = None
    set_off_known: bool | None = None
    reason_code: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What documents of many receivables need, read once."""

    organisations: Mapping[int, Organisation]
    invoices: Mapping[int, list[dict[str, str]]]


def surroundings(receivables: Iterable[Receivable]) -> Surroundings:
    """Read the parties and invoices of receivables with two queries."""
    rows = list(receivables)
    ids = {row.creditor_id for row in rows} | {row.debtor_id for row in rows if row.debtor_id}
    invoices: dict[int, list[dict[str, str]]] = defaultdict(list)
    uses = InvoiceUse.objects.filter(receivable_id__in=[row.pk for row in rows], is_alive=True).select_related(
        "invoice"
    )
    for use in uses.order_by("receivable_id", "id"):
        invoices[use.receivable_id].append(
            {
                "code": use.invoice.code,
                "number": use.invoice.number,
                "issued": use.invoice.issue_date.isoformat(),
                "gross": str(use.invoice.gross_amount),
                "used": str(use.used_amount),
            }
        )
    return Surroundings(organisations=Organisation.objects.in_bulk(list(ids)), invoices=invoices)


def document(row: Receivable, statement: Statement, around: Surroundings) -> dict[str, Any]:
    """The document of one decision, as canonical-JSON material: amounts and dates are strings."""
    creditor = around.organisations[row.creditor_id]
    debtor = around.organisations.get(row.debtor_id or 0)
    due = statement.due_date or row.due_date
    amount = row.face_amount if statement.amount is None else statement.amount
    return {
        "schema": SCHEMA,
        "event": statement.event,
        "receivable": row.public_no,
        "version": row.version if statement.version is None else statement.version,
        # Of a claim that does not exist yet only the contract can be acknowledged.
        "statement": "CONTRACT_ACKNOWLEDGED" if row.maturity_kind == Maturity.FUTURE else "CLAIM_EXISTS",
        "kind": row.kind,
        "creditor": {"uscc": creditor.uscc, "name": creditor.name},
        "debtor": {
            "uscc": debtor.uscc if debtor else row.debtor_uscc,
            "name": debtor.name if debtor else row.debtor_name,
        },
        "contract": {
            "number": row.contract_no,
            "name": row.contract_name,
            "date": row.contract_date.isoformat() if row.contract_date else None,
        },
        "delivery_accepted": statement.delivery_accepted,
        "invoices": around.invoices.get(row.pk, []),
        "currency": row.currency,
        "face_amount": str(row.face_amount),
        "confirmed_amount": str(amount),
        "due_date": due.isoformat(),
        "set_off_known": statement.set_off_known,
        "reason_code": statement.reason_code,
        "comment": statement.comment,
    }
