"""
The maker's step: what is asked about receivables becomes an approval with a frozen document per line; the approval's
handler calls the verbs of this package once a second person, and a signature where the policy asks, have agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from receivables.actions import answers, closing, sending
from receivables.actions.answers import Decision
from receivables.actions.common import Ledgered, NotTheCreditor, NotTheDebtor, StaleReceivable, Via
from receivables.documents import Statement, document, surroundings
from receivables.links import receivable_url
from receivables.models import OBJECT_TYPE, Receivable
from receivables.states import LIFECYCLE
from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import Handler, LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel.canonical import sha256_hex
from yingshou.kernel.errors import NotVisible
from yingshou.tenancy.actor import Actor

DEBTORS_EVENTS = frozenset({"confirm", "confirm_part", "return", "refuse", "publish"})
CONFIRMING = frozenset({"confirm", "confirm_part", "publish"})


@dataclass(frozen=True)
class Proposal:
    """
    What a maker asks about one receivable.

    :param version: the version the maker saw; None takes the present one
    :param amount: the part confirmed, yuan, for `confirm_part`
    """

    receivable_id: int
    version: int | None = None
    amount: Decimal | None = None
    delivery_accepted: bool = True
    set_off_known: bool = False
    reason_code: str = ""
    comment: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def propose(event: str, proposals: Sequence[Proposal], *, by: Actor, at: datetime, remark: str = "") -> Approval:
    """
    Submit a step for checking; it is carried out at once where the organisation's policy asks for nobody.

    All or nothing: a line that cannot go stops the whole, so that a maker never submits less than was shown.

    :param event: submit, resubmit, submit_direct, publish, confirm, confirm_part, return, refuse, acknowledge, settle or write_off
    :raises NotVisible: if one of the receivables is not the actor's
    :raises NotTheCreditor: if the step belongs to the creditor
    :raises NotTheDebtor: if the step belongs to the debtor
    :raises StaleReceivable: if one changed after it was seen
    :raises IllegalTransition: if one is in another state
    :raises ReasonUnknown: if a reason does not belong to the step
    :raises DutyMissing: if the actor may not make this
    :raises ChangeAlreadyOpen: if one of them waits for a checker already
    """
    rows = Receivable.objects.visible_to(by).locked([one.receivable_id for one in proposals])
    by_id = {row.pk: row for row in rows}
    kept = Ledgered([])
    for one in proposals:
        row = by_id.get(one.receivable_id)
        if row is None:
            raise NotVisible
        _check(event, row, one, by, kept)
    for error in kept.errors.values():
        raise error
    around = surroundings(rows)
    drafts = [_draft(event, by_id[one.receivable_id], one, around) for one in proposals]
    return approvals.submit(f"receivables.{event}", drafts, by=by, at=at, remark=remark)


def _check(event: str, row: Receivable, one: Proposal, by: Actor, kept: Ledgered) -> None:
    if event in DEBTORS_EVENTS and row.debtor_id != by.organisation_id:
        raise NotTheDebtor(place=row.public_no)
    if event not in DEBTORS_EVENTS and row.creditor_id != by.organisation_id:
        raise NotTheCreditor(place=row.public_no)
    if one.version is not None and one.version != row.version:
        raise StaleReceivable(place=row.public_no)
    if event != "acknowledge":
        LIFECYCLE.check(row.state, event)
    if event in ("confirm", "confirm_part", "return", "refuse"):
        answers.check_decision(event, row, _decision(one), kept)


def _decision(one: Proposal) -> Decision:
    return Decision(
        receivable_id=one.receivable_id,
        version=one.version,
        amount=one.amount,
        delivery_accepted=one.delivery_accepted,
        set_off_known=one.set_off_known,
        reason_code=one.reason_code,
        comment=one.comment,
    )


def _draft(event: str, row: Receivable, one: Proposal, around: Any) -> LineDraft:
    confirming = event in CONFIRMING
    statement = Statement(
        event=event,
        amount=one.amount,
        delivery_accepted=one.delivery_accepted if confirming else None,
        set_off_known=one.set_off_known if confirming else None,
        reason_code=one.reason_code,
        comment=one.comment.strip(),
    )
    return LineDraft(
        object_type=OBJECT_TYPE,
        object_id=row.pk,
        object_version=row.version,
        label=row.public_no,
        amount=row.face_amount if one.amount is None else one.amount,
        payload={
            "amount": None if one.amount is None else str(one.amount),
            "delivery_accepted": one.delivery_accepted,
            "set_off_known": one.set_off_known,
            "reason_code": one.reason_code,
            "comment": one.comment.strip(),
            **one.extra,
        },
        document=document(row, statement, around),
    )


class ReceivableHandler(Handler):
    """What all steps of receivables share; a subclass names the verb."""

    event: ClassVar[str]

    def object_url(self, line: ApprovalLine) -> str:
        """The receivable's page."""
        return receivable_url(line.label)

    def apply(
        self,
        lines: Sequence[ApprovalLine],
        *,
        approval: Approval,
        by: Actor,
        at: datetime,
        signature_id: int | None,
    ) -> list[Outcome]:
        """Carry the step out for all lines at once."""
        via = Via(approval.pk, signature_id, "BATCH" if len(lines) > 1 else "SINGLE")
        return self.carry_out(lines, by=by, at=at, via=via)

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Call the verb."""
        raise NotImplementedError


class _Send(ReceivableHandler):
    maker_permission = "receivables.submit"
    checker_permission = "receivables.check_submit"
    legal_effect = _("The debtor is asked to confirm; your organisation states that the claim exists as described.")

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Send the drafts."""
        ids = [line.object_id for line in lines]
        verb = {"submit": sending.submit, "resubmit": sending.resubmit, "submit_direct": sending.submit_direct}[
            self.event
        ]
        return verb(ids, by=by, at=at, via=via, versions={line.object_id: line.object_version for line in lines})


