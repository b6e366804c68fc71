"""
One family of anticipated errors. Each has a stable code, a sentence in both languages, the place it concerns and what to do
about it; its parent fixes the status on pages and in the interface for machines. Everything outside this family is a bug.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrOrPromise

CHINESE = "zh-hans"
ENGLISH = "en"

_PLACEHOLDER = re.compile(r"%\((\w+)\)")

Severity = Literal["error", "warning"]


def _source(text: StrOrPromise) -> str:
    """The msgid of a lazy text: reading the translation while classes are made would need a running Django."""
    if isinstance(text, Promise):
        return " ".join(part for part in getattr(text, "_args", ()) if isinstance(part, str))
    return text


class DomainError(Exception):
    """
    An anticipated refusal: a rule of the business said no, and the person can be told why and what to do.

    Subclasses set `code` (stable, part of the interface), `message` (the English sentence is the msgid, with
    `%(name)s` placeholders), `cure` (what to do next) and inherit `status` from one of the four parents below.
    """

    code: ClassVar[str] = "ERROR"
    message: ClassVar[StrOrPromise] = _("The request cannot be carried out.")
    cure: ClassVar[StrOrPromise] = ""
    status: ClassVar[int] = 422
    _needs: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._needs = frozenset(_PLACEHOLDER.findall(_source(cls.message) + _source(cls.cure)))

    def __init__(self, *, place: str | None = None, **params: object) -> None:
        """
        Keep the place (a field name, a receivable number, "sheet 1, row 7, column C") and what fills the placeholders.

        :raises TypeError: if a placeholder of message or cure has no value
        """
        missing = self._needs - params.keys()
        if missing:
            raise TypeError(f"{type(self).__name__} needs {', '.join(sorted(missing))}")
        super().__init__()
        self.place = place
        self.params: dict[str, object] = params

    @property
    def message_text(self) -> str:
        """What the user reads, in the language that is active now."""
        return fill(self.message, self.params)

    @property
    def cure_text(self) -> str:
        """What the user can do about it, in the language that is active now; may be empty."""
        return fill(self.cure, self.params)

    def as_dict(self) -> dict[str, Any]:
        """The error object of the interface for machines: code, place, both languages, plain parameters."""
        return {
            "code": self.code,
            "place": self.place,
            **_both_languages(self.message, self.cure, self.params),
            "params": {name: plain(value) for name, value in self.params.items()},
        }

    def as_finding(self, severity: Severity = "error") -> Finding:
        """The same statement as a value: for a row of an import or a line of a batch that goes on without it."""
        return Finding(
            code=self.code,
            message=self.message,
            cure=self.cure,
            place=self.place,
            severity=severity,
            params=dict(self.params),
        )

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.code}{where}: {self.message_text}"

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        # Keyword-only arguments do not survive the default way of pickling, and errors cross process borders
        # (the parsing child, the worker).
        return (partial(type(self), place=self.place, **self.params), ())


class Invalid(DomainError):
    """What was entered breaks a rule (422)."""

    code = "INVALID"
    message = _("What was entered is not valid.")
    status = 422


class NotAllowed(DomainError):
    """The object may be seen, but this actor may not do this to it (403)."""

    code = "NOT-ALLOWED"
    message = _("You do not have the right to do this.")
    cure = _("Ask an administrator of your organisation for the duty that is needed.")
    status = 403


class Conflict(DomainError):
    """The object is in another state or version than the request supposes (409)."""

    code = "CONFLICT"
    message = _("This cannot be done now because something has changed.")
    cure = _("Open the page again and look at what changed.")
    status = 409


class NotVisible(DomainError):
    """There is no such object, or none that this actor may know of; both answer alike (404)."""

    code = "NOT-FOUND"
    message = _("There is nothing here that you can see.")
    cure = _("Check the number or the address.")
    status = 404


class StaleVersion(Conflict):
    """Somebody else changed the object after it was read."""

    code = "STALE"
    message = _("Somebody has changed this since you opened it.")
    cure = _("Open it again, look at what changed, and decide once more.")


@dataclass(frozen=True)
class Finding:
    """One statement about a piece of data, as a value: an error that refuses it or a warning that lets it pass."""

    code: str
    message: StrOrPromise
    cure: StrOrPromise = ""
    place: str | None = None
    severity: Severity = "error"
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def message_text(self) -> str:
        """What the user reads, in the language that is active now."""
        return fill(self.message, self.params)

    @property
    def cure_text(self) -> str:
        """What the user can do about it, in the language that is active now; may be empty."""
        return fill(self.cure, self.params)

    @property
    def is_error(self) -> bool:
        """Whether the piece of data is refused."""
        return self.severity == "error"

    def as_dict(self) -> dict[str, Any]:
        """The same shape as an error's, with the severity; ready to be stored as JSON."""
        return {
            "code": self.code,
            "place": self.place,
            "severity": self.severity,
            **_both_languages(self.message, self.cure, self.params),
            "params": {name: plain(value) for name, value in self.params.items()},
        }


def fill(text: StrOrPromise, params: Mapping[str, object]) -> str:
    """
    The text in the active language with its placeholders filled; amounts with separators, dates as 2026-03-31.

    A text without parameters is returned as it is, so that a lone percent sign needs no doubling there.
    """
    if not params:
        return str(text)
    return str(text) % {name: _readable(value) for name, value in params.items()}


def plain(value: object) -> object:
    """A parameter as JSON can hold it: amounts and dates become strings, texts are translated now."""
    if value is None or isinstance(value, bool | int) or type(value) is str:
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def _readable(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, ",f")
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_readable(item)) for item in value)
    if isinstance(value, Promise):
        return str(value)
    return value


def _both_languages(message: StrOrPromise, cure: StrOrPromise, params: Mapping[str, object]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for suffix, language in (("zh", CHINESE), ("en", ENGLISH)):
        with override(language):
            texts[f"message_{suffix}"] = fill(message, params)
            texts[f"cure_{suffix}"] = fill(cure, params)
    return texts
