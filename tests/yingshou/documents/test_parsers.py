"""Every cell parser on anything at all: it answers, it never changes a value silently, and it keeps COPY's lines whole."""

import datetime
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yingshou.documents import cells
from yingshou.documents.reader.parsers import PARSERS, uscc_check_character
from yingshou.documents.reader.problem import CellNote, CellProblem, column_index, column_letter
from yingshou.kernel import identifiers

TYPES: dict[str, cells.CellType] = {
    "text": cells.text(100),
    "code": cells.code(),
    "amount": cells.amount(),
    "positive amount": cells.amount(negative=False),
    "day": cells.day(),
    "uscc": cells.uscc(),
    "invoice_number": cells.invoice_number(),
    "invoice_code": cells.invoice_code(),
    "integer": cells.integer(),
    "currency": cells.currency(),
    "yes_no": cells.yes_no(),
}
ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="0123456789.,-+eE()¥元万年月日/ ０１２３４", max_size=25),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
EXAMPLES = 2_000


def parser(name: str) -> Any:
    """The parser of a cell type, as the reader makes it."""
    kind = TYPES[name]
    return PARSERS[kind.parser](dict(kind.options))


def uscc_of(letters: str) -> str:
    """A valid credit code with these nine letters."""
    body = f"91350200{letters}"
    return body + uscc_check_character(body)


@pytest.mark.parametrize("name", TYPES)
def test_any_cell_gets_an_answer_that_copy_can_carry(name: str) -> None:
    assert gets_an_answer(name, EXAMPLES) >= EXAMPLES


@pytest.mark.deep
@pytest.mark.parametrize("name", TYPES)
def test_twenty_thousand_cells_get_an_answer_that_copy_can_carry(name: str) -> None:
    assert gets_an_answer(name, 20_000) >= 20_000


def gets_an_answer(name: str, examples: int) -> int:
    """A parser's answer to anything at all is one that a COPY line can hold; how many cells it was asked."""
    parse = parser(name)
    asked = 0

    @settings(max_examples=examples, deadline=None, database=None)
    @given(ANYTHING)
    def check(cell: Any) -> None:
        nonlocal asked
        asked += 1
        answer = parse(cell)
        value = answer.value if isinstance(answer, CellNote) else answer
        assert value is None or isinstance(value, str | CellProblem)
        if isinstance(value, str):
            assert value
            assert not set("\t\n\r\x00") & set(value)
            assert "\\" not in value.replace("\\\\", "")
            value.encode("utf-8")

    check()
    return asked


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(-(10**17), 10**17), st.sampled_from(["plain", "grouped", "full-width", "number", "wan"]))
def test_amounts_are_read_to_the_fen(minor: int, form: str) -> None:
    exact = Decimal(minor).scaleb(-2)
    if form == "number":
        if abs(minor) > 10**14:
            return
        cell: Any = float(exact)
    elif form == "grouped":
        cell = f"¥{exact:,.2f}"
    elif form == "full-width":
        cell = "".join(chr(ord(letter) + 0xFEE0) if letter != "-" else letter for letter in f"{exact:.2f}")
    elif form == "wan":
        cell = f"{exact.scaleb(-4):f}万元"
    else:
        cell = f"{exact:.2f}"
    assert parser("amount")(cell) == str(minor)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.dates(datetime.date(1990, 1, 1), datetime.date(2099, 12, 31)), st.integers(0, 6))
def test_days_are_the_same_in_every_form(day: datetime.date, form: int) -> None:
    forms: list[Any] = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        float((day - datetime.date(1899, 12, 30)).days),
        day,
        unicodedata.normalize("NFKC", f"{day.year}．{day.month}．{day.day}"),
    ]
    assert parser("day")(forms[form]) == day.isoformat()


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=15, max_size=15), st.integers(0, 17))
def test_credit_codes_agree_with_the_kernel(letters: str, place: int) -> None:
    body = "91" + "350200" + letters[:9]
    code = body + uscc_check_character(body)
    spoiled = code[:place] + ("0" if code[place] != "0" else "1") + code[place + 1 :]

    assert parser("uscc")(code.lower()) == code
    assert identifiers.uscc_problem(code) is None
    assert isinstance(parser("uscc")(spoiled), str) == (identifiers.uscc_problem(spoiled) is None)


@given(st.integers(10**15, 10**21))
def test_a_number_beyond_fifteen_digits_is_never_taken_for_an_identifier(number: int) -> None:
    for name in ("code", "invoice_number", "invoice_code"):
        answer = parser(name)(float(number))
        assert isinstance(answer, CellProblem)
        assert answer.key == "rounded_number"


def test_lost_zeros_come_back_with_a_note() -> None:
    answer = parser("invoice_number")("1234567")

    assert isinstance(answer, CellNote)
    assert (answer.value, answer.key) == ("01234567", "zeros_restored")


def test_1904_days_are_counted_from_1904() -> None:
    parse = PARSERS["day"]({"second_system": True})

    assert parse(44741.0) == "2026-06-30"


@given(st.integers(0, 20_000))
def test_column_letters_and_numbers_are_inverse(index: int) -> None:
    assert column_index(column_letter(index)) == index
