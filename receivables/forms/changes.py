"""Proposing other terms, and refusing them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from receivables.actions.changes import Wish
from receivables.forms.answers import reason_field
from receivables.models import Receivable
from receivables.rules.changes import LABELS, Terms, terms_of
from yingshou.kernel.identifiers import normalise
from yingshou.ui.forms import AmountField, DateField


class ChangeForm(forms.Form):
    """The terms as they are, to be overwritten where they should be others."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    amount = AmountField(
        label=LABELS["amount"], help_text=_("At most the amount of the claim. If it rises, the debtor has to sign.")
    )
    due_date = DateField(label=LABELS["due_date"])
    contract_no = forms.CharField(label=LABELS["contract_no"], max_length=100)
    contract_name = forms.CharField(label=LABELS["contract_name"], max_length=200, required=False)
    contract_date = DateField(label=LABELS["contract_date"], required=False)

    def __init__(self, *args: Any, row: Receivable, is_held: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {**vars(terms_of(row)), "version": row.version}
        super().__init__(*args, **kwargs)
        self.receivable_id = row.pk
        self.fields["reason"] = reason_field("propose_change", label=_("Why the terms change"))
        for name in ("amount", "due_date"):
            # What a funder relies on is not the two parties' alone.
            self.fields[name].disabled = is_held

    @property
    def wish(self) -> Wish:
        """What is asked; only of a valid form."""
        said = self.cleaned_data
        code, comment = said["reason"]
        return Wish(
            receivable_id=self.receivable_id,
            version=said["version"],
            terms=Terms(
                amount=said["amount"],
                due_date=said["due_date"],
                contract_no=normalise(said["contract_no"]),
                contract_name=normalise(said["contract_name"]),
                contract_date=said["contract_date"],
            ),
            reason_code=code,
            comment=comment,
        )


class ReplyForm(forms.Form):
    """Agreeing: nothing is asked beyond the version that was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class RefuseChangeForm(ReplyForm):
    """Not agreeing, with the reason."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = reason_field("refuse_change")
