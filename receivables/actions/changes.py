"""
Changing what was confirmed (I4): one party proposes other terms, the other agrees or not, and silence lets it lapse.

Locks are taken in one order everywhere: the receivable, then the proposal, then the balance (inside the ledger's function).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from receivables import ledger
from receivables.actions.answers import reason_problem
from receivables.actions.common import DIRECTLY, Ledgered, StaleReceivable, Via, may, see
from receivables.actions.messages import tell
from receivables.models import (
    OBJECT_TYPE,
    ChangeRequest,
    ConfirmationAct,
    DueRule,
    Outcome,
    Receivable,
    ReceivableBalance,
)
from receivables.rules.changes import (
    LAPSES_AFTER_DAYS,
    BelowWhatIsGone,
    ChangeProposed,
    HeldByFunder,
    NotChangeable,
    Terms,
    floor_of,
    plain,
    problem,
    term_changes,
    terms_of,
)
from receivables.states import CHANGE_LIFECYCLE, LIFECYCLE, ChangeState, State
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import Outcome as LineOutcome
from yingshou.audit.lifecycle import advance, created
from yingshou.jobs.queue import enqueue_many
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, DomainError, NotAllowed, NotVisible
from yingshou.tenancy.actor import Actor

PERMISSIONS = (
    "receivables.submit",
    "receivables.check_submit",
    "receivables.confirm",
    "receivables.check_confirm",
)
LAPSE_JOB = "receivables.lapse_changes_of"


class NotYourTurn(NotAllowed):
    """The proposer withdraws, the other side answers."""

    code = "RCV-076"
    message = _("This step belongs to the other side of the proposal.")
    cure = _("Who proposed a change can withdraw it; the other side agrees or refuses.")


class ProposalOver(Conflict):
    """The proposal's time is over, whether or not the job has closed it yet."""

    code = "RCV-077"
    message = _("This proposal lapsed on %(day)s: nobody answered in time, and silence is not agreement.")
    cure = _("Have it proposed again.")


@dataclass(frozen=True)
class Wish:
    """
    What a party wants changed.

    :param version: the version of the receivable that was seen
    :param terms: all terms as they would be, also those that stay
    """

    receivable_id: int
    version: int
    terms: Terms
    reason_code: str
    comment: str = ""
    document_hash: str = ""


@dataclass(frozen=True)
class Reply:
    """The other side's answer; a reason belongs to a refusal."""

    change_request_id: int
    version: int
    reason_code: str = ""
    comment: str = ""
    document_hash: str = ""


def check_wish(wish: Wish, *, by: Actor) -> Receivable:
    """
    Lock the receivable and see whether the change can be proposed as things are now.

    :raises NotVisible: if there is no such receivable, or the actor is neither creditor nor debtor
    :raises StaleReceivable: if it changed after it was seen
    :raises DomainError: whatever `rules.changes.problem` finds
    :raises ChangeProposed: if another proposal waits for its answer
    :raises ReasonUnknown: if the reason does not belong to this step
    """
    row = _party_row(wish.receivable_id, by)
    if wish.version != row.version:
        raise StaleReceivable(place=row.public_no)
    if row.state != State.CONFIRMED or row.debtor_id is None:
        raise NotChangeable(place=row.public_no, state=row.get_state_display())
    found = problem(row, ReceivableBalance.objects.get(pk=row.pk), wish.terms)
    found = found or reason_problem("propose_change", wish.reason_code, wish.comment, row.public_no)
    if found is not None:
        raise found
    if ChangeRequest.objects.open().filter(receivable=row).exists():
        raise ChangeProposed(place=row.public_no)
    return row


