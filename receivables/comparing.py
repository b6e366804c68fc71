"""One claim beside the debtor's own payables book, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from receivables import presenters
from receivables.models import Receivable
from receivables.presenters import Difference
from receivables.sheets import Sheet, sheet
from receivables.states import State
from yingshou.tenancy.actor import Actor
from yingshou.ui.templatetags.ui import amount, day

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Fact:
    """A line of the comparison: the claim, our book, and whether they differ."""

    label: StrOrPromise
    claim: str
    book: str
    differs: bool
    words: str = ""


@dataclass(frozen=True)
class Comparison:
    """The claim beside the debtor's own book."""

    sheet: Sheet
    facts: list[Fact]
    differences: list[Difference]
    tone: str
    verdict: str

    @property
    def why_not(self) -> str:
        """Why this person cannot answer now; "" if she can."""
        row, actor = self.sheet.row, self.sheet.actor
        if row.state != State.PENDING_CONFIRM:
            return gettext("This claim no longer waits for an answer: %(state)s.") % {"state": row.get_state_display()}
        if self.sheet.change is not None:
            return gettext("An answer waits for your checker; until it is decided nobody can give another.")
        if not actor.may("receivables.confirm"):
            return gettext("Answers are prepared by a maker of your organisation; your duties let you read.")
        return ""

    @property
    def may_answer(self) -> bool:
        """Whether this person can answer now."""
        return not self.why_not


def comparison(row: Receivable, actor: Actor, at: datetime) -> Comparison:
    """One claim and what our own book says, line by line."""
    differences = presenters.differences_of(row)
    by_field = {one.field: one for one in differences}
    known = presenters.verdict_of(row) != "NOT_IN_BOOK"
    supplier = f"{row.creditor.name} {row.creditor.uscc}"

    def fact(name: str, label: Any, claim: str) -> Fact:
        one = by_field.get(name)
        if one is not None:
            return Fact(label, claim, one.book or "–", True, one.words)
        return Fact(label, claim, claim if known else gettext("no record"), False)

    numbers = "、".join(use.invoice.number for use in getattr(row, "papers", [])) or "–"
    facts = [
        Fact(_("Supplier"), supplier, supplier if known else gettext("no record"), False),
        fact("CONTRACT", _("Contract number"), row.contract_no),
        fact("INVOICE", _("Invoices"), numbers),
        fact("AMOUNT", _("Amount (yuan)"), amount(row.face_amount)),
        fact("DUE_DATE", _("Due date"), day(row.due_date)),
    ]
    return Comparison(
        sheet=sheet(row, actor, at),
        facts=facts,
        differences=differences,
        tone=presenters.VERDICT_TONES[presenters.verdict_of(row)],
        verdict=str(presenters.verdict_of(row).label),
    )
