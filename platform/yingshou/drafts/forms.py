"""Showing a form again as it was left: what was typed becomes what the fields show, not what they check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

NO_FILES: MultiValueDict[str, Any] = MultiValueDict()


def query_of(values: Mapping[str, Sequence[str]]) -> QueryDict:
    """What a draft holds, as a form reads it."""
    data = QueryDict(mutable=True)
    for name, texts in values.items():
        data.setlist(name, list(texts))
    return data


def typed(fields: Mapping[str, forms.Field], data: QueryDict, prefix: str = "") -> dict[str, Any]:
    """
    What was typed into each field, as its input shows it, however wrong it may be.

    :param prefix: of the line of a formset: "invoices-0"
    """
    return {
        name: field.widget.value_from_datadict(data, NO_FILES, f"{prefix}-{name}" if prefix else name)
        for name, field in fields.items()
        if not isinstance(field, forms.FileField)
    }


class RestorableFormSet(BaseFormSet[Any]):
    """A formset whose lines can be shown again as they were typed, beyond those that exist already."""

    def __init__(self, *args: Any, restored: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = self._typed_lines(restored) if restored is not None and not self.is_bound else []

    def _typed_lines(self, data: QueryDict) -> list[dict[str, Any]]:
        count = data.get(f"{self.prefix}-TOTAL_FORMS", "")
        wanted = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
        fields = self.form.base_fields
        return [typed(fields, data, self.add_prefix(index)) for index in range(min(wanted, self.max_num))]

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """What was typed in a line, in place of what the line was opened with."""
        kwargs = super().get_form_kwargs(index)
        if index is not None and index < len(self._lines):
            kwargs["initial"] = self._lines[index]
        return kwargs

    def total_form_count(self) -> int:
        """As many lines as there were."""
        return max(super().total_form_count(), len(getattr(self, "_lines", ())))
