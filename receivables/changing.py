"""What pages say about proposed changes: old and new side by side, whose turn it is, until when, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables import filters, presenters
from receivables.actions.changes import new_terms, old_terms
from receivables.models import CHANGE_TYPE, OBJECT_TYPE, ChangeRequest, Receivable, ReceivableBalance
from receivables.rules.changes import LABELS, Terms, plain, raises_amount, term_changes, term_text, term_words
from receivables.states import ChangeState, State
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import ApprovalLine
from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line, line
from yingshou.kernel.clock import business_date
from yingshou.signing.models import SignedLine
from yingshou.signing.selectors import Seal, seal_of_line
from yingshou.tenancy.actor import Actor
from yingshou.ui.lists import Chip, Column, Kind, List, Order

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TONES = {
    ChangeState.OPEN: "amber",
    ChangeState.ACCEPTED: "green",
    ChangeState.REFUSED: "red",
    ChangeState.WITHDRAWN: "grey",
    ChangeState.LAPSED: "grey",
}
WAITING_AMBER = 5


@dataclass(frozen=True)
class Side:
    """A term as it is and as it would be."""

    label: StrOrPromise
    old: str
    new: str
    differs: bool


def sides(old: Terms, new: Terms) -> list[Side]:
    """Every term, old beside new."""
    before, after = plain(old), plain(new)
    return [
        Side(LABELS[name], term_text(name, before[name]), term_text(name, after[name]), before[name] != after[name])
        for name in before
    ]


def days_left(one: ChangeRequest, at: datetime) -> str:
    """How long the other side still has; silence lets it lapse."""
    days = (one.expires_on - business_date(at)).days
    if days < 0:
        return gettext("its time is over")
    return ngettext("lapses in %(n)d day", "lapses in %(n)d days", days) % {"n": days}


def open_change(row: Receivable) -> ChangeRequest | None:
    """The proposal about a receivable that waits for its answer; parties alone see it."""
    return ChangeRequest.objects.open().filter(receivable=row).first()


def next_line(one: ChangeRequest, actor: Actor, at: datetime) -> Line:
    """The line on top of the receivable's story while a proposal waits."""
    turn = gettext("your turn") if one.answers_id == actor.organisation_id else gettext("the other side's turn")
    return Line(_("A proposed change waits for its answer"), detail=f"{turn} · {days_left(one, at)}", tone="next")


@dataclass(frozen=True)
class Notice:
    """What the receivable's page says of the proposal that waits."""

    one: ChangeRequest
    is_mine: bool
    words: Sequence[str]
    left: str


def notice(one: ChangeRequest | None, actor: Actor, at: datetime) -> Notice | None:
    """The notice on the receivable's page, or None."""
    if one is None:
        return None
    words = [term_words(change) for change in term_changes(old_terms(one), new_terms(one))]
    return Notice(one, one.proposed_by_id == actor.organisation_id, words, days_left(one, at))


def why_no_proposal(row: Receivable, open_: ChangeRequest | None, waiting: ApprovalLine | None, actor: Actor) -> str:
    """Why this person cannot propose a change now; "" if she can."""
    if row.state != State.CONFIRMED or row.debtor_id is None:
        return gettext("Only what is confirmed and still open is changed by agreement.")
    if open_ is not None:
        return gettext("A change is proposed already and waits for its answer")
    if waiting is not None:
        return gettext("A change waits for checking")
    return "" if actor.may("receivables.change") else gettext("Needs the duty maker")


@dataclass(frozen=True)
class Proposal:
    """The page on which other terms are proposed."""

    row: Receivable
    balance: ReceivableBalance | None
    why_not: str

    @property
    def held_amount(self) -> Decimal:
        """What funders hold, yuan."""
        if self.balance is None:
            return Decimal("0.00")
        return Decimal(self.balance.encumbered_amount + self.balance.reserved_amount)


def proposal(row: Receivable, actor: Actor) -> Proposal:
    """Whether and what this person can propose."""
    waiting = filters.open_changes([row.pk]).get(row.pk)
    return Proposal(
        row=row,
        balance=ReceivableBalance.objects.filter(pk=row.pk).first(),
        why_not=why_no_proposal(row, open_change(row), waiting, actor),
    )


