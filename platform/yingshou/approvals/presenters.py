"""How approvals read: timeline lines, the count in the navigation."""

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

HEADLINES: dict[str, "StrPromise"] = {
    "submit": _("Submitted for checking"),
    "sign": _("Signed; the proof is being fetched"),
    "give_back": _("Given back: the signature got no proof"),
    "approve": _("Approved"),
    "reject": _("Rejected"),
    "withdraw": _("Taken back by the maker"),
    "set": _("Policy set"),
}


def approval_line(event: AuditEvent) -> Line:
    """A line of an approval's own timeline."""
    verb = event.kind.rsplit(".", 1)[-1]
    return Line(
        headline=HEADLINES[verb],
        detail=event.body.get("reason", ""),
        at=event.at,
        who=event.actor_label,
        tone="harm" if verb in {"reject", "give_back"} else "done",
    )


def waiting_count(actor: Actor) -> "QuerySet[Approval] | None":
    """What waits for this person's check; nothing for those who cannot decide."""
    if not actor.may("approvals.decide"):
        return None
    return Approval.objects.waiting_for(actor)
