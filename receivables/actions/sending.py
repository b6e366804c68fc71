"""Send receivables: to the debtor, open without confirmation, or published by the debtor itself; and take them back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from receivables import ledger
from receivables.actions import alike
from receivables.actions.answers import Decision, write_acts
from receivables.actions.common import DIRECTLY, Ledgered, Via, absorb, fresh, may, of_party, see
from receivables.actions.invoices import free_invoices, share_files, show_papers
from receivables.actions.messages import tell
from receivables.models import Basis, Evidence, Kind, Receivable
from receivables.models import Outcome as Verdict
from receivables.rules.claims import NoEvidence
from receivables.rules.terms import confirmation_clock
from receivables.states import LIFECYCLE
from yingshou.audit.lifecycle import Outcome, advance
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import Invalid
from yingshou.tenancy.actor import Actor


class ConfirmableKind(Invalid):
    """A claim against one debtor needs that debtor's confirmation."""

    code = "RCV-040"
    message = _("This claim has one debtor who can confirm it; it cannot be opened without confirmation.")
    cure = _("Submit it to the debtor.")


class UnconfirmableKind(Invalid):
    """An income right has no debtor who could confirm it."""

    code = "RCV-041"
    message = _("An income right has no single debtor who could confirm it.")
    cure = _("Open it without confirmation; funders see that it is unconfirmed.")


@transaction.atomic
def submit(
    receivable_ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    via: Via = DIRECTLY,
    versions: dict[int, int | None] | None = None,
) -> list[Outcome]:
    """
    Send drafts to their debtors: the clock of the answer starts, the papers are shown, the debtor's book is compared.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _send("submit", receivable_ids, by=by, at=at, via=via, versions=versions or {})


@transaction.atomic
def resubmit(
    receivable_ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    via: Via = DIRECTLY,
    versions: dict[int, int | None] | None = None,
) -> list[Outcome]:
    """
    Send corrected receivables again, under the same number; the clock starts anew.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    return _send("resubmit", receivable_ids, by=by, at=at, via=via, versions=versions or {})


def _send(
    event: str, ids: Sequence[int], *, by: Actor, at: datetime, via: Via, versions: dict[int, int | None]
) -> list[Outcome]:
    may(by, "receivables.submit", "receivables.check_submit", via=via)
    answers = Ledgered(ids)
    rows = fresh(of_party(see(by, ids, answers), by, answers, side="creditor"), versions, answers)
    rows = _with_evidence(rows, answers)
    going = []
    for row in rows:
        if row.kind == Kind.S3:
            answers.refuse(row.pk, UnconfirmableKind(place=row.public_no))
        else:
            row.is_being_sent = True
            going.append(row)
    if not going:
        return answers.outcomes()
    debtors = Organisation.objects.in_bulk({row.debtor_id for row in going if row.debtor_id})
    clocks = {
        row.pk: confirmation_clock(sme_at_signing=row.sme_at_signing, debtor=debtors.get(row.debtor_id or 0), at=at)
        for row in going
    }
    # Without a registered debtor nobody can answer yet: the clock starts when it registers (D04).
    row_facts = {
        row.pk: {
            "confirm_requested_at": clocks[row.pk].requested_at if row.debtor_id else None,
            "confirm_deadline": clocks[row.pk].deadline if row.debtor_id else None,
            "confirm_by_law": clocks[row.pk].by_law,
        }
        for row in going
    }
    facts = {"reason_code": "", "reason_text": "", "no_answer_at": None}
    outcomes = advance(LIFECYCLE, going, event, by=by, at=at, facts=facts, row_facts=row_facts)
    absorb(answers, outcomes.refused)
    show_papers(outcomes.done_rows)
    share_files(outcomes.done_rows, by=by)
    match_book(outcomes.done_ids, at=at)
    alike.show(outcomes.done_rows, by=by, at=at)
    start_ladder(outcomes.done_ids)
    tell("requested", outcomes.done_rows, to="debtor", by=by, at=at)
    return answers.outcomes()


def match_book(receivable_ids: Sequence[int], *, at: datetime) -> None:
    """Compare pending claims with the debtor's book; the verdict is stored where the debtor alone reads it."""
    with connection.cursor() as cursor:
        cursor.execute("select receivables_match_book(%s, %s)", [list(receivable_ids), at])


