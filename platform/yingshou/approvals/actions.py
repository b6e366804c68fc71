"""Submit, approve, reject, withdraw. One rule for pages, jobs and the staff's admin pages."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg2 import Binary
from psycopg2.extras import execute_values

from yingshou.approvals.handlers import HANDLERS, Handler, LineDraft
from yingshou.approvals.models import Approval, ApprovalLine, ApprovalPolicy
from yingshou.approvals.selectors import policy
from yingshou.approvals.states import LIFECYCLE, State, Waits
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import Outcome, advance, created
from yingshou.kernel.canonical import canonical_json
from yingshou.kernel.errors import Conflict, Invalid, NotAllowed, NotVisible
from yingshou.kernel.merkle import leaf_hash, root
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.standing import still_may

# One signature covers this many lines at most (decisions, "Who clicks").
LINES_MAXIMUM = 10_000


class NothingSelected(Invalid):
    """An approval without lines."""

    code = "APR-001"
    message = _("Nothing is selected.")
    cure = _("Select at least one line and try again.")


class TooManyLines(Invalid):
    """More lines than one approval may hold."""

    code = "APR-002"
    message = _("%(count)s lines are selected; one submission holds at most %(maximum)s.")
    cure = _("Filter further, and submit the rest as a second batch.")


class ChangeAlreadyOpen(Conflict):
    """Another change of the same object waits for its checker."""

    code = "APR-003"
    message = _("A change of %(label)s already waits for checking.")
    cure = _("Wait for the checker, or have the maker withdraw the first submission.")


class CheckerIsMaker(NotAllowed):
    """The person who submitted it tries to decide it."""

    code = "APR-004"
    message = _("You submitted this yourself; a second person has to check it.")
    cure = _("Ask a colleague with the duty to check.")


class DutyMissing(NotAllowed):
    """The actor's duties do not cover making or checking this action."""

    code = "APR-005"
    message = _("Your duties do not cover this step: %(title)s.")
    cure = _("Ask an administrator of your organisation to grant the duty.")


class SignatureMissing(Invalid):
    """The policy asks for a signature and none was given."""

    code = "APR-006"
    message = _("This approval needs a signature.")
    cure = _("Approve it on the signing page, with your certificate.")


@transaction.atomic
def submit(action: str, lines: Sequence[LineDraft], *, by: Actor, at: datetime, remark: str = "") -> Approval:
    """
    Freeze what a maker asks and let it wait for its checker, or carry it out at once where the policy asks for nobody.

    :raises NothingSelected: without lines
    :raises TooManyLines: beyond `LINES_MAXIMUM`
    :raises DutyMissing: if the actor may not make this
    :raises ChangeAlreadyOpen: if an object already has an open change
    :raises ClocksDiffer: if the clocks of the platform disagree
    """
    handler = HANDLERS.get(action)
    if not lines:
        raise NothingSelected
    if len(lines) > LINES_MAXIMUM:
        raise TooManyLines(count=len(lines), maximum=LINES_MAXIMUM)
    if not still_may(by, handler.maker_permission):
        raise DutyMissing(title=handler.title)
    clocks.require_agreement()
    assert by.organisation_id is not None, "a maker acts for an organisation"
    assert by.person_id is not None, "a maker is a person"
    total = sum((line.amount or Decimal("0.00") for line in lines), Decimal("0.00"))
    rule = policy(by.organisation_id, action)
    documents = [canonical_json(dict(line.document)) for line in lines]
    leaves = [leaf_hash(document) for document in documents]
    approval = Approval.objects.create(
        organisation_id=by.organisation_id,
        action=action,
        maker_id=by.person_id,
        maker_label=by.label,
        submitted_at=at,
        needs_second_person=rule.needs_second_person(total),
        needs_signature=rule.needs_signature(total) or handler.must_sign(lines),
        line_count=len(lines),
        total_amount=total,
        manifest_root=root(leaves),
        remark=remark,
    )
    _insert_lines(approval, lines, documents, leaves)
    created([approval], by=by, at=at, event="submit", body=_facts)
    if not approval.needs_second_person and not approval.needs_signature:
        _carry_out(approval, handler, by=by, at=at, signature_id=None)
    return approval


@transaction.atomic
def approve(approval_id: int, *, by: Actor, at: datetime, signature_id: int | None = None) -> list[Outcome]:
    """
    Decide yes: every line whose object is still the version that was submitted is carried out, the others are named.

    :param signature_id: the signature over the manifest, already verified, where the policy asks for one
    :raises NotVisible: if the approval is not of the actor's organisation
    :raises DutyMissing: if the actor may not check this
    :raises CheckerIsMaker: if the actor made it
    :raises SignatureMissing: if a signature is needed
    :raises IllegalTransition: if it is decided already
    :raises ClocksDiffer: if the clocks of the platform disagree
    """
    approval, handler = _for_decision(approval_id, by)
    clocks.require_agreement()
    if approval.needs_signature and signature_id is None:
        raise SignatureMissing
    return _carry_out(approval, handler, by=by, at=at, signature_id=signature_id)


