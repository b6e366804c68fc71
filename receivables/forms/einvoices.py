"""What no e-invoice says, asked once for all buyers and, where it differs, for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from receivables.imports.einvoices import EACH, LEAVE, ONE
from receivables.models import DueRule
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import normalise, normalise_uscc, parse_uscc
from yingshou.kernel.money import from_minor
from yingshou.ui.forms import DateField

MODES = [
    (EACH, _("One receivable for each invoice")),
    (ONE, _("One receivable for all invoices of a buyer and contract")),
]


class FactsForm(forms.Form):
    """What holds for all buyers unless one of them says otherwise."""

    mode = forms.ChoiceField(
        label=_("What becomes one receivable"), choices=MODES, widget=forms.RadioSelect, initial=EACH
    )
    due_rule = forms.ChoiceField(
        label=_("When the money is due"),
        choices=[
            (DueRule.FIXED, _("On a fixed day")),
            (DueRule.DELIVERY, _("A term from delivery")),
            (DueRule.ACCEPTANCE, _("A term from acceptance")),
            (DueRule.SETTLEMENT, _("A term from settlement")),
        ],
        initial=DueRule.DELIVERY,
    )
    term_days = forms.IntegerField(label=_("Term in days"), min_value=0, max_value=3650, required=False)
    due_date = DateField(label=_("Due date"), required=False, help_text=_("Only for a fixed day."))
    base_date = DateField(
        label=_("Day of delivery, acceptance or settlement"),
        required=False,
        help_text=_("Leave it empty if that is the date of each invoice."),
    )
    past_due_reason = forms.CharField(
        label=_("Why it is entered after its due date"),
        max_length=200,
        required=False,
        help_text=_("Only where the money is due already."),
    )


class BuyerForm(forms.Form):
    """What is missing of one buyer and contract."""

    debtor_uscc = forms.CharField(
        label=_("Debtor's credit code"),
        max_length=40,
        error_messages={"required": _("Enter the credit code of the buyer, or leave these invoices out.")},
        help_text=_("The files do not name the buyer; its code stands on the printed invoice."),
    )
    contract_no = forms.CharField(
        label=_("Contract number"),
        max_length=100,
        help_text=_("Or the number of the order."),
        error_messages={"required": _("Enter the contract number, or leave these invoices out.")},
    )
    mode = forms.ChoiceField(
        label=_("These invoices"),
        choices=[
            ("", _("as said above")),
            (EACH, _("one receivable each")),
            (ONE, _("one receivable together")),
            (LEAVE, _("leave out")),
        ],
        required=False,
    )
    term_days = forms.IntegerField(label=_("Other term in days"), min_value=0, max_value=3650, required=False)
    due_date = DateField(label=_("Other due date"), required=False)

    def __init__(self, group: Mapping[str, Any], shared: FactsForm, data: QueryDict | None, *, prefix: str) -> None:
        super().__init__(data, prefix=prefix, initial={"contract_no": group["contract"]})
        self.group, self.shared = group, shared
        if group["uscc"]:
            del self.fields["debtor_uscc"]
        if f"{self.prefix}-mode" in self.data and self.data[f"{self.prefix}-mode"] == LEAVE:
            for name in {"debtor_uscc", "contract_no"} & set(self.fields):
                self.fields[name].required = False
        if not group["count"]:
            # Red-letter invoices alone reduce what exists already: nothing is missing of them.
            for name in ("contract_no", "term_days", "due_date"):
                del self.fields[name]

    @property
    def chosen_mode(self) -> str:
        """What becomes of the invoices of this buyer."""
        return str(self.cleaned_data.get("mode") or self.shared.cleaned_data.get("mode") or EACH)

    def clean_debtor_uscc(self) -> str:
        """
        The credit code in its plain form.

        :raises ValidationError: with the precise reason
        """
        code = normalise_uscc(self.cleaned_data["debtor_uscc"])
        if code:
            try:
                parse_uscc(code, place="debtor_uscc")
            except DomainError as error:
                raise forms.ValidationError(
                    f"{error.message_text} {error.cure_text}".strip(), code=error.code
                ) from error
        return code

    def clean(self) -> dict[str, Any]:
        """Ask for what this buyer still needs."""
        data = super().clean() or {}
        shared = self.shared.cleaned_data
        if self.chosen_mode == LEAVE:
            return data
        if not self.group["count"]:
            return data
        if shared.get("due_rule") == DueRule.FIXED:
            if (
                not (data.get("due_date") or shared.get("due_date") or self.group["due"])
                and "due_date" not in self.errors
            ):
                self.add_error("due_date", _("Enter the due date here, or one for all above."))
        elif data.get("due_date") is None and data.get("term_days") is None and shared.get("term_days") is None:
            self.add_error("term_days", _("Enter the term here, or one for all above."))
        return data

    def answer(self) -> dict[str, str]:
        """What the import is told about this buyer."""
        data, shared = self.cleaned_data, self.shared.cleaned_data
        own_day = data.get("due_date")
        rule = DueRule.FIXED if own_day else shared["due_rule"]
        day = own_day or shared.get("due_date")
        term = data.get("term_days") if data.get("term_days") is not None else shared.get("term_days")
        return {
            "mode": self.chosen_mode,
            "contract_no": normalise(data.get("contract_no") or ""),
            "debtor_uscc": data.get("debtor_uscc") or "",
            "due_rule": rule,
            "due_date": _text(day) if rule == DueRule.FIXED else "",
            "term_days": "" if term is None or rule == DueRule.FIXED else str(term),
            "base_date": _text(shared.get("base_date")),
            "past_due_reason": shared.get("past_due_reason") or "",
        }


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


@dataclass(frozen=True)
class Paper:
    """One recognised invoice, as the page lists it."""

    row: int
    file: str
    number: str
    issued: date
    gross: Decimal
    form: str
    is_left: bool

    @property
    def is_red(self) -> bool:
        """Whether it reduces another."""
        return self.gross < 0


@dataclass(frozen=True)
class Buyer:
    """One buyer and contract: the form about it, its invoices, what they add up to."""

    name: str
    uscc: str
    contract: str
    currency: str
    count: int
    reds: int
    total: Decimal
    form: BuyerForm
    papers: Sequence[Paper]


class FactsEntry:
    """The page that asks: one form for all, one for each buyer, a mark for each invoice that is left out."""

    def __init__(self, question: Mapping[str, Any], data: QueryDict | None) -> None:
        self.form = FactsForm(data)
        left = set(data.getlist("left")) if data is not None else set()
        # The forms of buyers look at what was said for all.
        self.is_read = data is not None and self.form.is_valid()
        self.buyers = [
            self._buyer(group, place, data if self.is_read else None, left)
            for place, group in enumerate(question["groups"])
        ]

    def _buyer(self, group: Mapping[str, Any], place: int, data: QueryDict | None, left: set[str]) -> Buyer:
        papers = [
            Paper(row, file, number or "", date.fromisoformat(day), from_minor(gross), form, str(row) in left)
            for row, file, number, day, gross, form in group["invoices"]
        ]
        return Buyer(
            name=group["name"],
            uscc=group["uscc"],
            contract=group["contract"],
            currency=group["currency"],
            count=group["count"],
            reds=group["reds"],
            total=from_minor(group["total"]),
            form=BuyerForm(group, self.form, data, prefix=f"buyer{place}"),
            papers=papers,
        )

    @property
    def is_valid(self) -> bool:
        """Whether everything that is missing was said."""
        # Every buyer is looked at, so that all that is missing is said at once.
        return self.is_read and not [buyer for buyer in self.buyers if not buyer.form.is_valid()]

    @property
    def errors(self) -> list[str]:
        """What has to be corrected, each with its buyer."""
        return [
            f"{buyer.name or buyer.uscc}: {error}"
            for buyer in self.buyers
            for errors in buyer.form.errors.values()
            for error in errors
        ]

    @property
    def totals(self) -> list[tuple[str, int, Decimal]]:
        """How many invoices of which currency, and their sum."""
        found: dict[str, tuple[int, Decimal]] = {}
        for buyer in self.buyers:
            count, total = found.get(buyer.currency, (0, Decimal("0.00")))
            found[buyer.currency] = (count + buyer.count + buyer.reds, total + buyer.total)
        return [(currency, count, total) for currency, (count, total) in sorted(found.items())]

    def answers(self) -> dict[str, Any]:
        """What the import is told."""
        left = [paper.row for buyer in self.buyers for paper in buyer.papers if paper.is_left]
        return {"groups": {buyer.form.group["key"]: buyer.form.answer() for buyer in self.buyers}, "left": left}
