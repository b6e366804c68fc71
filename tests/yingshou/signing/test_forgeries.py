"""G9: every forgery is refused, each with its own code; with the check removed it would be accepted (canary)."""

from collections import Counter
from typing import Any

import pytest

from tests.yingshou.signing.forgeries import Bench, Forgery
from tests.yingshou.signing.malformed import FORGERIES
from tests.yingshou.signing.signer import World
from yingshou.signing import verification
from yingshou.signing.errors import SignatureRefused
from yingshou.signing.verification import verify


@pytest.fixture(scope="session")
def bench(world: World, stranger: World) -> Bench:
    return Bench(world, stranger)


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_forgery_is_refused_with_its_code(bench: Bench, forgery: Forgery) -> None:
    case = forgery.make(bench)

    with pytest.raises(SignatureRefused) as refusal:
        verify(
            case.signature,
            case.payload,
            expected=case.expected,
            trust=case.trust,
            revocation_lists=case.lists,
            moment=case.moment,
        )

    assert refusal.value.code == forgery.code


def test_unchanged_case_is_accepted(bench: Bench) -> None:
    case = bench.case()

    verified = verify(
        case.signature,
        case.payload,
        expected=case.expected,
        trust=case.trust,
        revocation_lists=case.lists,
        moment=case.moment,
    )

    assert verified.digest


def test_every_code_is_covered() -> None:
    counted = Counter(forgery.code for forgery in FORGERIES)

    assert set(counted) == {f"SIG-{number:03}" for number in range(1, 11)}
    assert len(FORGERIES) >= 60
    assert len({forgery.name for forgery in FORGERIES}) == len(FORGERIES)


@pytest.mark.parametrize(
    ("removed", "name"),
    [
        ("require_document", "replay_onto_next_version"),
        ("require_organisation", "certificate_of_other_organisation"),
        ("require_signing_usage", "server_purpose"),
        ("verify_raw", "value_of_zeros"),
    ],
)
def test_without_its_check_the_forgery_passes(
    bench: Bench, removed: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: a refusal for another reason would prove nothing about the check."""

    def passes(*args: Any, **kwargs: Any) -> None:
        return None

    case = next(forgery for forgery in FORGERIES if forgery.name == name).make(bench)
    monkeypatch.setattr(verification, removed, passes)

    accepted = verify(
        case.signature,
        case.payload,
        expected=case.expected,
        trust=case.trust,
        revocation_lists=case.lists,
        moment=case.moment,
    )

    assert accepted.signed_at == case.moment
