"""What is asked about one-time links: whom a supplier sends one, and the six digits."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class LinkForm(forms.Form):
    """The debtor's contact."""

    contact_name = forms.CharField(
        label=_("Contact at the debtor"), help_text=_("Whom you will call to say the code."), max_length=60
    )
    contact_email = forms.EmailField(
        label=_("E-mail of the contact"),
        help_text=_("We mail the address of the link, never the code. Leave it empty to hand over the printed letter."),
        required=False,
    )


class CodeForm(forms.Form):
    """The six digits that the supplier says by phone."""

    code = forms.RegexField(
        r"^\s*\d{3}\s*\d{3}\s*$",
        label=_("Six digits that the supplier tells you by phone"),
        error_messages={"invalid": _("Enter the six digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "9"}),
    )