class Submit(_Send):
    """Ask debtors to confirm."""

    title = _("Submit receivables to the debtor")
    event = "submit"


class Resubmit(_Send):
    """Ask again after a correction."""

    title = _("Submit corrected receivables again")
    event = "resubmit"


class SubmitDirect(_Send):
    """Open without confirmation."""

    title = _("Open receivables without confirmation")
    event = "submit_direct"
    legal_effect = _("The receivables become open to funders, marked as unconfirmed.")


class _Answer(ReceivableHandler):
    maker_permission = "receivables.confirm"
    checker_permission = "receivables.check_confirm"

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Decide about the claims."""
        verb = {
            "confirm": answers.confirm,
            "confirm_part": answers.confirm_part,
            "return": answers.return_,
            "refuse": answers.refuse,
        }[self.event]
        return verb([decision_of(line) for line in lines], by=by, at=at, via=via)


class Confirm(_Answer):
    """Confirm in full."""

    title = _("Confirm receivables")
    event = "confirm"
    legal_effect = _(
        "By confirming, your organisation declares that these debts exist. Towards a funder who relies on it, it can no "
        "longer object that they do not (Interpretation of the Contract Book, General Part, article 49)."
    )


class ConfirmPart(_Answer):
    """Confirm a part."""

    title = _("Confirm receivables in part")
    event = "confirm_part"
    legal_effect = _(
        "By confirming, your organisation declares that the confirmed parts exist; the rest is shown as not confirmed, "
        "with your reason."
    )


class Return(_Answer):
    """Return for correction."""

    title = _("Return receivables for correction")
    event = "return"
    legal_effect = _("Nothing is confirmed. The supplier reads your reason and can submit again under the same number.")


class Refuse(_Answer):
    """Refuse for good."""

    title = _("Refuse receivables")
    event = "refuse"
    legal_effect = _("Nothing is confirmed, for good. The supplier reads your reason; the invoices are free again.")


class Publish(ReceivableHandler):
    """Publish own payables."""

    title = _("Publish payables")
    event = "publish"
    maker_permission = "receivables.publish"
    checker_permission = "receivables.check_publish"
    legal_effect = _(
        "Publishing counts as confirmation: your organisation declares that it owes these amounts to the suppliers."
    )

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Publish the drafts."""
        return sending.publish(
            [line.object_id for line in lines],
            by=by,
            at=at,
            via=via,
            hashes={line.object_id: sha256_hex(line.document.encode()) for line in lines},
            versions={line.object_id: line.object_version for line in lines},
        )


class _Close(ReceivableHandler):
    maker_permission = "receivables.close"
    checker_permission = "receivables.check_submit"


class Acknowledge(_Close):
    """Acknowledge what the debtor published."""

    title = _("Acknowledge what the debtor published")
    event = "acknowledge"
    maker_permission = "receivables.acknowledge"
    legal_effect = _("Your organisation declares that it agrees with the debtor's figures.")

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Acknowledge."""
        return closing.acknowledge([line.object_id for line in lines], by=by, at=at, via=via)


class Settle(_Close):
    """Close what is paid."""

    title = _("Settle receivables")
    event = "settle"
    legal_effect = _("The receivables are closed as paid or adjusted in full.")

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Settle."""
        return closing.settle([line.object_id for line in lines], by=by, at=at, via=via)


class WriteOff(_Close):
    """Give up the rest."""

    title = _("Write off receivables")
    event = "write_off"
    legal_effect = _("What is still owed leaves the claim; parts that funders hold are cut and the funders are told.")

    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Write off, one group per reason."""
        outcomes: dict[int, Outcome] = {}
        groups: dict[tuple[str, str], list[int]] = {}
        for line in lines:
            groups.setdefault((line.payload["reason_code"], line.payload["comment"]), []).append(line.object_id)
        for (code, comment), ids in groups.items():
            for one in closing.write_off(ids, reason_code=code, comment=comment, by=by, at=at, via=via):
                outcomes[one.pk] = one
        return [outcomes[line.object_id] for line in lines]


def decision_of(line: ApprovalLine) -> Decision:
    """The decision that an approved line asks for, with the hash of the very document that was frozen."""
    amount = line.payload.get("amount")
    return Decision(
        receivable_id=line.object_id,
        version=line.object_version,
        amount=None if amount is None else Decimal(amount),
        delivery_accepted=line.payload.get("delivery_accepted", True),
        set_off_known=line.payload.get("set_off_known", False),
        reason_code=line.payload.get("reason_code", ""),
        comment=line.payload.get("comment", ""),
        document_hash=sha256_hex(line.document.encode()),
    )


HANDLERS: tuple[type[ReceivableHandler], ...] = (
    Submit,
    Resubmit,
    SubmitDirect,
    Publish,
    Confirm,
    ConfirmPart,
    Return,
    Refuse,
    Acknowledge,
    Settle,
    WriteOff,
)
