"""Forms of the inbox."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yingshou.notifications.channels import CHANNELS


class ChannelForm(forms.Form):
    """Through which channels one wants to hear; the inbox itself is always there."""

    channels = forms.MultipleChoiceField(
        label=_("Tell me also by"),
        help_text=_(
            "A mail says what happened and leads to the inbox. It never carries amounts, account numbers or files."
        ),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channels"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, channel.label) for name, channel in CHANNELS.items()]
