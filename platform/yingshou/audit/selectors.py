"""Reads of what happened."""

from dataclasses import replace

from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line, line
from yingshou.tenancy.actor import Actor

# A life longer than this is shown from its newest end; nobody reads more on one page.
TIMELINE_LINES = 200


def timeline(object_type: str, object_id: int, *, actor: Actor) -> list[Line]:
    """The life of one object as the actor may see it, newest first."""
    events = AuditEvent.objects.visible_to(actor).about(object_type, object_id).order_by("-at", "-id")
    return [story_line(event, actor=actor) for event in events[:TIMELINE_LINES]]


def story_line(event: AuditEvent, *, actor: Actor) -> Line:
    """The timeline's line for an event; it leads to the event's sealed form where the actor may read that."""
    return replace(line(event), event_id=event.pk if actor.may("evidence.read") else None)
