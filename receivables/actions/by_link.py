"""What a debtor without an account does by its link: look, enter the code, say its answer, sign it (N37)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from receivables.actions.answer_links import token_hash
from receivables.actions.answers import Decision, check_decision, confirm, confirm_part, refuse, return_
from receivables.actions.common import Ledgered, StaleReceivable, Via
from receivables.documents import Statement, document, surroundings
from receivables.models import OBJECT_TYPE, AnswerLink, LinkAnswer, Receivable
from receivables.models.answer_links import MOST_WRONG_CODES
from receivables.states import State
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel import merkle
from yingshou.kernel.canonical import canonical_json, sha256_hex
from yingshou.kernel.errors import Conflict, Invalid, NotVisible
from yingshou.signing import outsiders
from yingshou.signing.errors import Replayed
from yingshou.signing.purposes import Subject
from yingshou.signing.verification import Expected
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SIGN_WITHIN = timedelta(minutes=15)
VERBS = {"confirm": confirm, "confirm_part": confirm_part, "return": return_, "refuse": refuse}


class LinkClosed(Conflict):
    """The link leads nowhere any more."""

    code = "RCV-087"
    message = _("This link does not work any more: it was used, withdrawn, locked, or is older than 14 days.")
    cure = _("Ask the supplier for a new one, on a phone number that you know.")


class WrongCode(Invalid):
    """The six digits are not those the supplier has."""

    code = "RCV-088"
    message = _("These are not the six digits of this link.")
    cure = _("Ask the supplier by phone. After five wrong tries the link is locked; tries left: %(left)s.")


class NoLongerWaits(Conflict):
    """The claim is not to be answered any more."""

    code = "RCV-089"
    message = _("This claim no longer waits for your answer.")
    cure = _("The supplier took it back or changed it, or it was answered otherwise. Ask the supplier.")


@dataclass(frozen=True)
class Visitor:
    """Who came by a link: the link, and the actor that sees its claim alone."""

    link: AnswerLink
    actor: Actor


def find(token: str, *, request_id: str) -> tuple[int, Actor]:
    """
    The link behind a token, and the actor that may see its claim.

    :raises NotVisible: if there is no such link
    """
    with connection.cursor() as cursor:
        cursor.execute("select link_id, receivable_id from receivables_link_of(%s)", [token_hash(token)])
        found = cursor.fetchone()
    if found is None:
        raise NotVisible
    return int(found[0]), actor_of(int(found[1]), request_id)


def actor_of(receivable_id: int, request_id: str) -> Actor:
    """The actor that sees one claim."""
    return Actor.visitor(OBJECT_TYPE, receivable_id, label=str(_("by one-time link")), request_id=request_id)


@transaction.atomic
def note_look(link_id: int, *, by: Actor, at: datetime) -> None:
    """Keep that somebody looked: how often, when first, when last."""
    link = _locked(link_id, by)
    AnswerLink.objects.filter(pk=link.pk).update(
        look_count=link.look_count + 1, looked_at=at, opened_at=link.opened_at or at
    )


@transaction.atomic
def enter_code(link_id: int, code: str, *, by: Actor, at: datetime) -> Invalid | Conflict | None:
    """
    Compare the six digits that the supplier said by phone. The row is locked: parallel tries are counted one by one.

    :returns: what is wrong, which must be kept and therefore is not raised; None if they are right
    """
    link = _locked(link_id, by)
    if not link.is_open(at):
        return LinkClosed()
    given = "".join(character for character in code if character.isdecimal())
    if not hmac.compare_digest(given.encode(), link.code.encode()):
        wrong = link.wrong_codes + 1
        AnswerLink.objects.filter(pk=link.pk).update(wrong_codes=wrong)
        return WrongCode(left=MOST_WRONG_CODES - wrong) if wrong < MOST_WRONG_CODES else LinkClosed()
    AnswerLink.objects.filter(pk=link.pk).update(entered_at=at)
    return None


def waiting_claim(visitor: Visitor) -> Receivable:
    """
    The claim of a link, if it still waits for this answer.

    :raises NoLongerWaits: otherwise
    """
    row = Receivable.objects.visible_to(visitor.actor).select_related("creditor").first()
    if row is None or row.state != State.PENDING_CONFIRM or row.debtor_id is not None:
        raise NoLongerWaits
    return row


@transaction.atomic
def prepare_answer(visitor: Visitor, event: str, said: Mapping[str, Any], *, at: datetime) -> LinkAnswer:
    """
    Keep what the visitor wants to answer, as the canonical document that will be signed. Said again, it replaces the former.

    :raises LinkClosed: if the link leads nowhere any more
    :raises NoLongerWaits: if the claim is not to be answered any more
    :raises Invalid: if the answer breaks a rule: a part above the claim, no reason for a "no"
    """
    link = _locked(visitor.link.pk, visitor.actor)
    if not link.is_open(at):
        raise LinkClosed
    row = waiting_claim(visitor)
    kept = {name: str(value) if isinstance(value, Decimal) else value for name, value in said.items()}
    decision = _decision(row.pk, row.version, kept)
    answers = Ledgered([row.pk])
    if not check_decision(event, row, decision, answers):
        raise answers.errors[row.pk]
    statement = Statement(
        event=event,
        version=row.version,
        amount=decision.amount,
        due_date=row.due_date,
        delivery_accepted=decision.delivery_accepted,
        set_off_known=decision.set_off_known,
        reason_code=decision.reason_code,
        comment=decision.comment,
    )
    text = canonical_json(document(row, statement, surroundings([row]))).decode()
    answer, _made = LinkAnswer.objects.update_or_create(
        link=link,
        defaults={
            "receivable_id": row.pk,
            "creditor_id": row.creditor_id,
            "event": event,
            "version": row.version,
            "said": kept,
            "document": text,
            "prepared_at": at,
            "nonce": "",
            "payload": b"",
        },
    )
    return answer


def _decision(pk: int, version: int, said: Mapping[str, Any], *, document_hash: str = "") -> Decision:
    amount = said.get("amount")
    return Decision(
        receivable_id=pk,
        version=version,
        amount=Decimal(amount) if amount is not None else None,
        delivery_accepted=said.get("delivery_accepted"),
        set_off_known=said.get("set_off_known"),
        reason_code=said.get("reason_code", ""),
        comment=said.get("comment", ""),
        document_hash=document_hash,
    )


def subject_of(answer: LinkAnswer, row: Receivable, *, title: StrOrPromise, effect: StrOrPromise) -> Subject:
    """What is signed: one document, its root, and the sum it speaks of."""
    amount = answer.said.get("amount") or str(row.face_amount)
    return Subject(
        object_type=OBJECT_TYPE,
        object_id=row.pk,
        object_version=answer.version,
        title=title,
        legal_effect=effect,
        manifest_root=merkle.root([merkle.leaf_hash(answer.document.encode())]),
        manifest_size=1,
        body={"totals": [{"amount": amount, "currency": row.currency}]},
    )


def purpose_of(answer: LinkAnswer) -> str:
    """The code of what is signed."""
    return f"receivables.by_link.{answer.event}"


@transaction.atomic
def offer_signature(
    visitor: Visitor, subject: Subject, certificate: bytes, chain: Sequence[bytes], *, at: datetime
) -> outsiders.Offer:
    """
    Freeze what a certificate of the debtor would sign, for a quarter of an hour.

    :raises LinkClosed: if the link leads nowhere any more
    :raises NoLongerWaits: if the claim is not to be answered any more
    :raises SignatureRefused: if the certificate is not one of this debtor, or may not sign; the class says why
    """
    link = _locked(visitor.link.pk, visitor.actor)
    answer = LinkAnswer.objects.filter(pk=link.pk).first()
    if not link.is_open(at) or answer is None:
        raise LinkClosed
    clocks.require_agreement()
    row = waiting_claim(visitor)
    found = outsiders.offer(
        subject,
        purpose=purpose_of(answer),
        uscc=row.debtor_uscc,
        name=row.debtor_name,
        certificate=certificate,
        chain=chain,
        at=at,
    )
    LinkAnswer.objects.filter(pk=link.pk).update(
        nonce=found.nonce,
        payload=found.payload,
        attributes=found.attributes,
        certificate_der=certificate,
        chain=found.chain,
        offered_at=at,
    )
    return found


def sign(visitor: Visitor, value: bytes, *, at: datetime) -> LinkAnswer:
    """
    Verify the signature with the proof of its time, keep it, and carry out the answer: all or nothing. The link is used then.

    Never inside a transaction: the proof is fetched first. The very same signature sent again gives the same answer.

    :raises LinkClosed: if the link leads nowhere any more
    :raises NoLongerWaits: if the claim is not to be answered any more
    :raises Replayed: if nothing was offered to sign, or it is older than a quarter of an hour, or was replaced
    :raises SignatureRefused: if a check fails; the class says which
    :raises ProofAway: if the proof of time cannot be had now
    """
    answer = _offered(visitor, at)
    der, chain = bytes(answer.certificate_der), [bytes(one) for one in answer.chain]
    kept = outsiders.kept_value(der, value)
    if answer.signed_at is not None:
        if bytes(answer.value) != kept:
            raise LinkClosed
        return answer
    proof = outsiders.fetch_proof(der, chain, kept, at=at)
    return _carry_out(visitor, answer.nonce, kept, proof, at=at)


@transaction.atomic
def _offered(visitor: Visitor, at: datetime) -> LinkAnswer:
    answer = LinkAnswer.objects.filter(pk=visitor.link.pk).first()
    if answer is None or not answer.payload or answer.offered_at is None:
        raise Replayed
    if answer.signed_at is None and at > answer.offered_at + SIGN_WITHIN:
        raise Replayed
    return answer


@transaction.atomic
def _carry_out(visitor: Visitor, nonce: str, value: bytes, proof: Any, *, at: datetime) -> LinkAnswer:
    link = _locked(visitor.link.pk, visitor.actor)
    answer = LinkAnswer.objects.get(pk=link.pk)
    if answer.signed_at is not None and bytes(answer.value) == value:
        return answer
    if not link.is_open(at):
        raise LinkClosed
    if answer.nonce != nonce:
        raise Replayed
    clocks.require_agreement()
    row = waiting_claim(visitor)
    if row.version != answer.version:
        raise StaleReceivable(place=row.public_no)
    payload, der = bytes(answer.payload), bytes(answer.certificate_der)
    expected = Expected(row.debtor_uscc, nonce, purpose_of(answer), OBJECT_TYPE, row.pk, answer.version)
    chain = [bytes(one) for one in answer.chain]
    kept = outsiders.check(
        payload, bytes(answer.attributes), value, certificate=der, chain=chain, expected=expected, proof=proof, at=at
    )
    facts = kept.found.certificate
    LinkAnswer.objects.filter(pk=link.pk).update(
        value=value,
        cms=kept.cms,
        algorithm=kept.found.algorithm.label,
        serial=facts.serial,
        subject=facts.subject,
        issuer=facts.issuer,
        signer_name=facts.subject_common_name,
        revocation_list_ids=kept.list_ids,
        ocsp_responses=kept.statuses,
        timestamp_token=kept.token,
        timestamp_at=kept.timestamp.at if kept.timestamp is not None else None,
        signed_at=kept.found.signed_at,
    )
    _decide(visitor, answer, row, at=at)
    AnswerLink.objects.filter(pk=link.pk).update(used_at=at)
    return LinkAnswer.objects.get(pk=link.pk)


def _decide(visitor: Visitor, answer: LinkAnswer, row: Receivable, *, at: datetime) -> None:
    decision = _decision(row.pk, answer.version, answer.said, document_hash=sha256_hex(answer.document.encode()))
    by = Actor.visitor(OBJECT_TYPE, row.pk, label=row.debtor_name, request_id=visitor.actor.request_id)
    via = Via(channel="LINK", link_id=visitor.link.pk)
    outcomes: list[Outcome] = VERBS[answer.event]([decision], by=by, at=at, via=via)
    if outcomes[0].error is not None:
        raise outcomes[0].error


def _locked(link_id: int, by: Actor) -> AnswerLink:
    link = AnswerLink.objects.visible_to(by).select_for_update(no_key=True).filter(pk=link_id).first()
    if link is None:
        raise NotVisible
    return link
