"""A claim being entered: its form with invoices and documents, kept by one call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from receivables import actions, sheets
from receivables.actions.entry import ClaimInvalid
from receivables.acts import CREDITORS_ACTS, PUBLISHERS_ACTS, Act
from receivables.forms.claim import (
    ClaimForm,
    EvidenceFormSet,
    InvoiceFormSet,
    initial_invoices,
    initial_of,
    invoice_drafts,
)
from receivables.models import Evidence, Kind, Origin, Receivable
from receivables.rules.claims import NoEvidence
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from receivables.states import State
from yingshou.documents import actions as documents
from yingshou.documents.models import StoredFile
from yingshou.kernel.errors import DomainError, Finding
from yingshou.tenancy.actor import Actor

Files = MultiValueDict[str, Any]


class ClaimEntry:
    """The three forms of one claim, and the row where there is one already."""

    def __init__(
        self,
        kind: str,
        side: str,
        data: QueryDict | None,
        files: Files,
        *,
        row: Receivable | None = None,
        evidence: list[tuple[Evidence, StoredFile]] | None = None,
    ) -> None:
        self.kind, self.side, self.row = kind, side, row
        self.attached = {stored.pk: (one, stored) for one, stored in evidence or []}
        held = [{"file_id": stored.pk, "kind": one.kind} for one, stored in evidence or []]
        values = initial_of(row) if row is not None else None
        invoices = initial_invoices(row) if row is not None else None
        self.form = ClaimForm(data, initial=values, kind=kind, side=side)
        self.invoices = InvoiceFormSet(data, initial=invoices, prefix="invoices")
        self.files = EvidenceFormSet(data, files if data is not None else None, initial=held, prefix="files")
        for one in self.files.forms:
            # The name of a document that is there already, for its line.
            one.stored = self.attached.get(one.initial.get("file_id", 0), (None, None))[1]  # type: ignore[attr-defined]

    @classmethod
    def new(cls, kind: str, side: str, data: QueryDict | None, files: Files) -> ClaimEntry:
        """An empty one."""
        return cls(kind, side, data, files)

    @classmethod
    def of(cls, row: Receivable, data: QueryDict | None, files: Files, *, by: Actor) -> ClaimEntry:
        """One that exists."""
        side = "debtor" if row.origin == Origin.DEBTOR_UPLOAD else "creditor"
        return cls(row.kind, side, data, files, row=row, evidence=sheets.files_of(row, by))

    def is_valid(self) -> bool:
        """Whether all three can be read."""
        return all([self.form.is_valid(), self.invoices.is_valid(), self.files.is_valid()])

    @property
    def has_errors(self) -> bool:
        """Whether anything has to be corrected."""
        bound = self.form.is_bound
        return bound and bool(self.form.errors or self.invoices.total_error_count() or self.files.total_error_count())

    @transaction.atomic
    def keep(self, *, by: Actor, at: datetime) -> Receivable:
        """
        Keep the documents and the draft.

        :raises DomainError: whatever the actions refuse; nothing was kept then
        """
        draft = self.form.draft(invoice_drafts(self.invoices), self._evidence(by, at))
        if self.row is None:
            return actions.create_draft(draft, by=by, at=at, side=self.side)
        return actions.update_draft(self.row.pk, draft, version=self.row.version, by=by, at=at)

    def _evidence(self, by: Actor, at: datetime) -> list[EvidenceDraft]:
        found: dict[tuple[int, str], EvidenceDraft] = {}
        for form in self.files.forms:
            data: Mapping[str, Any] = form.cleaned_data
            if data.get("drop"):
                continue
            file_id = data.get("file_id")
            if data.get("file"):
                upload = data["file"]
                file_id = documents.store(upload.name, upload.file, by=by, at=at).pk
            elif file_id not in self.attached:
                continue
            found[(file_id, data["kind"])] = EvidenceDraft(file_id=file_id, kind=data["kind"])
        return list(found.values())

    def refuse(self, error: DomainError) -> None:
        """Show why it was not kept, beside the fields it concerns."""
        if isinstance(error, ClaimInvalid):
            self.form.add_findings(error.findings)
        else:
            self.form.add_findings([error.as_finding()])


def own_claims(actor: Actor) -> QuerySet[Receivable]:
    """What this organisation claims and can still change."""
    rows = sheets.rows(actor).filter(state__in=[State.DRAFT, State.RETURNED])
    return rows.filter(creditor_id=actor.organisation_id).exclude(origin=Origin.DEBTOR_UPLOAD)


def own_payables(actor: Actor) -> QuerySet[Receivable]:
    """What this organisation will publish and can still change."""
    rows = sheets.rows(actor).filter(state__in=[State.DRAFT, State.RETURNED])
    return rows.filter(debtor_id=actor.organisation_id, origin=Origin.DEBTOR_UPLOAD)


def draft_of(row: Receivable, *, by: Actor) -> ClaimDraft:
    """A receivable as it would be entered again, for the checks."""
    plain = (
        "contract_no",
        "face_amount",
        "kind",
        "maturity_kind",
        "due_date",
        "due_rule",
        "payment_term_days",
        "currency",
        "contract_name",
        "contract_date",
        "contract_amount",
        "project_name",
        "assignment_ban",
        "delivery_date",
        "acceptance_date",
        "settlement_date",
        "retention_amount",
        "retention_due_date",
        "prepaid_amount",
        "late_rate",
        "is_related_party",
        "related_party_reason",
        "past_due_reason",
        "particulars",
    )
    is_debtors = row.origin == Origin.DEBTOR_UPLOAD
    uses = getattr(row, "papers", [])
    return ClaimDraft(
        **{name: getattr(row, name) for name in plain},
        other_uscc=row.creditor.uscc if is_debtors else row.debtor_uscc,
        other_name=row.creditor.name if is_debtors else row.debtor_name,
        invoices=[
            InvoiceDraft(
                number=use.invoice.number,
                code=use.invoice.code,
                issue_date=use.invoice.issue_date,
                net_amount=use.invoice.net_amount,
                tax_amount=use.invoice.tax_amount,
                gross_amount=use.invoice.gross_amount,
                used_amount=use.used_amount,
                currency=use.invoice.currency,
            )
            for use in uses
            if use.is_alive
        ],
        evidence=[EvidenceDraft(one.file_id, one.kind) for one, _stored in sheets.files_of(row, by)],
    )


def findings_of(row: Receivable, *, by: Actor, at: datetime) -> list[Finding]:
    """What the rules say about it as it stands, with what a submission needs besides."""
    draft = draft_of(row, by=by)
    side = "debtor" if row.origin == Origin.DEBTOR_UPLOAD else "creditor"
    found = actions.check(draft, by=by, at=at, side=side)
    if not draft.evidence and side == "creditor":
        found.append(NoEvidence(place="evidence").as_finding())
    return found


def act_of(row: Receivable) -> Act:
    """The step that sends it."""
    if row.origin == Origin.DEBTOR_UPLOAD:
        return PUBLISHERS_ACTS["publish"]
    if row.state == State.RETURNED:
        return CREDITORS_ACTS["resubmit"]
    return CREDITORS_ACTS["direct"] if row.kind == Kind.S3 else CREDITORS_ACTS["submit"]


def can_go_direct(row: Receivable) -> bool:
    """Whether it may be opened without confirmation though a debtor could be asked."""
    return row.state == State.DRAFT and row.kind == Kind.S2 and bool(row.particulars.get("mass_debtors"))


def why_not(sheet: sheets.Sheet, by: Actor) -> str:
    """Why this person cannot send it now; "" if she can."""
    if sheet.change is not None:
        return _("A change waits for checking")
    if sheet.side == "creditor" and not sheet.files:
        return _("No document is attached")
    duty = "receivables.submit" if sheet.side == "creditor" else "receivables.publish"
    return "" if by.may(duty) else _("Needs the duty maker")
