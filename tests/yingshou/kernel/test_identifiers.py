"""Identifiers: check digits, normal forms, keys and public numbers."""

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yingshou.kernel.vectors import VECTORS
from yingshou.kernel import identifiers as ids
from yingshou.kernel import public_numbers
from yingshou.kernel.identifiers import InvoiceNumberProblem, UsccProblem

USCC = st.tuples(
    st.sampled_from("123456789ANY"),
    st.sampled_from(ids.USCC_ALPHABET),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ids.USCC_ALPHABET, min_size=9, max_size=9),
).map("".join)
KEY = b"key of this test"
DAY = date(2026, 3, 31)


# --- unified social credit code


def test_the_alphabet_and_weights_are_those_of_the_standard() -> None:
    assert VECTORS["uscc_alphabet"] == ids.USCC_ALPHABET
    assert list(ids.USCC_WEIGHTS) == VECTORS["uscc_weights"]


@pytest.mark.parametrize("vector", VECTORS["uscc"], ids=lambda vector: vector["why"])
def test_credit_codes(vector: dict[str, object]) -> None:
    assert (ids.uscc_problem(str(vector["code"])) is None) is vector["ok"]


@pytest.mark.parametrize("code", VECTORS["uscc_fictional"].values())
def test_fictional_credit_codes_are_valid_through_and_through(code: str) -> None:
    assert ids.parse_uscc(code) == code
    assert ids.inner_check_ok(code)
    assert ids.uscc_warnings(code) == []


@pytest.mark.parametrize(
    ("code", "problem", "kind"),
    [
        ("91350100M000100Y4", UsccProblem.LENGTH, ids.UsccLength),
        ("", UsccProblem.LENGTH, ids.UsccLength),
        ("9135010OM000100Y43", UsccProblem.CHARACTERS, ids.UsccCharacters),
        ("91350100M000100Y4Z", UsccProblem.CHARACTERS, ids.UsccCharacters),
        ("9135010AM000100Y43", UsccProblem.STRUCTURE, ids.UsccStructure),
        ("B1350100M000100Y43", UsccProblem.STRUCTURE, ids.UsccStructure),
        ("91310115MA1H8R7C6D", UsccProblem.CHECK, ids.UsccCheck),
    ],
)
def test_each_wrong_credit_code_has_its_own_reason(
    code: str, problem: UsccProblem, kind: type[ids.UsccInvalid]
) -> None:
    with pytest.raises(ids.UsccInvalid) as caught:
        ids.parse_uscc(code, place="row 3")

    assert ids.uscc_problem(code) is problem
    assert type(caught.value) is kind
    assert caught.value.code == "RCV-003"
    assert caught.value.place == "row 3"


def test_a_credit_code_is_normalised_before_it_is_checked() -> None:
    assert ids.parse_uscc(" ９１３５０１００ M000100y43") == "91350100M000100Y43"


@given(USCC, st.integers(min_value=0, max_value=17), st.sampled_from(ids.USCC_ALPHABET))
def test_one_wrong_character_is_always_found(first17: str, position: int, other: str) -> None:
    code = first17 + ids.uscc_check_character(first17)
    damaged = code[:position] + other + code[position + 1 :]

    assert ids.uscc_problem(code) is None
    assert (ids.uscc_problem(damaged) is None) is (damaged == code)


def test_the_inner_organisation_code_only_warns() -> None:
    assert ids.inner_check_ok("9153000077859986X2")
    first17 = "91530000778599869"
    code = first17 + ids.uscc_check_character(first17)

    (warning,) = ids.uscc_warnings(code, place="row 1")

    assert ids.uscc_problem(code) is None
    assert warning.severity == "warning"
    assert warning.place == "row 1"
    assert not ids.inner_check_ok("short")


# --- banks and accounts


@pytest.mark.parametrize("code", VECTORS["cnaps"]["ok"])
def test_valid_bank_codes(code: str) -> None:
    assert ids.cnaps_ok(code)
    assert ids.parse_cnaps(f" {code[:3]} {code[3:]}") == code


@pytest.mark.parametrize("code", [*VECTORS["cnaps"]["bad"], "", "1044910635890"])
def test_wrong_bank_codes(code: str) -> None:
    assert not ids.cnaps_ok(code)
    with pytest.raises(ids.CnapsInvalid):
        ids.parse_cnaps(code)


