"""The debtor's four answers: confirm, confirm in part, return for correction, refuse. Each is an act, kept for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import execute_values

from receivables import ledger
from receivables.actions.common import (
    DIRECTLY,
    CommentMissing,
    Ledgered,
    ReasonUnknown,
    Via,
    absorb,
    fresh,
    may,
    of_party,
    see,
)
from receivables.actions.invoices import free_invoices
from receivables.actions.messages import tell
from receivables.documents import Statement, document, surroundings
from receivables.models import Basis, Receivable
from receivables.models import Outcome as Verdict
from receivables.states import LIFECYCLE, REASONS
from yingshou.audit.lifecycle import Outcome, advance
from yingshou.kernel import clock
from yingshou.kernel.canonical import canonical_json, sha256_hex
from yingshou.kernel.errors import Invalid
from yingshou.kernel.money import to_minor
from yingshou.tenancy.actor import Actor, ActorKind, acting_as

ACT_ROWS = 2_000
EVENTS = {
    Verdict.CONFIRMED: "confirm",
    Verdict.CONFIRMED_IN_PART: "confirm_part",
    Verdict.RETURNED: "return",
    Verdict.REFUSED: "refuse",
    Verdict.PUBLISHED: "publish",
    Verdict.ACKNOWLEDGED: "acknowledge",
}


class AboveFace(Invalid):
    """More is confirmed than is claimed."""

    code = "RCV-015"
    message = _("%(amount)s cannot be confirmed: the claim is %(face)s.")
    cure = _("Confirm at most the claim; if more is owed, return it with the reason “amount”.")


class PartIsWhole(Invalid):
    """A part confirmation of the whole amount."""

    code = "RCV-042"
    message = _("A part must be below the claim of %(face)s.")
    cure = _("Confirm the whole claim instead.")


@dataclass(frozen=True)
class Decision:
    """
    What a debtor decides about one receivable.

    :param version: the version that was seen; None where the caller holds the lock
    :param amount: the part confirmed, yuan; None for the whole claim
    :param document_hash: SHA-256 of the canonical document, where an approval froze it
    """

    receivable_id: int
    version: int | None = None
    amount: Decimal | None = None
    delivery_accepted: bool | None = True
    set_off_known: bool | None = False
    reason_code: str = ""
    comment: str = ""
    document_hash: str = ""


@transaction.atomic
def confirm(
    decisions: Sequence[Decision], *, by: Actor, at: datetime, via: Via = DIRECTLY, basis: str = Basis.DEBTOR_CLICK
) -> list[Outcome]:
    """
    Confirm that each claim exists, in full and at the due date claimed. The confirmed amounts enter the ledger.

    :param basis: on what the confirmation rests; a click, unless a feed or a standing rule decided
    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _decide(
        "confirm",
        decisions,
        by=by,
        at=at,
        via=via,
        outcome=Verdict.CONFIRMED,
        basis=basis,
        facts={"confirmed_at": at, "basis": basis},
        row_facts=lambda row, _one: {"confirmed_amount": row.face_amount, "confirmed_due_date": row.due_date},
        message="confirmed",
    )


