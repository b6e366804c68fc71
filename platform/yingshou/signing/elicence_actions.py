"""
Every write about electronic licences: ask the holder, keep the answer, sign in, sign, link a licence to a person.

The service is called outside of every transaction. A request is reached by the system alone, by its reference; the browser
that asked proves itself with a secret of its session. What the holder confirmed is kept before it is used, so that a lost
connection, a closed browser or a dead service loses nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yingshou.audit.lifecycle import advance, created
from yingshou.identity.models import Membership, Organisation
from yingshou.kernel.canonical import canonical_json
from yingshou.kernel.errors import Conflict, DomainError, NotAllowed, NotVisible
from yingshou.signing import actions, authorities, elicence, waiting
from yingshou.signing.documents import envelope
from yingshou.signing.elicence import Asked, HolderNotLinked, LinkEnded, NobodyLinked, OrganisationUnknown
from yingshou.signing.elicence_models import AnswerState, AskedFor, LicenceHolder, LicenceRequest
from yingshou.signing.elicence_providers import PROVIDERS, Question, Status, in_use
from yingshou.signing.errors import MalformedSignature, OtherOrganisation, Replayed, RevocationUnknown, SignatureRefused
from yingshou.signing.keeping import Origin
from yingshou.signing.models import SignatureEvidence, SignatureFormat, SigningRequest, WaitingSignature
from yingshou.signing.purposes import PURPOSES
from yingshou.signing.sm2 import sm3
from yingshou.signing.states import HOLDER, HolderState
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor, acting_as

JOB: Final = "signing.elicence"
# Time to take the phone, scan and confirm.
SCAN_LIFE: Final = timedelta(minutes=2)
# What is signed is read on the phone first.
SIGN_LIFE: Final = timedelta(minutes=5)
# How long a confirmed sign-in waits for the browser that asked for it.
USE_LIFE: Final = timedelta(minutes=10)
KEEP: Final = timedelta(days=30)
IDENTIFY_FORMAT: Final = "elicence-identify/1"


class NoLicenceLinked(NotAllowed):
    """The signer has no licence linked to the account."""

    code = "ELC-011"
    message = gettext_lazy("No electronic licence is linked to your account yet.")
    cure = gettext_lazy("Link it under “Electronic licence”; an administrator of your organisation agrees once.")


class HolderTaken(Conflict):
    """The licence's holder is linked to somebody else of the organisation, or waits to be."""

    code = "ELC-012"
    message = gettext_lazy("%(holder)s is linked to another person of your organisation already, or waits to be.")
    cure = gettext_lazy("Ask an administrator of your organisation to end that link first.")


@dataclass(frozen=True)
class Wanted:
    """
    What a request is for.

    :param browser: the secret that the session of the asking browser holds
    :param purpose: for a signature: its registered purpose, with the object's id
    """

    asked_for: AskedFor
    browser: str
    purpose: str = ""
    object_id: int | None = None
    origin: Origin = field(default_factory=Origin)


def begin(wanted: Wanted, *, by: Actor, at: datetime) -> str:
    """
    Freeze what the holder will be asked; its reference. The service is told next, by `open_at_service`.

    :raises NotSetUp: if no service is set up
    :raises NoLicenceLinked: if a signature is wanted from somebody without a linked licence
    :raises DomainError: whatever refuses the act that would be signed
    """
    provider, _service = in_use()
    nonce = secrets.token_hex(32)
    facts: dict[str, Any] = {}
    with transaction.atomic():
        if wanted.asked_for == AskedFor.SIGN:
            facts = _document(wanted, nonce, by=by, at=at)
        else:
            facts["payload"] = canonical_json(
                {
                    "format": IDENTIFY_FORMAT,
                    "purpose": wanted.asked_for.value,
                    "platform": settings.YINGSHOU_PUBLIC_URL,
                    "nonce": nonce,
                    "prepared_at": at,
                }
            )
        with _system(by):
            row = LicenceRequest.objects.create(
                reference=secrets.token_hex(16),
                provider=provider,
                asked_for=wanted.asked_for,
                browser=_browser_hash(wanted.browser),
                organisation_id=by.organisation_id if by.person_id else None,
                person_id=by.person_id,
                nonce=nonce,
                device=wanted.origin.device[:300],
                ip=wanted.origin.ip,
                created_at=at,
                expires_at=at + (SIGN_LIFE if wanted.asked_for == AskedFor.SIGN else SCAN_LIFE),
                **facts,
            )
    return row.reference