@given(st.text("0123456789", min_size=11, max_size=11), st.integers(0, 11), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_bank_code_is_always_found(first11: str, position: int, other: str) -> None:
    code = first11 + ids.cnaps_check_digit(first11)
    damaged = code[:position] + other + code[position + 1 :]

    assert ids.cnaps_ok(damaged) is (damaged == code)


@pytest.mark.parametrize("text", ["6222 0210 0111 6245 702", "6222-0210-0111-6245-702", "６２２２021001116245702"])
def test_an_account_number_loses_spaces_and_hyphens(text: str) -> None:
    assert ids.account_no_normalise(text) == "6222021001116245702"


@pytest.mark.parametrize("text", ["", "12345", "1" * 33, "6222X21001", "6.22202E+18"])
def test_wrong_account_numbers(text: str) -> None:
    with pytest.raises(ids.AccountNumberInvalid) as caught:
        ids.account_no_normalise(text)

    assert caught.value.code == "BNK-001"


@pytest.mark.parametrize("code", VECTORS["lei"]["ok"])
def test_valid_legal_entity_identifiers(code: str) -> None:
    assert ids.lei_ok(code)


@pytest.mark.parametrize("code", [*VECTORS["lei"]["bad"], "529900T8BM49AURSDO5", "529900T8BM49AURSDO5X", ""])
def test_wrong_legal_entity_identifiers(code: str) -> None:
    assert not ids.lei_ok(code)


# --- invoices


@pytest.mark.parametrize(
    ("number", "code", "problem"),
    [
        ("26312000000012345678", "", None),
        ("２６３１2000000012345678", "", None),
        ("12345678", "3300171320", None),
        ("12345678", "033001700211", None),
        ("345678", "", None),
        ("", "", InvoiceNumberProblem.MISSING),
        ("25312000000012345678", "", InvoiceNumberProblem.YEAR),
        ("2.64E+19", "", InvoiceNumberProblem.SCIENTIFIC),
        ("2E19", "", InvoiceNumberProblem.SCIENTIFIC),
        ("1234567A", "", InvoiceNumberProblem.CHARACTERS),
        ("12345678.0", "", InvoiceNumberProblem.CHARACTERS),
        ("123456789", "", InvoiceNumberProblem.LENGTH),
        ("2631200000001234567", "", InvoiceNumberProblem.LENGTH),
        ("263120000000123456789", "", InvoiceNumberProblem.LENGTH),
        ("12345678", "33001", InvoiceNumberProblem.CODE),
        ("12345678", "33001713AB", InvoiceNumberProblem.CODE),
    ],
)
def test_invoice_numbers(number: str, code: str, problem: InvoiceNumberProblem | None) -> None:
    assert ids.invoice_number_problem(number, code, issued=date(2026, 1, 5)) is problem
    if problem is not None:
        with pytest.raises(ids.InvoiceNumberInvalid) as caught:
            ids.parse_invoice_number(number, code, date(2026, 1, 5), place="row 2")
        expected = "RCV-016" if problem is InvoiceNumberProblem.SCIENTIFIC else "INV-004"
        assert (caught.value.code, caught.value.place) == (expected, "row 2")


def test_an_old_number_gets_its_leading_zeros_back() -> None:
    assert ids.parse_invoice_number("345678") == "00345678"
    assert ids.parse_invoice_number("26312000000012345678") == "26312000000012345678"


def test_an_unknown_region_only_warns() -> None:
    assert ids.invoice_warnings("26312000000012345678") == []
    assert ids.invoice_warnings("12345678") == []
    assert [warning.severity for warning in ids.invoice_warnings("26992000000012345678")] == ["warning"]


def test_the_key_of_an_invoice_is_the_same_however_it_was_typed() -> None:
    seller = "91350100M000100Y43"

    assert ids.invoice_key("", "26312000000012345678", seller) == "26312000000012345678"
    assert ids.invoice_key("033001700211", "26312000000012345678", seller) == "26312000000012345678"
    assert ids.invoice_key("3300171320", "345678", seller) == "330017132000345678"
    assert ids.invoice_key("３３００171320", "00345678", "") == "330017132000345678"
    assert ids.invoice_key("", "345678", seller.lower()) == f"{seller}00345678"
    assert ids.invoice_key("", "00345678", "91330000755918469E") != ids.invoice_key("", "00345678", seller)


# --- names


def test_names_are_compared_without_brackets_and_width() -> None:
    assert ids.normalise("  某某（厦门）　有限公司 ") == "某某(厦门) 有限公司"
    assert ids.name_key("某某（厦门）有限公司") == ids.name_key("某某(厦门) 有限公司") == "某某厦门有限公司"
    assert ids.name_key("Ａbc Co., Ltd.") == "ABCCOLTD"


def test_bigrams_are_unique_and_ordered() -> None:
    assert ids.bigrams("中国中国银行") == ["中国", "国中", "国银", "银行"]
    assert ids.bigrams("银") == ["银"]
    assert ids.bigrams("（）") == []


@given(st.text(min_size=2, max_size=20), st.data())
def test_a_part_of_a_name_has_only_bigrams_of_the_name(name: str, data: st.DataObject) -> None:
    key = ids.name_key(name)
    start = data.draw(st.integers(0, max(len(key) - 2, 0)))
    part = key[start : data.draw(st.integers(start, len(key)))]

    assert len(part) < 2 or ids.name_key(part) != part or set(ids.bigrams(part)) <= set(ids.bigrams(name))


# --- public numbers


def test_a_public_number_has_its_form_and_can_be_traced_with_the_key() -> None:
    number = ids.public_no("AR", DAY, 1, KEY)

    assert number.startswith("AR20260331")
    assert len(number) == 19
    assert ids.public_no_ok(number)
    assert ids.public_no_ok(f" {number.lower()[:10]} {number[10:]}")
    assert public_numbers.serial_of(number, KEY) == 1
    assert ids.public_no("AR", DAY, 1, b"another key") != number
    assert ids.public_no("AR", date(2026, 4, 1), 1, KEY)[10:18] != number[10:18]


@given(st.integers(0, 10**8 - 1), st.binary(min_size=1, max_size=80), st.text(max_size=12))
def test_the_permutation_can_be_undone(serial: int, key: bytes, tweak: str) -> None:
    number = public_numbers.permute(serial, key, tweak)

    assert 0 <= number < 10**8
    assert public_numbers.unpermute(number, key, tweak) == serial


def test_no_number_occurs_twice_and_neighbours_are_far_apart() -> None:
    numbers = [public_numbers.permute(serial, KEY, "AR20260331") for serial in range(20_000)]

    assert len(set(numbers)) == 20_000
    assert sum(abs(a - b) < 1000 for a, b in pairwise(numbers)) < 20


@given(st.integers(0, 10**8 - 1), st.integers(2, 18), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_public_number_is_always_found(serial: int, position: int, other: str) -> None:
    number = ids.public_no("AR", DAY, serial, KEY)
    damaged = number[:position] + other + number[position + 1 :]

    assert ids.public_no_ok(damaged) is (damaged == number)


def test_what_is_no_public_number_is_refused() -> None:
    assert not ids.public_no_ok("AR123")
    with pytest.raises(ValueError, match="not a public number"):
        public_numbers.serial_of("AR123", KEY)
    with pytest.raises(ValueError, match="prefix"):
        ids.public_no("ar", DAY, 1, KEY)
    with pytest.raises(ValueError, match="between"):
        ids.public_no("AR", DAY, 10**8, KEY)
    with pytest.raises(ValueError, match="key"):
        ids.public_no("AR", DAY, 1, b"")


def test_ten_thousand_numbers_take_less_than_a_second() -> None:
    started = time.process_time()

    for serial in range(10_000):
        ids.public_no("AR", DAY, serial, KEY)

    assert time.process_time() - started < 1


def test_many_numbers_are_those_that_one_by_one_gives() -> None:
    serials = [0, 1, 9_999, 10_000, 12_345_678, public_numbers.CAPACITY - 1]

    assert public_numbers.public_nos("AR", DAY, serials, KEY) == [
        ids.public_no("AR", DAY, serial, KEY) for serial in serials
    ]
    assert all(ids.public_no_ok(number) for number in public_numbers.public_nos("AR", DAY, range(5_000), KEY))
    with pytest.raises(ValueError, match="serial"):
        public_numbers.public_nos("AR", DAY, [5, public_numbers.CAPACITY], KEY)