@transaction.atomic
def propose_change(wishes: Sequence[Wish], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[LineOutcome]:
    """
    Put proposals before the other side; nothing of the receivables changes by that.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, *PERMISSIONS, via=via)
    return _each([(wish.receivable_id, _proposed(wish, by=by, at=at, via=via)) for wish in wishes])


def check_reply(event: str, reply: Reply, *, by: Actor, at: datetime) -> tuple[Receivable, ChangeRequest]:
    """
    Lock receivable and proposal and see whether they can be answered so.

    :param event: accept or refuse
    :raises NotVisible: if there is no such proposal
    :raises NotYourTurn: if the actor's organisation proposed it
    :raises IllegalTransition: if it is closed
    :raises ProposalOver: if its time is over
    :raises StaleReceivable: if the receivable or the proposal changed after it was seen
    :raises DomainError: for an acceptance, whatever `rules.changes.problem` finds
    """
    row, one = _locked(reply.change_request_id, by)
    if one.answers_id != by.organisation_id:
        raise NotYourTurn(place=row.public_no)
    CHANGE_LIFECYCLE.check(one.state, event)
    if clock.business_date(at) > one.expires_on:
        raise ProposalOver(place=row.public_no, day=one.expires_on.isoformat())
    if reply.version != row.version:
        raise StaleReceivable(place=row.public_no)
    if event == "refuse":
        found: DomainError | None = reason_problem("refuse_change", reply.reason_code, reply.comment, row.public_no)
    elif row.version != one.receivable_version:
        found = StaleReceivable(place=row.public_no)
    else:
        found = problem(row, ReceivableBalance.objects.get(pk=row.pk), new_terms(one))
    if found is not None:
        raise found
    return row, one


@transaction.atomic
def accept_change(replies: Sequence[Reply], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[LineOutcome]:
    """
    Agree: the new terms hold from now on, as a new version; the amount moves in the ledger in the same transaction.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, *PERMISSIONS, via=via)
    return _each([(one.change_request_id, _accepted(one, by=by, at=at, via=via)) for one in replies])