def _document(wanted: Wanted, nonce: str, *, by: Actor, at: datetime) -> dict[str, Any]:
    """What would be signed, frozen as with a certificate file."""
    assert by.organisation_id is not None, "a signer acts for an organisation"
    assert wanted.object_id is not None, "a signature is about an object"
    subject = PURPOSES.get(wanted.purpose).subject(wanted.object_id, by=by, at=at)
    clocks.require_agreement()
    organisation = Organisation.objects.get(pk=by.organisation_id)
    if not LicenceHolder.objects.linked(organisation_id=organisation.pk, person_id=by.person_id or 0).exists():
        raise NoLicenceLinked
    payload = envelope(
        subject,
        purpose=wanted.purpose,
        uscc=organisation.uscc,
        organisation_name=organisation.name,
        nonce=nonce,
        prepared_at=at,
    )
    return {
        "payload": payload,
        "purpose": wanted.purpose,
        "object_type": subject.object_type,
        "object_id": subject.object_id,
        "object_version": subject.object_version,
        "manifest_root": subject.manifest_root,
        "manifest_size": subject.manifest_size,
        "uscc": organisation.uscc,
    }


def open_at_service(reference: str, *, by: Actor, at: datetime) -> None:
    """
    Tell the service; doing it again changes nothing. Never called inside a transaction.

    :raises ServiceAway: if the service does not answer; the request waits and can be told again
    """
    row = _read(reference, by=by)
    if row.provider_no or row.is_over(at):
        return
    base = settings.YINGSHOU_PUBLIC_URL.rstrip("/")
    payload = bytes(row.payload)
    opened = PROVIDERS.get(row.provider).open(
        Question(
            reference=row.reference,
            kind=_kind(row),
            title=_title(row),
            text=payload,
            digest=sm3(payload).hex(),
            nonce=row.nonce,
            callback=base + reverse("signing:licence_call", args=[row.provider]),
            return_url=base + reverse("signing:licence_wait", args=[row.reference]),
            expires_at=row.expires_at,
        ),
        at=at,
    )
    with _system(by), transaction.atomic():
        LicenceRequest.objects.filter(pk=row.pk, provider_no="").update(
            provider_no=opened.no, code=opened.code, link=opened.link
        )


def _kind(row: LicenceRequest) -> str:
    return "signature" if row.asked_for == AskedFor.SIGN else "identify"


def _title(row: LicenceRequest) -> str:
    return {
        AskedFor.SIGN_IN.value: _("Sign in to Yingshou"),
        AskedFor.LINK.value: _("Link this licence to your account at Yingshou"),
        AskedFor.SIGN.value: _("Sign a document of Yingshou"),
    }[row.asked_for]


def of_browser(reference: str, browser: str, *, by: Actor) -> LicenceRequest:
    """
    The request, for the browser that asked.

    :raises NotVisible: for every other browser
    """
    row = _read(reference, by=by)
    same_person = row.person_id is None or row.person_id == by.person_id
    if not browser or not hmac.compare_digest(row.browser, _browser_hash(browser)) or not same_person:
        raise NotVisible
    return row


def look(reference: str, *, by: Actor, at: datetime) -> LicenceRequest:
    """
    Ask the service how a request stands and keep what it answers. Never called inside a transaction.

    :raises ServiceAway: if the service does not answer
    """
    row = _read(reference, by=by)
    if row.answer or not row.provider_no:
        return row
    provider = PROVIDERS.get(row.provider)
    return take(row.provider, provider.status(row.provider_no, at=at), by=by, at=at)


def take(provider: str, status: Status, *, by: Actor, at: datetime) -> LicenceRequest:
    """
    Keep the service's answer: check it wholly and say what it says. An answer that is there already stays.

    :raises NotVisible: if there is no such request
    :raises ServiceAway: if the service has an answer, but its revocation lists cannot be had
    """
    row = _read(status.reference, by=by)
    if row.provider != provider or row.provider_no not in ("", status.no):
        raise NotVisible
    if row.answer or status.state == "waiting":
        return row
    if status.state == "confirmed":
        lists = PROVIDERS.get(provider).revocation_lists(at=at)
        with _system(by):
            actions.store_revocation_lists(lists, at=at)
    facts = _answered(row, status, by=by, at=at)
    with _system(by), transaction.atomic():
        LicenceRequest.objects.filter(pk=row.pk, answer="").update(answered_at=at, **facts)
        return LicenceRequest.objects.get(pk=row.pk)


