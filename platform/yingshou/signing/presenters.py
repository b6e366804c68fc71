"""How signing reads: timeline lines, the summary on the signing page, the result, the proof file, how to verify."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line
from yingshou.identity.models import Organisation
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.elicence import holder_of
from yingshou.signing.models import (
    LicenceHolder,
    RevocationList,
    SignatureEvidence,
    SignatureFormat,
    SignedLine,
    WaitingSignature,
)
from yingshou.signing.ocsp import read_status
from yingshou.signing.purposes import Subject
from yingshou.signing.selectors import common_name
from yingshou.signing.states import HolderState
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

REFUSED_SHOWN = 200

HEADLINES: dict[str, "StrPromise"] = {
    "signing.certificate.register": _("Signing certificate registered"),
    "signing.certificate.withdraw": _("Signing certificate withdrawn"),
    "signing.signatureevidence.sign": _("Signed; the signature was verified"),
    "signing.signingrequest.refuse": _("A signature was refused"),
    "signing.licenceholder.ask": _("Link of the electronic licence asked for"),
    "signing.licenceholder.link": _("Electronic licence linked"),
    "signing.licenceholder.decline": _("Link of the electronic licence declined"),
    "signing.licenceholder.end": _("Link of the electronic licence ended"),
    "signing.waitingsignature.give_back": _("A signature was given back: it did not take effect"),
}


@dataclass(frozen=True)
class Refused:
    """A line that was not carried out, and why."""

    label: str
    code: str
    message: str
    cure: str


@dataclass(frozen=True)
class ChainLink:
    """One certificate of the path, as people read it."""

    name: str
    serial: str
    valid_from: str
    valid_to: str
    key: str


@dataclass(frozen=True)
class ListRow:
    """A revocation list, with the name of its file."""

    issuer: str
    this_update: datetime
    next_update: datetime
    fetched_at: datetime
    file_name: str


@dataclass(frozen=True)
class Shown:
    """What the signing page shows of the document; its script compares each with the document it is asked to sign."""

    organisation: str
    uscc: str
    root: str
    total: str
    language: str


def reader_language() -> str:
    """The key of the reader's language in documents and error objects: ``zh`` or ``en``."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def shown(subject: Subject, *, organisation_id: int) -> Shown:
    """The facts of a document that stand on the page before it is prepared."""
    organisation = Organisation.objects.get(pk=organisation_id)
    totals = subject.body.get("totals") or []
    return Shown(
        organisation=organisation.name,
        uscc=organisation.uscc,
        root=subject.manifest_root.hex(),
        total=f"{totals[0]['amount']:f} {totals[0]['currency']}" if totals else "",
        language=reader_language(),
    )


def list_rows(evidence: SignatureEvidence) -> list[ListRow]:
    """The revocation lists that an evidence refers to, in its order."""
    rows = RevocationList.objects.defer("der").in_bulk(evidence.revocation_list_ids)
    return [
        ListRow(
            issuer=common_name(rows[pk].issuer),
            this_update=rows[pk].this_update,
            next_update=rows[pk].next_update,
            fetched_at=rows[pk].fetched_at,
            file_name=f"revocation-{number}.crl",
        )
        for number, pk in enumerate(evidence.revocation_list_ids, start=1)
    ]


@dataclass(frozen=True)
class StatusRow:
    """An answer about one certificate, with the name of its file."""

    serial: str
    this_update: datetime
    next_update: datetime
    file_name: str


@dataclass(frozen=True)
class StampRow:
    """The proof of the time."""

    at: datetime
    authority: str
    command: str


def status_rows(evidence: SignatureEvidence) -> list[StatusRow]:
    """The answers about single certificates that an evidence keeps."""
    facts = [read_status(bytes(der)) for der in evidence.ocsp_responses]
    return [
        StatusRow(f"{one.serial_number:X}", one.this_update, one.next_update, f"status-{number}.ors")
        for number, one in enumerate(facts, start=1)
    ]


def stamp_row(evidence: SignatureEvidence) -> StampRow | None:
    """The timestamp of an evidence and how to check it; None where there is none."""
    if evidence.timestamp_at is None:
        return None
    command = (
        "openssl ts -verify -token_in -in timestamp.tst -data signature.bin -CAfile timestamp-authority.pem "
        f"-attime {int(evidence.timestamp_at.timestamp())}"
    )
    return StampRow(evidence.timestamp_at, evidence.timestamp_authority, command)


def given_back(row: WaitingSignature | None) -> Refused | None:
    """Why a signature that waited came to nothing, in the reader's language."""
    if row is None or row.problem is None:
        return None
    said, suffix = row.problem, reader_language()
    return Refused("", said["code"], said[f"message_{suffix}"], said[f"cure_{suffix}"])


def event_line(event: AuditEvent) -> Line:
    """A line of the timeline."""
    refused = event.kind.endswith((".refuse", ".give_back"))
    found = event.body.get("code" if refused else "certificate_serial") or event.body.get("serial")
    detail = str(found or event.body.get("person", ""))
    return Line(
        headline=HEADLINES[event.kind],
        detail=detail,
        at=event.at,
        who=event.actor_label,
        tone="harm" if refused else "done",
    )


