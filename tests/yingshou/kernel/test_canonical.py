"""Canonical JSON: one document, one form; and hashes."""

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yingshou.kernel.vectors import VECTORS
from yingshou.kernel.canonical import NotCanonical, canonical_json, sha256_hex, sm3_hex

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.map(lambda t: unicodedata.normalize("NFC", t)), inner, max_size=4)
    ),
    max_leaves=20,
)


class Kind(StrEnum):
    GOODS = "S1"


def test_members_are_sorted_as_rfc_8785_shows() -> None:
    keys = ["€", "\r", "1", "😀", "\x80", "ö"]

    text = canonical_json(dict.fromkeys(keys, 1)).decode()

    assert list(json.loads(text)) == ["\r", "1", "\x80", "ö", "€", "😀"]


def test_emoji_sort_before_the_private_use_area() -> None:
    assert canonical_json({"\ue000": 1, "😀": 2}) == '{"😀":2,"\ue000":1}'.encode()


def test_strings_are_escaped_as_little_as_possible() -> None:
    assert (
        canonical_json('\x00\b\t\n\f\r"\\/\x1f\x7f\u2028€')
        == '"\\u0000\\b\\t\\n\\f\\r\\"\\\\/\\u001f\x7f\u2028€"'.encode()
    )


def test_values_have_one_form() -> None:
    document = {
        "kind": Kind.GOODS,
        "none": None,
        "yes": True,
        "count": 3,
        "amount": Decimal("84000.00"),
        "small": Decimal("1E-7"),
        "due": date(2026, 3, 31),
        "at": datetime(2026, 3, 31, 8, 0, 0, 5, tzinfo=timezone(timedelta(hours=8))),
        "id": UUID("12345678123456781234567812345678"),
        "lines": ({"b": 1, "a": []},),
    }

    assert canonical_json(document).decode() == (
        '{"amount":"84000.00","at":"2026-03-31T00:00:00.000005Z","count":3,"due":"2026-03-31",'
        '"id":"12345678-1234-5678-1234-567812345678","kind":"S1","lines":[{"a":[],"b":1}],"none":null,'
        '"small":"0.0000001","yes":true}'
    )


def test_texts_are_put_into_nfc() -> None:
    assert canonical_json({"e\u0301": "e\u0301"}) == '{"é":"é"}'.encode()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (1.0, "float"),
        ({"a": [1, {"b": 0.5}]}, r"\$\.a\[1\]\.b: float"),
        ({1: "a"}, "not a string"),
        ({None: "a"}, "not a string"),
        ({"é": 1, "e\u0301": 2}, "two keys"),
        (2**53, "beyond"),
        (-(2**53), "beyond"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        (Decimal("NaN"), "not a number"),
        (datetime(2026, 3, 31), "time zone"),
        ({1, 2}, "set has no canonical form"),
        (b"bytes", "bytes has no canonical form"),
    ],
)
def test_what_has_no_one_form_is_refused(document: object, reason: str) -> None:
    with pytest.raises(NotCanonical, match=reason):
        canonical_json(document)


@given(documents)
def test_reading_and_writing_again_changes_nothing(document: object) -> None:
    once = canonical_json(document)

    assert canonical_json(json.loads(once)) == once


@given(st.dictionaries(texts.map(lambda text: unicodedata.normalize("NFC", text)), st.integers(0, 9), max_size=8))
def test_the_order_of_members_does_not_matter(members: dict[str, int]) -> None:
    assert canonical_json(members) == canonical_json(dict(reversed(members.items())))


def test_hashes() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sm3_hex(b"abc") == VECTORS["sm3"]["abc"]


def test_an_instant_is_the_same_in_every_zone() -> None:
    at = datetime(2026, 3, 31, 16, tzinfo=UTC)

    assert canonical_json(at) == canonical_json(at.astimezone(timezone(timedelta(hours=8))))