@transaction.atomic
def sign(approval_id: int, *, due_at: datetime, by: Actor, at: datetime) -> Approval:
    """
    Note that it is signed and waits for the proof of its signature; nothing takes effect yet.

    :param due_at: until when the proof is waited for
    :raises NotVisible: if the approval is not of the actor's organisation
    :raises DutyMissing: if the actor may not check this
    :raises CheckerIsMaker: if the actor made it
    :raises IllegalTransition: if it is signed or decided already
    """
    approval, _handler = _for_decision(approval_id, by)
    facts = {
        "checker_id": by.person_id,
        "checker_label": by.label,
        "signed_at": at,
        "proof_due_at": due_at,
        "proof_waits": Waits.STARTED,
    }
    advance(LIFECYCLE, [approval], "sign", by=by, at=at, facts=facts).only()
    return approval


@transaction.atomic
def say_what_is_missing(approval_id: int, waits: Waits, *, by: Actor) -> None:
    """Keep which proof did not come, for the pages that show the waiting signature."""
    Approval.objects.visible_to(by).filter(pk=approval_id, state=State.SIGNED_WAITING_PROOF).update(proof_waits=waits)


@transaction.atomic
def give_back(approval_id: int, *, reason: str, by: Actor, at: datetime) -> bool:
    """
    Let it wait for a checker again, because its signature got no proof; whether it was waiting for one.

    :raises NotVisible: if the approval is not of the actor's organisation
    """
    approval = Approval.objects.visible_to(by).locked(approval_id)
    if approval is None:
        raise NotVisible
    if not approval.waits_for_proof:
        return False
    facts = {"checker_id": None, "checker_label": "", "signed_at": None, "proof_due_at": None, "proof_waits": ""}
    advance(LIFECYCLE, [approval], "give_back", by=by, at=at, reason=reason, facts=facts).only()
    return True


@transaction.atomic
def reject(approval_id: int, *, reason: str, by: Actor, at: datetime) -> Approval:
    """
    Decide no, with a reason; the row and the reason stay, and the objects are free for a new submission.

    :raises NotVisible: if the approval is not of the actor's organisation
    :raises DutyMissing: if the actor may not check this
    :raises CheckerIsMaker: if the actor made it
    :raises ReasonMissing: without a reason
    """
    approval, handler = _for_decision(approval_id, by)
    facts = {"checker_id": by.person_id, "checker_label": by.label, "decided_at": at, "reason": reason.strip()}
    advance(LIFECYCLE, [approval], "reject", by=by, at=at, reason=reason.strip(), facts=facts).only()
    _close(approval, handler, by=by, at=at)
    return approval


@transaction.atomic
def withdraw(approval_id: int, *, by: Actor, at: datetime) -> Approval:
    """
    Take a submission back before anybody decided. Only its maker can.

    :raises NotVisible: if the approval is not of the actor's organisation
    :raises DutyMissing: if somebody else made it
    """
    approval = Approval.objects.visible_to(by).locked(approval_id)
    if approval is None:
        raise NotVisible
    handler = HANDLERS.get(approval.action)
    if approval.maker_id != by.person_id:
        raise DutyMissing(title=handler.title)
    advance(LIFECYCLE, [approval], "withdraw", by=by, at=at, facts={"decided_at": at}).only()
    _close(approval, handler, by=by, at=at)
    return approval


def _for_decision(approval_id: int, by: Actor) -> tuple[Approval, Handler]:
    approval = Approval.objects.visible_to(by).locked(approval_id)
    if approval is None:
        raise NotVisible
    handler = HANDLERS.get(approval.action)
    if not still_may(by, handler.checker_permission):
        raise DutyMissing(title=handler.title)
    if approval.needs_second_person and approval.maker_id == by.person_id:
        raise CheckerIsMaker
    return approval, handler


def _carry_out(
    approval: Approval, handler: Handler, *, by: Actor, at: datetime, signature_id: int | None
) -> list[Outcome]:
    facts = {
        "checker_id": by.person_id,
        "checker_label": by.label,
        "decided_at": at,
        "signature_id": signature_id,
    }
    advance(LIFECYCLE, [approval], "approve", by=by, at=at, facts=facts).only()
    lines = list(approval.lines.order_by("position"))
    # Freed first: what the handler does may open the next change of the same object.
    approval.lines.update(is_live=False)
    outcomes = handler.apply(lines, approval=approval, by=by, at=at, signature_id=signature_id)
    assert len(outcomes) == len(lines), "a handler answers for every line"
    _keep_outcomes(approval, outcomes)
    return outcomes


