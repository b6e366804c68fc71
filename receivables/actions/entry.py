"""Bring receivables in: drafts of either side, kept, changed and taken back while nobody else has acted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from receivables import ledger
from receivables.actions import alike
from receivables.actions.common import (
    Ledgered,
    NotTheCreditor,
    NotTheDebtor,
    StaleReceivable,
    absorb,
    may,
    see,
)
from receivables.actions.invoices import free_invoices, use_invoices
from receivables.models import Evidence, LendingRate, Origin, Receivable
from receivables.rules import claims
from receivables.rules.draft import Circumstances, ClaimDraft
from receivables.rules.terms import is_sme
from receivables.states import LIFECYCLE, State
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import Outcome, advance, created
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, Finding, Invalid
from yingshou.kernel.identifiers import normalise_uscc, parse_invoice_number
from yingshou.kernel.money import to_minor
from yingshou.kernel.public_numbers import CAPACITY, public_no
from yingshou.tenancy.actor import Actor


class ClaimInvalid(Invalid):
    """The entry breaks rules; `findings` says which, where and what to do."""

    code = "RCV-016"
    message = _("The entry has %(count)s errors; the first one: %(first)s")
    cure = _("Correct the fields that are marked.")

    def __init__(self, *, findings: Sequence[Finding], place: str | None = None) -> None:
        errors = [finding for finding in findings if finding.is_error]
        super().__init__(place=place or errors[0].place, count=len(errors), first=errors[0].message_text)
        self.findings = list(findings)


class AlreadyEntered(Conflict):
    """The same line was entered before and is still alive."""

    code = "RCV-032"
    message = _("This receivable was entered before: same debtor, contract, invoices, amount and due date.")
    cure = _("Find it by its invoice or contract number; nothing was added.")


class SupplierUnknown(Invalid):
    """A debtor can publish only what it owes to a registered supplier."""

    code = "RCV-037"
    message = _("The supplier is not registered, so the payable cannot become its receivable.")
    cure = _("Keep the line in your own book for comparison, and invite the supplier.")


class NotADraft(Conflict):
    """Only drafts and returned receivables can be changed."""

    code = "RCV-038"
    message = _("This receivable can no longer be changed.")
    cure = _("After confirmation only ledger entries or an agreed change can alter it.")


class TouchedAlready(Conflict):
    """Somebody else has acted on it, so it cannot be undone any more."""

    code = "RCV-039"
    message = _("Somebody has acted on this receivable already, so it cannot be undone.")
    cure = _("Withdraw it instead.")


@dataclass(frozen=True)
class _Parties:
    creditor: Organisation
    debtor: Organisation | None


@transaction.atomic
def create_draft(
    draft: ClaimDraft, *, by: Actor, at: datetime, side: str = "creditor", batch_id: int | None = None
) -> Receivable:
    """
    Keep a receivable as a draft of the actor's organisation, seen by nobody else.

    :param side: "creditor" for a claim, "debtor" for a payable that will be published
    :raises NotAuthorised: if the actor may not enter receivables
    :raises ClaimInvalid: if it breaks a rule
    :raises SupplierUnknown: if a debtor names a supplier that is not registered
    :raises InvoiceUsed: if an invoice is in use elsewhere
    :raises AlreadyEntered: if the same line is alive already
    """
    may(by, "receivables.enter" if side == "creditor" else "receivables.publish")
    parties = _parties(draft, by, side)
    findings = check(draft, by=by, at=at, side=side, parties=parties)
    if any(finding.is_error for finding in findings):
        raise ClaimInvalid(findings=findings)
    receivable = _insert(draft, parties, side=side, by=by, at=at, batch_id=batch_id)
    shown_to = parties.debtor.pk if side == "debtor" and parties.debtor else None
    use_invoices(receivable, draft.invoices, seller_uscc=parties.creditor.uscc, shown_to=shown_to, at=at)
    _attach(receivable, draft, shown_to=shown_to, by=by, at=at)
    ledger.open_balances([receivable.pk])
    created([receivable], by=by, at=at, body=_facts)
    alike.flag([receivable.pk], by=by, at=at)
    return receivable


@transaction.atomic
def update_draft(receivable_id: int, draft: ClaimDraft, *, version: int, by: Actor, at: datetime) -> Receivable:
    """
    Change a draft, or a receivable that was returned for correction. The number stays; the invoices are taken anew.

    :raises NotVisible: if there is none
    :raises NotTheCreditor: if it is the other side's
    :raises NotADraft: if it was sent already
    :raises StaleReceivable: if it changed meanwhile
    :raises ClaimInvalid: if it breaks a rule
    :raises InvoiceUsed: if an invoice is in use elsewhere
    """
    answers = Ledgered([receivable_id])
    rows = see(by, [receivable_id], answers)
    if not rows:
        raise answers.errors[receivable_id]
    (receivable,) = rows
    side = "debtor" if receivable.origin == Origin.DEBTOR_UPLOAD else "creditor"
    may(by, "receivables.enter" if side == "creditor" else "receivables.publish")
    if side == "creditor" and receivable.creditor_id != by.organisation_id:
        raise NotTheCreditor(place=receivable.public_no)
    if side == "debtor" and receivable.debtor_id != by.organisation_id:
        raise NotTheDebtor(place=receivable.public_no)
    if receivable.state not in (State.DRAFT, State.RETURNED):
        raise NotADraft(place=receivable.public_no)
    if receivable.version != version:
        raise StaleReceivable(place=receivable.public_no)
    parties = _parties(draft, by, side)
    findings = check(draft, by=by, at=at, side=side, parties=parties)
    if any(finding.is_error for finding in findings):
        raise ClaimInvalid(findings=findings)
    free_invoices([receivable])
    receivable.invoice_uses.filter(is_alive=False).delete()
    values = {**_columns(draft, parties, at=at), "line_key": line_key(draft), "version": version + 1}
    _write(receivable, values)
    shown_to = receivable.debtor_id if receivable.state == State.RETURNED or side == "debtor" else None
    use_invoices(receivable, draft.invoices, seller_uscc=parties.creditor.uscc, shown_to=shown_to, at=at)
    # A form names files only; what was read from one stays with it.
    readings = dict(receivable.evidence.filter(reading__isnull=False).values_list("file_id", "reading"))
    receivable.evidence.all().delete()
    draft = replace(
        draft, evidence=[replace(one, reading=one.reading or readings.get(one.file_id)) for one in draft.evidence]
    )
    _attach(receivable, draft, shown_to=shown_to, by=by, at=at)
    record(
        [
            EventDraft(
                kind="receivables.receivable.change",
                object_type="receivables.receivable",
                object_id=receivable.pk,
                object_version=receivable.version,
                audience=receivable.audience(),
                by=by,
                at=at,
                body={"from": receivable.state, "to": receivable.state, **_facts(receivable)},
            )
        ]
    )
    alike.flag([receivable.pk], by=by, at=at)
    return receivable


@transaction.atomic
def undo(receivable_ids: Sequence[int], *, by: Actor, at: datetime) -> list[Outcome]:
    """
    Take drafts back while nobody else has acted: the rows become UNDONE, their invoices are free, the events stay.

    :raises NotAuthorised: if the actor may not enter receivables
    """
    may(by, "receivables.enter", "receivables.publish")
    answers = Ledgered(receivable_ids)
    rows = []
    for row in see(by, receivable_ids, answers):
        owner = row.debtor_id if row.origin == Origin.DEBTOR_UPLOAD else row.creditor_id
        if owner != by.organisation_id:
            answers.refuse(row.pk, NotTheCreditor(place=row.public_no))
        elif row.state != State.DRAFT:
            answers.refuse(row.pk, TouchedAlready(place=row.public_no))
        else:
            rows.append(row)
    if rows:
        outcomes = advance(LIFECYCLE, rows, "undo", by=by, at=at, facts={"closed_at": at})
        absorb(answers, outcomes.refused)
        free_invoices(outcomes.done_rows)
    return answers.outcomes()


def check(
    draft: ClaimDraft, *, by: Actor, at: datetime, side: str = "creditor", parties: _Parties | None = None
) -> list[Finding]:
    """Errors and warnings of a draft, for a page that shows them before anything is kept."""
    known = parties or _parties(draft, by, side)
    day = draft.contract_date or clock.business_date(at)
    rate = (
        LendingRate.objects.filter(published_on__lte=day)
        .order_by("-published_on")
        .values_list("rate", flat=True)
        .first()
    )
    circumstances = Circumstances(
        today=clock.business_date(at),
        own=known.creditor if side == "creditor" else (known.debtor or known.creditor),
        creditor=known.creditor,
        debtor=known.debtor,
        lending_rate=rate,
    )
    return claims.check(draft, circumstances)


def line_key(draft: ClaimDraft) -> UUID:
    """What makes two lines the same line: other party, contract, invoices, amount, due date. SQL computes it alike."""
    invoices = ",".join(sorted(f"{one.code}/{parse_invoice_number(one.number, one.code)}" for one in draft.invoices))
    due = draft.due
    parts = [
        normalise_uscc(draft.other_uscc),
        draft.contract_no.strip(),
        invoices,
        str(to_minor(draft.face_amount)),
        due.isoformat() if due else "",
        draft.particulars.get("statement_no", ""),
    ]
    return UUID(hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest())


def allocate(count: int) -> list[int]:
    """Take ids of receivables from the sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval('receivables_receivable_id_seq') from generate_series(1, %s) order by 1", [count]
        )
        return [int(row[0]) for row in cursor.fetchall()]


