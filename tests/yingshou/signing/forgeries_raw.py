"""The forgeries of a bare signature over the document, as the electronic licence's service and machines send it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from simulators.authority.sm2 import Sm2Key
from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.forgeries import OTHER_USCC, Bench, crl, issued_by, lists_with
from tests.yingshou.signing.signer import EXPECTED, KeyFile, Sm2KeyFile, document, value_by
from yingshou.kernel.canonical import canonical_json
from yingshou.signing.revocation import RevocationFacts
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import Expected, VerifiedSignature, verify_raw_document


@dataclass
class RawCase:
    """What is presented; whatever a forgery does not change is good."""

    payload: bytes
    signature: bytes
    certificate: bytes
    others: Sequence[bytes]
    trust: TrustStore
    lists: list[RevocationFacts]
    expected: Expected = EXPECTED
    moment: datetime = NOW

    def verified(self) -> VerifiedSignature:
        """Ask the one check of a bare signature."""
        return verify_raw_document(
            self.payload,
            self.signature,
            certificate=self.certificate,
            others=self.others,
            expected=self.expected,
            trust=self.trust,
            revocation=self.lists,
            moment=self.moment,
        )


@dataclass(frozen=True)
class RawForgery:
    """A named attack and the code it must be refused with."""

    name: str
    code: str
    make: Callable[[Bench], RawCase] = field(repr=False)


RAW_FORGERIES: list[RawForgery] = []


def case(bench: Bench, file: KeyFile | None = None, signed: bytes | None = None, **changes: Any) -> RawCase:
    """A case that is good but for ``changes``, which are made after signing; ``signed`` is signed and presented."""
    file, payload = file or bench.world.key_file(key="ec"), document() if signed is None else signed
    good = RawCase(
        payload, file.raw_value(payload), file.certificate_der, file.others, bench.world.trust, bench.world.lists
    )
    return replace(good, **changes)


def simple(name: str, code: str, make: Callable[[Bench], RawCase]) -> None:
    RAW_FORGERIES.append(RawForgery(name, code, make))


def value_of(change: Callable[[bytes], bytes]) -> Callable[[Bench], RawCase]:
    def make(bench: Bench) -> RawCase:
        good = case(bench)
        return replace(good, signature=change(good.signature))

    return make


def fault(name: str) -> Callable[[Bench], RawCase]:
    return lambda bench: case(bench, bench.world.key_file(key="ec", fault=name))


# --- other content ----------------------------------------------------------------------------------------------------
simple("amount_altered", "SIG-003", lambda b: case(b, payload=document(lines={"count": 3, "root": "00" * 32})))
simple("byte_appended", "SIG-003", lambda b: case(b, payload=document() + b"\n"))
simple("other_documents_signature", "SIG-003", lambda b: case(b, payload=document(nonce="n-2")))
simple("payload_emptied", "SIG-002", lambda b: case(b, payload=b""))
simple("signed_but_not_json", "SIG-002", lambda b: case(b, signed=b"I confirm everything"))
simple("signed_but_a_list", "SIG-002", lambda b: case(b, signed=b"[]"))
simple("signed_but_not_canonical", "SIG-002", lambda b: case(b, signed=document() + b"\n"))
simple("signed_without_time", "SIG-002", lambda b: case(b, signed=canonical_json({"nonce": "n-1"})))
simple(
    "signed_with_time_without_zone", "SIG-002", lambda b: case(b, signed=document(prepared_at="2026-11-20T04:00:00"))
)
simple("signed_with_number_as_time", "SIG-002", lambda b: case(b, signed=document(prepared_at=20261120)))
# --- used before, another version, too late ---------------------------------------------------------------------------
for name, changed in {
    "next_version": replace(EXPECTED, object_version=3),
    "other_object": replace(EXPECTED, object_id=8),
    "other_purpose": replace(EXPECTED, purpose="signing.register"),
    "nonce_of_other_request": replace(EXPECTED, nonce="n-2"),
}.items():
    simple(name, "SIG-009", lambda b, changed=changed: case(b, expected=changed))  # type: ignore[misc]
simple("an_hour_late", "SIG-009", lambda b: case(b, moment=NOW + timedelta(hours=1)))
simple("made_in_the_future", "SIG-009", lambda b: case(b, signed=document(prepared_at=NOW + timedelta(minutes=9))))
# --- whose certificate --------------------------------------------------------------------------------------------------
simple("of_other_organisation", "SIG-007", lambda b: case(b, b.world.key_file(key="ec", uscc=OTHER_USCC)))
simple("two_codes", "SIG-007", fault("two-codes"))
simple("no_code", "SIG-007", fault("no-code"))
simple(
    "document_of_other", "SIG-007", lambda b: case(b, signed=document(organisation={"uscc": OTHER_USCC, "name": "x"}))
)
simple("expired", "SIG-004", fault("expired"))
simple("not_yet_valid", "SIG-004", fault("not-yet-valid"))
simple("signed_before_validity", "SIG-004", lambda b: case(b, signed=document(prepared_at=NOW - timedelta(days=5))))
for name in ("no-non-repudiation", "no-digital-signature", "no-key-usage", "server-purpose", "authority"):
    simple(name.replace("-", "_"), "SIG-008", fault(name))
# --- revocation -----------------------------------------------------------------------------------------------------------
simple("no_lists", "SIG-005", lambda b: case(b, lists=[]))
simple("forged_list", "SIG-005", lambda b: case(b, lists=lists_with(b, issuing=crl(b.stranger, "issuing"))))


def revoked(bench: Bench) -> RawCase:
    good = case(bench)
    serial = bench.world.key_file(key="ec").certificate.parsed.serial_number
    return replace(good, lists=lists_with(bench, issuing=crl(bench.world, "issuing", serials=(serial,))))


simple("revoked", "SIG-005", revoked)
# --- authority --------------------------------------------------------------------------------------------------------------
simple("stranger", "SIG-006", lambda b: case(b, b.stranger.key_file(key="ec")))
simple("without_the_issuing_authority", "SIG-006", lambda b: case(b, others=[]))
simple("nobody_trusted", "SIG-006", lambda b: case(b, trust=TrustStore(roots=())))


def self_signed(bench: Bench) -> RawCase:
    key = bench.world.new_key()
    return case(bench, certificate=issued_by(None, key), signature=value_by(key, document()))


simple("self_signed", "SIG-006", self_signed)
# --- form -------------------------------------------------------------------------------------------------------------------
simple("empty_value", "SIG-001", value_of(lambda value: b""))
simple("value_cut", "SIG-001", value_of(lambda value: value[:-1]))
simple("value_with_trailing_byte", "SIG-001", value_of(lambda value: value + b"\0"))
simple(
    "value_as_two_bare_numbers",
    "SIG-001",
    value_of(lambda value: b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(value))),
)
simple("value_of_zero", "SIG-001", value_of(lambda value: b"\x30\x06\x02\x01\x00\x02\x01\x07"))
simple("value_of_other_numbers", "SIG-003", value_of(lambda value: encode_dss_signature(5, 7)))
simple(
    "value_of_a_colleague", "SIG-003", lambda b: case(b, signature=case(b, b.world.key_file("two", key="ec")).signature)
)
simple(
    "certificate_of_a_colleague",
    "SIG-003",
    lambda b: case(b, certificate=b.world.key_file("two", key="ec").certificate_der),
)
simple("certificate_cut", "SIG-001", lambda b: case(b, certificate=b.world.key_file(key="ec").certificate_der[:-1]))
simple("too_many_certificates", "SIG-001", lambda b: case(b, others=b.world.key_file(key="ec").others * 6))


def under(identifier: bytes | None) -> Callable[[Bench], RawCase]:
    def make(bench: Bench) -> RawCase:
        key = bench.world.key_file().key
        assert isinstance(key, Sm2Key)
        return case(bench, Sm2KeyFile(bench.world.key_file().path), signature=key.sign(document(), identifier))

    return make


# Those of SM2 alone.
RAW_SM2_FORGERIES = [
    RawForgery("identifier_empty", "SIG-012", under(b"")),
    RawForgery("identifier_is_the_subject", "SIG-012", under("签章人 good".encode())),
    RawForgery("signers_digest_left_out", "SIG-012", under(None)),
    RawForgery("identifier_nobody_uses", "SIG-003", under(b"0000")),
]
