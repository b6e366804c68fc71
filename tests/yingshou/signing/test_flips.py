"""No byte of a signature can be another: whatever is altered, the answer is a refusal with a code and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.forgeries import Case
from tests.yingshou.signing.forgeries_raw import RawCase
from tests.yingshou.signing.gm_form import gm_signature
from tests.yingshou.signing.signer import World, document, sign
from yingshou.signing.errors import SignatureRefused

Presented = Case | RawCase


@pytest.fixture(scope="session")
def good(world: World, sm2_world: World) -> dict[str, Presented]:
    """One good signature of each form."""
    payload, found = document(), dict[str, Presented]()
    for name, side, key in (("rsa", world, "rsa"), ("ecdsa", world, "ec"), ("sm2", sm2_world, "sm2")):
        file = side.key_file(key=key)
        found[name] = Case(sign(file, payload, NOW), payload, side.trust, side.lists)
        found[f"{name}-raw"] = RawCase(
            payload, file.raw_value(payload), file.certificate_der, file.others, side.trust, side.lists
        )
    gm = gm_signature(sm2_world.key_file(), payload, NOW)
    return found | {"sm2-gm": Case(gm, payload, sm2_world.trust, sm2_world.lists)}


FORMS = ["rsa", "ecdsa", "sm2", "sm2-gm", "rsa-raw", "ecdsa-raw", "sm2-raw"]


def refuse_every_change(presented: Presented, at: int, mask: int, how: str) -> None:
    """Turn bits of one byte, leave the byte out, or put one in."""
    part = "certificate" if how == "certificate" and isinstance(presented, RawCase) else "signature"
    held: bytes = getattr(presented, part)
    at %= len(held)
    keep = {"out": b"", "in": bytes([mask, held[at]])}.get(how, bytes([held[at] ^ mask]))
    altered = held[:at] + keep + held[at + 1 :]
    before = presented.verified()
    setattr(presented, part, altered)
    try:
        with pytest.raises(SignatureRefused):
            presented.verified()
    finally:
        setattr(presented, part, held)
    assert before.digest


CHANGES = given(
    at=st.integers(0, 4000), mask=st.integers(1, 255), how=st.sampled_from(["bits", "bits", "out", "in", "certificate"])
)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20, deadline=None)
@CHANGES
def test_one_byte_altered_is_refused(good: dict[str, Presented], form: str, at: int, mask: int, how: str) -> None:
    refuse_every_change(good[form], at, mask, how)


@pytest.mark.deep
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=1500, deadline=None)
@CHANGES
def test_one_byte_altered_is_refused_many_times(
    good: dict[str, Presented], form: str, at: int, mask: int, how: str
) -> None:
    refuse_every_change(good[form], at, mask, how)
