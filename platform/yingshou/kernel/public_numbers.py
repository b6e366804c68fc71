"""
The numbers that the platform prints on notices: a prefix, the date, eight digits and a check digit. The eight digits are a
keyed permutation of the day's serial, so that a number tells nobody how many there were, and none occurs twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from yingshou.kernel.names import normalise

CAPACITY = 10**8
_HALF = 10**4
_ROUNDS = 8
_SHAPE = re.compile(r"([A-Z]{2,4})(\d{8})(\d{8})(\d)", re.ASCII)


def public_no(prefix: str, day: date, serial: int, key: bytes) -> str:
    """
    `AR` + 20260331 + 8 digits + check digit.

    :param prefix: two to four capital letters
    :param serial: from 0 to 99,999,999, each once a day and prefix
    :param key: the secret of the installation; with another key the numbers collide
    :raises ValueError: if prefix, serial or key cannot be used
    """
    if not re.fullmatch(r"[A-Z]{2,4}", prefix):
        raise ValueError(f"{prefix!r} is not a prefix of two to four capital letters")
    stamp = day.strftime("%Y%m%d")
    digits = f"{stamp}{permute(serial, key, f'{prefix}{stamp}'):08d}"
    return f"{prefix}{digits}{luhn_digit(digits)}"


def public_nos(prefix: str, day: date, serials: Sequence[int], key: bytes) -> list[str]:
    """
    `public_no` of many serials of one day, some ten times faster: the rounds are looked up in tables.

    :raises ValueError: if prefix, a serial or the key cannot be used
    """
    if not serials:
        return []
    first = public_no(prefix, day, serials[0], key)
    if min(serials) < 0 or max(serials) >= CAPACITY:
        raise ValueError(f"a serial is not between 0 and {CAPACITY - 1}")
    head = first[: len(prefix) + 8]
    tables, sums = _tables(key, head), _luhn_sums()
    date_sum = sums[int(head[-8:-4])] + sums[int(head[-4:])]
    numbers = []
    for serial in serials:
        left, right = divmod(serial, _HALF)
        for table in tables:
            left, right = right, (left + table[right]) % _HALF
        check = -(date_sum + sums[left] + sums[right]) % 10
        numbers.append(f"{head}{left:04d}{right:04d}{check}")
    return numbers


def public_no_ok(text: str) -> bool:
    """Whether the text has the form of a public number with a valid check digit; spaces and small letters are forgiven."""
    match = _SHAPE.fullmatch(public_no_normalise(text))
    return match is not None and luhn_digit(match[2] + match[3]) == match[4]


def public_no_normalise(text: str) -> str:
    """The number as it is stored: capitals, no spaces."""
    return normalise(text).replace(" ", "").upper()


def serial_of(number: str, key: bytes) -> int:
    """
    The serial that a public number was made from, with the same key.

    :raises ValueError: if it is not a public number
    """
    if not public_no_ok(number):
        raise ValueError(f"{number!r} is not a public number")
    match = _SHAPE.fullmatch(public_no_normalise(number))
    assert match is not None, "checked above"
    return unpermute(int(match[3]), key, match[1] + match[2])


def permute(serial: int, key: bytes, tweak: str) -> int:
    """
    A keyed bijection of 0 to 99,999,999: a Feistel network over two halves of four digits.

    :raises ValueError: if the serial is outside, or the key is empty
    """
    left, right = _halves(serial, key)
    for turn in range(_ROUNDS):
        left, right = right, (left + _mix(right, turn, key, tweak)) % _HALF
    return left * _HALF + right


def unpermute(number: int, key: bytes, tweak: str) -> int:
    """
    The serial that `permute` turned into this number.

    :raises ValueError: if the number is outside, or the key is empty
    """
    left, right = _halves(number, key)
    for turn in reversed(range(_ROUNDS)):
        left, right = (right - _mix(left, turn, key, tweak)) % _HALF, left
    return left * _HALF + right


def luhn_digit(digits: str) -> str:
    """The check digit that makes the number pass the Luhn test: it finds every single wrong digit."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _halves(number: int, key: bytes) -> tuple[int, int]:
    if not 0 <= number < CAPACITY:
        raise ValueError(f"{number} is not between 0 and {CAPACITY - 1}")
    if not key:
        raise ValueError("the permutation needs a key")
    return divmod(number, _HALF)


@lru_cache(maxsize=4)
def _tables(key: bytes, tweak: str) -> list[list[int]]:
    """Every round of one day's network, for every half."""
    return [[_mixed(half, turn, key, tweak) for half in range(_HALF)] for turn in range(_ROUNDS)]


@lru_cache(maxsize=1)
def _luhn_sums() -> list[int]:
    """What four digits, the last of them doubled, add to the Luhn sum."""
    return [-int(luhn_digit(f"{half:04d}")) % 10 for half in range(_HALF)]


# One day uses 8 x 10,000 values over and over: an import of 100,000 rows finds nearly all of them here.
@lru_cache(maxsize=8 * 10**4)
def _mix(half: int, turn: int, key: bytes, tweak: str) -> int:
    return _mixed(half, turn, key, tweak)


def _mixed(half: int, turn: int, key: bytes, tweak: str) -> int:
    # BLAKE2b is a keyed hash in one call, three times faster than HMAC here; its key may have 64 bytes.
    digest = hashlib.blake2b(f"{tweak}:{turn}:{half}".encode(), key=key[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") % _HALF
