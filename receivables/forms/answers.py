"""What a party answers: amounts and coded reasons of the debtor, reasons of the creditor, words in a dispute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from receivables.models import Receivable
from receivables.states import REASONS, reasons_for
from yingshou.ui.forms import AmountField, ReasonField

WORDS = 500


def reason_field(event: str, **kwargs: Any) -> ReasonField:
    """The coded reasons of a step, as a field."""
    reasons = reasons_for(event)
    needy = [one.code for one in REASONS.values() if one.needs_comment]
    return ReasonField([(one.code, str(one.sentence)) for one in reasons], words_required=needy, **kwargs)


class ActForm(forms.Form):
    """A step that asks for nothing."""

    def __init__(self, *args: Any, rows: Sequence[Receivable] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows

    def answer_for(self, _row: Receivable) -> dict[str, Any]:
        """What a proposal about this row says."""
        return {}

    @property
    def remark(self) -> str:
        """What the checker reads about the whole."""
        return ""


class ConfirmForm(ActForm):
    """The two statements that a confirmation makes beside the amount (D01)."""

    delivery_accepted = forms.TypedChoiceField(
        label=_("Delivery"),
        widget=forms.RadioSelect,
        coerce=lambda value: value == "yes",
        initial="yes",
        required=False,
        empty_value="",
        choices=[("yes", _("delivered and accepted")), ("no", _("not or not wholly accepted yet"))],
    )
    set_off_known = forms.TypedChoiceField(
        label=_("Set-off"),
        widget=forms.RadioSelect,
        coerce=lambda value: value == "yes",
        initial="no",
        required=False,
        empty_value="",
        choices=[("no", _("we know of none")), ("yes", _("we have counter-claims that may be set off"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # From the list the bar's button says both, as printed beside it; on its own page they are asked.
        for name in ("delivery_accepted", "set_off_known"):
            self.fields[name].required = not self.is_bound or "said" in self.data

    def answer_for(self, _row: Receivable) -> dict[str, Any]:
        """Both statements; unasked ones are those printed beside the button."""
        accepted, known = self.cleaned_data["delivery_accepted"], self.cleaned_data["set_off_known"]
        return {"delivery_accepted": accepted is not False, "set_off_known": known is True}


class ReasonForm(ActForm):
    """A "no" with its coded reason, the same for every row."""

    event = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = reason_field(self.event)

    def answer_for(self, _row: Receivable) -> dict[str, Any]:
        """The reason."""
        code, comment = self.cleaned_data["reason"]
        return {"reason_code": code, "comment": comment}


class ReturnForm(ReasonForm):
    """Return for correction."""

    event = "return"


class RefuseForm(ReasonForm):
    """Refuse for good."""

    event = "refuse"


class WriteOffForm(ReasonForm):
    """Give up what is still owed."""

    event = "write_off"


class PartForm(ReasonForm):
    """The confirmed part of each row, and one reason for the rest."""

    event = "confirm_part"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in self.rows:
            self.fields[f"amount_{row.pk}"] = AmountField(
                label=_("Confirmed part of %(number)s") % {"number": row.public_no}, initial=_booked(row)
            )
        self.order_fields([name for name in self.fields if name != "reason"])

    @property
    def amounts(self) -> Iterable[tuple[Receivable, BoundField]]:
        """Each row with its field."""
        return [(row, self[f"amount_{row.pk}"]) for row in self.rows]

    def answer_for(self, row: Receivable) -> dict[str, Any]:
        """The part and the reason."""
        return {**super().answer_for(row), "amount": self.cleaned_data[f"amount_{row.pk}"]}


def _booked(row: Receivable) -> Decimal | None:
    """The book's amount where it is below the claim: most often what will be confirmed."""
    booked: Decimal | None = getattr(row, "booked", None)
    return booked if booked is not None and booked < row.face_amount else None


class DirectForm(ActForm):
    """Why a claim is opened without confirmation."""

    why = forms.CharField(
        label=_("Why the debtors cannot confirm"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )

    @property
    def remark(self) -> str:
        """The reason, for the checker."""
        return str(self.cleaned_data.get("why", ""))


class DisputeForm(forms.Form):
    """Opening a dispute: how much, and why."""

    amount = AmountField(label=_("Disputed amount"), help_text=_("At most what is still owed."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = reason_field("dispute")


class WordsForm(forms.Form):
    """An answer or a resolution in words."""

    text = forms.CharField(
        label=_("In words; the other side will read this"), max_length=WORDS, widget=forms.Textarea(attrs={"rows": 3})
    )
