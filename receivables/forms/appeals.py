"""Why a finding is challenged, and what the platform answers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class AppealForm(forms.Form):
    """The reason in words."""

    reason = forms.CharField(
        label=_("Why the finding is wrong; staff of the platform read this"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class InvoiceAppealForm(AppealForm):
    """For an invoice that the platform says is in use."""

    code = forms.CharField(label=_("Invoice code"), max_length=12, required=False)
    number = forms.CharField(label=_("Invoice number"), max_length=40)

    field_order = ("code", "number", "reason")


class DecisionForm(forms.Form):
    """The platform's answer."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("lift", _("The finding is lifted")), ("uphold", _("The finding stays"))],
        widget=forms.RadioSelect,
    )
    outcome = forms.CharField(
        label=_("The answer in words; name nobody else's organisation, number or amount"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