@dataclass(frozen=True)
class ChangeSheet:
    """The page of one proposal, for both sides."""

    one: ChangeRequest
    row: Receivable
    actor: Actor
    at: datetime
    waiting: ApprovalLine | None
    seals: dict[int, Seal]
    story: Sequence[Line]

    @property
    def tone(self) -> str:
        """The tone of the state's tag."""
        return TONES[ChangeState(self.one.state)]

    @property
    def is_open(self) -> bool:
        """Whether it waits for the other side."""
        return self.one.state == ChangeState.OPEN

    @property
    def is_mine(self) -> bool:
        """Whether our own side proposed it."""
        return self.one.proposed_by_id == self.actor.organisation_id

    @property
    def proposer(self) -> str:
        """Who proposed it, by name."""
        by_creditor = self.one.proposed_by_id == self.one.creditor_id
        return self.row.creditor.name if by_creditor else self.row.debtor_name

    @property
    def sides(self) -> list[Side]:
        """Old beside new."""
        return sides(old_terms(self.one), new_terms(self.one))

    @property
    def new_amount(self) -> Decimal | None:
        """The new amount where it changes."""
        return self.one.new_amount if self.one.new_amount != self.one.old_amount else None

    @property
    def rises(self) -> bool:
        """Whether the debtor would owe more than it confirmed."""
        return raises_amount(old_terms(self.one), new_terms(self.one))

    @property
    def reason(self) -> str:
        """Why it was proposed."""
        return presenters.reason_words(self.one.reason_code)

    @property
    def answer_reason(self) -> str:
        """Why it was refused."""
        return presenters.reason_words(self.one.answer_reason_code) if self.one.answer_reason_code else ""

    @property
    def answer_cure(self) -> str:
        """What the proposer does about the refusal."""
        return presenters.reason_cure(self.one.answer_reason_code)

    @property
    def left(self) -> str:
        """Until when it can be answered."""
        return days_left(self.one, self.at)

    @property
    def proposal_seal(self) -> Seal | None:
        """The proposer's signature."""
        return self.seals.get(self.one.proposal_signature_id or 0)

    @property
    def answer_seal(self) -> Seal | None:
        """The answering side's signature."""
        return self.seals.get(self.one.answer_signature_id or 0)

    @property
    def waiting_title(self) -> StrOrPromise:
        """What waits for our own checker."""
        return HANDLERS.get(self.waiting.approval.action).title if self.waiting else ""

    @property
    def why_not(self) -> str:
        """Why this person can neither answer nor withdraw; "" if she can."""
        if not self.is_open:
            return ""
        if not self.actor.may("receivables.change"):
            return gettext("A maker of your organisation goes on with it; your duties let you read.")
        if self.waiting is not None and not self.is_mine:
            return gettext("An answer waits for your checker; until it is decided nobody can give another.")
        return ""

    @property
    def may_answer(self) -> bool:
        """Whether this person can answer now."""
        return self.is_open and not self.is_mine and not self.why_not

    @property
    def may_withdraw(self) -> bool:
        """Whether this person can take the proposal back now."""
        return self.is_open and self.is_mine and not self.why_not


def sheet(one: ChangeRequest, actor: Actor, at: datetime) -> ChangeSheet:
    """Everything about one proposal; a fixed number of queries."""
    evidences = [pk for pk in (one.proposal_signature_id, one.answer_signature_id) if pk]
    signed = SignedLine.objects.visible_to(actor).filter(
        evidence_id__in=evidences, object_type=OBJECT_TYPE, object_id=one.receivable_id
    )
    return ChangeSheet(
        one=one,
        row=one.receivable,
        actor=actor,
        at=at,
        waiting=filters.open_changes([one.receivable_id]).get(one.receivable_id),
        seals={found.evidence_id: seal_of_line(found, at=at) for found in signed.select_related("evidence")},
        story=_story(one, actor),
    )


def _story(one: ChangeRequest, actor: Actor) -> list[Line]:
    """What happened to the proposal, newest first: our own people by name, the other side as an organisation."""
    row = one.receivable
    names = {one.creditor_id: row.creditor.name, one.debtor_id: row.debtor_name}
    events = AuditEvent.objects.visible_to(actor).about(CHANGE_TYPE, one.pk).reverse()
    return [
        line(event)
        if event.organisation_id == actor.organisation_id
        else replace(line(event), who=names.get(event.organisation_id or 0, ""))
        for event in events
    ]


def _differences(row: Any) -> str:
    return " · ".join(term_words(change) for change in term_changes(old_terms(row), new_terms(row)))


def _proposer(row: Any) -> str:
    is_creditor = row.proposed_by_id == row.creditor_id
    return str(row.receivable.creditor.name if is_creditor else row.receivable.debtor_name)


class ChangeOrder(Order):
    """How proposals can be ordered."""

    NEWEST = (("-pk",), _("Newest"))


class ChangeList(List[ChangeRequest]):
    """Proposed changes of both sides."""

    name = "receivables.changes"
    title = _("Change requests")
    order = ChangeOrder
    chip_filters: ClassVar[Sequence[Chip]] = (
        Chip("state", "open", _("Waiting for an answer"), Q(state=ChangeState.OPEN), "amber"),
        Chip("state", "agreed", _("Agreed"), Q(state=ChangeState.ACCEPTED), "green"),
        Chip(
            "state",
            "closed",
            _("Refused, withdrawn, lapsed"),
            Q(state__in=[ChangeState.REFUSED, ChangeState.WITHDRAWN, ChangeState.LAPSED]),
        ),
    )
    columns = (
        Column(
            "number",
            _("Receivable"),
            "receivable.public_no",
            is_lead=True,
            href=lambda row: reverse("receivables:change", args=[row.pk]),
        ),
        Column("proposer", _("Proposing side"), _proposer),
        Column("what", _("What changes"), _differences, sub=lambda row: presenters.reason_words(row.reason_code)),
        Column("since", _("Proposed"), "proposed_at", Kind.WAIT, amber_after=WAITING_AMBER),
        Column("expires", _("Lapses after"), "expires_on", Kind.DATE),
        Column("state", _("State"), "get_state_display", tone=lambda row: TONES[ChangeState(row.state)]),
    )
    empty_title = _("Changes of what was confirmed will appear here")
    empty_text = _("What is confirmed changes only when both sides agree; propose it on the receivable's page.")


def listed(actor: Actor) -> QuerySet[ChangeRequest]:
    """The rows of the list."""
    return ChangeRequest.objects.visible_to(actor).select_related("receivable__creditor", "receivable__debtor")
