"""Disputes: a disagreement after confirmation that blocks new financing of its amount and never deletes the confirmation."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from receivables import ledger
from receivables.actions.answers import reason_problem
from receivables.actions.common import CommentMissing, Ledgered, may, see
from receivables.models import Dispute, ReceivableBalance
from receivables.states import DISPUTE_LIFECYCLE, DisputeState, State
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import advance, created
from yingshou.kernel.errors import Conflict, Invalid, NotAllowed, NotVisible
from yingshou.tenancy.actor import Actor


class NotDisputable(Conflict):
    """Only a live claim can be disputed."""

    code = "RCV-046"
    message = _("Only a confirmed or open receivable can be disputed.")
    cure = _("Before confirmation, return or refuse it.")


class DisputeOpen(Conflict):
    """There is an open dispute already."""

    code = "RCV-047"
    message = _("There is already an open dispute about this receivable.")
    cure = _("Add to the open dispute.")


class DisputedTooMuch(Invalid):
    """More is disputed than is owed."""

    code = "RCV-048"
    message = _("%(amount)s cannot be disputed: %(open)s is still owed.")
    cure = _("Enter the amount you do not accept.")


class OtherSidesTurn(NotAllowed):
    """The opener withdraws, the other side answers and resolves."""

    code = "RCV-049"
    message = _("This step of the dispute belongs to the other side.")
    cure = _("Wait for the other side, or withdraw the dispute if you opened it.")


@transaction.atomic
def dispute(receivable_id: int, *, amount: Decimal, reason_code: str, comment: str, by: Actor, at: datetime) -> Dispute:
    """
    Open a dispute about a part of a live claim; new financing of that part is blocked from now on.

    :raises NotVisible: if there is no such receivable
    :raises NotDisputable: if it is neither confirmed nor open without confirmation
    :raises DisputedTooMuch: if more is disputed than is owed
    :raises DisputeOpen: if one is open already
    :raises ReasonUnknown: if the reason does not belong to disputes
    """
    may(by, "receivables.dispute")
    answers = Ledgered([receivable_id])
    rows = see(by, [receivable_id], answers)
    if not rows or by.organisation_id not in (rows[0].creditor_id, rows[0].debtor_id):
        raise NotVisible
    (row,) = rows
    if row.state not in (State.CONFIRMED, State.DIRECT):
        raise NotDisputable(place=row.public_no)
    problem = reason_problem("dispute", reason_code, comment, row.public_no)
    if problem is not None:
        raise problem
    owed = ReceivableBalance.objects.get(pk=row.pk).claim_amount
    if amount <= 0 or amount > owed:
        raise DisputedTooMuch(place=row.public_no, amount=amount, open=owed)
    one = Dispute(
        receivable=row,
        creditor_id=row.creditor_id,
        debtor_id=row.debtor_id,
        opened_by_id=by.organisation_id or 0,
        disputed_amount=amount,
        reason_code=reason_code,
        comment=comment.strip(),
        opened_at=at,
    )
    try:
        with transaction.atomic():
            Dispute.objects.bulk_create([one])
    except IntegrityError as error:
        if "dispute_one_open" in str(error):
            raise DisputeOpen(place=row.public_no) from error
        raise
    ledger.set_disputed([row.pk], [amount])
    created([one], by=by, at=at, event="open", body=_facts)
    _on_timeline(one, "dispute", by=by, at=at)
    return one


@transaction.atomic
def answer(dispute_id: int, *, text: str, by: Actor, at: datetime) -> Dispute:
    """
    The other side answers; the dispute stays open.

    :raises NotVisible: if there is no such dispute
    :raises OtherSidesTurn: if the actor opened it
    :raises CommentMissing: without an answer
    """
    one = _other_side(dispute_id, by)
    if not text.strip():
        raise CommentMissing
    advance(DISPUTE_LIFECYCLE, [one], "answer", by=by, at=at, facts={"answer": text.strip(), "answered_at": at}).only()
    _on_timeline(one, "dispute_answer", by=by, at=at)
    return one


@transaction.atomic
def resolve(dispute_id: int, *, text: str, by: Actor, at: datetime) -> Dispute:
    """
    The other side states how the dispute was resolved (an adjustment is posted as a fact of its own); the block ends.

    :raises NotVisible: if there is no such dispute
    :raises OtherSidesTurn: if the actor opened it
    :raises CommentMissing: without a statement
    """
    one = _other_side(dispute_id, by)
    if not text.strip():
        raise CommentMissing
    return _close(one, "resolve", {"resolution": text.strip(), "closed_at": at}, by=by, at=at)


@transaction.atomic
def withdraw_dispute(dispute_id: int, *, by: Actor, at: datetime) -> Dispute:
    """
    The opener withdraws its dispute; the block ends.

    :raises NotVisible: if there is no such dispute
    :raises OtherSidesTurn: if somebody else opened it
    """
    may(by, "receivables.dispute")
    one = _locked(dispute_id, by)
    if one.opened_by_id != by.organisation_id:
        raise OtherSidesTurn
    return _close(one, "withdraw", {"closed_at": at}, by=by, at=at)


def _close(one: Dispute, event: str, facts: dict[str, object], *, by: Actor, at: datetime) -> Dispute:
    advance(DISPUTE_LIFECYCLE, [one], event, by=by, at=at, facts=facts).only()
    ledger.set_disputed([one.receivable_id], [Decimal("0.00")])
    _on_timeline(one, f"dispute_{event}", by=by, at=at)
    return one


def _other_side(dispute_id: int, by: Actor) -> Dispute:
    may(by, "receivables.dispute")
    one = _locked(dispute_id, by)
    if one.opened_by_id == by.organisation_id:
        raise OtherSidesTurn
    return one


def _locked(dispute_id: int, by: Actor) -> Dispute:
    one = Dispute.objects.visible_to(by).select_for_update(no_key=True).filter(pk=dispute_id).first()
    if one is None:
        raise NotVisible
    return one


def _facts(one: Dispute) -> dict[str, str | int]:
    return {
        "receivable_id": one.receivable_id,
        "amount": str(one.disputed_amount),
        "reason_code": one.reason_code,
        "state": DisputeState(one.state).value,
    }


def _on_timeline(one: Dispute, event: str, *, by: Actor, at: datetime) -> None:
    record(
        [
            EventDraft(
                kind=f"receivables.receivable.{event}",
                object_type="receivables.receivable",
                object_id=one.receivable_id,
                object_version=None,
                audience=one.audience(),
                by=by,
                at=at,
                body={**_facts(one), "comment": one.comment, "answer": one.answer, "resolution": one.resolution},
            )
        ]
    )
