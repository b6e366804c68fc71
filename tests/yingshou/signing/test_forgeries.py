"""G9: every forgery is refused, each with its own code; with the check removed it would be accepted (canary)."""

from collections import Counter
from typing import Any

import pytest

from tests.yingshou.signing.forgeries import Bench, Forgery
from tests.yingshou.signing.forgeries_raw import RAW_FORGERIES, RAW_SM2_FORGERIES, RawForgery, case
from tests.yingshou.signing.forgeries_sm2 import FORGERIES
from tests.yingshou.signing.signer import World
from yingshou.signing import verification
from yingshou.signing.errors import SignatureRefused

SIDES = ("rsa", "sm2")
ALL = [(side, forgery) for side in SIDES for forgery in FORGERIES if side in forgery.sides]
RAW = [(side, forgery) for side in SIDES for forgery in RAW_FORGERIES] + [("sm2", one) for one in RAW_SM2_FORGERIES]


@pytest.fixture(scope="session")
def benches(world: World, stranger: World, sm2_world: World, sm2_stranger: World) -> dict[str, Bench]:
    return {"rsa": Bench(world, stranger), "sm2": Bench(sm2_world, sm2_stranger)}


@pytest.mark.parametrize(("side", "forgery"), ALL, ids=[f"{side}-{forgery.name}" for side, forgery in ALL])
def test_forgery_is_refused_with_its_code(benches: dict[str, Bench], side: str, forgery: Forgery) -> None:
    presented = forgery.make(benches[side])

    with pytest.raises(SignatureRefused) as refusal:
        presented.verified()

    assert refusal.value.code == forgery.code


@pytest.mark.parametrize(("side", "forgery"), RAW, ids=[f"{side}-{forgery.name}" for side, forgery in RAW])
def test_forgery_of_a_bare_signature_is_refused_with_its_code(
    benches: dict[str, Bench], side: str, forgery: RawForgery
) -> None:
    presented = forgery.make(benches[side])

    with pytest.raises(SignatureRefused) as refusal:
        presented.verified()

    assert refusal.value.code == forgery.code


@pytest.mark.parametrize("side", SIDES)
def test_unchanged_cases_are_accepted(benches: dict[str, Bench], side: str) -> None:
    assert benches[side].case().verified().digest
    assert case(benches[side]).verified().digest


def test_every_code_is_covered() -> None:
    codes = {f"SIG-{number:03}" for number in range(1, 11)}

    for side in SIDES:
        counted = Counter(forgery.code for found, forgery in ALL if found == side)
        assert set(counted) == codes | ({"SIG-012"} if side == "sm2" else set())
        assert counted.total() >= 60
    assert len({forgery.name for forgery in FORGERIES}) == len(FORGERIES)
    assert len({forgery.name for _side, forgery in RAW}) * 2 - len(RAW_SM2_FORGERIES) == len(RAW) >= 60


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("removed", "name"),
    [
        ("require_document", "replay_onto_next_version"),
        ("require_organisation", "certificate_of_other_organisation"),
        ("require_signing_usage", "server_purpose"),
        ("verify_raw", "value_with_one_bit_flipped"),
    ],
)
def test_without_its_check_the_forgery_passes(
    benches: dict[str, Bench], side: str, removed: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: a refusal for another reason would prove nothing about the check."""

    def passes(*args: Any, **kwargs: Any) -> None:
        return None

    presented = next(forgery for forgery in FORGERIES if forgery.name == name).make(benches[side])
    monkeypatch.setattr(verification, removed, passes)

    accepted = presented.verified()

    assert accepted.signed_at == presented.moment
