"""How events read in a timeline. Each app registers a wording per event kind in `contributions.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from yingshou.audit.models import AuditEvent
from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import ActorKind

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Line:
    """
    One line of a timeline.

    :param headline: what happened
    :param detail: who did it, why
    :param tone: done, next, or harm
    :param signature: what `<c-seal>` shows beside it, if it was signed
    :param event_id: the event itself, whose sealed form the line leads to
    """

    headline: "str | StrPromise"
    detail: "str | StrPromise" = ""
    at: datetime | None = None
    who: str = ""
    tone: str = "done"
    url: str = ""
    signature: Any = None
    event_id: int | None = None
    facts: dict[str, str] = field(default_factory=dict)


Wording = Callable[[AuditEvent], Line]

WORDINGS: Registry[Wording] = Registry("wordings of events")


def register(kind: str, wording: Wording) -> None:
    """
    Register how events of a kind read.

    :raises AlreadyRegistered: if the kind has a wording
    """
    WORDINGS.register(kind, wording)


def line(event: AuditEvent) -> Line:
    """
    The timeline's line for an event.

    :raises NotRegistered: if no app worded this kind
    """
    worded = WORDINGS.get(event.kind)(event)
    # A job is nobody: its name means something to programmers alone.
    is_job = event.actor_kind == ActorKind.SYSTEM and worded.who == event.actor_label
    return replace(worded, who="") if is_job else worded
