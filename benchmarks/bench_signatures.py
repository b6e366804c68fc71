"""
`signatures`: what checking costs. `verify_per_second`: the whole check of one detached CMS (form, path, usage, holder,
validity, two revocation lists, digest, value, document) in one process, for RSA 2048 and ECDSA P-256 (at least 50) and for
SM2 (at least 25). Every signature is another; the authority's certificates and lists have been seen before, as in production.
`batch_seconds`: one signature over 10,000 lines, checked as a stranger would: the signature, every line's leaf, the root,
and the proof of every line (at most 10).
"""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from benchmarks import timing
from simulators.authority.authority import Authority, Signer
from simulators.authority.sm2 import Sm2Key
from simulators.authority.sm2_authority import Sm2Authority
from yingshou.kernel import merkle
from yingshou.kernel.canonical import canonical_json
from yingshou.signing import cms
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.certificates import read_certificate
from yingshou.signing.revocation import RevocationFacts, read_revocation_list
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import Expected, verify

USCC: Final = "91310000MA1FL0000B"
PIN: Final = "benchmark-pin-1"
SIGNATURES: Final = 60
LINES: Final = 10_000

Signing = Callable[[bytes], bytes]


class Bench:
    """One signer of one kind, under an authority of its own, and everything its signatures are checked with."""

    def __init__(self, authority: Authority, key: str, at: datetime) -> None:
        self.at = at
        path = authority.folder / f"{key}.key"
        authority.issue(Signer(uscc=USCC, organisation="样例机构", person="签章人", out=path, pin=PIN, key=key))
        self.sign, certificates = _opened(path)
        self.certificate, self.others = read_certificate(certificates[0]), certificates[1:]
        self.trust = TrustStore((_der(authority.root),))
        self.lists: list[RevocationFacts] = [
            read_revocation_list(authority.file(f"{name}.crl").read_bytes()) for name in ("root", "issuing")
        ]

    def signed(self, number: int, count: int = 1, root: bytes = b"\0" * 32) -> tuple[bytes, bytes, Expected]:
        """A document, its signature, and what is expected of it."""
        expected = Expected(USCC, f"nonce-{number}", "approvals.approve", "approvals.approval", number, 1)
        payload = canonical_json(
            {
                "object": {"type": expected.object_type, "id": number, "version": 1},
                "organisation": {"uscc": USCC, "name": "样例机构"},
                "nonce": expected.nonce,
                "purpose": {"code": expected.purpose},
                "lines": {"count": count, "root": root.hex()},
            }
        )
        algorithm = browser_algorithm(self.certificate.public_key)
        attributes = cms.signed_attributes(
            payload=payload, algorithm=algorithm, certificate=self.certificate, signed_at=self.at
        )
        signature = cms.assemble(
            attributes=attributes,
            value=self.sign(attributes),
            algorithm=algorithm,
            certificate=self.certificate,
            others=self.others,
        )
        return payload, signature, expected

    def check(self, payload: bytes, signature: bytes, expected: Expected) -> None:
        """The whole check."""
        verify(
            signature, payload, expected=expected, trust=self.trust, revocation_lists=self.lists, moment=self.at
        )  # fmt: skip

    def per_second(self) -> float:
        """How many different signatures are checked in a second."""
        cases = [self.signed(number) for number in range(SIGNATURES + 1)]
        self.check(*cases.pop())
        return len(cases) / timing.seconds(lambda: self._check_all(cases))

    def _check_all(self, cases: Sequence[tuple[bytes, bytes, Expected]]) -> None:
        for case in cases:
            self.check(*case)

    def batch(self) -> float:
        """How long it takes to check one signature over many lines, line by line."""
        lines = [
            canonical_json({"number": f"AR-{number:08}", "amount": f"{number}.00", "due": "2027-03-31"})
            for number in range(LINES)
        ]
        leaves = [merkle.leaf_hash(line) for line in lines]
        proofs = merkle.proofs(leaves)
        case = self.signed(1, LINES, merkle.root(leaves))
        return timing.seconds(lambda: self._check_lines(case, lines, proofs))

    def _check_lines(
        self, case: tuple[bytes, bytes, Expected], lines: Sequence[bytes], proofs: Sequence[Sequence[bytes]]
    ) -> None:
        self.check(*case)
        leaves = [merkle.leaf_hash(line) for line in lines]
        root = merkle.root(leaves)
        assert root.hex().encode() in case[0]
        assert all(
            merkle.verify(leaf, at, LINES, proof, root)
            for at, (leaf, proof) in enumerate(zip(leaves, proofs, strict=True))
        )


def run() -> dict[str, Any]:
    """Measure the three families, and the batch with the dearest of them."""
    at = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as scratch:
        usual, sm2 = Authority(Path(scratch), at), Sm2Authority(Path(scratch), at)
        benches = {"rsa": Bench(usual, "rsa", at), "ecdsa": Bench(usual, "ec", at), "sm2": Bench(sm2, "sm2", at)}
        return {
            "bench": "signatures",
            "verify_per_second": {name: round(bench.per_second(), 1) for name, bench in benches.items()},
            "batch_seconds": round(benches["sm2"].batch(), 2),
            "lines": LINES,
        }


def _opened(path: Path) -> tuple[Signing, list[bytes]]:
    """How the key of a file signs, and the file's certificates."""
    content = path.read_bytes()
    if content.startswith(b"-----BEGIN"):
        text = content[content.index(b"-----BEGIN CERTIFICATE") :]
        return Sm2Key.from_pem(content).sign, [_der(one) for one in x509.load_pem_x509_certificates(text)]
    opened = pkcs12.load_pkcs12(content, PIN.encode())
    assert opened.cert is not None
    certificates = [_der(one.certificate) for one in (opened.cert, *opened.additional_certs)]
    key = opened.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())), certificates
    assert isinstance(key, rsa.RSAPrivateKey)
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()), certificates


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
