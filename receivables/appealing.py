"""What pages say of appeals: the list, the letter, and for the platform's staff both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables.models import APPEAL_TYPE, Appeal
from receivables.rules.flags import FLAG_RULES, FlagRule
from receivables.states import AppealState
from yingshou.audit.selectors import timeline
from yingshou.audit.wording import Line
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import Actor
from yingshou.ui.lists import Chip, Column, Kind, List, Order

TONES = {
    AppealState.OPEN: "amber",
    AppealState.LIFTED: "green",
    AppealState.UPHELD: "red",
    AppealState.WITHDRAWN: "grey",
}


class AppealOrder(Order):
    """How appeals can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    DUE = (("due_on", "pk"), _("Answer due"))


class AppealList(List[Appeal]):
    """Appeals of one organisation, or all of them for those who answer."""

    name = "receivables.appeals"
    title = _("Appeals")
    order = AppealOrder
    chip_filters = (
        Chip("state", "open", _("Waits for the platform"), Q(state=AppealState.OPEN), "amber"),
        Chip("state", "closed", _("Closed"), ~Q(state=AppealState.OPEN)),
    )
    columns = (
        Column(
            "data", _("Challenged"), "data", is_lead=True, href=lambda row: reverse("receivables:appeal", args=[row.pk])
        ),
        Column("rule", _("Rule"), lambda row: str(FLAG_RULES[row.rule].sentence), sub="reason"),
        Column("organisation", _("Organisation"), "organisation_name"),
        Column("raised", _("Raised"), "raised_at", Kind.WAIT, amber_after=3),
        Column("due", _("Answer due"), "due_on", Kind.DATE),
        Column("state", _("State"), "get_state_display", tone=lambda row: TONES[AppealState(row.state)]),
    )
    empty_title = _("Appeals against what a rule found will appear here")
    empty_text = _(
        "Every finding has a button to challenge it; a person of the platform answers within 5 working days."
    )


def appeals(actor: Actor) -> QuerySet[Appeal]:
    """The rows of the list."""
    return Appeal.objects.visible_to(actor)


@dataclass(frozen=True)
class Claimed:
    """One side of what is challenged, for the staff alone."""

    public_no: str
    creditor: str
    debtor: str
    amount: Decimal
    currency: str
    contract_no: str
    created_at: datetime
    is_appellant: bool


@dataclass(frozen=True)
class AppealSheet:
    """The page of an appeal, which is its letter too."""

    one: Appeal
    rule: FlagRule
    tone: str
    left: str
    sides: Sequence[Claimed]
    story: Sequence[Line]
    is_open: bool
    may_decide: bool
    may_withdraw: bool


def sheet(one: Appeal, actor: Actor, at: datetime) -> AppealSheet:
    """Everything about one appeal."""
    is_open = one.state == AppealState.OPEN
    is_staff = actor.is_staff_organisation
    return AppealSheet(
        one=one,
        rule=FLAG_RULES[one.rule],
        tone=TONES[AppealState(one.state)],
        left=_left(one, at) if is_open else "",
        sides=_sides(one) if is_staff else (),
        story=timeline(APPEAL_TYPE, one.pk, actor=actor),
        is_open=is_open,
        may_decide=is_open and is_staff and actor.may("receivables.decide_appeal"),
        may_withdraw=is_open and one.organisation_id == actor.organisation_id and actor.may("receivables.appeal"),
    )


def open_appeal(flag_id: int, actor: Actor) -> Appeal | None:
    """The newest appeal against a flag."""
    return Appeal.objects.visible_to(actor).filter(flag_id=flag_id).order_by("-pk").first()


def _left(one: Appeal, at: datetime) -> str:
    days = (one.due_on - business_date(at)).days
    if days < 0:
        return ngettext("%(n)d day over", "%(n)d days over", -days) % {"n": -days}
    if days == 0:
        return gettext("today")
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days}


def _sides(one: Appeal) -> list[Claimed]:
    with connection.cursor() as cursor:
        cursor.execute("select * from receivables_appeal_sides(%s)", [one.pk])
        return [
            Claimed(
                public_no, creditor, debtor, from_minor(int(minor)), currency, contract_no, created_at, is_appellant
            )
            for public_no, creditor, debtor, minor, currency, contract_no, created_at, is_appellant in cursor.fetchall()
        ]