def _close(approval: Approval, handler: Handler, *, by: Actor, at: datetime) -> None:
    approval.lines.update(is_live=False)
    handler.rejected(list(approval.lines.order_by("position")), approval=approval, by=by, at=at)


def _keep_outcomes(approval: Approval, outcomes: Sequence[Outcome]) -> None:
    done = sum(outcome.ok for outcome in outcomes)
    Approval.objects.filter(pk=approval.pk).update(done_count=done)
    approval.done_count = done
    approval.lines.update(outcome="DONE")
    refused = [outcome for outcome in outcomes if not outcome.ok]
    if not refused:
        return
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "update approvals_approvalline l set outcome = 'REFUSED', outcome_code = v.code, outcome_text = v.said "
            "from (values %s) v(approval_id, object_id, code, said) "
            "where l.approval_id = v.approval_id and l.object_id = v.object_id",
            [
                (
                    approval.pk,
                    outcome.pk,
                    outcome.error.code if outcome.error else "",
                    json.dumps(outcome.error.as_dict(), ensure_ascii=False) if outcome.error else "",
                )
                for outcome in refused
            ],
            page_size=5_000,
        )


def _insert_lines(
    approval: Approval, lines: Sequence[LineDraft], documents: Sequence[bytes], leaves: Sequence[bytes]
) -> None:
    keys = [(line.object_type, line.object_id) for line in lines]
    _refuse_open_changes(lines)
    assert len(set(keys)) == len(keys), "an object stands once in an approval"
    rows = [
        (
            approval.pk,
            approval.organisation_id,
            position,
            line.object_type,
            line.object_id,
            line.object_version,
            line.label,
            None if line.amount is None else int(line.amount * 100),
            json.dumps(dict(line.payload), ensure_ascii=False, default=str),
            document.decode(),
            Binary(leaf),
        )
        for position, (line, document, leaf) in enumerate(zip(lines, documents, leaves, strict=True))
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "insert into approvals_approvalline (approval_id, organisation_id, position, object_type, object_id, "
            "object_version, label, amount, payload, document, leaf_hash, is_live, outcome, outcome_code, "
            "outcome_text) values %s on conflict do nothing",
            rows,
            template="(%s,%s,%s,%s,%s,%s,%s,%s,%s::jsonb,%s,%s,true,'','','')",
            page_size=2_000,
        )
    # A twin that committed between the look and the INSERT shows as a missing line.
    if approval.lines.count() != len(lines):
        raise ChangeAlreadyOpen(label=lines[0].label)


def _refuse_open_changes(lines: Sequence[LineDraft]) -> None:
    by_type: dict[str, dict[int, str]] = {}
    for line in lines:
        by_type.setdefault(line.object_type, {})[line.object_id] = line.label
    for object_type, labels in by_type.items():
        taken = ApprovalLine.objects.filter(object_type=object_type, object_id__in=list(labels), is_live=True)
        first = taken.values_list("object_id", flat=True).first()
        if first is not None:
            raise ChangeAlreadyOpen(label=labels[first], place=labels[first])


def _facts(approval: Approval) -> dict[str, str | int]:
    return {
        "action": approval.action,
        "lines": approval.line_count,
        "total_amount": str(approval.total_amount),
        "manifest_root": bytes(approval.manifest_root).hex(),
    }


@dataclass(frozen=True)
class Rule:
    """When an action needs a second person and a signature; amounts in yuan, used with FROM_AMOUNT."""

    second_person: str
    second_person_from_amount: Decimal
    signature: str
    signature_from_amount: Decimal


@transaction.atomic
def set_policy(action: str, *, rule: Rule, by: Actor, at: datetime) -> ApprovalPolicy:
    """
    Set when an action of the actor's organisation needs a second person and a signature, from now on.

    :raises DutyMissing: if the actor does not administer the organisation
    """
    if not by.may("approvals.policy"):
        raise DutyMissing(title=HANDLERS.get(action).title)
    assert by.organisation_id is not None, "an administrator acts for an organisation"
    saved, _new = ApprovalPolicy.objects.update_or_create(
        organisation_id=by.organisation_id, action=action, defaults=asdict(rule)
    )
    event = EventDraft(
        kind="approvals.approvalpolicy.set",
        object_type="approvals.approvalpolicy",
        object_id=saved.pk,
        object_version=None,
        audience=[by.organisation_id],
        by=by,
        at=at,
        body={"action": action, **{name: str(value) for name, value in asdict(rule).items()}},
    )
    record([event])
    return saved
