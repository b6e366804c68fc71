"""
Steps that people ask for over many rows at once: which rows they mean, which of them can go, and what is said about each.

A page of a step is the same for one row and for ten thousand: what goes, its sum, what stays behind and why, what is
still to be said, the legal effect, the button.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from receivables import actions, filters, presenters
from receivables.actions.common import StaleReceivable
from receivables.actions.proposals import Proposal
from receivables.forms.answers import (
    ActForm,
    ConfirmForm,
    DirectForm,
    PartForm,
    RefuseForm,
    ReturnForm,
    WriteOffForm,
)
from receivables.models import Evidence, Origin, Receivable, Verdict
from receivables.rules.claims import NoEvidence
from receivables.states import LIFECYCLE
from yingshou.approvals.actions import ChangeAlreadyOpen
from yingshou.approvals.models import Approval
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel.errors import Conflict, DomainError, Invalid
from yingshou.tenancy.actor import Actor
from yingshou.ui.lists import List
from yingshou.ui.lists.selection import LARGEST, NothingSelected, TooManySelected

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 50
PARTS = 50


class PartsTooMany(Invalid):
    """A part is typed row by row."""

    code = "RCV-060"
    message = _("%(count)s receivables are selected; at most %(maximum)s can be confirmed in part at once.")
    cure = _("Select fewer: each needs its own amount.")


class NotForThis(Conflict):
    """Not something that this step concerns."""

    code = "RCV-061"
    message = _("This step does not concern this receivable.")
    cure = _("Open it and look at its state.")


@dataclass(frozen=True)
class Act:
    """
    One step.

    :param name: as in the address
    :param event: the event of the lifecycle, or "acknowledge"
    :param verb: the words on the button
    :param effect: what it means in law, two sentences
    :param asks: whether something must be said before it can go
    :param direct: whether it takes effect without a checker
    """

    name: str
    event: str
    title: StrOrPromise
    verb: StrOrPromise
    effect: StrOrPromise
    form: type[ActForm] = ActForm
    asks: bool = False
    direct: bool = False
    danger: bool = False


CONFIRM_EFFECT = _(
    "Your signature states that trade and delivery are real, that amount and due date are right, and that no set-off is "
    "known beyond what is named. After it your organisation can no longer object to an assignee or pledgee that the debt "
    "does not exist (Interpretation of the Contract Book, General Part, article 49; of the Guarantee part, article 61)."
)
PART_EFFECT = _(
    "What article 49 of the Interpretation of the Contract Book says of a confirmation holds for the confirmed part alone. "
    "The rest is shown as not confirmed, with your reason; the supplier and every funder see both amounts."
)
RETURN_EFFECT = _(
    "Nothing is confirmed and nothing is refused: the supplier reads your reason and submits again under the same number. "
    "The time the law gives you to answer a small or medium supplier (Regulation on payments, article 16) begins anew with that."
)
REFUSE_EFFECT = _(
    "Nothing is confirmed, for good; the supplier reads your reason and its invoices are free again. "
    "A refusal does not end the debt: what is owed stays owed under the contract (Civil Code, article 509)."
)
SUBMIT_EFFECT = _(
    "Your organisation states that the claim exists as described. Who makes up a claim answers for the damage, and the "
    "debtor that confirms it is bound to the factor that trusted it (Civil Code, article 763)."
)

DEBTORS_ACTS = {
    act.name: act
    for act in (
        Act("confirm", "confirm", _("Confirm"), _("Confirm and submit for checking"), CONFIRM_EFFECT, ConfirmForm),
        Act(
            "part",
            "confirm_part",
            _("Confirm in part"),
            _("Confirm these parts and submit for checking"),
            PART_EFFECT,
            PartForm,
            asks=True,
        ),
        Act(
            "return",
            "return",
            _("Return for correction"),
            _("Return and submit for checking"),
            RETURN_EFFECT,
            ReturnForm,
            asks=True,
        ),
        Act(
            "refuse",
            "refuse",
            _("Refuse to confirm"),
            _("Refuse and submit for checking"),
            REFUSE_EFFECT,
            RefuseForm,
            asks=True,
            danger=True,
        ),
    )
}
CREDITORS_ACTS = {
    act.name: act
    for act in (
        Act("submit", "submit", _("Submit to the debtor"), _("Submit for checking"), SUBMIT_EFFECT),
        Act("resubmit", "resubmit", _("Submit again"), _("Submit again for checking"), SUBMIT_EFFECT),
        Act(
            "direct",
            "submit_direct",
            _("Open without confirmation"),
            _("Submit for checking"),
            _(
                "Funders see the receivables and see that no debtor confirmed them. Article 49 of the Interpretation of the "
                "Contract Book protects nobody here: each funder judges the claim by its papers."
            ),
            DirectForm,
            asks=True,
        ),
        Act(
            "acknowledge",
            "acknowledge",
            _("Acknowledge"),
            _("Acknowledge and submit for checking"),
            _(
                "Your organisation declares that it agrees with the debtor's figures. The debtor's publication already binds "
                "the debtor as a confirmation (Interpretation of the Contract Book, General Part, article 49)."
            ),
        ),
        Act(
            "withdraw",
            "withdraw",
            _("Withdraw"),
            _("Withdraw"),
            _(
                "The debtor no longer has to answer, and the invoices are free again. What happened stays on the timeline."
            ),
            asks=True,
            direct=True,
            danger=True,
        ),
        Act(
            "undo",
            "undo",
            _("Undo drafts"),
            _("Undo"),
            _("The drafts are taken back and their invoices are free again. Nobody else has seen them."),
            asks=True,
            direct=True,
            danger=True,
        ),
        Act(
            "settle",
            "settle",
            _("Settle"),
            _("Settle and submit for checking"),
            _(
                "The receivables are closed as paid or adjusted in full. Nothing more can be reserved or encumbered on them."
            ),
            asks=True,
        ),
        Act(
            "write-off",
            "write_off",
            _("Write off"),
            _("Write off and submit for checking"),
            _(
                "What is still owed leaves the claim; parts that funders hold are cut and the funders are told. "
                "The debtor is not released by this: a write-off is no waiver (Civil Code, article 575)."
            ),
            WriteOffForm,
            asks=True,
            danger=True,
        ),
    )
}
PUBLISHERS_ACTS = {
    act.name: act
    for act in (
        Act(
            "publish",
            "publish",
            _("Publish payables"),
            _("Publish and submit for checking"),
            _(
                "Publishing counts as confirmation: your organisation declares that it owes these amounts to the suppliers. "
                "After it you can no longer object to an assignee that the debt does not exist (Interpretation of the Contract "
                "Book, General Part, article 49)."
            ),
            asks=True,
        ),
        CREDITORS_ACTS["undo"],
    )
}


@dataclass(frozen=True)
class Left:
    """A row that cannot go, and why."""

    row: Receivable
    error: DomainError


@dataclass
class Picked:
    """
    The rows a step was asked for.

    :ivar rows: what can go
    :ivar left: what cannot, each with its reason
    :ivar carried: the fields that carry the same choice to the next page
    :ivar is_all: whether all that match were meant, also rows that no page showed
    """

    rows: list[Receivable]
    left: list[Left]
    carried: list[tuple[str, str]] = field(default_factory=list)
    is_all: bool = False

    @property
    def total(self) -> Decimal:
        """The sum of what goes, in yuan."""
        return sum((row.face_amount for row in self.rows), Decimal("0.00"))

    @property
    def shown(self) -> list[Receivable]:
        """The rows that a page lists."""
        return self.rows[:SHOWN]

    @property
    def hidden_count(self) -> int:
        """How many more there are."""
        return max(0, len(self.rows) - SHOWN)

    @property
    def not_agreeing(self) -> list[Receivable]:
        """Those that do not agree with the debtor's book."""
        return [row for row in self.rows if presenters.verdict_of(row) != Verdict.AGREES]


