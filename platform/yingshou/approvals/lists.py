"""The lists of submissions: what waits for a check, what one submitted oneself, what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.approvals.states import OPEN, State
from yingshou.audit.events import record_access
from yingshou.kernel.identifiers import normalise
from yingshou.tenancy.actor import Actor
from yingshou.ui.counts import capped_counts, shown
from yingshou.ui.exports import ExportFacts
from yingshou.ui.forms import AmountField
from yingshou.ui.lists import Chip, Column, FilterGroup, Kind, List, Order, contains_filter
from yingshou.ui.tabs import Tab

WAITING_AMBER = 2
# The parameter of the address that says which of the lists a page shows.
PLACE = "view"
# A number found in more submissions than these says too little to search by.
FOUND = 500


def _by_object(rows: QuerySet[Approval], text: str) -> QuerySet[Approval]:
    """By the beginning of the number of something it is about."""
    lines = ApprovalLine.objects.filter(label__istartswith=normalise(text)).values_list("approval_id", flat=True)
    return rows.filter(pk__in=list(lines[:FOUND]))


def _by_maker(rows: QuerySet[Approval], text: str) -> QuerySet[Approval]:
    return rows.filter(maker_label__icontains=normalise(text))


def _acts() -> list[tuple[str, Any]]:
    return [(name, handler.title) for name, handler in HANDLERS.items()]


class _Amount(django_filters.NumberFilter):
    field_class = AmountField


class ApprovalFilter(django_filters.FilterSet):
    """What submissions can be searched by."""

    act = django_filters.ChoiceFilter(label=_("Act"), field_name="action", choices=_acts)
    number = contains_filter(_("Number of an object"), _by_object)
    maker = contains_filter(_("Maker"), _by_maker)
    amount_from = _Amount(label=_("Amount from"), field_name="total_amount", lookup_expr="gte")
    amount_to = _Amount(label=_("Amount to"), field_name="total_amount", lookup_expr="lte")

    class Meta:
        model = Approval
        fields: list[str] = []


class OpenOrder(Order):
    """What waits: the oldest first, as on a to-do list."""

    OLDEST = (("submitted_at", "pk"), _("Waiting longest"))
    NEWEST = (("-submitted_at", "-pk"), _("Newest"))
    AMOUNT = (("-total_amount", "-pk"), _("Largest amount"))


class DecidedOrder(Order):
    """What was decided: the newest first."""

    NEWEST = (("-pk",), _("Newest"))
    AMOUNT = (("-total_amount", "-pk"), _("Largest amount"))


_WHAT = (
    Column(
        "act",
        _("What"),
        lambda row: HANDLERS.get(row.action).title,
        is_lead=True,
        href=lambda row: reverse("approvals:detail", args=[row.pk]),
    ),
    Column("lines", _("Lines"), "line_count", Kind.COUNT),
    Column("total", _("Total (yuan)"), "total_amount", Kind.AMOUNT),
    Column("maker", _("Maker"), "maker_label"),
)


class OpenList(List[Approval]):
    """Submissions that somebody has to decide."""

    name = "approvals.open"
    title = _("Waiting for checking")
    order: ClassVar[type[Order]] = OpenOrder
    filterset_class = ApprovalFilter
    filter_groups = (
        FilterGroup(_("Act"), ["act"]),
        FilterGroup(_("Number of an object"), ["number"]),
        FilterGroup(_("Maker"), ["maker"]),
        FilterGroup(_("Amount"), ["amount_from", "amount_to"]),
    )
    columns: ClassVar[Sequence[Column]] = (
        *_WHAT,
        Column("submitted", _("Submitted"), "submitted_at", Kind.INSTANT),
        Column("waiting", _("Waiting"), "submitted_at", Kind.WAIT, amber_after=WAITING_AMBER, in_export=False),
        Column("state", _("State"), "get_state_display", template="approvals/cells/state.html"),
    )
    empty_title = _("Nothing waits for you")
    empty_text = _("What colleagues submit appears here, the oldest first.")


class OwnList(OpenList):
    """One's own submissions that are still open."""

    name = "approvals.own"
    title = _("Submitted by you")
    empty_title = _("You have submitted nothing that is still open")
    empty_text = _("What you submit stays here until a colleague has decided.")


class DecidedList(OpenList):
    """What was approved, rejected or taken back."""

    name = "approvals.decided"
    title = _("Already decided")
    order = DecidedOrder
    chip_filters = (
        Chip("state", "approved", _("approved"), Q(state=State.APPROVED), "green"),
        Chip("state", "rejected", _("rejected"), Q(state=State.REJECTED), "red"),
        Chip("state", "withdrawn", _("withdrawn"), Q(state=State.WITHDRAWN)),
    )
    columns = (
        *_WHAT,
        Column("submitted", _("Submitted"), "submitted_at", Kind.INSTANT),
        Column("decided", _("Decided"), "decided_at", Kind.INSTANT, sub="checker_label"),
        Column("checker", _("Checker"), "checker_label", on_page=False),
        Column("state", _("State"), "get_state_display", template="approvals/cells/state.html"),
        Column("reason", _("Reason"), "reason", on_page=False),
    )
    empty_title = _("Nothing has been decided yet")
    empty_text = _("Approved and rejected submissions stay here with their reasons.")


def places(actor: Actor) -> dict[str, tuple[type[OpenList], QuerySet[Approval]]]:
    """The lists of this person by their name in the address; the first is the one a page opens with."""
    everything = Approval.objects.visible_to(actor)
    found: dict[str, tuple[type[OpenList], QuerySet[Approval]]] = {}
    if actor.may("approvals.decide"):
        found["waiting"] = (OpenList, Approval.objects.waiting_for(actor))
    if actor.may("approvals.withdraw"):
        found["mine"] = (OwnList, everything.open().filter(maker_id=actor.person_id or 0))
    if not found:
        found["open"] = (OpenList, everything.open())
    found["decided"] = (DecidedList, everything.exclude(state__in=OPEN))
    return found


def chosen(actor: Actor, wanted: str) -> tuple[str, type[OpenList], QuerySet[Approval]]:
    """The list an address asks for, or the first."""
    mine = places(actor)
    name = wanted if wanted in mine else next(iter(mine))
    kind, rows = mine[name]
    return name, kind, rows


def tabs(actor: Actor, current: str) -> list[Tab]:
    """A tab for each list; what waits is counted, what is decided is not."""
    mine = places(actor)
    counts = capped_counts({name: rows for name, (_kind, rows) in mine.items() if name != "decided"})
    words = {"waiting": _("Waiting for your check"), "open": _("Waiting for checking")}
    return [
        Tab(
            label=words.get(name, kind.title),
            url=f"?{PLACE}={name}",
            count=shown(counts[name]) if name in counts else "",
            is_current=name == current,
        )
        for name, (kind, _rows) in mine.items()
    ]


def record_export(facts: ExportFacts, by: Actor, at: datetime) -> None:
    """Write the access event of an export, before its first byte leaves."""
    body = {
        "list": facts.list_name,
        "format": str(facts.format),
        "query": facts.query,
        "rows": facts.rows,
        "is_cut": facts.is_cut,
    }
    record_access(kind="approvals.export", by=by, at=at, body=body)
