"""
Labelled papers for the search of near-duplicates: claims, mutants of ten named kinds, and honest look-alikes.

Plain figures and texts out of one seed. Nothing here knows how the search works, and nothing of it is imported.
"""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

START = date(2025, 1, 2)
DAYS = 640


@dataclass(frozen=True)
class Paper:
    """One claim as a supplier would enter it; amounts in minor units."""

    supplier: int
    face: int
    number: str
    code: str
    issued: date
    net: int
    gross: int
    contract: str
    note: str
    due: date
    currency: str = "CNY"
    kind: str = "S1"


@dataclass(frozen=True)
class Mutant:
    """What was entered a second time: the originals, then the papers in the order of entry; the last one is asked about."""

    kind: str
    originals: Sequence[Paper]
    again: Sequence[Paper]


class Office:
    """The papers of one pair of supplier and buyer, out of one source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.serial = self.chance.randrange(1_000_000, 8_000_000)

    def number(self, issued: date, *, long: bool) -> str:
        """The next number of the seller; other buyers got those between."""
        self.serial += self.chance.randrange(1, 400)
        if long:
            return f"{issued:%y}352000{self.serial:012d}"
        return f"{self.serial:08d}"

    def amount(self) -> int:
        """A total with tax: most have odd cents, some are round."""
        if self.chance.random() < 0.25:
            return self.chance.randrange(2, 90) * 1_000_000
        return self.chance.randrange(200_000, 90_000_000)

    def paper(self, *, supplier: int = 0, gross: int | None = None, issued: date | None = None) -> Paper:
        """An ordinary claim, three in four with an invoice, of one of five contracts."""
        chance = self.chance
        day = issued or START + timedelta(days=chance.randrange(DAYS))
        total = gross or self.amount()
        net = round(total / (1 + chance.choice((13, 13, 13, 9, 6, 3)) / 100))
        has_invoice = chance.random() < 0.75
        long = chance.random() < 0.5
        number = self.number(day, long=long) if has_invoice else ""
        has_note = not has_invoice or chance.random() < 0.3
        return Paper(
            supplier=supplier,
            face=total,
            number=number,
            code="" if long or not has_invoice else "3502261130",
            issued=day,
            net=net,
            gross=total,
            contract=f"HT-{chance.randrange(1, 6):02d}0{chance.choice('IOBL')}-2025",
            note=f"DZ{chance.randrange(10**6):06d}" if has_note else "",
            due=day + timedelta(days=chance.choice((30, 60, 90))),
        )

    def invoiced(self) -> Paper:
        """A claim that has an invoice."""
        while not (one := self.paper()).number:
            pass
        return one

    # --- the ten kinds of mutants ---

    def typed(self, one: Paper) -> list[Paper]:
        """One or two digits of the number mistyped."""
        tail = list(one.number)
        for place in self.chance.sample(range(max(2, len(tail) - 12), len(tail)), self.chance.choice((1, 1, 2))):
            tail[place] = self.chance.choice([digit for digit in "0123456789" if digit != tail[place]])
        return [replace(one, number="".join(tail))]

    def swapped(self, one: Paper) -> list[Paper]:
        """Two neighbouring digits transposed."""
        places = [at for at in range(2, len(one.number) - 1) if one.number[at] != one.number[at + 1]]
        at = self.chance.choice(places)
        text = one.number
        return [replace(one, number=text[:at] + text[at + 1] + text[at] + text[at + 2 :])]

    def zeros(self, one: Paper) -> list[Paper]:
        """Zeros of the number lost at its end; or, without a number, the letter O written for every 0."""
        if self.chance.random() < 0.5:
            bare = replace(one, number="", code="", note=one.note or "DZ104020")
            return [replace(bare, note=bare.note.replace("0", "O"), contract=one.contract.replace("0", "O"), kind="S2")]
        stem = f"{self.chance.randrange(1000, 9999)}"
        return [replace(one, number=stem.zfill(8), code="3502261130")]

    def split(self, one: Paper) -> list[Paper]:
        """The claim once more in two or three parts with numbers of their own."""
        count = self.chance.choice((2, 2, 3))
        cuts = sorted(self.chance.sample(range(1, 100), count - 1))
        edges = [0, *[one.face * cut // 100 for cut in cuts], one.face]
        parts = []
        for low, high in itertools.pairwise(edges):
            number = self.number(one.issued, long=len(one.number) == 20)
            net = round((high - low) / 1.13)
            parts.append(replace(one, face=high - low, gross=high - low, net=net, number=number))
        return parts

    def shifted(self, one: Paper) -> list[Paper]:
        """The day some days off, and the code of the invoice left out or the invoice itself."""
        moved = one.issued + timedelta(days=self.chance.choice((-5, -3, -2, -1, 1, 2, 3, 5)))
        if one.code and self.chance.random() < 0.6:
            return [replace(one, issued=moved, code="")]
        return [replace(one, issued=moved, number="", code="")]

    def net_for_gross(self, one: Paper) -> list[Paper]:
        """The amount without tax, code or invoice left out."""
        if one.code and self.chance.random() < 0.6:
            return [replace(one, face=one.net, gross=one.net, net=round(one.net / 1.13), code="")]
        return [replace(one, face=one.net, gross=one.net, net=round(one.net / 1.13), number="", code="")]

    def other_kind(self, one: Paper) -> list[Paper]:
        """As a service settled by statement instead of a sale with an invoice."""
        return [replace(one, kind="S2", number="", code="")]

    def other_currency(self, one: Paper) -> list[Paper]:
        """The same figure noted in another currency; code or invoice left out."""
        currency = self.chance.choice(("USD", "EUR"))
        if one.code and self.chance.random() < 0.6:
            return [replace(one, currency=currency, code="")]
        return [replace(one, currency=currency, number="", code="")]

    def sister(self, one: Paper) -> list[Paper]:
        """A sister company claims the same invoice of the same buyer."""
        return [replace(one, supplier=1, code="" if len(one.number) == 20 else "3502261131")]


KINDS: dict[str, Callable[[Office, Paper], list[Paper]]] = {
    "number mistyped": Office.typed,
    "digits transposed": Office.swapped,
    "zeros lost or O for 0": Office.zeros,
    "split into parts": Office.split,
    "merged": Office.split,
    "day shifted": Office.shifted,
    "net for gross": Office.net_for_gross,
    "other kind": Office.other_kind,
    "other currency": Office.other_currency,
    "sister company": Office.sister,
}


def mutants(office: Office, count: int) -> list[Mutant]:
    """So many mutants, every kind in turn."""
    made = []
    for turn in range(count):
        kind = list(KINDS)[turn % len(KINDS)]
        one = office.invoiced()
        again = KINDS[kind](office, one)
        if kind == "zeros lost or O for 0" and again[0].number:
            # The original has the zeros that the second entry lost.
            one = replace(one, number=again[0].number.lstrip("0") + "0000", code="3502261130")
            again = [replace(one, number=again[0].number)]
        if again[0].note and not one.note:
            one = replace(one, note=again[0].note.replace("O", "0"))
        made.append(Mutant(kind, again, [one]) if kind == "merged" else Mutant(kind, [one], again))
    return made


# --- honest look-alikes ---


def monthly(office: Office) -> list[Paper]:
    """Rent or maintenance: the same amount every month under one contract."""
    first = office.paper()
    rows = []
    for month in range(6):
        day = first.issued + timedelta(days=30 * month + office.chance.randrange(-1, 2))
        number = office.number(day, long=len(first.number) == 20) if first.number else ""
        note = f"{first.note}-{month + 1}" if first.note else ""
        rows.append(replace(first, issued=day, number=number, note=note, due=day + timedelta(days=30)))
    return rows


def weekly(office: Office) -> list[Paper]:
    """The same delivery every week."""
    first = office.invoiced()
    rows = []
    for week in range(5):
        day = first.issued + timedelta(days=7 * week)
        number = office.number(day, long=len(first.number) == 20)
        note = f"{first.note}{week}" if first.note else ""
        rows.append(replace(first, issued=day, number=number, note=note, due=day + timedelta(days=60)))
    return rows


def run(office: Office) -> list[Paper]:
    """One large delivery invoiced up to the limit of a form: equal invoices of one day with numbers in a row."""
    first = office.invoiced()
    start = int(first.number[-7:])
    rows = []
    for turn in range(office.chance.randrange(3, 9)):
        rows.append(replace(first, number=f"{first.number[:-7]}{start + turn:07d}", note=""))
    return rows


def one_day(office: Office) -> list[Paper]:
    """Several deliveries of one day under one contract, each with its own amount."""
    first = office.paper()
    rows = []
    for turn in range(5):
        gross = office.amount()
        number = office.number(first.issued, long=len(first.number) == 20) if first.number else ""
        note = f"{first.note}{turn}" if first.note else ""
        rows.append(replace(first, face=gross, gross=gross, net=round(gross / 1.13), number=number, note=note))
    return rows


def twin(office: Office) -> list[Paper]:
    """Two equal deliveries of one day; the next number, or one or two buyers between; each with its note or contract."""
    first = office.invoiced()
    step = office.chance.randrange(1, 10)
    number = f"{first.number[:-7]}{int(first.number[-7:]) + step:07d}"
    if office.chance.random() < 0.5:
        return [replace(first, note="DZ700001"), replace(first, number=number, note="DZ700002")]
    return [replace(first, note=""), replace(first, number=number, note="")]


def statements(office: Office) -> list[Paper]:
    """Services by statement: the same fee, one statement a site, on the last day of the month."""
    first = replace(office.paper(), number="", code="", kind="S2")
    return [replace(first, note=f"JS{office.chance.randrange(10**6):06d}") for _site in range(4)]


HONEST = (monthly, weekly, run, one_day, twin, statements)


def look_alikes(office: Office, count: int) -> list[Paper]:
    """Honest papers that look alike, in the order in which they are entered."""
    rows: list[Paper] = []
    turn = 0
    while len(rows) < count:
        rows.extend(HONEST[turn % len(HONEST)](office))
        turn += 1
    return rows[:count]
