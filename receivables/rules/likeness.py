"""
Do two claims look like one (N02)? Pure scoring of candidates that `receivables.alike` fetches; no queries, no names.

A score is the share of such pairs that we hold to be one debt; the reasons say what agrees and what differs. Equal amounts
every month, consecutive numbers and one frame contract are ordinary business and must stay below `THRESHOLD`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

THRESHOLD = 70
"""From this score on, in percent, a person is asked to look."""

NEAR_DAYS = 7
PARTS_DAYS = 3
MOST_PARTS = 4
# A run of equal invoices written on one day has neighbouring numbers; so far apart they are still neighbours. Between two
# days a seller writes invoices to others too: numbers that grow with the days are nothing strange.
LEAST_RUN, LONGEST_RUN, A_DAY = 9, 40, 300
USUAL_TAX = (113, 109, 106, 103, 101)
OLD_NUMBER = 8
ROUND = 100_000
"""Amounts in whole thousands of yuan (in minor units) say little: many contracts are made of them."""


@dataclass(frozen=True, slots=True)
class Item:
    """
    What of a claim is compared; amounts in minor units, texts normalised (capitals, no separators, O as 0, I and L as 1).

    :ivar number: number of its first invoice without leading zeros, "" for a claim without an invoice
    :ivar note: statement of account or delivery note
    :ivar claimed_on: day of the invoice, else of delivery
    """

    id: int
    creditor: int
    amount: int
    currency: str
    kind: str
    claimed_on: date
    due_on: date
    contract: str = ""
    note: str = ""
    number: str = ""
    code: str = ""
    net: int | None = None
    gross: int | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """
    One finding: the later claim looks like these earlier ones.

    :ivar score: percent
    :ivar rule: code of the rule that found it
    :ivar reasons: codes of what agrees and differs, most telling first, with their figures
    """

    ids: tuple[int, ...]
    score: int
    rule: str
    reasons: tuple[tuple[str, int], ...]


def find(probe: Item, others: Sequence[Item]) -> list[Alike]:
    """What the later claim looks like, most alike first; nothing below the threshold."""
    crowd = _crowd(probe, others)
    found = [alike for one in others if (alike := compare(probe, one, crowd)) is not None]
    own = [one for one in others if one.creditor == probe.creditor]
    found.extend(_parts(probe, own))
    best: dict[tuple[int, ...], Alike] = {}
    for alike in found:
        if alike.score >= THRESHOLD and alike.score > (best[alike.ids].score if alike.ids in best else 0):
            best[alike.ids] = alike
    return sorted(best.values(), key=lambda one: (-one.score, one.ids))


def compare(probe: Item, other: Item, crowd: int = 0) -> Alike | None:
    """
    Two claims, one against the other.

    :param crowd: how many other claims of these days have the same amount
    """
    amount = _amount_relation(probe, other)
    if amount is None:
        return None
    number, figure = _number_relation(probe, other, crowd)
    sister = probe.creditor != other.creditor
    if sister and (number != "SAME_NUMBER" or amount == "NET_AMOUNT"):
        return None
    if number == "SAME_NUMBER" and not sister and probe.code == other.code:
        # The very same invoice: lawful use of its parts, guarded exactly by its fingerprint.
        return None
    reasons = [(amount, 0)]
    score = BASES[amount][number]
    if number != "NO_NUMBER":
        reasons.append((number, figure))
    for reason, size, points in _circumstances(probe, other):
        reasons.append((reason, size))
        score += points
    # An amount that recurs in these days tells less, unless the number gives it away.
    if number in ("OTHER_NUMBER", "NO_NUMBER"):
        score -= 8 * min(crowd, 4)
    rule = _rule(amount, number, probe, other)
    return Alike((other.id,), max(0, min(99, score)), rule, tuple(reasons))


# What the amount and the number say together, in percent, before the circumstances are weighed.
BASES = {
    "SAME_AMOUNT": {
        "SAME_NUMBER": 88, "SWAPPED": 68, "ZEROS": 68, "TYPED": 66, "NEIGHBOUR": 30, "OTHER_NUMBER": 44, "NO_NUMBER": 56,
    },
    "OTHER_CURRENCY": {
        "SAME_NUMBER": 86, "SWAPPED": 64, "ZEROS": 64, "TYPED": 62, "NEIGHBOUR": 26, "OTHER_NUMBER": 40, "NO_NUMBER": 54,
    },
    "NET_AMOUNT": {
        "SAME_NUMBER": 84, "SWAPPED": 64, "ZEROS": 64, "TYPED": 62, "NEIGHBOUR": 22, "OTHER_NUMBER": 22, "NO_NUMBER": 50,
    },
}  # fmt: skip


def _amount_relation(probe: Item, other: Item) -> str | None:
    if probe.amount == other.amount:
        return "SAME_AMOUNT" if probe.currency == other.currency else "OTHER_CURRENCY"
    if probe.currency != other.currency:
        return None
    if probe.amount in (other.net, other.gross) or other.amount in (probe.net, probe.gross):
        return "NET_AMOUNT"
    low, high = sorted((probe.amount, other.amount))
    return "NET_AMOUNT" if any(abs(low * tax - high * 100) <= 100 for tax in USUAL_TAX) else None


def _number_relation(probe: Item, other: Item, crowd: int) -> tuple[str, int]:
    one, two = probe.number, other.number
    if not one or not two:
        return "NO_NUMBER", 0
    if one == two:
        return "SAME_NUMBER", 0
    if one.replace("0", "") == two.replace("0", "") and len(one) != len(two):
        return "ZEROS", 0
    if one.isdigit() and two.isdigit() and _in_a_row(probe, other, crowd):
        return "NEIGHBOUR", abs(int(one) - int(two))
    if max(len(one), len(two)) <= OLD_NUMBER:
        one, two = one.zfill(OLD_NUMBER), two.zfill(OLD_NUMBER)
    if len(one) == len(two):
        places = [place for place, (left, right) in enumerate(zip(one, two, strict=True)) if left != right]
        if len(places) == 2 and one[places[0]] == two[places[1]] and one[places[1]] == two[places[0]]:
            return "SWAPPED", 2
        if len(places) <= 2:
            return "TYPED", len(places)
    elif abs(len(one) - len(two)) == 1 and min(len(one), len(two)) >= 5 and _one_missing(one, two):
        return "TYPED", 1
    return "OTHER_NUMBER", 0


def _in_a_row(probe: Item, other: Item, crowd: int) -> bool:
    """Whether two numbers are as far apart as one series of invoices makes them."""
    apart, days = int(probe.number) - int(other.number), (probe.claimed_on - other.claimed_on).days
    if days == 0:
        return abs(apart) <= max(LEAST_RUN, min(LONGEST_RUN, crowd))
    return (apart > 0) == (days > 0) and abs(apart) <= A_DAY * abs(days)


def _one_missing(one: str, two: str) -> bool:
    """Whether the longer text is the shorter one with a character more."""
    short, long = sorted((one, two), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _circumstances(probe: Item, other: Item) -> Iterator[tuple[str, int, int]]:
    days = abs((probe.claimed_on - other.claimed_on).days)
    if days == 0:
        yield "SAME_DAY", 0, 12
    elif days <= NEAR_DAYS:
        yield "NEAR_DAY", days, 7
    else:
        yield "OTHER_DAY", days, -14 if days <= 2 * NEAR_DAYS else -45
    if probe.contract and other.contract:
        yield ("SAME_CONTRACT", 0, 10) if probe.contract == other.contract else ("OTHER_CONTRACT", 0, -10)
    if probe.note and other.note:
        yield ("SAME_NOTE", 0, 18) if probe.note == other.note else ("OTHER_NOTE", 0, -30)
    if probe.due_on == other.due_on:
        yield "SAME_DUE", 0, 5
    if probe.kind != other.kind:
        yield "OTHER_KIND", 0, 0


def _rule(amount: str, number: str, probe: Item, other: Item) -> str:
    if probe.creditor != other.creditor:
        return "TWO_SUPPLIERS"
    if amount == "OTHER_CURRENCY":
        return "OTHER_CURRENCY"
    if amount == "NET_AMOUNT":
        return "NET_AND_GROSS"
    if number in ("TYPED", "SWAPPED", "ZEROS"):
        return "NUMBER_TYPED"
    return "OTHER_KIND" if probe.kind != other.kind else "SAME_FIGURES"


def _crowd(probe: Item, others: Sequence[Item]) -> int:
    near = [one for one in others if abs((one.claimed_on - probe.claimed_on).days) <= PARTS_DAYS]
    return max(0, sum(one.amount == probe.amount and one.creditor == probe.creditor for one in near) - 1)


def _parts(probe: Item, others: Sequence[Item]) -> Iterator[Alike]:
    """One claim and several that add up to it: entered again in parts, or parts entered again as one."""
    near = [
        one
        for one in others
        if abs((one.claimed_on - probe.claimed_on).days) <= PARTS_DAYS
        and one.currency == probe.currency
        and one.contract == probe.contract
        and one.id < probe.id
    ]
    # Merged: the probe is the whole, all parts are older.
    for parts in _adding_up(probe.amount, [one for one in near if one.amount < probe.amount], most=MOST_PARTS):
        yield _of_parts(probe, parts, rule="MERGED", ids=tuple(sorted(one.id for one in parts)))
    # Split: the probe is the last of the parts, the whole is older than each of them.
    for whole in near:
        if whole.amount <= probe.amount:
            continue
        rest = [one for one in near if one.id > whole.id and one.amount < whole.amount]
        for parts in _adding_up(whole.amount - probe.amount, rest, most=2, least=1):
            yield _of_parts(whole, [probe, *parts], rule="SPLIT", ids=(whole.id,))


def _adding_up(total: int, parts: Sequence[Item], *, most: int, least: int = 2) -> Iterator[list[Item]]:
    """Sets of parts that add up; more than two only where the day or the note ties them together."""
    by_amount = {one.amount: one for one in parts}
    if least == 1 and total in by_amount:
        yield [by_amount[total]]
    for one in parts:
        two = by_amount.get(total - one.amount)
        if two is not None and one.id < two.id:
            yield [one, two]
    if most < 3:
        return
    for tied in _tied(parts):
        if 3 <= len(tied) <= 24:
            for size in range(3, most + 1):
                yield from (list(some) for some in combinations(tied, size) if sum(o.amount for o in some) == total)


def _tied(parts: Sequence[Item]) -> list[list[Item]]:
    groups: dict[tuple[date, str], list[Item]] = {}
    for one in parts:
        groups.setdefault((one.claimed_on, one.note), []).append(one)
    return list(groups.values())


def _of_parts(whole: Item, parts: Sequence[Item], *, rule: str, ids: tuple[int, ...]) -> Alike:
    reasons: list[tuple[str, int]] = [("PARTS_ADD_UP", len(parts))]
    score = 62 - 3 * (len(parts) - 2)
    if all(one.claimed_on == whole.claimed_on for one in parts):
        score += 12
        reasons.append(("SAME_DAY", 0))
    else:
        score += 4
        reasons.append(("NEAR_DAY", max(abs((one.claimed_on - whole.claimed_on).days) for one in parts)))
    if whole.contract:
        score += 8
        reasons.append(("SAME_CONTRACT", 0))
    notes = {one.note for one in (whole, *parts)}
    if len(notes) == 1 and whole.note:
        score += 14
        reasons.append(("SAME_NOTE", 0))
    elif len(Counter(notes)) > 1 and whole.note and all(one.note for one in parts):
        score -= 20
        reasons.append(("OTHER_NOTE", 0))
    if all(one.due_on == whole.due_on for one in parts):
        score += 5
        reasons.append(("SAME_DUE", 0))
    if all(one.amount % ROUND == 0 for one in parts):
        score -= 15
    if len({one.amount for one in parts}) == 1:
        score -= 10
    return Alike(ids, max(0, min(99, score)), rule, tuple(reasons))