@transaction.atomic
def confirm_part(decisions: Sequence[Decision], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[Outcome]:
    """
    Confirm a part of each claim, with a reason for the rest; the rest is shown as not confirmed.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _decide(
        "confirm_part",
        decisions,
        by=by,
        at=at,
        via=via,
        outcome=Verdict.CONFIRMED_IN_PART,
        basis=Basis.DEBTOR_CLICK,
        facts={"confirmed_at": at, "basis": Basis.DEBTOR_CLICK},
        row_facts=lambda row, one: {"confirmed_amount": one.amount, "confirmed_due_date": row.due_date},
        message="confirmed_part",
    )


@transaction.atomic
def return_(decisions: Sequence[Decision], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[Outcome]:
    """
    Return claims for correction: the supplier fixes them and submits them again under the same number.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _decide(
        "return", decisions, by=by, at=at, via=via, outcome=Verdict.RETURNED, basis="", facts={}, message="returned"
    )


@transaction.atomic
def refuse(decisions: Sequence[Decision], *, by: Actor, at: datetime, via: Via = DIRECTLY) -> list[Outcome]:
    """
    Refuse claims for good, with a reason; their invoices are free again.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _decide(
        "refuse",
        decisions,
        by=by,
        at=at,
        via=via,
        outcome=Verdict.REFUSED,
        basis="",
        facts={"closed_at": at},
        message="refused",
    )


RowFacts = Callable[[Receivable, Decision], Mapping[str, Any]]


def _decide(
    event: str,
    decisions: Sequence[Decision],
    *,
    by: Actor,
    at: datetime,
    via: Via,
    outcome: Verdict,
    basis: str,
    facts: Mapping[str, Any],
    message: str,
    row_facts: RowFacts | None = None,
) -> list[Outcome]:
    may(by, "receivables.confirm", "receivables.check_confirm", via=via)
    answers = Ledgered([one.receivable_id for one in decisions])
    by_id = {one.receivable_id: one for one in decisions}
    rows = of_party(see(by, by_id, answers), by, answers, side="debtor")
    rows = fresh(rows, {one.receivable_id: one.version for one in decisions}, answers)
    rows = [row for row in rows if check_decision(event, row, by_id[row.pk], answers)]
    done: list[Receivable] = []
    # One step per reason: the reason is part of each event.
    for (code, comment), group in _by_reason(rows, by_id).items():
        outcomes = advance(
            LIFECYCLE,
            group,
            event,
            by=by,
            at=at,
            reason_code=code,
            reason=comment,
            facts={**facts, **({"reason_code": code, "reason_text": comment} if code else {})},
            row_facts={row.pk: row_facts(row, by_id[row.pk]) for row in group} if row_facts else None,
            body=_body(by_id, via),
        )
        absorb(answers, outcomes.refused)
        done += outcomes.done_rows
    done.sort(key=lambda row: row.pk)
    if done:
        with _writing(done, by):
            write_acts(done, by_id, outcome=outcome, basis=basis, by=by, at=at, via=via)
            _follow(event, done, by=by, at=at)
        tell(message, done, to="creditor", by=by, at=at)
    return answers.outcomes()


def _writing(done: Sequence[Receivable], by: Actor) -> AbstractContextManager[object]:
    """
    Who writes what follows from a decision: the actor itself, whose rows it concerns.

    A link visitor may change the one receivable and nothing else; what follows is written by a job of the creditor's, in the
    visitor's name.
    """
    if by.kind is not ActorKind.LINK:
        return nullcontext()
    (row,) = done
    return acting_as(Actor.system("receivables.by_link", row.creditor_id, request_id=by.request_id))


def _follow(event: str, done: Sequence[Receivable], *, by: Actor, at: datetime) -> None:
    if event in ("confirm", "confirm_part"):
        ledger.post_confirmed([row.pk for row in done], by=by, at=at, source=event)
    elif event == "refuse":
        free_invoices(done)


def _body(by_id: Mapping[int, Decision], via: Via) -> Callable[[Receivable], dict[str, Any]]:
    def body(row: Receivable) -> dict[str, Any]:
        one = by_id[row.pk]
        return {
            "public_no": row.public_no,
            "face_amount": str(row.face_amount),
            "amount": str(one.amount if one.amount is not None else row.face_amount),
            "approval_id": via.approval_id,
            "signature_id": via.signature_id,
        }

    return body


def _by_reason(rows: Sequence[Receivable], by_id: Mapping[int, Decision]) -> dict[tuple[str, str], list[Receivable]]:
    groups: dict[tuple[str, str], list[Receivable]] = defaultdict(list)
    for row in rows:
        one = by_id[row.pk]
        groups[(one.reason_code, one.comment.strip())].append(row)
    return groups


def check_decision(event: str, row: Receivable, one: Decision, answers: Ledgered) -> bool:
    """Whether the line's own facts hold; a state that does not fit is the lifecycle's word."""
    error: Invalid | None = None
    if event == "confirm_part":
        if one.amount is None or one.amount <= 0 or one.amount > row.face_amount:
            error = AboveFace(place=row.public_no, amount=one.amount or Decimal("0.00"), face=row.face_amount)
        elif one.amount == row.face_amount:
            error = PartIsWhole(place=row.public_no, face=row.face_amount)
    elif event == "confirm" and one.amount is not None and one.amount != row.face_amount:
        error = AboveFace(place=row.public_no, amount=one.amount, face=row.face_amount)
    if error is None and event != "confirm":
        error = reason_problem(event, one.reason_code, one.comment, row.public_no)
    if error is not None:
        answers.refuse(row.pk, error)
        return False
    return True


def reason_problem(event: str, code: str, comment: str, place: str) -> Invalid | None:
    """What is wrong with the reason given for a step, or None."""
    reason = REASONS.get(code)
    if reason is None or event not in reason.events:
        return ReasonUnknown(place=place, reason=code)
    if reason.needs_comment and not comment.strip():
        return CommentMissing(place=place)
    return None


def write_acts(
    rows: Sequence[Receivable],
    decisions: Mapping[int, Decision],
    *,
    outcome: Verdict,
    basis: str,
    by: Actor,
    at: datetime,
    via: Via,
) -> None:
    """Keep one act per decided receivable, with the hash of the document that was decided about."""
    hashes = _hashes(rows, decisions, outcome)
    today = clock.business_date(at)
    values = []
    for row in rows:
        one = decisions[row.pk]
        amount = row.confirmed_amount
        in_time = None if row.confirm_deadline is None else today <= row.confirm_deadline
        values.append(
            (
                row.pk,
                row.creditor_id,
                row.debtor_id,
                decided_version(row, outcome),
                hashes[row.pk],
                outcome,
                basis,
                to_minor(amount) if amount is not None else None,
                row.confirmed_due_date,
                one.delivery_accepted if basis else None,
                one.set_off_known if basis else None,
                one.reason_code,
                one.comment.strip(),
                in_time,
                via.channel,
                by.organisation_id,
                by.person_id,
                via.approval_id,
                via.signature_id,
                at,
            )
        )
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "insert into receivables_confirmationact (receivable_id, creditor_id, debtor_id, receivable_version, "
            "document_hash, outcome, basis, confirmed_amount, confirmed_due_date, delivery_accepted, set_off_known, "
            "reason_code, comment, in_time, channel, organisation_id, person_id, approval_id, signature_id, at) values %s",
            values,
            page_size=ACT_ROWS,
        )


def decided_version(row: Receivable, outcome: Verdict) -> int:
    """The version that was decided about; a decision that moves the receivable makes the next one."""
    return row.version if outcome == Verdict.ACKNOWLEDGED else row.version - 1


def _hashes(rows: Sequence[Receivable], decisions: Mapping[int, Decision], outcome: Verdict) -> dict[int, str]:
    known = {row.pk: decisions[row.pk].document_hash for row in rows}
    missing = [row for row in rows if not known[row.pk]]
    if not missing:
        return known
    around = surroundings(missing)
    for row in missing:
        statement = _statement(outcome, row, decisions[row.pk])
        known[row.pk] = sha256_hex(canonical_json(document(row, statement, around)))
    return known


def _statement(event: Verdict, row: Receivable, one: Decision) -> Statement:
    due: date = row.due_date
    return Statement(
        event=EVENTS[event],
        version=decided_version(row, event),
        amount=one.amount,
        due_date=due,
        delivery_accepted=one.delivery_accepted,
        set_off_known=one.set_off_known,
        reason_code=one.reason_code,
        comment=one.comment,
    )
