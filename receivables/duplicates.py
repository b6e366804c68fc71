"""What pages say of items that look alike: the list, the comparison side by side, and what may be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from receivables import appealing, filters
from receivables.actions.alike import can_merge
from receivables.filters import WAITING_AMBER
from receivables.models import FLAG_TYPE, Appeal, LikenessFlag, Receivable
from receivables.rules.flags import FLAG_RULES, REASON_WORDS, FlagRule
from receivables.states import TAKEN_BACK, FlagState
from yingshou.audit.selectors import timeline
from yingshou.audit.wording import Line
from yingshou.tenancy.actor import Actor
from yingshou.ui.lists import Chip, Column, Kind, List, Order
from yingshou.ui.templatetags.ui import amount, day, minute

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEVER_ALIKE = (_("Entered"), _("State"))
TONES = {FlagState.OPEN: "amber", FlagState.DISMISSED: "grey", FlagState.MERGED: "green"}


def reason_words(reasons: Iterable[Sequence[object]]) -> str:
    """What agrees and what differs: "same amount, the number differs in 2 digits"."""
    said = [str(REASON_WORDS[str(code)] % {"n": figure}) for code, figure in reasons if code in REASON_WORDS]
    return gettext(", ").join(said)


def rule_words(one: LikenessFlag) -> str:
    """What the rule noticed."""
    return str(FLAG_RULES[one.rule].sentence)


class FlagOrder(Order):
    """How flags can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    SCORE = (("-score", "-pk"), _("Most alike"))


class FlagList(List[LikenessFlag]):
    """Items that look alike, as this organisation sees them."""

    name = "receivables.duplicates"
    title = _("Possible duplicates")
    order = FlagOrder
    chip_filters = (
        Chip("state", "open", _("To be looked at"), Q(state=FlagState.OPEN), "amber"),
        Chip("state", "closed", _("Decided"), ~Q(state=FlagState.OPEN)),
    )
    columns = (
        Column(
            "number",
            _("Receivable"),
            "receivable.public_no",
            is_lead=True,
            href=lambda row: reverse("receivables:duplicate", args=[row.pk]),
        ),
        Column(
            "parties",
            _("Parties"),
            lambda row: row.receivable.creditor.name,
            sub=lambda row: f"→ {row.receivable.debtor_name}",
        ),
        Column("rule", _("What was noticed"), rule_words, sub=lambda row: reason_words(row.reasons)),
        Column("score", _("Alike"), lambda row: f"{row.score} %"),
        Column("amount", _("Amount (yuan)"), "receivable.face_amount", Kind.AMOUNT),
        Column("found", _("Noticed"), "found_at", Kind.WAIT, amber_after=WAITING_AMBER),
        Column("state", _("State"), "get_state_display", tone=lambda row: TONES[FlagState(row.state)]),
    )
    empty_title = _("Items that look as if they were entered twice will appear here")
    empty_text = _("What is new is compared with what is there, at entry, after an import and after a submission.")


def flags(actor: Actor) -> QuerySet[LikenessFlag]:
    """The rows of the list: decided ones, and open ones of which nothing was taken back."""
    return LikenessFlag.objects.visible_to(actor).shown().select_related("receivable__creditor")


@dataclass(frozen=True)
class Cell:
    """One item's value of a field."""

    label: str
    text: str
    differs: bool


@dataclass(frozen=True)
class Compared:
    """One field of the items, side by side."""

    label: StrOrPromise
    cells: Sequence[Cell]


@dataclass(frozen=True)
class FlagSheet:
    """The page of one flag."""

    one: LikenessFlag
    rule: FlagRule
    rows: Sequence[Receivable]
    lines: Sequence[Compared]
    story: Sequence[Line]
    may_decide: bool
    may_merge: bool
    may_appeal: bool
    appeal: Appeal | None

    @property
    def later(self) -> Receivable:
        """The item that was entered later."""
        return self.rows[0]

    @property
    def words(self) -> str:
        """What agrees and what differs."""
        return reason_words(self.one.reasons)

    @property
    def tone(self) -> str:
        """The tone of the state's tag."""
        return TONES[FlagState(self.one.state)]

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.one.state == FlagState.OPEN

    @property
    def is_over(self) -> bool:
        """Whether one of the items was taken back without a decision."""
        return self.is_open and any(row.state in TAKEN_BACK for row in self.rows)


def sheet(one: LikenessFlag, actor: Actor) -> FlagSheet:
    """Everything about one flag; a fixed number of queries."""
    ids = [one.receivable_id, *one.other_ids]
    found = filters.with_papers(Receivable.objects.visible_to(actor).select_related("creditor")).in_bulk(ids)
    rows = [found[pk] for pk in ids if pk in found]
    is_complete = len(rows) == len(ids) and not any(row.state in TAKEN_BACK for row in rows)
    may = actor.may("receivables.compare") and one.state == FlagState.OPEN and is_complete
    appeal = appealing.open_appeal(one.pk, actor)
    return FlagSheet(
        one=one,
        rule=FLAG_RULES[one.rule],
        rows=rows,
        lines=_lines(rows),
        story=timeline(FLAG_TYPE, one.pk, actor=actor),
        may_decide=may,
        may_merge=may and actor.may("receivables.enter") and can_merge(one, rows[0], rows[1:], actor),
        may_appeal=may and actor.may("receivables.appeal") and (appeal is None or appeal.closed_at is not None),
        appeal=appeal,
    )


def _lines(rows: Sequence[Receivable]) -> list[Compared]:
    fields: tuple[tuple[StrOrPromise, Callable[[Any], str]], ...] = (
        (_("Supplier"), lambda row: row.creditor.name),
        (_("Amount"), lambda row: f"{row.currency} {amount(row.face_amount)}"),
        (_("Invoices"), lambda row: "、".join(str(use.invoice) for use in row.papers) or "–"),
        (_("Invoice date"), lambda row: "、".join(sorted({day(use.invoice.issue_date) for use in row.papers})) or "–"),
        (_("Contract number"), lambda row: row.contract_no),
        (_("Statement of account"), lambda row: row.particulars.get("statement_no") or "–"),
        (_("Delivered on"), lambda row: day(row.delivery_date) if row.delivery_date else "–"),
        (_("Due date"), lambda row: day(row.due_date)),
        (_("Kind"), lambda row: row.get_kind_display()),
        (_("Entered"), lambda row: minute(row.created_at)),
        (_("State"), lambda row: row.get_state_display()),
    )
    made = []
    for label, text in fields:
        said = [str(text(row)) for row in rows]
        # When it was entered and how it stands always differ and tell nothing.
        cells = [
            Cell(row.public_no, one, place > 0 and label not in NEVER_ALIKE and one != said[0])
            for place, (row, one) in enumerate(zip(rows, said, strict=True))
        ]
        made.append(Compared(label, cells))
    return made


@dataclass(frozen=True)
class Hint:
    """What a page of a receivable, or of a submission, says of one that looks like another."""

    row: Receivable
    url: str
    score: int
    words: str


def hints(rows: Sequence[Receivable], actor: Actor) -> list[Hint]:
    """The open flags of receivables, most alike first; one query."""
    known = {row.pk: row for row in rows}
    if not known:
        return []
    open_ = LikenessFlag.objects.visible_to(actor).open().filter(receivable_id__in=list(known)).order_by("-score", "pk")
    return [
        Hint(
            known[one.receivable_id],
            reverse("receivables:duplicate", args=[one.pk]),
            one.score,
            reason_words(one.reasons),
        )
        for one in open_[:50]
    ]
