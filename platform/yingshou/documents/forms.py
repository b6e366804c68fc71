"""Forms of imports: a file with its choices, which column is which, which encoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yingshou.documents.kinds import ImportKind
from yingshou.documents.reader.delimited import ENCODINGS
from yingshou.documents.reader.problem import column_letter

ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030 / GBK",
    "big5": "Big5",
    "shift_jis": "Shift-JIS",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
}


class UploadForm(forms.Form):
    """A file, and what the kind asks about it."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("Excel workbook (.xlsx) or CSV, up to 50 MB and 100,000 rows."),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("The file is empty. Choose the file that holds the data."),
        },
    )

    def __init__(self, kind: ImportKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for option in kind.options:
            self.fields[f"option_{option.name}"] = forms.ChoiceField(
                label=option.label, choices=list(option.values), initial=option.values[0][0], widget=forms.RadioSelect
            )

    @property
    def options(self) -> dict[str, str]:
        """The choices by name, once the form is valid."""
        return {option.name: self.cleaned_data[f"option_{option.name}"] for option in self.kind.options}


class MappingForm(forms.Form):
    """One choice for each column of the sheet."""

    def __init__(self, kind: ImportKind, question: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        offered: list[tuple[str, Any]] = [("", _("– leave out –"))]
        offered += [(column.name, f"{column.label}{' *' if column.required else ''}") for column in kind.columns]
        preview = question.get("preview", [])
        for index, header in enumerate(question.get("headers", [])):
            samples = [row[index] for row in preview if index < len(row) and row[index]][:3]
            if not header and not samples:
                continue
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=f"{column_letter(index)} {header}".strip(),
                choices=offered,
                required=False,
                initial=question.get("mapping", {}).get(str(index), ""),
                help_text=" · ".join(samples),
            )

    @property
    def mapping(self) -> dict[int, str]:
        """Column of the sheet to column of the kind, once the form is valid."""
        return {
            int(name.removeprefix("column_")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("column_") and value
        }


class EncodingForm(forms.Form):
    """Which encoding a text is written in, each with what it would read."""

    encoding = forms.ChoiceField(label=_("Encoding"), widget=forms.RadioSelect)

    def __init__(self, sample: bytes, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["encoding"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, f"{ENCODING_NAMES[name]}: {_preview(sample, name)}") for name in ENCODINGS]


def _preview(sample: bytes, encoding: str) -> str:
    text = sample.decode(encoding, "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:80]
