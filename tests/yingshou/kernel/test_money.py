"""Money: exactness, splitting, words and reading."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yingshou.kernel.vectors import VECTORS
from yingshou.kernel import money
from yingshou.kernel.money import Money, from_minor, in_words, parse_amount, read_amount, round_half_up, split, to_minor

DIGITS = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}

fen = st.integers(min_value=0, max_value=10**17)


def whole_from_words(words: str) -> int:
    """Reads Chinese numerals by a way of its own: the last sign of 亿, then of 万, cuts the number in two."""
    for sign, unit in (("亿", 10**8), ("万", 10**4)):
        if sign in words:
            high, low = words.rsplit(sign, 1)
            return whole_from_words(high) * unit + whole_from_words(low)
    total = digit = 0
    for character in words:
        if character in PLACES:
            total += digit * PLACES[character]
            digit = 0
        else:
            digit = DIGITS[character]
    return total + digit


def amount_from_words(words: str) -> Decimal:
    rest = words.removeprefix("人民币").removesuffix("整")
    whole, rest = rest.split("元") if "元" in rest else ("", rest)
    jiao, rest = rest.split("角") if "角" in rest else ("", rest)
    return from_minor(
        whole_from_words(whole) * 100 + whole_from_words(jiao) * 10 + whole_from_words(rest.removesuffix("分"))
    )


# --- exact arithmetic


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_fen_and_yuan_convert_without_loss(minor: int) -> None:
    assert to_minor(from_minor(minor)) == minor


@pytest.mark.parametrize("amount", ["0.001", "1.005", "NaN", "Infinity"])
def test_to_minor_refuses_parts_of_a_fen(amount: str) -> None:
    with pytest.raises(money.NotExact):
        to_minor(Decimal(amount))


@pytest.mark.parametrize("amount", [1.5, "1.50", True, None])
def test_to_minor_refuses_everything_but_decimals(amount: object) -> None:
    with pytest.raises(TypeError):
        to_minor(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.125", "0.13"),
        ("-0.125", "-0.13"),
        ("0.124999", "0.12"),
        ("2.675", "2.68"),
        ("11504.4254", "11504.43"),
        ("-0.001", "0.00"),
        ("123456789012345678901234567890.125", "123456789012345678901234567890.13"),
    ],
)
def test_rounding_is_half_up(value: str, rounded: str) -> None:
    assert str(round_half_up(Decimal(value))) == rounded


def test_rounding_refuses_a_float() -> None:
    with pytest.raises(TypeError):
        round_half_up(0.125)  # type: ignore[arg-type]


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6), st.integers(min_value=0, max_value=4))
def test_rounding_is_never_further_than_half_a_unit(value: Decimal, places: int) -> None:
    rounded = round_half_up(value, places)

    assert rounded.as_tuple().exponent == -places
    assert abs(Fraction(rounded) - Fraction(value)) <= Fraction(1, 2 * 10**places)


# --- splitting


def test_split_gives_the_spare_cent_to_the_first_of_equals() -> None:
    assert split(Decimal("100.00"), [Decimal(1)] * 3) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


def test_split_gives_the_spare_cent_to_the_largest_remainder() -> None:
    assert split(Decimal("0.05"), [Decimal("0.3"), Decimal("0.7")]) == [Decimal("0.02"), Decimal("0.03")]
    assert split(Decimal("0.10"), [Decimal(1), Decimal(5), Decimal(6)]) == [
        Decimal("0.01"),
        Decimal("0.04"),
        Decimal("0.05"),
    ]


@given(
    st.integers(min_value=-(10**17), max_value=10**17),
    st.lists(st.decimals(min_value=0, max_value=10**9, places=4), min_size=1, max_size=30).filter(any),
)
def test_split_loses_no_cent_and_stays_within_one_cent_of_the_exact_share(minor: int, weights: list[Decimal]) -> None:
    total = from_minor(minor)

    parts = split(total, weights)

    assert sum(map(to_minor, parts)) == minor
    whole = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 100)
        assert weight or not part
    assert parts == split(total, weights)


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(1), Decimal(-1)]])
def test_split_refuses_weights_that_share_nothing(weights: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal("1.00"), weights)


# --- money with a currency


def test_money_adds_and_compares_with_its_own_currency() -> None:
    small, large = Money(Decimal("1.10")), Money(Decimal("2.205"))

    assert small + large == Money(Decimal("3.305"))
    assert large - small == Money(Decimal("1.105"))
    assert -small == Money(Decimal("-1.10"))
    assert small < large
    assert large >= small
    assert large.rounded() == Money(Decimal("2.21"))
    assert not Money(Decimal(0))
    assert str(Money(Decimal("1234.50"), "USD")) == "USD 1,234.50"
    assert small.split([Decimal(1), Decimal(1)]) == [Money(Decimal("0.55"))] * 2


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__ge__"])
def test_money_refuses_another_currency(operation: str) -> None:
    with pytest.raises(money.MixedCurrencies):
        getattr(Money(Decimal(1)), operation)(Money(Decimal(1), "USD"))


def test_money_refuses_what_is_no_money() -> None:
    assert Money(Decimal(1)) != Money(Decimal(1), "USD")
    with pytest.raises(TypeError):
        Money(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        _ = Money(Decimal(1)) + Decimal(1)  # type: ignore[operator]
    with pytest.raises(ValueError, match="currency"):
        Money(Decimal(1), "rmb")
    with pytest.raises(ValueError, match="finite"):
        Money(Decimal("NaN"))


# --- words


@pytest.mark.parametrize(("amount", "words"), VECTORS["rmb_capital"].items())
def test_words_follow_the_payment_rules(amount: str, words: str) -> None:
    assert in_words(Decimal(amount)) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1000000000000000", "人民币壹仟万亿元整"),
        ("1000000000000", "人民币壹万亿元整"),
        ("100001000", "人民币壹亿零壹仟元整"),
        ("10001000", "人民币壹仟万壹仟元整"),
        ("100100000000.05", "人民币壹仟零壹亿元零伍分"),
        ("999999999999999.99", "人民币玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_words_of_large_amounts(amount: str, words: str) -> None:
    assert in_words(Decimal(amount)) == words


@given(fen)
def test_words_can_be_read_back(minor: int) -> None:
    words = in_words(from_minor(minor))

    assert amount_from_words(words) == from_minor(minor)
    assert "零零" not in words
    assert words.endswith("整") is (minor % 100 == 0)


def test_words_refuse_what_cannot_be_written() -> None:
    with pytest.raises(money.AmountNegative):
        in_words(Decimal("-0.01"))
    with pytest.raises(money.AmountTooLarge):
        in_words(Decimal("1000000000000000.01"))
    with pytest.raises(money.NotExact):
        in_words(Decimal("0.001"))


# --- reading


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", "1234.50"),
        (" 1,234.50 ", "1234.50"),
        ("1，234，567", "1234567.00"),
        ("１２３", "123.00"),
        ("１２，３４５．６０", "12345.60"),
        ("¥1,234.50", "1234.50"),
        ("￥ 1,234.50元", "1234.50"),
        ("人民币100元整", "100.00"),
        ("RMB 100", "100.00"),
        ("12.5万元", "125000.00"),
        ("12.345678万", "123456.78"),
        ("1亿元", "100000000.00"),
        ("1.5000", "1.50"),
        (".5", "0.50"),
        ("0", "0.00"),
        ("1000000000000000", "1000000000000000.00"),
        (7, "7.00"),
        (Decimal("7.1"), "7.10"),
    ],
)
def test_amounts_as_people_write_them(text: str | int | Decimal, amount: str) -> None:
    assert str(parse_amount(text)) == amount


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("", money.AmountMissing, "RCV-001"),
        ("-", money.AmountMissing, "RCV-001"),
        ("——", money.AmountMissing, "RCV-001"),
        ("－", money.AmountMissing, "RCV-001"),
        ("-100", money.AmountNegative, "RCV-001"),
        ("(100.00)", money.AmountNegative, "RCV-001"),
        ("（１００）", money.AmountNegative, "RCV-001"),
        ("100.00-", money.AmountNegative, "RCV-001"),
        ("¥-100", money.AmountNegative, "RCV-001"),
        ("1.234", money.AmountDecimals, "RCV-001"),
        ("1.00000000000000000000000000000000001", money.AmountDecimals, "RCV-001"),
        ("12.3456789万元", money.AmountDecimals, "RCV-001"),
        ("1.5E+5", money.AmountScientific, "RCV-016"),
        ("2e16", money.AmountScientific, "RCV-016"),
        ("1,23", money.AmountGrouping, "RCV-016"),
        ("1.234,50", money.AmountGrouping, "RCV-016"),
        ("12,3456.00", money.AmountGrouping, "RCV-016"),
        ("1 234", money.AmountGrouping, "RCV-016"),
        ("$5", money.AmountForeign, "RCV-006"),
        ("100 USD", money.AmountForeign, "RCV-006"),
        ("100美元", money.AmountForeign, "RCV-006"),
        ("about 5", money.AmountUnreadable, "RCV-016"),
        ("=A1+B1", money.AmountUnreadable, "RCV-016"),
        ("2026/2/30", money.AmountUnreadable, "RCV-016"),
        ("--5", money.AmountUnreadable, "RCV-016"),
        ("(-5)", money.AmountUnreadable, "RCV-016"),
        ("½", money.AmountUnreadable, "RCV-016"),
        ("١٢٣", money.AmountUnreadable, "RCV-016"),
        ("NaN", money.AmountUnreadable, "RCV-016"),
        ("9" * 100_000, money.AmountUnreadable, "RCV-016"),
        (Decimal("Infinity"), money.AmountUnreadable, "RCV-016"),
        (Decimal("1E+999999"), money.AmountUnreadable, "RCV-016"),
        ("1000000000000000.01", money.AmountTooLarge, "RCV-017"),
        ("10000000000000000", money.AmountTooLarge, "RCV-017"),
        ("1000000000000万元", money.AmountTooLarge, "RCV-017"),
    ],
)
def test_each_unusable_amount_has_its_own_reason(
    text: str | Decimal, kind: type[money.AmountInvalid], code: str
) -> None:
    with pytest.raises(money.AmountInvalid) as caught:
        parse_amount(text)

    assert type(caught.value) is kind
    assert caught.value.code == code
    assert len(caught.value.message_text) < 200


def test_a_column_in_ten_thousands() -> None:
    assert parse_amount("12.5", unit=10_000) == Decimal("125000.00")
    assert parse_amount("12.5万元", unit=10_000) == Decimal("125000.00")
    with pytest.raises(money.AmountUnitUnclear):
        parse_amount("125000元", unit=10_000)


def test_negative_amounts_are_read_only_on_request() -> None:
    assert parse_amount("(1,234.50)", allow_negative=True) == Decimal("-1234.50")
    assert parse_amount("100-", allow_negative=True) == Decimal("-100.00")
    assert str(parse_amount("-0", allow_negative=True)) == "0.00"
    with pytest.raises(money.AmountTooLarge):
        parse_amount("-10000000000000000", allow_negative=True)


def test_zero_is_refused_on_request() -> None:
    with pytest.raises(money.AmountZero) as caught:
        parse_amount("0.00", allow_zero=False)

    assert caught.value.code == "RCV-001"


def test_an_optional_amount_may_be_a_dash() -> None:
    assert money.parse_optional_amount("-") is None
    assert money.parse_optional_amount(None) is None
    assert money.parse_optional_amount("5") == Decimal("5.00")
    with pytest.raises(money.AmountUnreadable):
        money.parse_optional_amount("x")


def test_what_was_understood_rather_than_copied_is_remarked() -> None:
    reading = read_amount("12.5万元")

    assert read_amount("1234.50").remarks == ()
    assert [remark.severity for remark in reading.remarks] == ["warning"]
    assert reading.remarks[0].params == {"text": "12.5万元", "amount": Decimal("125000.00")}


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        parse_amount(1.5)  # type: ignore[arg-type]


@given(fen)
def test_what_is_printed_with_separators_is_read_back(minor: int) -> None:
    amount = from_minor(minor)

    assert parse_amount(f"{amount:,f}") == amount
    assert parse_amount(f"¥{amount:f}元") == amount


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(money.AmountInvalid):
        amount = parse_amount(text, allow_negative=True)
        assert to_minor(amount) == amount * 100
