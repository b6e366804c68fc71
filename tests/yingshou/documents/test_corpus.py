"""Every odd and hostile file: no process death, no hang, and each refusal says where and how to cure it (G3)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.yingshou.documents import books, corpus, sample
from yingshou.documents import intake
from yingshou.documents.findings import ALL, finding, row_findings

# Of processor time: a busy machine must not turn a good reader red. The clock has a bound of its own, below.
SECONDS = 5.0


def read(content: bytes, path: Path, **plan: Any) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """What the reader process says about a file."""
    file = path / "upload"
    file.write_bytes(content)
    rows, messages = intake.read_all(intake.reading_plan(sample.KIND, file, "upload.xlsx", **plan))
    return [line.decode().rstrip("\n").split("\t") for line in rows], list(messages)


def problems(rows: list[list[str]]) -> list[dict[str, Any]]:
    """All problems of all rows."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if row[5] != "\\N":
            found += json.loads(row[5].replace("\\\\", "\\"))
    return found


def _said(rows: list[list[str]], messages: list[dict[str, Any]]) -> None:
    """Whatever was said has a sentence in both languages, a cure where it refuses, and its place."""
    for message in messages:
        if message["type"] in {"refused", "note"}:
            said = finding(message).as_dict()
            assert said["code"]
            assert said["message_zh"]
            assert said["message_en"]
            assert message["type"] == "note" or said["cure_en"]
    for row in rows:
        if row[5] != "\\N":
            for one in row_findings(json.loads(row[5].replace("\\\\", "\\")), sample.KIND, "应收账款", int(row[2])):
                assert "应收账款" in str(one.place)
                assert row[2] in str(one.place)
                assert one.message_text


@pytest.mark.parametrize("case", corpus.FILES, ids=lambda case: case.name)
def test_file_becomes_what_it_must(case: corpus.Case, tmp_path: Path) -> None:
    content = case.build()
    rows, messages = read(content, tmp_path, encoding=case.encoding)

    last = messages[-1]
    assert last["processor_seconds"] < SECONDS
    _said(rows, messages)
    if case.refused:
        assert (last["type"], last.get("key")) == ("refused", case.refused)
        if case.place is not None:
            sheet, row, column = case.place
            assert (last["sheet"], last["row"]) == (sheet, row)
            assert column is None or last["column"] == column
        return
    assert last["type"] == "end", last
    if case.question:
        assert any(message["type"] == "sheet_unmapped" for message in messages)
        return
    if case.rows is not None:
        assert sum(row[4] == "READY" for row in rows) == case.rows
    found = {problem["key"] for problem in problems(rows)}
    assert set(case.cells) <= found
    if not case.cells:
        assert not found
    assert set(case.notes) <= {message["key"] for message in messages if message["type"] == "note"}


@pytest.mark.parametrize(("name", "changes", "key"), corpus.CELLS, ids=[case[0] for case in corpus.CELLS])
def test_cell_is_read_exactly_or_refused_with_its_place(
    name: str, changes: dict[str, Any], key: str | None, tmp_path: Path
) -> None:
    rows, messages = read(books.book([sample.row(1, **changes)]), tmp_path)

    assert messages[-1]["type"] == "end"
    found = problems(rows)
    _said(rows, messages)
    assert [problem["key"] for problem in found] == ([key] if key else [])
    if key:
        (column,) = [column for column in changes if column in {one.name for one in sample.COLUMNS}][:1] or [""]
        assert found[0]["column"] == column
        assert found[0]["cell"].endswith("2")


def test_corpus_is_as_large_as_asked() -> None:
    assert len(corpus.FILES) >= 60
    assert {case.refused for case in corpus.FILES} - {""} <= set(ALL)


def test_values_are_what_stands_in_the_cells(tmp_path: Path) -> None:
    data = sample.row(
        1, gross_amount="(1,234.5)", due_date="2026年6月30日", currency="美元", net_amount="", tax_amount=""
    )
    rows, _messages = read(books.book([data], [*sample.HEADERS[:9], "价税合计(万元)", "币种", "备注"]), tmp_path)

    values = dict(zip([column.name for column in sample.COLUMNS], rows[0][7:], strict=True))
    assert values["gross_amount"] == str(-1234_5000_00)
    assert values["due_date"] == "2026-06-30"
    assert values["currency"] == "USD"


def test_limit_lifted_the_bomb_kills_the_child_and_not_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: behind the gate stands a second net, the memory limit of the child."""
    body = '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="CV1"><v>1</v></c></row>'
    body += "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(100_000, 100_090)) + "</sheetData>"
    file = tmp_path / "upload"
    file.write_bytes(corpus.raw_sheet(body))
    bounds = intake.Bounds(memory_mb=160)

    _rows, messages = intake.read_all(intake.reading_plan(sample.KIND, file, "a.xlsx", bounds=bounds), bounds)

    assert messages[-1]["key"] == "too_much_memory"


def test_hanging_child_is_stopped_by_the_clock(tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(books.delimited(sample.rows(20_000)))
    bounds = intake.Bounds(wall_seconds=0.05)

    _rows, messages = intake.read_all(intake.reading_plan(sample.KIND, file, "a.csv", bounds=bounds), bounds)

    assert messages[-1]["key"] == "too_slow"