def pick(list_: List[Receivable], rows: QuerySet[Receivable], data: QueryDict, act: Act, *, at: datetime) -> Picked:
    """
    The rows that a posted form means, divided into those that can take the step and those that cannot.

    :param list_: the list it was posted from: "all that match" means its filter
    :param rows: every row of this side that the actor may see; picked ids are looked up among them
    :raises NothingSelected: if nothing was picked
    :raises TooManySelected: if more match than one submission can hold
    """
    is_all = bool(data.get("all"))
    picked = list_.selection(data).queryset if is_all else rows.filter(pk__in=_ids(data))
    ids = list(picked.order_by("pk").values_list("pk", flat=True)[: LARGEST + 1])
    if not ids:
        raise NothingSelected
    if len(ids) > LARGEST:
        raise TooManySelected(limit=f"{LARGEST:,}")
    found = list(
        Receivable.objects.filter(pk__in=ids).select_related("creditor", "debtor", "book_match").order_by("pk")
    )
    if data.get("only"):
        found = [row for row in found if presenters.verdict_of(row) == data["only"]]
    seen_at = parse_datetime(data.get("seen_at", "")) or at
    judged = [(row, error) for row, error in zip(found, _problems(found, act, seen_at), strict=True)]
    carried = [("query", data.get("query", "")), ("seen_at", seen_at.isoformat())]
    carried += [("all", "1")] if is_all else [("id", str(row.pk)) for row in found]
    return Picked(
        rows=[row for row, error in judged if error is None],
        left=[Left(row, error) for row, error in judged if error is not None],
        carried=carried,
        is_all=is_all,
    )