@transaction.atomic
def refuse_change(replies: Sequence[Reply], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[LineOutcome]:
    """
    Refuse with a reason: everything stays as it was confirmed.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, *PERMISSIONS, via=via)
    return _each([(one.change_request_id, _refused(one, by=by, at=at, via=via)) for one in replies])


@transaction.atomic
def withdraw_change(change_request_id: int, *, by: Actor, at: datetime) -> ChangeRequest:
    """
    Take a proposal back before it is answered; no second person, as nothing was agreed.

    :raises NotVisible: if there is no such proposal
    :raises NotYourTurn: if the other side proposed it
    :raises IllegalTransition: if it is closed
    """
    may(by, "receivables.change")
    row, one = _locked(change_request_id, by)
    if one.proposed_by_id != by.organisation_id:
        raise NotYourTurn(place=row.public_no)
    advance(CHANGE_LIFECYCLE, [one], "withdraw", by=by, at=at, facts={"closed_at": at}, body=_facts).only()
    _on_timeline(row, one, "withdraw_change", by=by, at=at)
    tell("change_withdrawn", [row], to=_side(row, one.answers_id), by=by, at=at)
    return one


@transaction.atomic
def ask_for_proposers(*, by: Actor, at: datetime) -> int:
    """Ask for one job per organisation whose proposals have waited too long, once a day; how many."""
    day = clock.business_date(at)
    with connection.cursor() as cursor:
        cursor.execute("select receivables_proposers_overdue(%s)", [day])
        proposers = [int(row[0]) for row in cursor.fetchall()]
    for proposer in proposers:
        key = {"proposer": proposer, "day": day.isoformat()}
        enqueue_many(LAPSE_JOB, keys=[key], organisation_id=proposer, by=by, at=at)
    return len(proposers)


@transaction.atomic
def lapse_changes(*, by: Actor, at: datetime) -> int:
    """
    Close the organisation's proposals that nobody answered within their time, and tell both sides; how many.

    Idempotent: what is closed is not found again.
    """
    day = clock.business_date(at)
    own = ChangeRequest.objects.visible_to(by).open().filter(proposed_by_id=by.organisation_id or 0, expires_on__lt=day)
    rows = {row.pk: row for row in Receivable.objects.locked(own.values_list("receivable_id", flat=True))}
    due = list(own.filter(receivable_id__in=list(rows)).order_by("receivable_id").select_for_update(no_key=True))
    if not due:
        return 0
    advance(CHANGE_LIFECYCLE, due, "lapse", by=by, at=at, facts={"closed_at": at}, body=_facts)
    for one in due:
        _on_timeline(rows[one.receivable_id], one, "lapse_change", by=by, at=at)
    for side in ("creditor", "debtor"):
        tell("change_lapsed", [rows[one.receivable_id] for one in due], to=side, by=by, at=at)
    return len(due)


def old_terms(one: ChangeRequest) -> Terms:
    """The terms as they were when the change was proposed."""
    return Terms(one.old_amount, one.old_due_date, one.old_contract_no, one.old_contract_name, one.old_contract_date)


def new_terms(one: ChangeRequest) -> Terms:
    """The terms as they would be."""
    return Terms(one.new_amount, one.new_due_date, one.new_contract_no, one.new_contract_name, one.new_contract_date)


def changed_fields(one: ChangeRequest) -> list[dict[str, str]]:
    """What differs, as events and documents say it."""
    return [vars(change) for change in term_changes(old_terms(one), new_terms(one))]


Step = Callable[[], str]


def _each(steps: Sequence[tuple[int, Step]]) -> list[LineOutcome]:
    """Each line in a savepoint of its own: what one of them is refused leaves nothing behind."""
    outcomes = []
    for pk, step in steps:
        try:
            with transaction.atomic():
                label = step()
        except DomainError as error:
            outcomes.append(LineOutcome(pk, False, error, error.place or ""))
        else:
            outcomes.append(LineOutcome(pk, True, None, label))
    return outcomes


def _proposed(wish: Wish, *, by: Actor, at: datetime, via: Via) -> Step:
    def step() -> str:
        row = check_wish(wish, by=by)
        one = _insert(row, wish, by=by, at=at, via=via)
        created([one], by=by, at=at, event="propose", body=_facts)
        _on_timeline(row, one, "propose_change", by=by, at=at, via=via)
        tell("change_proposed", [row], to=_side(row, one.answers_id), by=by, at=at)
        return row.public_no

    return step


def _insert(row: Receivable, wish: Wish, *, by: Actor, at: datetime, via: Via) -> ChangeRequest:
    assert row.debtor_id is not None, "checked before"
    old, new = vars(terms_of(row)), vars(wish.terms)
    one = ChangeRequest(
        receivable=row,
        creditor_id=row.creditor_id,
        debtor_id=row.debtor_id,
        proposed_by_id=by.organisation_id or 0,
        receivable_version=row.version,
        reason_code=wish.reason_code,
        comment=wish.comment.strip(),
        proposed_at=at,
        expires_on=clock.business_date(at) + timedelta(days=LAPSES_AFTER_DAYS),
        proposal_approval_id=via.approval_id,
        proposal_signature_id=via.signature_id,
        **{f"old_{name}": value for name, value in old.items()},
        **{f"new_{name}": value for name, value in new.items()},
    )
    try:
        with transaction.atomic():
            ChangeRequest.objects.bulk_create([one])
    except IntegrityError as error:
        if "change_one_open" in str(error):
            raise ChangeProposed(place=row.public_no) from error
        raise
    return one


def _accepted(reply: Reply, *, by: Actor, at: datetime, via: Via) -> Step:
    def step() -> str:
        row, one = check_reply("accept", reply, by=by, at=at)
        facts = {**_answer(via, at), "applied_version": row.version + 1}
        advance(CHANGE_LIFECYCLE, [one], "accept", by=by, at=at, facts=facts, body=_facts).only()
        _move_in_ledger(row, one, by=by, at=at)
        advance(
            LIFECYCLE, [row], "accept_change", by=by, at=at, facts=_columns(one), body=lambda _row: _said(row, one, via)
        ).only()
        _keep_act(row, one, reply, by=by, at=at, via=via)
        _tell_readers(row, one, by=by, at=at)
        tell("change_accepted", [row], to=_side(row, one.proposed_by_id), by=by, at=at)
        return row.public_no

    return step


def _refused(reply: Reply, *, by: Actor, at: datetime, via: Via) -> Step:
    def step() -> str:
        row, one = check_reply("refuse", reply, by=by, at=at)
        said = {"answer_reason_code": reply.reason_code, "answer_comment": reply.comment.strip()}
        advance(
            CHANGE_LIFECYCLE,
            [one],
            "refuse",
            by=by,
            at=at,
            reason_code=reply.reason_code,
            reason=reply.comment.strip(),
            facts={**_answer(via, at), **said},
            body=_facts,
        ).only()
        _on_timeline(row, one, "refuse_change", by=by, at=at, via=via)
        tell("change_refused", [row], to=_side(row, one.proposed_by_id), by=by, at=at)
        return row.public_no

    return step


def _answer(via: Via, at: datetime) -> dict[str, Any]:
    return {"closed_at": at, "answer_approval_id": via.approval_id, "answer_signature_id": via.signature_id}


def _columns(one: ChangeRequest) -> dict[str, Any]:
    """The columns of the receivable that take the new terms; a new due date stands for itself from now on."""
    columns: dict[str, Any] = {
        "confirmed_amount": one.new_amount,
        "confirmed_due_date": one.new_due_date,
        "due_date": one.new_due_date,
        "contract_no": one.new_contract_no,
        "contract_name": one.new_contract_name,
        "contract_date": one.new_contract_date,
    }
    if one.new_due_date != one.old_due_date:
        columns |= {"due_rule": DueRule.FIXED, "payment_term_days": None}
    return columns


def _move_in_ledger(row: Receivable, one: ChangeRequest, *, by: Actor, at: datetime) -> None:
    answer = ledger.apply_change(one.pk, by=by, at=at)
    if answer == "DONE":
        return
    balance = ReceivableBalance.objects.get(pk=row.pk)
    if answer == "BELOW":
        raise BelowWhatIsGone(place=row.public_no, amount=one.new_amount, floor=floor_of(balance))
    raise HeldByFunder(place=row.public_no, held=Decimal(balance.encumbered_amount + balance.reserved_amount))


def _keep_act(row: Receivable, one: ChangeRequest, reply: Reply, *, by: Actor, at: datetime, via: Via) -> None:
    """The agreement beside the confirmation, with the hash of the very document that was frozen."""
    ConfirmationAct.objects.bulk_create(
        [
            ConfirmationAct(
                receivable=row,
                creditor_id=row.creditor_id,
                debtor_id=row.debtor_id,
                receivable_version=one.receivable_version,
                document_hash=reply.document_hash,
                outcome=Outcome.CHANGED,
                confirmed_amount=row.confirmed_amount,
                confirmed_due_date=row.confirmed_due_date,
                reason_code=one.reason_code,
                comment=one.comment,
                channel=via.channel,
                organisation_id=by.organisation_id or 0,
                person_id=by.person_id,
                approval_id=via.approval_id,
                signature_id=via.signature_id,
                at=at,
            )
        ]
    )


def _tell_readers(row: Receivable, one: ChangeRequest, *, by: Actor, at: datetime) -> None:
    """An event of its own for each organisation that the receivable is open to: none of them learns of the others."""
    with connection.cursor() as cursor:
        cursor.execute("select receivables_readers(%s)", [row.pk])
        readers = [int(found[0]) for found in cursor.fetchall()]
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.accept_change",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=None,
                audience=[reader],
                by=by,
                at=at,
                body=_said(row, one, DIRECTLY),
            )
            for reader in readers
        ]
    )


def _on_timeline(
    row: Receivable, one: ChangeRequest, event: str, *, by: Actor, at: datetime, via: Via = DIRECTLY
) -> None:
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.{event}",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=None,
                audience=row.audience(),
                by=by,
                at=at,
                body=_said(row, one, via),
            )
        ]
    )


def _said(row: Receivable, one: ChangeRequest, via: Via) -> dict[str, Any]:
    """What an event on the receivable's timeline says: old and new, so that the old terms stay readable."""
    refused = one.state == ChangeState.REFUSED
    return {
        "public_no": row.public_no,
        "change_request_id": one.pk,
        "changes": changed_fields(one),
        "reason_code": one.answer_reason_code if refused else one.reason_code,
        "comment": one.answer_comment if refused else one.comment,
        "approval_id": via.approval_id,
        "signature_id": via.signature_id,
    }


def _facts(one: ChangeRequest) -> dict[str, Any]:
    return {
        "receivable_id": one.receivable_id,
        "receivable_version": one.receivable_version,
        "proposed_by_id": one.proposed_by_id,
        "old": plain(old_terms(one)),
        "new": plain(new_terms(one)),
        "changes": changed_fields(one),
    }


def _side(row: Receivable, organisation_id: int) -> str:
    return "creditor" if row.creditor_id == organisation_id else "debtor"


def _party_row(receivable_id: int, by: Actor) -> Receivable:
    answers = Ledgered([receivable_id])
    rows = see(by, [receivable_id], answers)
    if not rows or by.organisation_id not in (rows[0].creditor_id, rows[0].debtor_id):
        raise NotVisible
    return rows[0]


def _locked(change_request_id: int, by: Actor) -> tuple[Receivable, ChangeRequest]:
    found = ChangeRequest.objects.visible_to(by).filter(pk=change_request_id).values_list("receivable_id", flat=True)
    receivable_id = found.first()
    if receivable_id is None:
        raise NotVisible
    row = _party_row(receivable_id, by)
    one = ChangeRequest.objects.visible_to(by).select_for_update(no_key=True).get(pk=change_request_id)
    return row, one