def licences_waiting(actor: Actor) -> QuerySet[LicenceHolder] | None:
    """Links that wait for an administrator; for the count in the navigation."""
    if not actor.may("identity.manage_people"):
        return None
    return LicenceHolder.objects.visible_to(actor).filter(state=HolderState.ASKED)


def refused_lines(approval: Approval) -> list[Refused]:
    """The lines that were left out, in their order."""
    rows = approval.lines.filter(outcome="REFUSED").order_by("position")[:REFUSED_SHOWN]
    suffix = reader_language()
    found = []
    for line in rows:
        said: dict[str, Any] = json.loads(line.outcome_text) if line.outcome_text else {}
        found.append(
            Refused(line.label, line.outcome_code, said.get(f"message_{suffix}", ""), said.get(f"cure_{suffix}", ""))
        )
    return found


def total_of(evidence: SignatureEvidence) -> tuple[Decimal, str] | None:
    """The signed total and its currency, from the signed document itself."""
    totals = json.loads(bytes(evidence.payload)).get("totals") or []
    return (Decimal(totals[0]["amount"]), str(totals[0]["currency"])) if totals else None


def chain_links(evidence: SignatureEvidence) -> list[ChainLink]:
    """The path from the signer's certificate to the root."""
    return [_link(read_certificate(bytes(der))) for der in [evidence.certificate_der, *evidence.chain]]


def _link(facts: CertificateFacts) -> ChainLink:
    return ChainLink(
        name=facts.subject_common_name or common_name(facts.subject),
        serial=facts.serial,
        valid_from=facts.not_before.date().isoformat(),
        valid_to=facts.not_after.date().isoformat(),
        key=facts.key_label,
    )


def pem(ders: Sequence[bytes]) -> bytes:
    """Certificates as PEM, one after the other."""
    blocks = []
    for der in ders:
        text = base64.encodebytes(der).decode().replace("\n", "")
        rows = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
        blocks.append(f"-----BEGIN CERTIFICATE-----\n{rows}\n-----END CERTIFICATE-----\n")
    return "".join(blocks).encode()


def proof_file(line: SignedLine) -> bytes:
    """The inclusion proof of one line, for whoever verifies without this platform."""
    evidence = line.evidence
    proof = {
        "tree": "RFC 6962, SHA-256",
        "root": bytes(evidence.manifest_root).hex(),
        "size": evidence.manifest_size,
        "index": line.leaf_index,
        "leaf": bytes(line.leaf_hash).hex(),
        "path": [one.hex() for one in line.proof_hashes],
        "object": {"type": line.object_type, "id": line.object_id, "version": line.object_version},
    }
    return json.dumps(proof, ensure_ascii=False, indent=1).encode()


def licence_facts(evidence: SignatureEvidence) -> tuple[str, str] | None:
    """Who confirmed on the phone and with which licence; None for a certificate file."""
    return holder_of(bytes(evidence.assertion)) if evidence.format == SignatureFormat.ELICENSE else None


# `openssl cms` leaves the user identifier out of SM2: the digest is its work, then attributes and value are cut out.
_SM2_CMS = r"""
openssl cms -verify -no_attr_verify -noverify -binary -inform DER -in signature.p7s -content document.json \
    -signer certificate.pem -out /dev/null
openssl asn1parse -inform DER -in signature.p7s > shape.txt
read -r start head length < <(sed -nE 's/^ *([0-9]+):d=5 +hl=([0-9]) l= *([0-9]+) cons: cont \[ 0 \].*/\1 \2 \3/p' shape.txt | tail -1)
{ printf 1; tail -c "+$((start + 2))" signature.p7s | head -c "$((head + length - 1))"; } > attributes.der
openssl asn1parse -inform DER -in signature.p7s -noout -out value.der \
    -strparse "$(sed -nE 's/^ *([0-9]+):d=5 .*OCTET STRING.*/\1/p' shape.txt | tail -1)"
openssl x509 -in certificate.pem -noout -pubkey -out key.pem
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -pkeyopt distid:1234567812345678 \
    -in attributes.der -sigfile value.der
""".strip()


def openssl_command(evidence: SignatureEvidence) -> str:
    """The command that verifies the downloaded files, as of the moment of signing."""
    if evidence.format == SignatureFormat.ELICENSE:
        check = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -pkeyopt distid:1234567812345678"
        return (
            "openssl x509 -in certificate.pem -pubkey -noout -out key.pem\n"
            f"{check} -in document.json -sigfile signature.bin\n"
            f"{check} -in assertion.json -sigfile assertion.bin"
        )
    if evidence.algorithm.startswith("SM2"):
        return _SM2_CMS
    return (
        "openssl cms -verify -binary -cades -inform DER -in signature.p7s -content document.json "
        f"-CAfile chain.pem -attime {int(evidence.signed_at.timestamp())} -out /dev/null"
    )