def reasons(rows: Sequence[Receivable], act: Act, *, at: datetime) -> list[Left]:
    """Why rows cannot take a step, as things are now; those that could by now are left out."""
    judged = zip(rows, _problems(rows, act, at), strict=True)
    return [Left(row, error) for row, error in judged if error is not None]


def _ids(data: QueryDict) -> list[int]:
    return [int(value) for value in data.getlist("id") if value.isascii() and value.isdecimal() and len(value) < 19]


def _problems(rows: Sequence[Receivable], act: Act, seen_at: datetime) -> list[DomainError | None]:
    changes = filters.open_changes([row.pk for row in rows])
    ids = [row.pk for row in rows]
    proven = set(Evidence.objects.filter(receivable_id__in=ids).values_list("receivable_id", flat=True))
    return [_problem(row, act, seen_at, has_change=row.pk in changes, is_proven=row.pk in proven) for row in rows]


def _problem(row: Receivable, act: Act, seen_at: datetime, *, has_change: bool, is_proven: bool) -> DomainError | None:
    place = row.public_no
    if has_change and not act.direct:
        return ChangeAlreadyOpen(place=place, label=place)
    if act.event == "acknowledge":
        return None if presenters.is_published(row) else NotForThis(place=place)
    try:
        LIFECYCLE.check(row.state, act.event)
    except DomainError as error:
        return error
    if row.confirm_requested_at is not None and act.name in DEBTORS_ACTS and row.confirm_requested_at > seen_at:
        return StaleReceivable(place=place)
    if act.event in ("submit", "resubmit", "submit_direct") and not is_proven:
        return NoEvidence(place=place)
    if act.event == "publish" and row.origin != Origin.DEBTOR_UPLOAD:
        return NotForThis(place=place)
    return None


def carry_out(act: Act, picked: Picked, form: ActForm, *, by: Actor, at: datetime) -> Approval | list[Outcome]:
    """
    Ask for the step: an approval that waits for its checker, or outcomes where no checker is needed.

    :raises DomainError: whatever the action refuses; nothing was done then
    """
    if act.direct:
        verb = {"withdraw": actions.withdraw, "undo": actions.undo}[act.event]
        return verb([row.pk for row in picked.rows], by=by, at=at)
    proposals = [Proposal(receivable_id=row.pk, version=row.version, **form.answer_for(row)) for row in picked.rows]
    return actions.propose(act.event, proposals, by=by, at=at, remark=form.remark)


def form_of(act: Act, picked: Picked, data: QueryDict | None) -> ActForm:
    """
    The form of a step over these rows.

    :raises PartsTooMany: if amounts would have to be typed for more rows than a page holds
    """
    if act.form is PartForm and len(picked.rows) > PARTS:
        raise PartsTooMany(count=len(picked.rows), maximum=PARTS)
    return act.form(data, rows=with_book(picked.rows[:PARTS]))


def with_book(rows: Sequence[Receivable]) -> Sequence[Receivable]:
    """The rows, each with what the debtor's book says: the part form proposes it."""
    for row in rows:
        row.booked = presenters.book_amount(row)  # type: ignore[attr-defined]
    return rows


def context(act: Act, picked: Picked, form: ActForm, **more: Any) -> dict[str, Any]:
    """What the page of a step shows."""
    for row in picked.shown:
        row.verdict_tone = presenters.VERDICT_TONES[presenters.verdict_of(row)]  # type: ignore[attr-defined]
        row.difference = presenters.difference_words(row)  # type: ignore[attr-defined]
    return {"act": act, "picked": picked, "form": form, **more}
