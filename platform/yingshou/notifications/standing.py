"""To-dos of the apps that stand below this one and cannot register themselves: checking, returned work, registrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import ApprovalLine
from yingshou.approvals.states import State
from yingshou.identity.models import Organisation
from yingshou.identity.states import OrganisationState
from yingshou.kernel.money import from_minor
from yingshou.notifications.todo import TodoGroup
from yingshou.tenancy.actor import Actor

# A rejection nobody has taken up again after this time stays in the inbox of checking, no longer here.
RETURNED_FOR = timedelta(days=14)
RETURNED_SHOWN = 20
AMBER_AFTER = timedelta(days=2)


# Written out: the page that everybody opens most should not compile the same aggregate each time.
CHECKING = """
select action, count(*), sum(line_count), sum(total_amount), min(submitted_at), min(id), min(maker_label),
       count(distinct maker_id)
from approvals_approval
where organisation_id = %s and state = any(%s) and action = any(%s)
  and (maker_id <> %s or not needs_second_person)
group by action
"""
RETURNED = """
select id, action, reason, checker_label, total_amount, decided_at
from approvals_approval a
where organisation_id = %s and state = %s and maker_id = %s and decided_at >= %s
  and not exists (
      select 1 from approvals_approval b
      where b.organisation_id = a.organisation_id and b.maker_id = a.maker_id and b.action = a.action
        and b.submitted_at > a.decided_at)
order by decided_at, id
limit %s
"""


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def checking(actor: Actor, at: datetime) -> list[TodoGroup]:
    """What colleagues submitted and this person may decide, one group an action; one query."""
    mine = [name for name, handler in HANDLERS.items() if actor.may(handler.checker_permission)]
    rows = _rows(CHECKING, [actor.organisation_id, [State.SUBMITTED.value], mine, actor.person_id])
    return [
        TodoGroup(
            act=_("Check: %(title)s") % {"title": HANDLERS.get(action).title},
            why=ngettext(
                "%(n)d line submitted by a colleague; it takes effect when you approve it",
                "%(n)d lines submitted by colleagues; they take effect when you approve them",
                lines,
            )
            % {"n": lines},
            counterpart=maker
            if makers == 1
            else ngettext("%(n)d colleague", "%(n)d colleagues", makers) % {"n": makers},
            count=count,
            amount=from_minor(int(total)) if total else None,
            oldest_at=oldest,
            tone="amber" if at - oldest >= AMBER_AFTER else "",
            url=reverse("approvals:detail", args=[first]) if count == 1 else reverse("approvals:inbox"),
            url_label=_("Check and decide"),
            primary=True,
        )
        for action, count, lines, total, oldest, first, maker, makers in rows
    ]


def returned(actor: Actor, at: datetime) -> list[TodoGroup]:
    """What a checker sent back to this person, until the same action is submitted again; one query."""
    params = [actor.organisation_id, State.REJECTED.value, actor.person_id, at - RETURNED_FOR, RETURNED_SHOWN]
    return [
        TodoGroup(
            act=_("Correct what was sent back: %(title)s") % {"title": HANDLERS.get(action).title},
            why=reason,
            counterpart=checker,
            count=1,
            amount=from_minor(int(total)) if total else None,
            oldest_at=decided_at,
            url=reverse("approvals:detail", args=[pk]),
            url_label=_("See the reason"),
        )
        for pk, action, reason, checker, total, decided_at in _rows(RETURNED, params)
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
