"""
The sample authority's other half: root, issuing authority, lists and signers with SM2 keys, beside those of NIST curves.

Its files stand in the same folder and begin with ``sm2-``. A signer's file is PEM, the key first, then the certificate
and its issuer: no PKCS#12, because what signs with it is the simulator of the electronic licence, not a browser.
"""

from datetime import datetime
from pathlib import Path

from asn1crypto import crl
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from simulators.authority.authority import AnyKey, Authority, Signer
from simulators.authority.sm2 import DEFAULT_ID, SIGNATURE, Sm2Key


class Sm2Authority(Authority):
    """The same authority with SM2 keys; certificates and lists are signed with SM2 and SM3."""

    prefix = "sm2-"

    def __init__(self, folder: Path, now: datetime | None = None, label: str = "Yingshou Sample") -> None:
        super().__init__(folder, now, f"{label} SM2")

    def _new_key(self, kind: str) -> AnyKey:
        # Whatever kind is asked for: a chain of this authority is SM2 throughout.
        return Sm2Key.generate()

    def _private(self, name: str) -> Sm2Key:
        return Sm2Key.from_pem(self.file(f"{name}.key").read_bytes())

    def _private_pem(self, key: AnyKey) -> bytes:
        return _own(key).pem()

    def _key_file(self, certificate: x509.Certificate, key: AnyKey, signer: Signer) -> bytes:
        return b"".join([_own(key).pem(), *(one.public_bytes(Encoding.PEM) for one in (certificate, self.issuing))])

    def _signed(self, builder: x509.CertificateBuilder, key: AnyKey, issuer_key: AnyKey) -> x509.Certificate:
        ours, issuer = _own(key), _own(issuer_key)
        scratch = ec.generate_private_key(ec.SECP256R1())
        builder = builder.public_key(scratch.public_key())
        builder = builder.add_extension(x509.SubjectKeyIdentifier(ours.identifier), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(issuer.identifier, None, None), critical=False)
        made = builder.sign(scratch, hashes.SHA256())
        return x509.load_der_x509_certificate(resigned(made.public_bytes(Encoding.DER), issuer, key=ours))

    def _signed_list(self, builder: x509.CertificateRevocationListBuilder, key: AnyKey) -> bytes:
        issuer = _own(key)
        issuer_id = x509.AuthorityKeyIdentifier(issuer.identifier, None, None)
        scratch = ec.generate_private_key(ec.SECP256R1())
        made = builder.add_extension(issuer_id, critical=False).sign(scratch, hashes.SHA256())
        return resigned_list(made.public_bytes(Encoding.DER), issuer)


def resigned(
    certificate: bytes, issuer: Sm2Key, *, key: Sm2Key | None = None, identifier: bytes | None = DEFAULT_ID
) -> bytes:
    """
    Sign a certificate of another kind of key anew with SM2, which ``cryptography``'s builder cannot do.

    :param key: the holder's key, to stand in the place of the one there is
    :param identifier: the user identifier of the signature
    """
    parsed = asn1.Certificate.load(certificate)
    if key is not None:
        parsed["tbs_certificate"]["subject_public_key_info"] = key.spki
    parsed["tbs_certificate"]["signature"] = {"algorithm": SIGNATURE}
    parsed["signature_algorithm"] = {"algorithm": SIGNATURE}
    parsed["signature_value"] = issuer.sign(parsed["tbs_certificate"].dump(force=True), identifier)
    return bytes(parsed.dump(force=True))


def resigned_list(revocation_list: bytes, issuer: Sm2Key, identifier: bytes | None = DEFAULT_ID) -> bytes:
    """Sign a revocation list anew with SM2."""
    parsed = crl.CertificateList.load(revocation_list)
    parsed["tbs_cert_list"]["signature"] = {"algorithm": SIGNATURE}
    parsed["signature_algorithm"] = {"algorithm": SIGNATURE}
    parsed["signature"] = issuer.sign(parsed["tbs_cert_list"].dump(force=True), identifier)
    return bytes(parsed.dump(force=True))


def _own(key: AnyKey) -> Sm2Key:
    assert isinstance(key, Sm2Key)
    return key
