"""Entering one receivable or one payable: a form per kind, invoices and documents as formsets, and the way back from a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.forms import BaseFormSet, BoundField, formset_factory
from django.utils.translation import gettext_lazy as _

from receivables.models import AssignmentBan, DueRule, EvidenceKind, Kind, Maturity, Receivable
from receivables.rules.claims import KIND_FIELDS, REQUIRED_FIELDS
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from yingshou.documents.models import StoredFile
from yingshou.drafts.forms import RestorableFormSet
from yingshou.kernel.errors import DomainError, Finding
from yingshou.kernel.identifiers import normalise, normalise_uscc, parse_uscc
from yingshou.kernel.money import round_half_up
from yingshou.ui.forms import AmountField, AmountInput, DateField

ZERO = Decimal("0.00")
HUNDRED = Decimal(100)
FILES = ".pdf,.ofd,.xml,.jpg,.jpeg,.png,.xlsx,.csv,.zip"
# Where a rule names another field than the form does.
PLACES = {"debtor_uscc": "other_uscc", "dedicated_account": "p_dedicated_account", "reason": "past_due_reason"}


class ClaimForm(forms.Form):
    """The fields of one claim of one kind; what other kinds need is not shown."""

    other_uscc = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        help_text=_("18 characters, as on the business licence or the invoice."),
    )
    other_name = forms.CharField(
        label=_("Name of the organisation"),
        max_length=200,
        required=False,
        help_text=_("Needed only where the organisation is not registered here yet."),
    )
    contract_no = forms.CharField(
        label=_("Contract number"), max_length=100, help_text=_("Or the number of the order.")
    )
    contract_name = forms.CharField(label=_("Contract name"), max_length=200, required=False)
    contract_date = DateField(label=_("Date of the contract"), required=False)
    project_name = forms.CharField(label=_("Project"), max_length=200, required=False)
    face_amount = AmountField(
        label=_("Amount of the claim"), help_text=_("Including tax, in yuan; 12.5万 is understood.")
    )
    prepaid_amount = AmountField(label=_("Already prepaid"), required=False)
    retention_amount = AmountField(
        label=_("Retention"), required=False, help_text=_("Kept back until the end of the warranty.")
    )
    retention_due_date = DateField(label=_("Retention due"), required=False)
    maturity_kind = forms.ChoiceField(
        label=_("Does the claim exist already?"),
        choices=Maturity.choices,
        widget=forms.RadioSelect,
        initial=Maturity.EXISTING,
    )
    delivery_date = DateField(label=_("Delivered on"), required=False)
    acceptance_date = DateField(label=_("Accepted on"), required=False)
    settlement_date = DateField(label=_("Settled on"), required=False)
    due_date = DateField(label=_("Due date"), required=False, help_text=_("Or leave it empty and give the term below."))
    due_rule = forms.ChoiceField(label=_("The term runs"), choices=DueRule.choices, initial=DueRule.FIXED)
    payment_term_days = forms.IntegerField(label=_("Term in days"), min_value=0, max_value=3650, required=False)
    late_rate = forms.DecimalField(
        label=_("Agreed late interest, % a year"), max_digits=7, decimal_places=4, min_value=0, required=False
    )
    assignment_ban = forms.ChoiceField(
        label=_("Does the contract forbid assignment?"),
        initial=AssignmentBan.NONE,
        widget=forms.RadioSelect,
        choices=[
            (AssignmentBan.NONE, AssignmentBan.NONE.label),
            (AssignmentBan.CONTRACT_BAN, AssignmentBan.CONTRACT_BAN.label),
        ],
    )
    is_related_party = forms.BooleanField(label=_("The two parties are related"), required=False)
    related_party_reason = forms.CharField(label=_("How they are related"), max_length=200, required=False)
    past_due_reason = forms.CharField(label=_("Why it is entered after its due date"), max_length=200, required=False)

    def __init__(self, *args: Any, kind: str, side: str = "creditor", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.side = kind, side
        for name, label in KIND_FIELDS[kind].items():
            self.fields[f"p_{name}"] = _kind_field(name, label, required=name in REQUIRED_FIELDS[kind])
        if kind == Kind.S3:
            self.fields["other_uscc"].required = False
            self.fields["other_uscc"].help_text = _("Leave it empty where the public pays, as tolls and fees are.")
            self.fields["project_name"].required = True
        else:
            del self.fields["project_name"]

    def clean_other_uscc(self) -> str:
        """
        The credit code in its plain form.

        :raises ValidationError: with the precise reason
        """
        code = normalise_uscc(self.cleaned_data["other_uscc"])
        if code:
            try:
                parse_uscc(code, place="other_uscc")
            except DomainError as error:
                raise forms.ValidationError(
                    f"{error.message_text} {error.cure_text}".strip(), code=error.code
                ) from error
        return code

    @property
    def sections(self) -> list[tuple[Any, list[BoundField]]]:
        """The fields under their headings, in the order a contract states them."""
        party = _("The debtor") if self.side == "creditor" else _("The supplier")
        wanted: Sequence[tuple[Any, Sequence[str]]] = (
            (party, ["other_uscc", "other_name"]),
            (_("The contract"), ["contract_no", "contract_name", "contract_date", "project_name", "assignment_ban"]),
            (Kind(self.kind).label, [name for name in self.fields if name.startswith("p_")]),
            (_("The amount"), ["face_amount", "prepaid_amount", "retention_amount", "retention_due_date"]),
            (
                _("The dates"),
                [
                    "maturity_kind",
                    "delivery_date",
                    "acceptance_date",
                    "settlement_date",
                    "due_date",
                    "due_rule",
                    "payment_term_days",
                    "late_rate",
                ],
            ),
            (_("To be said openly"), ["is_related_party", "related_party_reason", "past_due_reason"]),
        )
        found = [(title, [self[name] for name in names if name in self.fields]) for title, names in wanted]
        return [(title, fields) for title, fields in found if fields]

    def draft(self, invoices: Iterable[InvoiceDraft], evidence: Iterable[EvidenceDraft]) -> ClaimDraft:
        """What was entered, as the actions take it."""
        data = self.cleaned_data
        rate = data["late_rate"]
        plain = (
            "other_uscc",
            "contract_no",
            "contract_name",
            "contract_date",
            "face_amount",
            "retention_due_date",
            "maturity_kind",
            "delivery_date",
            "acceptance_date",
            "settlement_date",
            "due_date",
            "due_rule",
            "payment_term_days",
            "assignment_ban",
            "is_related_party",
        )
        return ClaimDraft(
            **{name: data[name] for name in plain},
            other_name=normalise(data["other_name"]),
            kind=self.kind,
            project_name=data.get("project_name", ""),
            retention_amount=data["retention_amount"] or ZERO,
            prepaid_amount=data["prepaid_amount"] or ZERO,
            late_rate=None if rate is None else rate / HUNDRED,
            related_party_reason=data["related_party_reason"],
            past_due_reason=data["past_due_reason"],
            particulars=self._particulars(),
            invoices=tuple(invoices),
            evidence=tuple(evidence),
        )

    def _particulars(self) -> dict[str, str]:
        values = {name: self.cleaned_data.get(f"p_{name}") for name in KIND_FIELDS[self.kind]}
        return {name: "1" if value is True else str(value) for name, value in values.items() if value}

    def add_findings(self, findings: Sequence[Finding]) -> None:
        """Put what the rules object to beside the fields they mean; the rest stands on top."""
        for finding in findings:
            if finding.is_error:
                place = PLACES.get(finding.place or "", finding.place)
                words = f"{finding.message_text} {finding.cure_text}".strip()
                self.add_error(place if place in self.fields else None, forms.ValidationError(words, code=finding.code))


def _kind_field(name: str, label: Any, *, required: bool) -> forms.Field:
    if name.endswith(("_from", "_to")):
        return DateField(label=label, required=required)
    if name == "mass_debtors":
        return forms.BooleanField(label=label, required=False)
    if name == "expected_annual_income":
        return AmountField(label=label, required=required)
    return forms.CharField(label=label, max_length=200, required=required)


class InvoiceForm(forms.Form):
    """One invoice, and the part of it that this claim uses."""

    number = forms.CharField(label=_("Invoice number"), max_length=24)
    code = forms.CharField(label=_("Invoice code"), max_length=12, required=False)
    issue_date = DateField(label=_("Issued on"))
    net_amount = AmountField(label=_("Without tax"), widget=AmountInput(unit=""))
    tax_amount = AmountField(label=_("Tax"), widget=AmountInput(unit=""))
    gross_amount = AmountField(label=_("With tax"), widget=AmountInput(unit=""))
    used_amount = AmountField(label=_("Used here"), widget=AmountInput(unit=""), required=False)

    def draft(self) -> InvoiceDraft:
        """The invoice; the whole of it where no part is named."""
        data = self.cleaned_data
        used = data["used_amount"]
        return InvoiceDraft(
            number=normalise(data["number"]).replace(" ", ""),
            code=normalise(data["code"]).replace(" ", ""),
            issue_date=data["issue_date"],
            net_amount=data["net_amount"],
            tax_amount=data["tax_amount"],
            gross_amount=data["gross_amount"],
            used_amount=data["gross_amount"] if used is None else used,
        )


class EvidenceForm(forms.Form):
    """One document: a new file, or one that is there already and may be taken off."""

    file_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("What it proves"), choices=EvidenceKind.choices, initial=EvidenceKind.CONTRACT)
    file = forms.FileField(label=_("File"), required=False, widget=forms.FileInput(attrs={"accept": FILES}))
    drop = forms.BooleanField(label=_("Take off"), required=False)
    # What was read from the file, where it is an e-invoice; sealed, so that it comes back as it was given.
    reading = forms.CharField(required=False, widget=forms.HiddenInput, max_length=2000)

    # What the line shows instead of the field: a document of the row, or one that came with the form.
    stored: StoredFile | None = None
    kept: StoredFile | None = None


# The stubs know the form of a formset, not the formset it is made from.
InvoiceFormSet = cast(
    type[RestorableFormSet],
    formset_factory(InvoiceForm, RestorableFormSet, extra=3, max_num=100, absolute_max=200, can_delete=False),
)
EvidenceFormSet = cast(
    type[RestorableFormSet],
    formset_factory(EvidenceForm, RestorableFormSet, extra=2, max_num=20, absolute_max=40, can_delete=False),
)


def invoice_drafts(formset: BaseFormSet[InvoiceForm]) -> list[InvoiceDraft]:
    """The invoices that were filled in; a line whose number was emptied is left out."""
    return [
        form.draft() for form in formset.forms if form.has_changed() or form.initial if form.cleaned_data.get("number")
    ]


def initial_of(row: Receivable) -> dict[str, Any]:
    """A receivable as the form shows it again."""
    names = [name for name in ClaimForm.base_fields if name not in ("other_uscc", "other_name", "late_rate")]
    values = {name: getattr(row, name) for name in names}
    for name in ("retention_amount", "prepaid_amount"):
        values[name] = values[name] or None
    owner_is_debtor = row.origin == "DEBTOR_UPLOAD"
    values["other_uscc"] = row.creditor.uscc if owner_is_debtor else row.debtor_uscc
    values["other_name"] = row.creditor.name if owner_is_debtor else row.debtor_name
    values["late_rate"] = None if row.late_rate is None else round_half_up(row.late_rate * HUNDRED, 4).normalize()
    for name, value in row.particulars.items():
        values[f"p_{name}"] = Decimal(value) if name == "expected_annual_income" else value
    return values


def initial_invoices(row: Receivable) -> list[Mapping[str, Any]]:
    """Its invoices as the formset shows them again."""
    names = ("number", "code", "issue_date", "net_amount", "tax_amount", "gross_amount")
    uses = row.invoice_uses.filter(is_alive=True).select_related("invoice").order_by("pk")
    return [{**{name: getattr(use.invoice, name) for name in names}, "used_amount": use.used_amount} for use in uses]
