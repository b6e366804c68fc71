"""How the readings of the books read in a timeline."""

from django.utils.translation import gettext as _

from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line


def books_line(event: AuditEvent) -> Line:
    """A line of the trail: the books were read, and what they found."""
    count = int(event.body["violations"])
    return Line(
        headline=_("Books verified"),
        detail=_("%(count)s rows break a statement") % {"count": count} if count else _("every statement holds"),
        at=event.at,
        who=event.actor_label,
        tone="harm" if count else "done",
    )
