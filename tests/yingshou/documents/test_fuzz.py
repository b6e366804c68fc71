"""
Files that nobody wrote: mutants of good and of real files through the reader process, and exports that come back (G3).

What is asserted is what holds for every file: the process ends with a last word, in time and within memory, and each refusal
names its place and its cure; nothing reads as a failure of the reader itself.
"""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.yingshou.documents import books, sample
from tests.yingshou.documents.mutants import mutant
from tests.yingshou.documents.test_parsers import uscc_of
from tests.yingshou.documents.test_real_sheets import folder, nothing
from yingshou.documents import cells, intake
from yingshou.documents.findings import finding, row_findings
from yingshou.documents.kinds import Column, ImportKind
from yingshou.tenancy.actor import Actor, acting_as
from yingshou.ui import exports

__all__ = ["folder"]
SECONDS = 5.0
MEGABYTES = 256
READERS = 2
MUTANTS_OF_A_REAL_FILE = 3


def outcome(content: bytes, seed: str, where: Path, mode: str = "read") -> str:
    """Read one file and check what must hold for every file; how it ended."""
    file = where / f"{abs(hash(seed))}"
    file.write_bytes(content)
    try:
        rows, messages = intake.read_all(intake.reading_plan(sample.KIND, file, "a.xlsx", mode=mode))
    finally:
        file.unlink()
    last = messages[-1]
    assert last["type"] in {"end", "refused"}, seed
    assert last.get("key") not in {"reader_failed", "too_slow"}, (seed, last)
    assert last["processor_seconds"] < SECONDS, (seed, last)
    assert last["peak_kb"] < MEGABYTES * 1024, (seed, last)
    for message in messages:
        if message["type"] in {"refused", "note"}:
            said = finding(message).as_dict()
            assert said["code"], seed
            assert said["message_zh"], seed
            assert message["type"] == "note" or said["cure_zh"], (seed, message)
    for row in rows[:200]:
        fields = row.decode().rstrip("\n").split("\t")
        assert len(fields) == 7 + len(sample.COLUMNS), seed
        if fields[5] != "\\N":
            for one in row_findings(json.loads(fields[5].replace("\\\\", "\\")), sample.KIND, "x", int(fields[2])):
                assert one.message_text, seed
                assert fields[2] in str(one.place), seed
    return str(last.get("key") or last["type"])


def sound_files() -> list[tuple[str, bytes]]:
    """A workbook and texts in the encodings that people use."""
    data = [*sample.rows(6), sample.row(9, due_date="2026/2/30")]
    return [
        ("workbook", books.book(data)),
        ("text", books.delimited(data)),
        ("text in GB18030", books.delimited(data, encoding="gb18030")),
        ("text in UTF-16", b"\xff\xfe" + books.delimited(data, delimiter="\t", encoding="utf-16-le")),
    ]


def many(jobs: Sequence[tuple[bytes, str, str]], where: Path) -> dict[str, int]:
    """The outcomes of many files, as many at a time as there are readers."""
    found: dict[str, int] = {}
    with ThreadPoolExecutor(READERS) as pool:
        for end in pool.map(lambda job: outcome(job[0], job[1], where, job[2]), jobs):
            found[end] = found.get(end, 0) + 1
    return found


def mutants_of(name: str, content: bytes, count: int) -> list[tuple[bytes, str, str]]:
    """Mutants with their seeds; every third is read as the annotated copy reads it."""
    seeds = [f"{name}#{number}" for number in range(count)]
    return [
        (mutant(content, seed), seed, "raw" if number % 3 == 2 else "read")
        for number, seed in enumerate(seeds)
    ]  # fmt: skip


def test_mutants_of_sound_files_are_read_or_refused(tmp_path: Path) -> None:
    found = many([job for name, content in sound_files() for job in mutants_of(name, content, 5)], tmp_path)

    assert sum(found.values()) == 20


@pytest.mark.deep
def test_three_thousand_mutants_of_sound_files_are_read_or_refused(tmp_path: Path) -> None:
    found = many([job for name, content in sound_files() for job in mutants_of(name, content, 750)], tmp_path)

    assert sum(found.values()) == 3_000
    assert found["end"] > 100


@pytest.mark.deep
@pytest.mark.realdata
def test_mutants_of_every_real_file_are_read_or_refused(folder: Path, tmp_path: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    done = 0
    for file in files:
        name = str(file.relative_to(folder))
        found = many(mutants_of(name, file.read_bytes(), MUTANTS_OF_A_REAL_FILE), tmp_path)
        done += sum(found.values())
    assert done > 2_000


# What our own lists write, read as a sheet of text, numbers and days.
LISTED = ImportKind(
    name="listed",
    title="Listed",
    permission="documents.import",
    columns=[
        Column("firm", "Firm", cells.uscc(), required=True),
        Column("number", "Number", cells.code(), required=True),
        Column("invoice", "Invoice", cells.invoice_number()),
        Column("words", "Words", cells.text(200)),
        Column("amount", "Amount", cells.amount()),
        Column("day", "Day", cells.day()),
    ],
    accept=nothing,
    undo=nothing,
)
WORDS = "零部件采购合同ABC xyz09-_.()（）·&,\"'"


def listed_rows(count: int, seed: int) -> list[list[Any]]:
    """Rows as a list exports them."""
    draw = random.Random(seed)
    rows: list[list[Any]] = []
    for _n in range(count):
        words = "".join(draw.choices(WORDS, k=draw.randrange(1, 40))).strip()
        rows.append(
            [
                uscc_of("".join(draw.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))),
                f"HT-{draw.randrange(10**6)}/{draw.randrange(100):02d}",
                draw.choice([f"{draw.randrange(10**8):08d}", f"26{draw.randrange(10**18):018d}"]),
                " ".join(words.split()).lstrip("'") or "字",
                Decimal(draw.randrange(-(10**13), 10**13)).scaleb(-2),
                date(1990, 1, 2) + timedelta(days=draw.randrange(40_000)),
            ]
        )
    return rows


def exported(rows: list[list[Any]], form: str) -> bytes:
    """The rows as our own export writes them."""
    lines = [[str(column.label) for column in LISTED.columns], *rows]
    if form == "csv":
        return b"".join(exports._csv(iter(lines)))
    with acting_as(Actor.system("test")), exports._xlsx(iter(lines)) as target:
        return target.read()


def expected(row: list[Any]) -> list[str]:
    """The row as PostgreSQL is to read it."""
    firm, number, invoice, words, amount, day = row
    return [firm, number, invoice, words.replace("\\", "\\\\"), str(int(amount * 100)), day.isoformat()]


def comes_back(count: int, form: str, where: Path) -> int:
    """Export rows and read the file: every value is what it was; how many came back."""
    rows = listed_rows(count, seed=count)
    file = where / f"export.{form}"
    file.write_bytes(exported(rows, form))
    lines, messages = intake.read_all(intake.reading_plan(LISTED, file, file.name))

    assert messages[-1]["type"] == "end"
    assert len(lines) == count
    for line, row in zip(lines, rows, strict=True):
        fields = line.decode().rstrip("\n").split("\t")
        assert fields[4] == "READY", (row, fields)
        assert fields[7:] == expected(row)
    return len(lines)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_hundred_exported_rows_come_back_as_they_were(form: str, tmp_path: Path) -> None:
    assert comes_back(100, form, tmp_path) == 100


@pytest.mark.deep
@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_two_thousand_exported_rows_come_back_as_they_were(form: str, tmp_path: Path) -> None:
    assert comes_back(2_000, form, tmp_path) == 2_000