def start_ladder(receivable_ids: Sequence[int]) -> int:
    """Start the reminders of claims that were asked, by the days that their debtors set; how many started."""
    with connection.cursor() as cursor:
        cursor.execute("select receivables_start_ladder(%s)", [list(receivable_ids)])
        return int(cursor.fetchone()[0])


@transaction.atomic
def submit_direct(
    receivable_ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    via: Via = DIRECTLY,
    versions: dict[int, int | None] | None = None,
) -> list[Outcome]:
    """
    Open receivables without confirmation: income rights, and services to many debtors. The balance is marked unconfirmed.

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, "receivables.submit", "receivables.check_submit", via=via)
    answers = Ledgered(receivable_ids)
    rows = fresh(of_party(see(by, receivable_ids, answers), by, answers, side="creditor"), versions or {}, answers)
    going = []
    for row in _with_evidence(rows, answers):
        if row.kind == Kind.S3 or (row.kind == Kind.S2 and row.particulars.get("mass_debtors")):
            row.is_being_sent = True
            going.append(row)
        else:
            answers.refuse(row.pk, ConfirmableKind(place=row.public_no))
    if not going:
        return answers.outcomes()
    outcomes = advance(LIFECYCLE, going, "submit_direct", by=by, at=at)
    absorb(answers, outcomes.refused)
    ledger.post_confirmed(outcomes.done_ids, by=by, at=at, source="direct")
    return answers.outcomes()


@transaction.atomic
def publish(
    receivable_ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    via: Via = DIRECTLY,
    hashes: dict[int, str] | None = None,
    versions: dict[int, int | None] | None = None,
) -> list[Outcome]:
    """
    Publish the debtor's own payables: a debtor's upload counts as confirmation (F022).

    :raises NotAuthorised: if the actor may not, or not without a second person
    """
    may(by, "receivables.publish", "receivables.check_publish", via=via)
    answers = Ledgered(receivable_ids)
    going = fresh(of_party(see(by, receivable_ids, answers), by, answers, side="debtor"), versions or {}, answers)
    for row in going:
        row.is_being_sent = True
    if not going:
        return answers.outcomes()
    row_facts = {row.pk: {"confirmed_amount": row.face_amount, "confirmed_due_date": row.due_date} for row in going}
    facts = {"confirmed_at": at, "basis": Basis.DEBTOR_UPLOAD}
    outcomes = advance(LIFECYCLE, going, "publish", by=by, at=at, facts=facts, row_facts=row_facts)
    absorb(answers, outcomes.refused)
    decisions = {
        row.pk: Decision(row.pk, delivery_accepted=True, document_hash=(hashes or {}).get(row.pk, ""))
        for row in outcomes.done_rows
    }
    write_acts(
        outcomes.done_rows, decisions, outcome=Verdict.PUBLISHED, basis=Basis.DEBTOR_UPLOAD, by=by, at=at, via=via
    )
    ledger.post_confirmed(outcomes.done_ids, by=by, at=at, source="publish")
    alike.show(outcomes.done_rows, by=by, at=at)
    tell("published", outcomes.done_rows, to="creditor", by=by, at=at)
    return answers.outcomes()


@transaction.atomic
def withdraw(receivable_ids: Sequence[int], *, by: Actor, at: datetime) -> list[Outcome]:
    """
    Take back what waits for the debtor or was returned; the invoices are free again.

    :raises NotAuthorised: if the actor may not enter receivables
    """
    may(by, "receivables.enter")
    answers = Ledgered(receivable_ids)
    rows = of_party(see(by, receivable_ids, answers), by, answers, side="creditor")
    if rows:
        outcomes = advance(LIFECYCLE, rows, "withdraw", by=by, at=at, facts={"closed_at": at})
        absorb(answers, outcomes.refused)
        free_invoices(outcomes.done_rows)
    return answers.outcomes()


def _with_evidence(rows: Sequence[Receivable], answers: Ledgered) -> list[Receivable]:
    proven = set(
        Evidence.objects.filter(receivable_id__in=[row.pk for row in rows]).values_list("receivable_id", flat=True)
    )
    kept = []
    for row in rows:
        if row.pk in proven:
            kept.append(row)
        else:
            answers.refuse(row.pk, NoEvidence(place=row.public_no))
    return kept