def _answered(row: LicenceRequest, status: Status, *, by: Actor, at: datetime) -> dict[str, Any]:
    if status.state == "refused":
        return {"answer": AnswerState.REFUSED, "failure": elicence.HolderRefused().as_dict()}
    if status.state == "expired":
        return {"answer": AnswerState.EXPIRED, "failure": elicence.CodeRanOut().as_dict()}
    answer = status.answer
    try:
        if answer is None or status.state != "confirmed":
            raise MalformedSignature(detail="assertion")
        asked = Asked(
            app=PROVIDERS.get(row.provider).app,
            reference=row.reference,
            kind=_kind(row),
            nonce=row.nonce,
            digest=sm3(bytes(row.payload)).hex(),
            asked_at=row.created_at,
            expires_at=row.expires_at,
            uscc=row.uscc,
        )
        with _system(by), transaction.atomic():
            trust = authorities.licence_trust(at)
            held = authorities.revocation_facts(authorities.latest_lists())
        asserted = elicence.verify_answer(answer, asked, trust=trust, revocation=held, moment=at)
    except RevocationUnknown:
        raise
    except SignatureRefused as error:
        return {"answer": AnswerState.FAILED, "failure": error.as_dict()}
    return {
        "answer": AnswerState.CONFIRMED,
        "assertion": answer.assertion,
        "assertion_signature": answer.assertion_signature,
        "signature": answer.signature,
        "certificate_der": answer.certificate,
        "chain": list(answer.others),
        "uscc": asserted.uscc,
        "organisation_name": asserted.organisation,
        "holder_no": asserted.holder_no,
        "holder_name": asserted.holder,
        "licence_serial": asserted.licence_serial,
    }


def sign_in(reference: str, *, by: Actor, at: datetime) -> Membership:
    """
    Use a confirmed request, once, to find who signs in, and for which organisation.

    :raises OrganisationUnknown: if the organisation is not on the platform
    :raises NobodyLinked: if the holder is not linked to one of its people; the request stays usable for linking
    :raises LinkEnded: if the person's work for it has ended
    :raises Replayed: if it was used before, or too long ago
    """
    with _system(by), transaction.atomic():
        row = _usable(reference, AskedFor.SIGN_IN, at=at)
        organisation = Organisation.objects.by_uscc(row.uscc)
        if organisation is None:
            raise OrganisationUnknown(organisation=row.organisation_name, uscc=row.uscc)
        held = LicenceHolder.objects.filter(
            organisation=organisation, provider=row.provider, holder_no=row.holder_no, state=HolderState.LINKED
        ).first()
        if held is None:
            raise NobodyLinked(holder=row.holder_name, organisation=organisation.name)
        living = Membership.objects.live(at).filter(person_id=held.person_id, organisation=organisation)
        membership = living.select_related("person", "organisation").first()
        if membership is None or not membership.person.is_active:
            raise LinkEnded(organisation=organisation.name)
        LicenceRequest.objects.filter(pk=row.pk).update(used_at=at)
    return membership


def sign(reference: str, *, by: Actor, at: datetime) -> SignatureEvidence | WaitingSignature:
    """
    Use a confirmed request, once, as the signature it was asked for; then the same completion as with a certificate file.

    It takes effect at once, or waits for its proof as every signature does. Never called inside a transaction. Doing it again after a crash goes on where it was.

    :raises HolderNotLinked: if somebody else than the signer confirmed
    :raises Replayed: if it was used before
    :raises SignatureRefused: if the signature does not pass
    :raises DomainError: whatever refuses the act that was signed
    """
    request_id, row = _to_sign(reference, by=by, at=at)
    try:
        origin = Origin(device=row.device, ip=row.ip)
        found = waiting.sign(request_id, bytes(row.signature), by=by, at=at, origin=origin)
    except SignatureRefused as error:
        actions.keep_refusal(request_id, error, by=by, at=at)
        raise
    with _system(by), transaction.atomic():
        LicenceRequest.objects.filter(pk=row.pk, used_at=None).update(used_at=at)
    return found


@transaction.atomic
def _to_sign(reference: str, *, by: Actor, at: datetime) -> tuple[int, LicenceRequest]:
    """Make the signing request of what the holder confirmed, unless it is there."""
    with _system(by):
        row = _usable(reference, AskedFor.SIGN, at=at)
    if (row.organisation_id, row.person_id) != (by.organisation_id, by.person_id):
        raise NotVisible
    organisation_id, person_id = row.organisation_id or 0, row.person_id or 0
    linked = LicenceHolder.objects.linked(organisation_id=organisation_id, person_id=person_id)
    if not linked.filter(provider=row.provider, holder_no=row.holder_no).exists():
        raise HolderNotLinked(holder=row.holder_name)
    request, _new = SigningRequest.objects.get_or_create(
        nonce=row.nonce,
        defaults={
            "organisation_id": organisation_id,
            "person_id": person_id,
            "purpose": row.purpose,
            "object_type": row.object_type,
            "object_id": row.object_id or 0,
            "object_version": row.object_version or 0,
            "payload": bytes(row.payload),
            "manifest_root": bytes(row.manifest_root),
            "manifest_size": row.manifest_size,
            "certificate_der": bytes(row.certificate_der),
            "chain": [bytes(der) for der in row.chain],
            "attributes": b"",
            "format": SignatureFormat.ELICENSE,
            "assertion": bytes(row.assertion),
            "assertion_signature": bytes(row.assertion_signature),
            "created_at": row.created_at,
            "expires_at": row.created_at + actions.REQUEST_LIFE,
        },
    )
    return request.pk, row


