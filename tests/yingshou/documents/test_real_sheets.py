"""Odd, broken and hostile files that nobody here wrote: each is read or refused in time, within memory, with a reason."""

import tarfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.yingshou.documents import sample
from yingshou.documents import cells, intake
from yingshou.documents.findings import finding, row_findings
from yingshou.documents.kinds import Chunk, Column, ImportKind, Undo

ARCHIVES = (
    "sheets-calamine",
    "sheets-phpspreadsheet",
    "sheets-encrypted",
    "csv-frictionless",
    "csv-csvkit",
    "csv-injection",
)
SECONDS = 5.0
MEGABYTES = 256


def nothing(_rows: Chunk | Undo) -> None:
    """This kind is only read."""


WIDE = ImportKind(
    name="wide",
    title="Anything",
    permission="documents.import",
    columns=[Column(f"c{number}", f"c{number}", cells.text(32_000), required=number == 0) for number in range(20)],
    accept=nothing,
    undo=nothing,
)


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archives, unpacked."""
    target = tmp_path_factory.mktemp("sheets")
    for name in ARCHIVES:
        with tarfile.open(real_data / f"{name}.tar.gz") as archive:
            archive.extractall(target / name, filter="data")
    return target


def one_read(
    kind: ImportKind, file: Path, layouts: dict[str, dict[str, str]]
) -> tuple[list[bytes], list[dict[str, object]]]:
    """Read one file within bounds of time and memory; the child's own peak is measured."""
    bounds = intake.Bounds()
    plan = intake.reading_plan(kind, file, file.name, layouts=layouts, bounds=bounds)
    rows: list[bytes] = []
    messages: list[dict[str, object]] = []
    began = time.monotonic()
    with intake.Reader(plan, bounds) as reader:
        for chunk in reader.chunks():
            rows += chunk.rows
            if chunk.message is not None:
                messages.append(chunk.message)
    assert time.monotonic() - began < SECONDS, file
    # A reader that was killed could not say; the outcome below refuses that.
    assert int(str(messages[-1].get("peak_kb", 0))) < MEGABYTES * 1024, file
    return rows, messages


@pytest.mark.realdata
def test_every_real_file_is_read_or_refused_with_a_reason(folder: Path) -> None:
    outcomes: Counter[str] = Counter()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for file in files:
        _rows, messages = one_read(sample.KIND, file, {})
        last = messages[-1]
        assert last["type"] in {"end", "refused"}, file
        assert last.get("key") not in {"reader_failed", "too_slow"}, (file, last)
        if last["type"] == "refused":
            said = finding(last).as_dict()
            assert said["message_zh"], file
            assert said["cure_zh"], file
        outcomes[str(last.get("key") or last["type"])] += 1
        unmapped = [message for message in messages if message["type"] == "sheet_unmapped"]
        if unmapped:
            layouts = {str(sheet["fingerprint"]): {str(n): f"c{n}" for n in range(20)} for sheet in unmapped}
            rows, again = one_read(WIDE, file, layouts)
            assert again[-1]["type"] in {"end", "refused"}, file
            assert again[-1].get("key") not in {"reader_failed", "too_slow"}, (file, again[-1])
            for row in rows[:50]:
                fields = row.decode().rstrip("\n").split("\t")
                assert len(fields) == 7 + len(WIDE.columns), file
                row_findings([], WIDE, "x", int(fields[2]))
    assert len(files) > 700
    assert outcomes["end"] > 300
