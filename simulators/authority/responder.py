"""
The sample authority over HTTP: its certificates, its revocation lists, and answers about single certificates (OCSP, RFC 6960).

`/ocsp/` by POST or GET, `/lists/<name>.crl`, `/certificates/<name>.crt`. The authority itself signs the answers; a nonce
that was asked with comes back.
"""

import base64
import binascii
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from simulators.authority.authority import Authority
from simulators.service import Reply, Service

ANSWER_LIFE: Final = timedelta(hours=1)
_OCSP: Final = "application/ocsp-response"
_AUTHORITIES: Final = ("root", "issuing")


class Responder(Service):
    """Answers from the authority's register as it is at this moment."""

    faults = (
        "stale",
        "revoked",
        "unknown",
        "wrong-certificate",
        "wrong-signer",
        "wrong-nonce",
        "no-nonce",
        "error",
        "lists-down",
    )

    def __init__(self, folder: Path, clock: Path | None = None) -> None:
        super().__init__(clock)
        self.folder = folder

    def answer(self, method: str, path: str, body: bytes) -> Reply | None:
        kind, _, rest = path.removeprefix("/").partition("/")
        if kind == "ocsp":
            return self._status(body if method == "POST" else _from_address(rest))
        name, _, ending = rest.partition(".")
        if method != "GET" or name not in _AUTHORITIES:
            return None
        if (kind, ending) == ("lists", "crl") and "lists-down" not in self.active:
            return Reply((self.folder / f"{name}.crl").read_bytes(), "application/pkix-crl")
        if (kind, ending) == ("certificates", "crt"):
            return Reply(self._certificate(name).public_bytes(Encoding.DER), "application/pkix-cert")
        return None

    def _certificate(self, name: str) -> x509.Certificate:
        authority = Authority(self.folder, self.now())
        return {"root": authority.root, "issuing": authority.issuing}[name]

    def _status(self, question: bytes) -> Reply:
        try:
            asked = ocsp.load_der_ocsp_request(question)
        except ValueError:
            return _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if "error" in self.active:
            return _failure(ocsp.OCSPResponseStatus.INTERNAL_ERROR)
        for name in _AUTHORITIES:
            authority = self._certificate(name)
            if _hashes(authority, asked.hash_algorithm) == (asked.issuer_name_hash, asked.issuer_key_hash):
                return Reply(self._signed(asked, name, authority), _OCSP)
        return _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED)

    def _signed(self, asked: ocsp.OCSPRequest, name: str, authority: x509.Certificate) -> bytes:
        now, state = self.now(), Authority(self.folder, self.now())
        revoked_at = state.revoked_at(asked.serial_number) if name == "issuing" else None
        if "revoked" in self.active:
            revoked_at = now - timedelta(days=1)
        begins = now - timedelta(days=10) if "stale" in self.active else now
        status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
        if "unknown" in self.active:
            status, revoked_at = ocsp.OCSPCertStatus.UNKNOWN, None
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number + ("wrong-certificate" in self.active),
            algorithm=asked.hash_algorithm,
            cert_status=status,
            this_update=begins,
            next_update=begins + ANSWER_LIFE,
            revocation_time=revoked_at,
            revocation_reason=x509.ReasonFlags.unspecified if revoked_at else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority)
        nonce = _nonce(asked)
        if nonce is not None and "no-nonce" not in self.active:
            value = nonce[::-1] + b"!" if "wrong-nonce" in self.active else nonce
            builder = builder.add_extension(x509.OCSPNonce(value), critical=False)
        signed = builder.sign(state.private_key(name), hashes.SHA256())
        return _signed_by_somebody(signed) if "wrong-signer" in self.active else signed.public_bytes(Encoding.DER)


def _signed_by_somebody(answer: ocsp.OCSPResponse) -> bytes:
    """The same answer with the signature of a key that belongs to nobody."""
    parsed = asn1_ocsp.OCSPResponse.load(answer.public_bytes(Encoding.DER))
    basic = parsed["response_bytes"]["response"].parsed
    key = ec.generate_private_key(ec.SECP256R1())
    basic["signature"] = key.sign(answer.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    parsed["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return bytes(parsed.dump(force=True))


def _failure(status: ocsp.OCSPResponseStatus) -> Reply:
    return Reply(ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER), _OCSP)


def _from_address(text: str) -> bytes:
    try:
        return base64.b64decode(unquote(text), validate=True)
    except binascii.Error:
        return b""


def _nonce(asked: ocsp.OCSPRequest) -> bytes | None:
    try:
        return asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def _hashes(authority: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Name and key of an authority as a question names them."""
    parsed = asn1_x509.Certificate.load(authority.public_bytes(Encoding.DER))
    # The first byte of the bit string says how many bits are unused; it is not part of the key.
    key = bytes(parsed.public_key["public_key"].contents)[1:]
    name = algorithm.name
    return hashlib.new(name, parsed.subject.dump()).digest(), hashlib.new(name, key).digest()
