"""The forms of receivables that save themselves: one claim of a creditor, one payable of a debtor."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from receivables import entering
from receivables.forms.claim import ClaimForm, EvidenceForm, InvoiceForm
from receivables.models import Evidence, Kind
from receivables.rules.claims import KIND_FIELDS
from yingshou.drafts.kinds import DraftKind, names_of
from yingshou.kernel.errors import NotVisible
from yingshou.tenancy.actor import Actor

CLAIM, PAYABLE = "receivables.claim", "receivables.payable"
_FILE = re.compile(r"files-\d{1,2}-file")


def _address(new: str, edit: str, subject: str, variant: str) -> str:
    return reverse(edit, args=[subject]) if subject else f"{reverse(new)}?kind={variant}"


def _describe(values: Mapping[str, Sequence[str]]) -> str:
    """With whom, under which contract, how much; what is there of it."""
    party, contract, amount = (
        (values.get(name) or [""])[0].strip()[:60] for name in ("other_name", "contract_no", "face_amount")
    )
    party = party or (values.get("other_uscc") or [""])[0].strip()[:20]
    return " · ".join(part for part in (party, contract, amount and _("%(amount)s yuan") % {"amount": amount}) if part)


def _claim_version(subject: str, by: Actor) -> int | None:
    if not subject:
        return None
    version = entering.own_claims(by).filter(public_no=subject).values_list("version", flat=True).first()
    if version is None:
        raise NotVisible
    return version


def _payable_version(subject: str, by: Actor) -> int | None:
    if not subject:
        return None
    version = entering.own_payables(by).filter(public_no=subject).values_list("version", flat=True).first()
    if version is None:
        raise NotVisible
    return version


def evidence_of(file_ids: Collection[int]) -> set[int]:
    """Files that prove a receivable."""
    return set(Evidence.objects.filter(file_id__in=file_ids).values_list("file_id", flat=True))


_TAKES = names_of(
    ClaimForm,
    *(f"p_{name}" for fields in KIND_FIELDS.values() for name in fields),
    lines={"invoices": InvoiceForm, "files": EvidenceForm},
)

KINDS = {
    CLAIM: DraftKind(
        title=gettext_lazy("Receivable"),
        permission="receivables.enter",
        address=lambda subject, variant: _address("receivables:new", "receivables:edit", subject, variant),
        later="receivables:claims",
        describe=_describe,
        version_of=_claim_version,
        takes=_TAKES,
        takes_file=lambda name: _FILE.fullmatch(name) is not None,
        variants=tuple(Kind.values),
    ),
    PAYABLE: DraftKind(
        title=gettext_lazy("Payable"),
        permission="receivables.publish",
        address=lambda subject, variant: _address(
            "receivables:new_payable", "receivables:edit_payable", subject, variant
        ),
        later="receivables:debts",
        describe=_describe,
        version_of=_payable_version,
        takes=_TAKES,
        takes_file=lambda name: _FILE.fullmatch(name) is not None,
        variants=tuple(Kind.values),
    ),
}
