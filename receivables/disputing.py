"""The list of disputes: both sides see the same rows."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from receivables import presenters
from receivables.filters import WAITING_AMBER, AmountFilter, DayFilter
from receivables.models import Dispute
from receivables.selectors import starts_with
from receivables.states import DisputeState
from yingshou.kernel.identifiers import normalise
from yingshou.kernel.public_numbers import public_no_normalise
from yingshou.tenancy.actor import Actor
from yingshou.ui.lists import Chip, Column, FilterGroup, Kind, List, Order, contains_filter


def _by_number(rows: QuerySet[Dispute], text: str) -> QuerySet[Dispute]:
    """By the beginning of the number of the receivable or of its contract."""
    typed = normalise(text)
    number = Q(receivable__public_no__startswith=public_no_normalise(typed))
    return rows.filter(number | starts_with("receivable__contract_no", typed))


class DisputeFilter(django_filters.FilterSet):
    """What disputes can be searched by."""

    number = contains_filter(_("Receivable or contract number"), _by_number)
    amount_from = AmountFilter(label=_("Amount from"), field_name="disputed_amount", lookup_expr="gte")
    amount_to = AmountFilter(label=_("Amount to"), field_name="disputed_amount", lookup_expr="lte")
    opened_from = DayFilter(label=_("Opened from"), field_name="opened_at", lookup_expr="date__gte")
    opened_to = DayFilter(label=_("Opened until"), field_name="opened_at", lookup_expr="date__lte")

    class Meta:
        model = Dispute
        fields: list[str] = []


class DisputeOrder(Order):
    """How disputes can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    OLDEST = (("pk",), _("Oldest"))
    AMOUNT = (("-disputed_amount", "-pk"), _("Largest amount"))


class DisputeList(List[Dispute]):
    """Disputes of both sides."""

    name = "receivables.disputes"
    title = _("Disputes")
    order = DisputeOrder
    filterset_class = DisputeFilter
    filter_groups = (
        FilterGroup(_("Number"), ["number"]),
        FilterGroup(_("Amount"), ["amount_from", "amount_to"]),
        FilterGroup(_("Opened"), ["opened_from", "opened_to"]),
    )
    chip_filters = (
        Chip("state", "open", _("Unresolved"), Q(state=DisputeState.OPEN), "amber"),
        Chip("state", "closed", _("Closed"), ~Q(state=DisputeState.OPEN)),
    )
    columns = (
        Column(
            "number",
            _("Receivable"),
            "receivable.public_no",
            is_lead=True,
            href=lambda row: reverse("receivables:dispute", args=[row.pk]),
        ),
        Column(
            "parties",
            _("Parties"),
            lambda row: row.receivable.creditor.name,
            sub=lambda row: f"→ {row.receivable.debtor_name}",
            export=lambda row: f"{row.receivable.creditor.name} → {row.receivable.debtor_name}",
        ),
        Column("reason", _("Reason"), lambda row: str(presenters.reason_words(row.reason_code)), sub="comment"),
        Column("comment", _("Comment"), "comment", on_page=False),
        Column("amount", _("Disputed (yuan)"), "disputed_amount", Kind.AMOUNT),
        Column("opened", _("Open since"), "opened_at", Kind.WAIT, amber_after=WAITING_AMBER),
        Column(
            "state",
            _("State"),
            "get_state_display",
            tone=lambda row: "amber" if row.state == DisputeState.OPEN else "grey",
        ),
    )
    empty_title = _("Disputes about confirmed receivables will appear here")
    empty_text = _("A dispute blocks new financing of its amount; it never deletes a confirmation.")


def disputes(actor: Actor) -> QuerySet[Dispute]:
    """The rows of the list."""
    return Dispute.objects.visible_to(actor).select_related("receivable__creditor")