def number_of(receivable_id: int, at: datetime) -> str:
    """The public number of a receivable: its id, permuted with the installation's key under the date."""
    return public_no("AR", clock.business_date(at), receivable_id % CAPACITY, settings.YINGSHOU_NUMBER_KEY)


def _parties(draft: ClaimDraft, by: Actor, side: str) -> _Parties:
    own = Organisation.objects.get(pk=by.organisation_id or 0)
    uscc = normalise_uscc(draft.other_uscc)
    other = Organisation.objects.by_uscc(uscc) if uscc else None
    if side == "creditor":
        return _Parties(creditor=own, debtor=other if other is not None and other.is_verified else None)
    if other is None or not other.is_verified:
        raise SupplierUnknown(place="other_uscc")
    return _Parties(creditor=other, debtor=own)


def _columns(draft: ClaimDraft, parties: _Parties, *, at: datetime) -> dict[str, Any]:
    debtor = parties.debtor
    due = draft.due
    assert due is not None, "the rules ask for it"
    names = [
        "kind",
        "maturity_kind",
        "project_name",
        "contract_name",
        "contract_date",
        "contract_amount",
        "currency",
        "assignment_ban",
        "delivery_date",
        "acceptance_date",
        "settlement_date",
        "due_rule",
        "payment_term_days",
        "face_amount",
        "retention_amount",
        "retention_due_date",
        "prepaid_amount",
        "late_rate",
        "is_related_party",
        "related_party_reason",
        "past_due_reason",
    ]
    size = parties.creditor.size
    return {
        **{name: getattr(draft, name) for name in names},
        "contract_no": draft.contract_no.strip(),
        "due_date": due,
        "particulars": dict(draft.particulars),
        "creditor_id": parties.creditor.pk,
        "debtor_id": debtor.pk if debtor else None,
        "debtor_uscc": debtor.uscc if debtor else normalise_uscc(draft.other_uscc),
        "debtor_name": debtor.name if debtor else draft.other_name.strip(),
        "sme_at_signing": is_sme(parties.creditor),
        "size_at_signing": str(size or ""),
        "size_declared_at": at if size else None,
        "size_declared_by": parties.creditor.pk if size else None,
    }


