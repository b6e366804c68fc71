"""To-dos of the apps that stand below this one and cannot register themselves: checking, returned work, registrations."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.approvals.states import State
from yingshou.identity.models import Organisation
from yingshou.identity.states import OrganisationState
from yingshou.notifications.todo import TodoGroup
from yingshou.tenancy.actor import Actor

# A rejection nobody has taken up again after this time stays in the inbox of checking, no longer here.
RETURNED_FOR = timedelta(days=14)
AMBER_AFTER = timedelta(days=2)


def checking(actor: Actor, at: datetime) -> list[TodoGroup]:
    """What colleagues submitted and this person may decide, one group an action; one query."""
    mine = [name for name, handler in HANDLERS.items() if actor.may(handler.checker_permission)]
    rows = (
        Approval.objects.waiting_for(actor)
        .filter(action__in=mine)
        .order_by()
        .values("action")
        .annotate(
            number=Count("pk"),
            line_total=Sum("line_count"),
            total=Sum("total_amount"),
            oldest=Min("submitted_at"),
            first=Min("pk"),
            maker=Min("maker_label"),
            makers=Count("maker_id", distinct=True),
        )
    )
    return [
        TodoGroup(
            act=_("Check: %(title)s") % {"title": HANDLERS.get(row["action"]).title},
            why=ngettext(
                "%(n)d line submitted by a colleague; it takes effect when you approve it",
                "%(n)d lines submitted by colleagues; they take effect when you approve them",
                row["line_total"],
            )
            % {"n": row["line_total"]},
            counterpart=row["maker"]
            if row["makers"] == 1
            else ngettext("%(n)d colleague", "%(n)d colleagues", row["makers"]) % {"n": row["makers"]},
            count=row["number"],
            amount=row["total"] or None,
            oldest_at=row["oldest"],
            tone="amber" if at - row["oldest"] >= AMBER_AFTER else "",
            url=reverse("approvals:detail", args=[row["first"]]) if row["number"] == 1 else reverse("approvals:inbox"),
            url_label=_("Check and decide"),
            primary=True,
        )
        for row in rows
    ]


def returned(actor: Actor, at: datetime) -> list[TodoGroup]:
    """What a checker sent back to this person, until the same action is submitted again; one query."""
    again = Approval.objects.filter(
        organisation_id=actor.organisation_id or 0,
        action=OuterRef("action"),
        maker_id=actor.person_id or 0,
        submitted_at__gt=OuterRef("decided_at"),
    )
    rows = (
        Approval.objects.visible_to(actor)
        .filter(state=State.REJECTED, maker_id=actor.person_id or 0, decided_at__gte=at - RETURNED_FOR)
        .filter(~Exists(again))
        .order_by("decided_at", "pk")[:20]
    )
    return [
        TodoGroup(
            act=_("Correct what was sent back: %(title)s") % {"title": HANDLERS.get(row.action).title},
            why=row.reason,
            counterpart=row.checker_label,
            count=1,
            amount=row.total_amount or None,
            oldest_at=row.decided_at,
            url=reverse("approvals:detail", args=[row.pk]),
            url_label=_("See the reason"),
        )
        for row in rows
    ]


def registrations(actor: Actor, at: datetime) -> list[TodoGroup]:
    """Registrations that wait for staff to propose a decision; one query."""
    proposed = ApprovalLine.objects.filter(object_type="identity.organisation", object_id=OuterRef("pk"), is_live=True)
    waiting = Organisation.objects.visible_to(actor).filter(state=OrganisationState.PENDING_VERIFICATION)
    row = waiting.filter(~Exists(proposed)).aggregate(number=Count("pk"), oldest=Min("registered_at"))
    if not row["number"]:
        return []
    return [
        TodoGroup(
            act=_("Review registrations"),
            why=_("An organisation can do nothing here until two of you have verified it"),
            counterpart=ngettext("%(n)d organisation", "%(n)d organisations", row["number"]) % {"n": row["number"]},
            count=row["number"],
            oldest_at=row["oldest"],
            tone="amber" if row["oldest"] and at - row["oldest"] >= AMBER_AFTER else "",
            url=reverse("identity:registrations"),
            url_label=_("Review"),
            primary=True,
        )
    ]
