"""Why two items that look alike are two."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DismissForm(forms.Form):
    """The reason in words; it stays with the items."""

    comment = forms.CharField(
        label=_("Why they are different items"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