def _insert(
    draft: ClaimDraft, parties: _Parties, *, side: str, by: Actor, at: datetime, batch_id: int | None
) -> Receivable:
    (pk,) = allocate(1)
    receivable = Receivable(
        pk=pk,
        public_no=number_of(pk, at),
        origin=_origin(side, batch_id),
        created_at=at,
        created_by=by.person_id,
        batch_id=batch_id,
        line_key=line_key(draft),
        **_columns(draft, parties, at=at),
    )
    try:
        with transaction.atomic():
            Receivable.objects.bulk_create([receivable])
    except IntegrityError as error:
        if "rcv_one_alive_line" in str(error):
            raise AlreadyEntered from error
        raise
    return receivable


def _origin(side: str, batch_id: int | None) -> Origin:
    if side != "creditor":
        return Origin.DEBTOR_UPLOAD
    return Origin.CREDITOR_UPLOAD if batch_id is None else Origin.IMPORT


def _write(receivable: Receivable, values: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            hit = Receivable.objects.filter(pk=receivable.pk, version=receivable.version).update(**values)
    except IntegrityError as error:
        if "rcv_one_alive_line" in str(error):
            raise AlreadyEntered from error
        raise
    if hit != 1:
        raise StaleReceivable(place=receivable.public_no)
    for name, value in values.items():
        setattr(receivable, name, value)


def _attach(receivable: Receivable, draft: ClaimDraft, *, shown_to: int | None, by: Actor, at: datetime) -> None:
    Evidence.objects.bulk_create(
        Evidence(
            receivable=receivable,
            creditor_id=receivable.creditor_id,
            debtor_id=shown_to,
            file_id=one.file_id,
            kind=one.kind,
            note=one.note,
            reading=one.reading,
            added_at=at,
            added_by=by.person_id,
        )
        for one in draft.evidence
    )


def _facts(row: Receivable) -> dict[str, str]:
    return {
        "public_no": row.public_no,
        "face_amount": str(Decimal(row.face_amount)),
        "currency": row.currency,
        "due_date": row.due_date.isoformat(),
        "contract_no": row.contract_no,
        "debtor_name": row.debtor_name,
        "origin": row.origin,
    }
