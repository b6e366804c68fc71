"""After confirmation: acknowledge what the debtor published, record facts about the debt, settle, write off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from receivables import ledger
from receivables.actions.answers import Decision, reason_problem, write_acts
from receivables.actions.common import DIRECTLY, Ledgered, Via, absorb, may, of_party, see
from receivables.ledger import Fact, Posted
from receivables.models import Basis, EntryType, Receivable, ReceivableBalance
from receivables.models import Outcome as Verdict
from receivables.states import LIFECYCLE, State
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import Outcome, advance
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, NotVisible
from yingshou.tenancy.actor import Actor


class StillOwed(Conflict):
    """Part of the claim is neither paid nor adjusted."""

    code = "RCV-043"
    message = _("%(open)s of this claim is still owed, so it cannot be settled.")
    cure = _("Record the payment or the adjustment first.")


class NothingToAcknowledge(Conflict):
    """Only what the debtor published is acknowledged, and only once."""

    code = "RCV-044"
    message = _("There is nothing to acknowledge: the debtor did not publish this, or you acknowledged it already.")
    cure = _("Open the receivable and read its timeline.")


class StillHeld(Conflict):
    """Somebody has money on the claim."""

    code = "RCV-045"
    message = _("%(held)s of this claim is reserved or encumbered; it cannot be settled before the holder lets go.")
    cure = _("Ask the funder to release its part.")


@transaction.atomic
def acknowledge(receivable_ids: Sequence[int], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[Outcome]:
    """
    The creditor acknowledges the figures its debtor published (F024). An act, no change of state.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, "receivables.acknowledge", "receivables.check_submit", via=via)
    answers = Ledgered(receivable_ids)
    rows = []
    for row in of_party(see(by, receivable_ids, answers), by, answers, side="creditor"):
        if row.state == State.CONFIRMED and row.basis == Basis.DEBTOR_UPLOAD and row.acknowledged_at is None:
            rows.append(row)
        else:
            answers.refuse(row.pk, NothingToAcknowledge(place=row.public_no))
    if not rows:
        return answers.outcomes()
    Receivable.objects.filter(pk__in=[row.pk for row in rows]).update(acknowledged_at=at)
    decisions = {row.pk: Decision(row.pk, delivery_accepted=None, set_off_known=None) for row in rows}
    write_acts(rows, decisions, outcome=Verdict.ACKNOWLEDGED, basis="", by=by, at=at, via=via)
    _tell_timeline(rows, "acknowledge", by=by, at=at)
    return answers.outcomes()


@transaction.atomic
def post_facts(facts: Sequence[Fact], *, by: Actor, at: datetime, source: str = "") -> list[Posted]:
    """
    Record payments, credit notes, set-offs and retentions of visible receivables; never refused for lack of balance.

    :raises NotAuthorised: if the actor may not record facts
    :raises NotVisible: if one of the receivables is not the actor's
    :raises NotPosted: if one of them is neither confirmed nor open without confirmation
    """
    may(by, "receivables.post_facts")
    ids = {fact.receivable_id for fact in facts}
    answers = Ledgered(sorted(ids))
    rows = {row.pk: row for row in see(by, ids, answers)}
    if len(rows) != len(ids):
        raise NotVisible
    posted = ledger.post_facts(facts, by=by, at=at, source=source)
    record(
        [
            EventDraft(
                kind="receivables.receivable.fact",
                object_type="receivables.receivable",
                object_id=fact.receivable_id,
                object_version=None,
                audience=rows[fact.receivable_id].audience(),
                by=by,
                at=at,
                body={
                    "type": fact.type,
                    "amount": str(fact.amount),
                    "value_date": fact.value_date.isoformat(),
                    "entry_id": one.entry_id,
                    "cut": str(sum((cut.amount for cut in one.cuts), start=fact.amount * 0)),
                },
            )
            for fact, one in zip(facts, posted, strict=True)
        ]
    )
    return posted


@transaction.atomic
def settle(receivable_ids: Sequence[int], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[Outcome]:
    """
    Close receivables of which nothing is owed any more.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, "receivables.close", "receivables.check_submit", via=via)
    answers = Ledgered(receivable_ids)
    rows = of_party(see(by, receivable_ids, answers), by, answers, side="creditor")
    balances = ReceivableBalance.objects.in_bulk([row.pk for row in rows])
    going = []
    for row in rows:
        balance = balances.get(row.pk)
        if balance is not None and balance.encumbered_amount + balance.reserved_amount > 0:
            held = balance.encumbered_amount + balance.reserved_amount
            answers.refuse(row.pk, StillHeld(place=row.public_no, held=held))
        elif balance is not None and row.state in (State.CONFIRMED, State.DIRECT) and balance.claim_amount > 0:
            answers.refuse(row.pk, StillOwed(place=row.public_no, open=balance.claim_amount))
        else:
            going.append(row)
    if going:
        outcomes = advance(LIFECYCLE, going, "settle", by=by, at=at, facts={"closed_at": at})
        absorb(answers, outcomes.refused)
    return answers.outcomes()


@transaction.atomic
def write_off(
    receivable_ids: Sequence[int], *, reason_code: str, comment: str, by: Actor, at: datetime, via: Via = DIRECTLY
) -> list[Outcome]:
    """
    Give up what is still owed, with a reason: the rest leaves the claim, cutting what is held, and the receivable closes.

    :raises NotAuthorised: if the actor may not, or not without a second person
    :raises ReasonUnknown: if the reason does not belong to this step
    """
    may(by, "receivables.close", "receivables.check_submit", via=via)
    problem = reason_problem("write_off", reason_code, comment, "reason")
    if problem is not None:
        raise problem
    answers = Ledgered(receivable_ids)
    rows = of_party(see(by, receivable_ids, answers), by, answers, side="creditor")
    live = [row for row in rows if row.state in (State.CONFIRMED, State.DIRECT)]
    balances = ReceivableBalance.objects.in_bulk([row.pk for row in live])
    day = clock.business_date(at)
    facts = [
        Fact(row.pk, EntryType.WRITE_OFF, balances[row.pk].claim_amount, day)
        for row in live
        if balances[row.pk].claim_amount > 0
    ]
    if facts:
        ledger.post_facts(facts, by=by, at=at, source="write_off")
    if rows:
        outcomes = advance(
            LIFECYCLE,
            rows,
            "write_off",
            by=by,
            at=at,
            reason_code=reason_code,
            reason=comment,
            facts={"closed_at": at, "reason_code": reason_code, "reason_text": comment},
        )
        absorb(answers, outcomes.refused)
    return answers.outcomes()


def _tell_timeline(rows: Sequence[Receivable], event: str, *, by: Actor, at: datetime) -> None:
    record(
        [
            EventDraft(
                kind=f"receivables.receivable.{event}",
                object_type="receivables.receivable",
                object_id=row.pk,
                object_version=None,
                audience=row.audience(),
                by=by,
                at=at,
                body={"public_no": row.public_no},
            )
            for row in rows
        ]
    )
