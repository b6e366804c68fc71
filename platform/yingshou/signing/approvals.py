"""Signing an approval: one signature over the manifest that was frozen when it was submitted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg2 import Binary

from yingshou.approvals import actions as approval_actions
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval
from yingshou.approvals.states import Waits
from yingshou.kernel.errors import Conflict, NotAllowed, NotVisible
from yingshou.kernel.merkle import proofs, root
from yingshou.signing.audiences import audience_of
from yingshou.signing.models import SignatureEvidence
from yingshou.signing.purposes import Purpose, Subject
from yingshou.tenancy.actor import Actor

PURPOSE = "approvals.approve"


class SignerDutyMissing(NotAllowed):
    """The person lacks the duty signer, or the duty that checks this action."""

    code = "SGN-001"
    message = _("You cannot sign this: it needs the duties signer and checker.")
    cure = _("Ask an administrator of your organisation, or let a colleague who has both sign.")


class OwnSubmission(NotAllowed):
    """The maker cannot be the second person."""

    code = "SGN-002"
    message = _("You submitted this yourself; a second person must check and sign it.")
    cure = _("Ask a colleague with the duties signer and checker.")


class AlreadyDecided(Conflict):
    """The approval does not wait for anybody any more."""

    code = "SGN-003"
    message = _("This submission has been decided already.")
    cure = _("Open it to see what was decided, by whom and when.")


class AlreadySigned(Conflict):
    """A signature was given and waits for its proof; a second one would be one too many."""

    code = "SGN-006"
    message = _("%(who)s has signed this already; it takes effect by itself as soon as the proof is there.")
    cure = _("There is nothing to do: its page shows what is still missing and until when the platform waits for it.")


class ManifestBroken(Conflict):
    """The lines do not give the root that was frozen at submission: somebody altered the database."""

    code = "SGN-004"
    message = _("The lines of this submission are not the ones that were submitted; it cannot be signed.")
    cure = _("Reject it and have it submitted again; tell the platform operator.")


class ApprovalPurpose(Purpose):
    """Approve with a signature."""

    def subject(self, object_id: int, *, by: Actor, at: datetime) -> Subject:
        return self._subject(object_id, waiting=False, by=by)

    def resumed(self, object_id: int, *, by: Actor, at: datetime) -> Subject:
        return self._subject(object_id, waiting=True, by=by)

    def accepted(self, object_id: int, *, due_at: datetime, by: Actor, at: datetime) -> None:
        approval_actions.sign(object_id, due_at=due_at, by=by, at=at)

    def lacks(self, object_id: int, waits: str, *, by: Actor) -> None:
        approval_actions.say_what_is_missing(object_id, Waits(waits), by=by)

    def given_back(self, object_id: int, *, reason: str, by: Actor, at: datetime) -> None:
        approval_actions.give_back(object_id, reason=reason, by=by, at=at)

    def _subject(self, object_id: int, *, waiting: bool, by: Actor) -> Subject:
        approval = Approval.objects.visible_to(by).filter(pk=object_id).first()
        if approval is None:
            raise NotVisible
        handler = HANDLERS.get(approval.action)
        if not by.may("signing.sign") or not by.may(handler.checker_permission):
            raise SignerDutyMissing
        if approval.needs_second_person and approval.maker_id == by.person_id:
            raise OwnSubmission
        if not approval.is_open:
            raise AlreadyDecided
        if approval.waits_for_proof and not waiting:
            raise AlreadySigned(who=approval.checker_label)
        return Subject(
            object_type="approvals.approval",
            object_id=approval.pk,
            object_version=approval.version,
            title=handler.title,
            legal_effect=handler.legal_effect,
            manifest_root=bytes(approval.manifest_root),
            manifest_size=approval.line_count,
            body={
                "action": approval.action,
                "approval": approval.pk,
                "totals": [{"currency": approval.currency, "amount": approval.total_amount}],
            },
        )

    def audience(self, subject: Subject) -> list[int]:
        # Parties reach the evidence through their own signed lines; the whole is the signer's business.
        return []

    def completed(self, evidence: SignatureEvidence, *, by: Actor, at: datetime) -> None:
        approval_actions.approve(evidence.object_id, by=by, at=at, signature_id=evidence.pk)
        write_signed_lines(evidence)


def write_signed_lines(evidence: SignatureEvidence) -> None:
    """
    Give every line that was carried out its inclusion proof, with one statement.

    :raises ManifestBroken: if the stored lines do not give the signed root
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select position, leaf_hash, object_type, object_id from approvals_approvalline "
            "where approval_id = %s order by position",
            [evidence.object_id],
        )
        lines = [(position, bytes(leaf), kind, pk) for position, leaf, kind, pk in cursor.fetchall()]
        leaves = [leaf for _position, leaf, _kind, _pk in lines]
        if root(leaves) != bytes(evidence.manifest_root):
            raise ManifestBroken
        parties = _parties([(kind, pk) for _position, _leaf, kind, pk in lines])
        cursor.execute(
            "insert into signing_signedline (evidence_id, organisation_id, audience, object_type, object_id, "
            "object_version, leaf_index, leaf_hash, document, proof) "
            "select %s, l.organisation_id, v.audience::bigint[], l.object_type, l.object_id, l.object_version, "
            "l.position, l.leaf_hash, l.document, v.proof "
            "from approvals_approvalline l "
            "join unnest(%s::int[], %s::text[], %s::bytea[]) as v(position, audience, proof) using (position) "
            "where l.approval_id = %s and l.outcome = 'DONE'",
            [
                evidence.pk,
                [position for position, _leaf, _kind, _pk in lines],
                [
                    "{"
                    + ",".join(str(one) for one in sorted({evidence.organisation_id, *parties.get((kind, pk), ())}))
                    + "}"
                    for _position, _leaf, kind, pk in lines
                ],
                [Binary(b"".join(path)) for path in proofs(leaves)],
                evidence.object_id,
            ],
        )


def _parties(objects: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Sequence[int]]:
    by_type: dict[str, list[int]] = {}
    for kind, pk in objects:
        by_type.setdefault(kind, []).append(pk)
    return {(kind, pk): parties for kind, ids in by_type.items() for pk, parties in audience_of(kind, ids).items()}
