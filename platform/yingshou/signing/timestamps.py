"""
Timestamps (RFC 3161) over a signature value: ask for a token, and check one, today and years later.

The token says that the signature existed at a moment, in the word of an authority that is on a trust list of its own:
who may issue certificates for signers does not tell the time by that.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from yingshou.jobs import http
from yingshou.kernel.errors import DomainError, Invalid
from yingshou.signing.algorithms import read_algorithm, read_digest, verify_raw
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.der import require_strict
from yingshou.signing.errors import SignatureRefused
from yingshou.signing.trust import TrustStore

MAX_BYTES: Final = 64 * 1024
CLOCK_SKEW: Final = timedelta(minutes=5)
_REQUEST: Final = "application/timestamp-query"
_RESPONSE: Final = "application/timestamp-reply"
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


class TimestampInvalid(SignatureRefused, Invalid):
    """The timestamp is missing, of other content, or not of an authority that tells the time here."""

    code = "SIG-011"
    message = _("The timestamp of the signature is missing or not valid: %(detail)s.")
    cure = _("Nothing took effect. Sign again; if it happens again, tell the platform operator.")


@dataclass(frozen=True)
class TimestampFacts:
    """A token that passed every check."""

    token: bytes
    at: datetime
    authority: str
    serial: str
    policy: str
    chain: tuple[CertificateFacts, ...]


def imprint_of(value: bytes) -> bytes:
    """What is stamped: SHA-256 over the signature value."""
    return hashlib.sha256(value).digest()


def request(digest: bytes, *, seconds: float = http.SECONDS) -> bytes:
    """
    Fetch a token over a SHA-256 digest from the configured authority. Never inside a transaction.

    :raises OutgoingProblem: if the service does not answer, refuses, or answers another question
    """
    nonce = secrets.randbits(63) | 1
    question = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    answer = http.call(
        settings.SIGNING_TSA_URL,
        body=bytes(question.dump()),
        content_type=_REQUEST,
        accept=[_RESPONSE],
        max_bytes=MAX_BYTES,
        seconds=seconds,
    )
    try:
        response = tsp.TimeStampResp.load(answer.body, strict=True)
        if str(response["status"]["status"].native) not in _GRANTED:
            raise http.WrongAnswer("the timestamp service refused")
        token = bytes(response["time_stamp_token"].dump())
        info = _info(cms.ContentInfo.load(token, strict=True)["content"])
        same = info["nonce"].native == nonce and bytes(info["message_imprint"]["hashed_message"].native) == digest
    except (ValueError, TypeError, KeyError, DomainError) as error:
        raise http.WrongAnswer("the timestamp service sent no token") from error
    if not same:
        raise http.WrongAnswer("the timestamp service answered another question")
    return token


def verify(
    token: bytes, imprint: bytes, trust: TrustStore, moment: datetime, *, earliest: datetime | None = None
) -> TimestampFacts:
    """
    Check a token: shape, imprint, policy, signature, usage, path and validity of its authority, and its time.

    :param moment: when it is relied on; it cannot say a later time
    :param earliest: the moment of signing; it cannot say an earlier time
    :raises TimestampInvalid: naming what is wrong
    """
    try:
        require_strict(token)
        content = cms.ContentInfo.load(token, strict=True)
        _require(content["content_type"].native == "signed_data", _("it has another form"))
        signed = content["content"]
        info = _info(signed)
        signer, others = _signer(signed)
        _require(_imprint(info) == imprint, _("it belongs to another signature"))
        policy = str(info["policy"].dotted)
        allowed = settings.SIGNING_TSA_POLICIES
        _require(not allowed or policy in allowed, _("it was issued under another policy"))
        _require_signature(signed, signer)
    except TimestampInvalid:
        raise
    except (ValueError, TypeError, KeyError, DomainError) as error:
        raise TimestampInvalid(detail=_("it has another form")) from error
    stamped_at: datetime = info["gen_time"].native
    _require_usage(signer)
    try:
        chain = trust.path(signer, others, stamped_at)
    except DomainError as error:
        raise TimestampInvalid(detail=_("its authority is not on the list of those that tell the time")) from error
    _require(all(one.valid_at(stamped_at) for one in chain), _("its authority's certificate was not valid"))
    _require(stamped_at <= moment + CLOCK_SKEW, _("it says a time to come"))
    _require(earliest is None or stamped_at >= earliest - CLOCK_SKEW, _("it is older than the signature"))
    return TimestampFacts(
        token=token,
        at=stamped_at,
        authority=signer.subject_common_name or signer.subject,
        serial=f"{info['serial_number'].native:X}",
        policy=policy,
        chain=chain,
    )


def _info(signed: Any) -> Any:
    """The statement inside a token."""
    encapsulated = signed["encap_content_info"]
    _require(encapsulated["content_type"].native == "tst_info", _("it has another form"))
    info = encapsulated["content"].parsed
    _require(isinstance(info, tsp.TSTInfo) and info["version"].native == "v1", _("it has another form"))
    return info


def _imprint(info: Any) -> bytes:
    stamped = info["message_imprint"]
    _require(stamped["hash_algorithm"]["algorithm"].native == "sha256", _("it belongs to another signature"))
    return bytes(stamped["hashed_message"].native)


def _signer(signed: Any) -> tuple[CertificateFacts, Sequence[bytes]]:
    """The certificate of the one signer, which the token brings, and the others beside it."""
    held = signed["certificates"]
    _require(len(signed["signer_infos"]) == 1, _("it has another form"))
    _require(isinstance(held, cms.CertificateSet) and 1 <= len(held) <= 6, _("it brings no certificate"))
    _require(all(choice.name == "certificate" for choice in held), _("it has another form"))
    sid = signed["signer_infos"][0]["sid"]
    _require(sid.name == "issuer_and_serial_number", _("it has another form"))
    parsed = [choice.chosen for choice in held]
    own = [
        one
        for one in parsed
        if one.serial_number == sid.chosen["serial_number"].native and one.issuer.dump() == sid.chosen["issuer"].dump()
    ]
    _require(len(own) == 1, _("it brings no certificate"))
    return read_certificate(bytes(own[0].dump())), [bytes(one.dump()) for one in parsed if one is not own[0]]


def _require_signature(signed: Any, signer: CertificateFacts) -> None:
    """Check the digest of the statement, the certificate that the signer names, and the signature over both."""
    broken = _("its signature does not match")
    row = signed["signer_infos"][0]
    digest = read_digest(row["digest_algorithm"])
    _require(isinstance(row["signed_attrs"], cms.CMSAttributes), broken)
    names = [str(attribute["type"].native) for attribute in row["signed_attrs"]]
    _require(len(set(names)) == len(names), broken)
    values = {
        name: attribute["values"][0]
        for name, attribute in zip(names, row["signed_attrs"], strict=True)
        if len(attribute["values"]) == 1
    }
    _require(values["content_type"].native == "tst_info", broken)
    content = bytes(signed["encap_content_info"]["content"].contents)
    _require(bytes(values["message_digest"].native) == hashlib.new(digest, content).digest(), broken)
    _require(_named_certificate(values) == signer.sha256, broken)
    algorithm = read_algorithm(row["signature_algorithm"], digest)
    attributes = bytes(row["signed_attrs"].untag().dump())
    try:
        verify_raw(signer.public_key, algorithm, bytes(row["signature"].native), attributes)
    except DomainError as error:
        raise TimestampInvalid(detail=broken) from error


def _named_certificate(values: dict[str, Any]) -> bytes:
    """The SHA-256 fingerprint of the certificate that the signed attributes name (RFC 5816)."""
    identifier = values["signing_certificate_v2"]["certs"][0]
    _require(identifier["hash_algorithm"]["algorithm"].native == "sha256", _("its signature does not match"))
    return bytes(identifier["cert_hash"].native)


def _require_usage(signer: CertificateFacts) -> None:
    """A certificate that tells the time does nothing else, and says so critically (RFC 3161, 2.3)."""
    try:
        usage = signer.parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise TimestampInvalid(detail=_("its certificate is not one for timestamps")) from error
    only = list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    _require(
        only and usage.critical and "key_cert_sign" not in signer.key_usages,
        _("its certificate is not one for timestamps"),
    )


def _require(condition: bool, detail: Any) -> None:
    if not condition:
        raise TimestampInvalid(detail=detail)
