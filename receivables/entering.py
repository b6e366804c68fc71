"""A claim being entered: its form with invoices and documents, kept by one call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from receivables import actions, sheets
from receivables.actions.entry import ClaimInvalid
from receivables.acts import CREDITORS_ACTS, PUBLISHERS_ACTS, Act
from receivables.forms.claim import (
    ClaimForm,
    EvidenceForm,
    EvidenceFormSet,
    InvoiceFormSet,
    initial_invoices,
    initial_of,
    invoice_drafts,
)
from receivables.models import Evidence, Kind, Origin, Receivable
from receivables.readings import unsealed
from receivables.rules.claims import NoEvidence
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from receivables.states import State
from yingshou.documents.models import StoredFile
from yingshou.drafts.forms import typed
from yingshou.drafts.keeping import Begun
from yingshou.kernel.errors import DomainError, Finding
from yingshou.tenancy.actor import Actor


class ClaimEntry:
    """The three forms of one claim, and the row where there is one already."""

    def __init__(
        self,
        kind: str,
        side: str,
        data: QueryDict | None,
        begun: Begun,
        *,
        row: Receivable | None = None,
        evidence: list[tuple[Evidence, StoredFile]] | None = None,
    ) -> None:
        self.kind, self.side, self.row, self.begun = kind, side, row, begun
        self.attached = {stored.pk: (one, stored) for one, stored in evidence or []}
        held = [{"file_id": stored.pk, "kind": one.kind} for one, stored in evidence or []]
        values = initial_of(row) if row is not None else None
        invoices = initial_invoices(row) if row is not None else None
        self.form = ClaimForm(data, initial=values, kind=kind, side=side)
        if begun.restored is not None:
            self.form.initial.update(typed(self.form.fields, begun.restored))
        self.invoices = InvoiceFormSet(data, initial=invoices, prefix="invoices", restored=begun.restored)
        # Uploads were stored before the form is read; the fields of files hold nothing any more.
        self.files = EvidenceFormSet(data, initial=held, prefix="files", restored=begun.restored)
        for one in self.files.forms:
            # A document that belongs to the row already, and one that came with this form.
            one.stored = self.attached.get(_file_id(one, data), (None, None))[1]
            one.kept = begun.files.get(one.add_prefix("file"))

    @classmethod
    def new(cls, kind: str, side: str, data: QueryDict | None, begun: Begun) -> ClaimEntry:
        """An empty one."""
        return cls(kind, side, data, begun)

    @classmethod
    def of(cls, row: Receivable, data: QueryDict | None, begun: Begun, *, by: Actor) -> ClaimEntry:
        """One that exists."""
        side = "debtor" if row.origin == Origin.DEBTOR_UPLOAD else "creditor"
        return cls(row.kind, side, data, begun, row=row, evidence=sheets.files_of(row, by))

    def is_valid(self) -> bool:
        """Whether all three can be read, and every document could be stored."""
        can_be_read = all([self.form.is_valid(), self.invoices.is_valid(), self.files.is_valid()])
        for one in self.files.forms:
            problem = self.begun.problems.get(one.add_prefix("file"))
            if problem is not None:
                words = f"{problem.message_text} {problem.cure_text}".strip()
                one.add_error("file", ValidationError(words, code=problem.code))
        return can_be_read and not self.begun.problems

    @property
    def line_errors(self) -> list[str]:
        """What has to be corrected in invoices and documents, each with its line."""
        if not self.form.is_bound:
            return []
        lines = [(_("Invoice %(n)s"), self.invoices), (_("Document %(n)s"), self.files)]
        return [
            f"{words % {'n': number}} – {form[name].label if name in form.fields else ''}: {error}"
            for words, formset in lines
            for number, form in enumerate(formset.forms, 1)
            for name, errors in form.errors.items()
            for error in errors
        ]

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
        draft = self.form.draft(invoice_drafts(self.invoices), self._evidence())
        if self.row is None:
            return actions.create_draft(draft, by=by, at=at, side=self.side)
        return actions.update_draft(self.row.pk, draft, version=self.row.version, by=by, at=at)

    def _evidence(self) -> list[EvidenceDraft]:
        found: dict[tuple[int, str], EvidenceDraft] = {}
        for form in self.files.forms:
            data: Mapping[str, Any] = form.cleaned_data
            file_id = form.kept.pk if form.kept is not None else int(data.get("file_id") or 0)
            if data.get("drop") or (form.kept is None and file_id not in self.attached):
                continue
            # A line in which only a file was chosen counts as unchanged and so has no cleaned values.
            kind = str(data.get("kind") or form.fields["kind"].initial)
            reading = unsealed(str(data["reading"]), file_id) if data.get("reading") else None
            found[(file_id, kind)] = EvidenceDraft(file_id=file_id, kind=kind, reading=reading)
        return list(found.values())

    def refuse(self, error: DomainError) -> None:
        """Show why it was not kept, beside the fields it concerns."""
        if isinstance(error, ClaimInvalid):
            self.form.add_findings(error.findings)
        else:
            self.form.add_findings([error.as_finding()])


def _file_id(form: EvidenceForm, data: QueryDict | None) -> int:
    """The document that a line names: as posted, else as it was opened."""
    named = data.get(form.add_prefix("file_id"), "") if data is not None else form.initial.get("file_id")
    return int(str(named)) if str(named or "").isdecimal() else 0


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
