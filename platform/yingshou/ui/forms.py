"""Inputs of our own: amounts, ISO dates, coded reasons with words, files; styled once by the field template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from yingshou.kernel import money
from yingshou.kernel.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REASON_LENGTH = 500
YUAN = _("yuan")


class FormRenderer(TemplatesSetting):
    """Forms and fields from `templates/django/forms`, styled once."""

    form_template_name = "django/forms/div.html"
    field_template_name = "django/forms/field.html"


class AmountInput(forms.TextInput):
    """A figure with separators, right-aligned, its unit beside it; phones show the decimal keypad."""

    template_name = "ui/widgets/amount.html"

    def __init__(self, attrs: dict[str, Any] | None = None, *, unit: StrOrPromise = YUAN) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})
        self.unit = unit

    def format_value(self, value: Any) -> str | None:
        """The amount with separators where it is a number; what was typed where it is not."""
        return f"{value:,.2f}" if isinstance(value, Decimal) else super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The input and its unit."""
        return super().get_context(name, value, attrs) | {"unit": self.unit}


class AmountField(forms.DecimalField):
    """An amount of money as people type it: separators, a currency sign, 万; exactly two decimals inside."""

    widget = AmountInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_digits": 18, "decimal_places": 2} | kwargs))
        self.localize = False

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stubs inherit from IntegerField
        """
        Parse what was typed.

        :raises ValidationError: with the precise reason, if it is not an amount
        """
        if value is None or str(value).strip() == "":
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return money.parse_amount(str(value))
        except DomainError as error:
            raise ValidationError(error.message_text, code=error.code) from error

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Nothing: limits are said in words by validation, not enforced by the browser in another wording."""
        return {}


class DateInput(forms.DateInput):
    """
    A day, typed or picked from a calendar; always shown as 2026-11-18.

    The browser's own date field would write the day in the order of the machine's locale.
    """

    input_type = "text"
    template_name = "ui/widgets/date.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        defaults = {"class": "y-input-date", "inputmode": "numeric", "autocomplete": "off", "placeholder": "2026-11-18"}
        super().__init__(defaults | (attrs or {}), format="%Y-%m-%d")


class DateField(forms.DateField):
    """A day; understands 2026-11-18, 2026/11/18, 20261118 and 2026年11月18日."""

    widget = DateInput
    default_error_messages = {"invalid": _("Enter a date such as 2026-11-18.")}

    def __init__(self, **kwargs: Any) -> None:
        formats = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]
        super().__init__(**({"input_formats": formats} | kwargs))

    def to_python(self, value: Any) -> date | None:
        """Parse what was typed, spaces around it forgiven."""
        return super().to_python(value.strip() if isinstance(value, str) else value)


class ReasonInput(forms.MultiWidget):
    """A coded reason, and words where the code is not enough."""

    template_name = "ui/widgets/reason.html"

    def __init__(self, choices: Sequence[tuple[str, StrOrPromise]], attrs: dict[str, Any] | None = None) -> None:
        words = forms.Textarea({"rows": 2, "maxlength": REASON_LENGTH})
        super().__init__({"code": forms.Select({"aria-label": _("Reason")}, choices=choices), "text": words}, attrs)

    def decompress(self, value: Any) -> list[str]:
        """Split a (code, words) pair for the two inputs."""
        return [value[0], value[1]] if value else ["", ""]

    def id_for_label(self, id_: str) -> str:
        """The code's input: the label and the error summary lead there."""
        return f"{id_}_0"


class ReasonField(forms.MultiValueField):
    """
    A reason for a "no": a code from a list, and words, required where the code asks for them.

    :param codes: code and sentence, in the order of the list
    :param words_required: the codes that say nothing without words, such as OTHER
    :return: cleaned to a pair (code, words)
    """

    default_error_messages = {
        "no_code": _("Choose a reason."),
        "no_words": _("Say in a few words what the reason is."),
    }

    def __init__(
        self,
        codes: Mapping[str, StrOrPromise] | Sequence[tuple[str, StrOrPromise]],
        *,
        words_required: Sequence[str] = ("OTHER",),
        **kwargs: Any,
    ) -> None:
        pairs = list(codes.items()) if isinstance(codes, Mapping) else list(codes)
        choices = [("", _("Choose a reason")), *pairs]
        self.words_required = frozenset(words_required)
        fields = (
            forms.ChoiceField(choices=choices, required=False),
            forms.CharField(max_length=REASON_LENGTH, required=False),
        )
        kwargs.setdefault("label", _("Reason"))
        super().__init__(fields, widget=ReasonInput(choices), require_all_fields=False, **kwargs)

    def compress(self, data_list: list[str]) -> tuple[str, str]:
        """
        Join the two inputs.

        :raises ValidationError: if a required code or required words are missing
        """
        code, words = [*data_list, "", ""][:2] if data_list else ("", "")
        if not code and self.required:
            raise ValidationError(self.error_messages["no_code"], code="no_code")
        if code in self.words_required and not words.strip():
            raise ValidationError(self.error_messages["no_words"], code="no_words")
        return code or "", (words or "").strip()

    def clean(self, value: Any) -> tuple[str, str]:
        """
        Both inputs, joined.

        :raises ValidationError: as `compress`, also when both are empty
        """
        if self.required and not (value and any(value)):
            raise ValidationError(self.error_messages["no_code"], code="no_code")
        cleaned: tuple[str, str] | None = super().clean(value)
        return cleaned or ("", "")


class FileDrop(forms.FileInput):
    """A file dropped anywhere on its frame or chosen; plain file input without JavaScript."""

    template_name = "ui/widgets/file_drop.html"
