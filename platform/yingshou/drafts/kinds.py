"""The forms that save themselves, by name; each app registers its own in `contributions.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms

from yingshou.drafts.models import FormDraft
from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A field whose widget carries this attribute is never kept; the script does not send it, the server does not store it.
SENSITIVE = "data-sensitive"


@dataclass(frozen=True)
class DraftKind:
    """
    One form that saves itself.

    :param title: what is being filled in: "Receivable"
    :param permission: who may fill it in, and so keep a draft of it
    :param address: where a draft is continued, without its key
    :param later: name of the address to which "go on later" leads
    :param describe: what tells one draft from another, from what was typed; may be empty
    :param version_of: the version of what the form changes; raises NotVisible where the actor may not change it
    :param takes: whether what stands under a name belongs to the form and may be kept; see `names_of`
    :param takes_file: whether a file under this name of an input belongs to the form
    :param variants: the forms of the form, the first of them the default
    """

    title: StrOrPromise
    permission: str
    address: Callable[[str, str], str]
    later: str
    describe: Callable[[Mapping[str, Sequence[str]]], str]
    version_of: Callable[[str, Actor], int | None]
    takes: Callable[[str], bool]
    takes_file: Callable[[str], bool] = lambda _name: False
    variants: Sequence[str] = ("",)


draft_kinds: Registry[DraftKind] = Registry("forms that save themselves")


def is_secret(field: forms.Field) -> bool:
    """Whether what is typed here must never be kept: passwords, and what is marked as sensitive."""
    widget = field.widget
    return isinstance(widget, forms.PasswordInput) or SENSITIVE in widget.attrs


def names_of(
    form: type[forms.Form], *more: str, lines: Mapping[str, type[forms.Form]] | None = None
) -> Callable[[str], bool]:
    """
    The test whether a posted name belongs to a form and is no secret; whatever else was posted is dropped.

    :param more: names of fields that the form makes itself
    :param lines: the form of the lines of each formset, by its prefix
    """

    def alternatives(one: type[forms.Form], *others: str) -> str:
        names = [name for name, field in one.base_fields.items() if not is_secret(field)]
        return "|".join(map(re.escape, [*names, *others]))

    # A field of several inputs posts reason_0, reason_1.
    shapes = [f"(?:{alternatives(form, *more)})(?:_\\d)?"]
    for prefix, line in (lines or {}).items():
        shapes.append(f"{re.escape(prefix)}-(?:TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS")
        shapes.append(f"{re.escape(prefix)}-\\d{{1,3}}-(?:{alternatives(line)})(?:_\\d)?")
    pattern = re.compile("|".join(shapes))
    return lambda name: pattern.fullmatch(name) is not None


def address_of(draft: FormDraft) -> str:
    """Where this very draft is continued."""
    plain = draft_kinds.get(draft.kind).address(draft.subject, draft.variant)
    return f"{plain}{'&' if '?' in plain else '?'}draft={draft.key}"
