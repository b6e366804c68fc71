"""
What two parties may change together after confirmation (domain 2.3, I4), and what forbids it. No queries.

The seven fields of a confirmation are parties, contract, delivery, invoices, amount, due date and set-off (D01). Parties and
invoices are what makes it this claim and no other; delivery and set-off are facts. What is left to agree on are the amount,
the due date and what the contract is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from receivables.models.money import ReceivableBalance
from receivables.models.receivable import Receivable
from receivables.rules.claims import AmountNotPositive, DueTooEarly
from receivables.states import State
from yingshou.kernel.errors import Conflict, DomainError, Invalid

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LAPSES_AFTER_DAYS = 30


class NotChangeable(Conflict):
    """There is no confirmation that could be changed."""

    code = "RCV-070"
    message = _("Only what is confirmed and still open is changed by agreement; this receivable is: %(state)s.")
    cure = _("Before confirmation the creditor corrects it; after closing nothing is changed.")


class NothingChanges(Invalid):
    """The proposal repeats the present terms."""

    code = "RCV-071"
    message = _("None of the terms would change.")
    cure = _("Enter the new value of at least one of them.")


class ChangeProposed(Conflict):
    """Another proposal waits for its answer."""

    code = "RCV-072"
    message = _("A change of this receivable is proposed already and waits for its answer.")
    cure = _("Answer it, or have its proposer withdraw it; then another can be proposed.")


class HeldByFunder(Conflict):
    """Somebody has money on the claim: its amount and its due date are not the two parties' alone."""

    code = "RCV-073"
    message = _(
        "%(held)s of this receivable is reserved for or encumbered to a funder, who relies on its amount and due date "
        "(Civil Code, article 765); the two parties alone cannot change them."
    )
    cure = _("Ask the funder that holds it to release its part; contract details can be changed meanwhile.")


class BelowWhatIsGone(Conflict):
    """The new amount would not cover what is paid, adjusted, retained or held."""

    code = "RCV-074"
    message = _("%(amount)s is below %(floor)s, which is already paid, adjusted, retained, reserved or encumbered.")
    cure = _("Enter at least that amount, or have the payment, the retention or the holding corrected first.")


class AmountAboveClaim(Invalid):
    """More than the claim cannot be confirmed, also not by agreement."""

    code = "RCV-075"
    message = _("%(amount)s is above the claim of %(face)s.")
    cure = _("Enter at most the amount of the claim; what is owed beyond it is a new receivable.")


@dataclass(frozen=True)
class Terms:
    """The terms of a confirmed receivable that the two parties can change by agreement; amounts in yuan."""

    amount: Decimal
    due_date: date
    contract_no: str
    contract_name: str = ""
    contract_date: date | None = None


@dataclass(frozen=True)
class TermChange:
    """One term, as it was and as it would be; both as canonical text, empty where there is none."""

    field: str
    old: str
    new: str


LABELS: dict[str, StrOrPromise] = {
    "amount": _("Confirmed amount (yuan)"),
    "due_date": _("Due date"),
    "contract_no": _("Contract number"),
    "contract_name": _("Contract name"),
    "contract_date": _("Date of the contract"),
}


def terms_of(row: Receivable) -> Terms:
    """The present terms of a confirmed receivable."""
    assert row.confirmed_amount is not None, "the database asks for it"
    assert row.confirmed_due_date is not None, "the database asks for it"
    return Terms(
        amount=row.confirmed_amount,
        due_date=row.confirmed_due_date,
        contract_no=row.contract_no,
        contract_name=row.contract_name,
        contract_date=row.contract_date,
    )


def plain(terms: Terms) -> dict[str, str]:
    """The terms as canonical text, in the order in which pages list them."""
    return {
        "amount": f"{terms.amount:.2f}",
        "due_date": terms.due_date.isoformat(),
        "contract_no": terms.contract_no,
        "contract_name": terms.contract_name,
        "contract_date": terms.contract_date.isoformat() if terms.contract_date else "",
    }


def parsed(values: dict[str, str]) -> Terms:
    """The terms of their canonical text."""
    return Terms(
        amount=Decimal(values["amount"]),
        due_date=date.fromisoformat(values["due_date"]),
        contract_no=values["contract_no"],
        contract_name=values["contract_name"],
        contract_date=date.fromisoformat(values["contract_date"]) if values["contract_date"] else None,
    )


def term_changes(old: Terms, new: Terms) -> list[TermChange]:
    """The terms that differ."""
    before, after = plain(old), plain(new)
    return [TermChange(name, before[name], after[name]) for name in before if before[name] != after[name]]


def term_words(change: TermChange) -> str:
    """One changed term as people read it: what, from, to."""
    old, new = term_text(change.field, change.old), term_text(change.field, change.new)
    return gettext("%(term)s: %(old)s → %(new)s") % {"term": LABELS[change.field], "old": old, "new": new}


def term_text(field: str, value: str) -> str:
    """The value of a term as people read it."""
    return f"{Decimal(value):,.2f}" if field == "amount" else value or gettext("none")


def touches_money(old: Terms, new: Terms) -> bool:
    """Whether amount or due date change: what a funder relies on."""
    return (old.amount, old.due_date) != (new.amount, new.due_date)


def raises_amount(old: Terms, new: Terms) -> bool:
    """Whether the debtor would owe more than it confirmed."""
    return new.amount > old.amount


def floor_of(balance: ReceivableBalance) -> Decimal:
    """The lowest amount that still covers what is gone or held."""
    gone = balance.adjusted_amount + balance.paid_amount + balance.retained_amount
    return Decimal(gone + balance.encumbered_amount + balance.reserved_amount)


def problem(row: Receivable, balance: ReceivableBalance, new: Terms) -> DomainError | None:
    """What forbids the change as things are now, or None."""
    place = row.public_no
    if row.state != State.CONFIRMED:
        return NotChangeable(place=place, state=row.get_state_display())
    old = terms_of(row)
    if not term_changes(old, new):
        return NothingChanges(place=place)
    if new.amount <= 0:
        return AmountNotPositive(place="amount")
    if new.amount > row.face_amount:
        return AmountAboveClaim(place="amount", amount=new.amount, face=row.face_amount)
    floor = floor_of(balance)
    if new.amount != old.amount and new.amount < floor:
        return BelowWhatIsGone(place="amount", amount=new.amount, floor=floor)
    held = balance.encumbered_amount + balance.reserved_amount
    if held > 0 and touches_money(old, new):
        return HeldByFunder(place=place, held=held)
    earliest = [day for day in (new.contract_date, row.delivery_date) if day is not None]
    if any(new.due_date < day for day in earliest):
        return DueTooEarly(place="due_date")
    return None
