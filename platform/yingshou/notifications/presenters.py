"""How notifications appear elsewhere: the count in the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yingshou.notifications.models import Message
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django.db.models import QuerySet


def unread_count(actor: Actor) -> QuerySet[Message]:
    """What nobody has opened yet."""
    return Message.objects.visible_to(actor).unread()
