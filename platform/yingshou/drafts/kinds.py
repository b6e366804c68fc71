"""The forms that save themselves, by name; each app registers its own in `contributions.py`."""

from __future__ import annotations

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
    :param takes_file: whether a file under this name of an input belongs to the form
    :param secrets: names of fields that are never kept
    :param variants: the forms of the form, the first of them the default
    """

    title: StrOrPromise
    permission: str
    address: Callable[[str, str], str]
    later: str
    describe: Callable[[Mapping[str, Sequence[str]]], str]
    version_of: Callable[[str, Actor], int | None]
    takes_file: Callable[[str], bool] = lambda _name: False
    secrets: frozenset[str] = frozenset()
    variants: Sequence[str] = ("",)


draft_kinds: Registry[DraftKind] = Registry("forms that save themselves")


def is_secret(field: forms.Field) -> bool:
    """Whether what is typed here must never be kept: passwords, and what is marked as sensitive."""
    widget = field.widget
    return isinstance(widget, forms.PasswordInput) or SENSITIVE in widget.attrs


def secrets_of(*form_classes: type[forms.Form]) -> frozenset[str]:
    """The names of the fields of these forms that are never kept."""
    return frozenset(name for one in form_classes for name, field in one.base_fields.items() if is_secret(field))


def address_of(draft: FormDraft) -> str:
    """Where this very draft is continued."""
    plain = draft_kinds.get(draft.kind).address(draft.subject, draft.variant)
    return f"{plain}{'&' if '?' in plain else '?'}draft={draft.key}"