def fail(reference: str, error: DomainError, *, by: Actor) -> None:
    """Keep why a confirmed request did not lead to what was wanted; called after the attempt was rolled back."""
    with _system(by), transaction.atomic():
        LicenceRequest.objects.filter(reference=reference, used_at=None).update(failure=error.as_dict())


def ask_link(reference: str, *, by: Actor, at: datetime) -> LicenceHolder:
    """
    Ask an administrator to link the holder who confirmed to the actor.

    :raises OtherOrganisation: if it is another organisation's licence
    :raises HolderTaken: if the holder is linked to somebody else
    :raises Replayed: if the request was used before, or too long ago
    """
    assert by.organisation_id is not None, "one links a licence for an organisation"
    assert by.person_id is not None, "who links a licence is a person"
    with transaction.atomic():
        organisation = Organisation.objects.get(pk=by.organisation_id)
        with _system(by):
            row = _usable(reference, None, at=at)
            if row.uscc != organisation.uscc:
                raise OtherOrganisation(uscc=organisation.uscc)
            LicenceRequest.objects.filter(pk=row.pk).update(used_at=at)
        holder = LicenceHolder(
            organisation=organisation,
            person_id=by.person_id,
            provider=row.provider,
            holder_no=row.holder_no,
            holder_name=row.holder_name,
            licence_serial=row.licence_serial,
            asked_at=at,
        )
        open_links = LicenceHolder.objects.filter(
            organisation=organisation, provider=row.provider, holder_no=row.holder_no, state__in=["ASKED", "LINKED"]
        )
        try:
            with transaction.atomic():
                holder.save(force_insert=True)
        except IntegrityError as error:
            known = open_links.filter(person_id=by.person_id).first()
            if known is None:
                raise HolderTaken(holder=row.holder_name) from error
            return known
        created([holder], by=by, at=at, event="ask", body=_said)
    return holder


@transaction.atomic
def decide_link(holder_id: int, event: str, *, by: Actor, at: datetime) -> LicenceHolder:
    """
    Link, decline or end: the first two are an administrator's, the end is the holder's as well.

    :raises NotVisible: if there is no such link that the actor may see
    :raises IllegalTransition: if it is decided already
    """
    found = LicenceHolder.objects.visible_to(by).locked([holder_id])
    if not found or not (by.may("identity.manage_people") or (event == "end" and found[0].person_id == by.person_id)):
        raise NotVisible
    advance(HOLDER, found, event, by=by, at=at, facts={"decided_at": at}, body=_said).only()
    return found[0]


def unfinished(*, at: datetime) -> list[str]:
    """References of signatures that wait for their answer, or for the browser that would have used it."""
    since = at - actions.REQUEST_LIFE
    rows = LicenceRequest.objects.filter(
        asked_for=AskedFor.SIGN,
        answer__in=[AnswerState.NONE, AnswerState.CONFIRMED],
        used_at=None,
        failure__isnull=True,
        created_at__gt=since,
    )
    return list(rows.exclude(provider_no="").order_by("pk").values_list("reference", flat=True)[:200])


def forget(*, before: datetime) -> int:
    """Delete requests to sign in or to link that are older; what was signed is kept with its evidence."""
    old = LicenceRequest.objects.filter(created_at__lt=before).exclude(asked_for=AskedFor.SIGN)
    return old.delete()[0]


def _usable(reference: str, asked_for: AskedFor | None, *, at: datetime) -> LicenceRequest:
    """Lock a confirmed request that was not used and is not too old."""
    rows = LicenceRequest.objects.select_for_update(no_key=True, of=("self",)).filter(
        reference=reference, answer=AnswerState.CONFIRMED, used_at=None
    )
    row = rows.first()
    if row is None or (asked_for is None and row.asked_for == AskedFor.SIGN):
        raise Replayed
    if asked_for is not None and row.asked_for != asked_for:
        raise Replayed
    if row.asked_for != AskedFor.SIGN and (row.answered_at is None or at > row.answered_at + USE_LIFE):
        raise Replayed
    return row


def _said(row: LicenceHolder) -> dict[str, Any]:
    return {"holder": row.holder_name, "licence": row.licence_serial, "person": row.person.display_name}


def _read(reference: str, *, by: Actor) -> LicenceRequest:
    with _system(by), transaction.atomic():
        row = LicenceRequest.objects.filter(reference=reference).first()
    if row is None:
        raise NotVisible
    return row


@contextmanager
def _system(by: Actor) -> Iterator[None]:
    """Act as the system that carries requests, for the same call."""
    with acting_as(Actor.system(JOB, request_id=by.request_id)):
        yield


def _browser_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
