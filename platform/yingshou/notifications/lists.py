"""The list of messages: what happened, the newest first."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

import django_filters
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from yingshou.audit.events import record_access
from yingshou.kernel.identifiers import normalise
from yingshou.notifications.kinds import KINDS, kinds_for
from yingshou.notifications.models import Message
from yingshou.tenancy.actor import Actor
from yingshou.ui.exports import ExportFacts
from yingshou.ui.forms import DateField
from yingshou.ui.lists import Chip, Column, FilterGroup, Kind, List, Order, contains_filter

# What one page of messages shows.
ROWS = 30


class _Day(django_filters.DateFilter):
    field_class = DateField


class MessageFilter(django_filters.FilterSet):
    """What messages can be searched by."""

    q = contains_filter(_("With whom"), lambda rows, text: rows.filter(counterpart__icontains=normalise(text)))
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), choices=lambda: [(name, one.label) for name, one in KINDS.items()]
    )
    since = _Day(label=_("From"), field_name="at", lookup_expr="date__gte")
    until = _Day(label=_("Until"), field_name="at", lookup_expr="date__lte")

    class Meta:
        model = Message
        fields: list[str] = []


class MessageOrder(Order):
    """How messages can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    OLDEST = (("pk",), _("Oldest"))


class MessageList(List[Message]):
    """The messages that concern a person."""

    name = "notifications.messages"
    title = _("Messages")
    order = MessageOrder
    page_size = ROWS
    filterset_class = MessageFilter
    filter_groups = (
        FilterGroup(_("With whom"), ["q"]),
        FilterGroup(_("Kind"), ["kind"]),
        FilterGroup(_("When"), ["since", "until"]),
    )
    chip_filters = (Chip("unread", "1", _("Unread only"), Q(read_at__isnull=True), "amber"),)
    columns = (
        Column(
            "what",
            _("What happened"),
            "subject",
            sub="body",
            is_lead=True,
            template="notifications/cells/subject.html",
        ),
        Column("kind", _("Kind"), "label"),
        Column("at", _("When"), "at", Kind.INSTANT),
        Column(
            "read",
            _("Read by"),
            lambda row: row.read_by_label if row.is_read else gettext("unread"),
            template="notifications/cells/read.html",
        ),
        Column("open", _("Open"), "pk", template="notifications/cells/open.html", in_export=False),
    )
    empty_title = _("No message yet")
    empty_text = _(
        "Here you are told when the other side has done something, or long work has ended. You can have a mail sent as well."
    )

    @cached_property
    def filterset(self) -> django_filters.FilterSet | None:
        """The filter form; it offers the kinds that can reach this person."""
        found = super().filterset
        if found is not None:
            known = [(name, KINDS.get(name).label) for name in kinds_for(self.actor)]
            found.form.fields["kind"].choices = [("", "---------"), *known]
        return found

    @property
    def newest_pk(self) -> int:
        """The newest message of the page: "mark as read" reaches back from there."""
        return max((message.pk for message in self.objects), default=0)


def record_export(facts: ExportFacts, by: Actor, at: datetime) -> None:
    """Write the access event of an export, before its first byte leaves."""
    body = {
        "list": facts.list_name,
        "format": str(facts.format),
        "query": facts.query,
        "rows": facts.rows,
        "is_cut": facts.is_cut,
    }
    record_access(kind="notifications.export", by=by, at=at, body=body)
