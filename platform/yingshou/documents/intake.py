"""
The parent's side of the reader process: start it, follow it line by line, and turn whatever ends it into a reason.

Nothing that the child does can take the worker down: it has its own memory, processor and wall-clock bounds, and its lines are
bounded too. When the worker itself is killed, the child's next write fails and it ends.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.utils.translation import override

import yingshou
from yingshou.documents.kinds import ImportKind
from yingshou.documents.reader.headers import header_word
from yingshou.documents.reader.names import META_SHEET

logger = logging.getLogger(__name__)

MEMORY_MB = 640
PROCESSOR_SECONDS = 120
WALL_SECONDS = 300
LONGEST_LINE = 32 * 1024 * 1024
PIPE_BYTES = 1024 * 1024
CHUNK_ROWS = 2_000
NOTES_SHEETS = ("填写说明", "Notes")

Row = bytes
Message = dict[str, Any]


@dataclass(frozen=True)
class Bounds:
    """What a reader process may take."""

    memory_mb: int = MEMORY_MB
    processor_seconds: int = PROCESSOR_SECONDS
    wall_seconds: float = WALL_SECONDS


DEFAULT_BOUNDS = Bounds()
WAITING_BOUNDS = Bounds(memory_mb=256, processor_seconds=6, wall_seconds=15)
EINVOICE_BOUNDS = Bounds(memory_mb=256, processor_seconds=100, wall_seconds=280)


def bounds_of(kind: ImportKind) -> Bounds:
    """What the reader of a kind may take."""
    return EINVOICE_BOUNDS if kind.source == "einvoices" else DEFAULT_BOUNDS


@dataclass
class Chunk:
    """Rows as COPY lines, or one message."""

    rows: list[Row] = field(default_factory=list)
    message: Message | None = None


def header_words(kind: ImportKind) -> dict[str, list[str]]:
    """Every word by which each column is recognised: its labels in all languages first, then its aliases."""
    words: dict[str, list[str]] = {}
    for column in kind.columns:
        names: list[str] = []
        for language, _name in settings.LANGUAGES:
            with override(language):
                names.append(str(column.label))
        with override(None):
            names.append(str(column.label))
        names += [*column.aliases, column.name]
        words[column.name] = list(dict.fromkeys(filter(None, (header_word(name) for name in names))))
    return words


def reading_plan(
    kind: ImportKind,
    path: Path,
    name: str,
    *,
    layouts: Mapping[str, Mapping[str, str]] | None = None,
    encoding: str = "",
    skip: int = 0,
    mode: str = "read",
    rows: Sequence[int] = (),
    bounds: Bounds | None = None,
) -> dict[str, Any]:
    """What the reader process is told; plain JSON."""
    words = header_words(kind)
    bounds = bounds or bounds_of(kind)
    return {
        "mode": mode,
        "source": kind.source,
        "rows": list(rows),
        "path": str(path),
        "name": name,
        "kind": kind.name,
        "columns": [
            {
                "name": column.name,
                "label": str(column.label),
                "required": column.required,
                "words": words[column.name],
                **column.cell.as_plan(),
            }
            for column in kind.columns
        ],
        "identity": list(kind.identity_columns),
        "layouts": {key: dict(value) for key, value in (layouts or {}).items()},
        "encoding": encoding,
        "skip": skip,
        "maximum_rows": kind.maximum_rows,
        "ignored_sheets": [META_SHEET, *NOTES_SHEETS],
        "memory_mb": bounds.memory_mb,
        "processor_seconds": bounds.processor_seconds,
    }


class Reader:
    """A running reader process; a context manager that always leaves none behind."""

    def __init__(self, plan: Mapping[str, Any], bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._plan = plan
        self._bounds = bounds
        self._too_long = False
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        root = str(Path(yingshou.__file__).resolve().parent.parent)
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-B", "-X", "utf8", "-m", "yingshou.documents.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "PYTHONPATH": root, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
            cwd="/",
            close_fds=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._process.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._timer = threading.Timer(self._bounds.wall_seconds, self._stop_late)
        self._timer.daemon = True
        self._timer.start()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(self._plan).encode() + b"\n")
            self._process.stdin.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        if self._timer is not None:
            self._timer.cancel()
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()

    @property
    def pid(self) -> int:
        """The process id, for measurements."""
        assert self._process is not None
        return self._process.pid

    def _stop_late(self) -> None:
        self._too_long = True
        if self._process is not None:
            self._process.kill()

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """
        Rows in chunks and messages as they come; the last is always a message of type ``end`` or ``refused``.

        A child that dies without a last word is reported as ``refused`` with the reason that its death shows.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        rows: list[Row] = []
        last = ""
        while line := self._process.stdout.readline(LONGEST_LINE):
            if line[:1] == b"{":
                if rows:
                    yield Chunk(rows=rows)
                    rows = []
                message = _decode(line)
                last = str(message["type"])
                yield Chunk(message=message)
            elif line[-1:] != b"\n":
                break
            else:
                rows.append(line)
                if len(rows) >= size:
                    yield Chunk(rows=rows)
                    rows = []
        if rows:
            yield Chunk(rows=rows)
        if last not in {"end", "refused"}:
            yield Chunk(message=self._death())

    def _death(self) -> Message:
        assert self._process is not None
        code = self._process.wait()
        logger.warning("reader_died", extra={"code": code, "too_long": self._too_long})
        key = "too_much_memory" if code in {-6, -9, -11} and not self._too_long else "too_slow"
        params = (
            {"limit": self._bounds.memory_mb} if key == "too_much_memory" else {"limit": int(self._bounds.wall_seconds)}
        )
        # Killed from outside, perhaps because the machine was short of memory: worth another try, unlike its own limits.
        killed = code == -signal.SIGKILL and not self._too_long
        return {"type": "refused", "key": key, "killed": killed, "sheet": None, "row": None, "column": None,
                "params": params}  # fmt: skip


def _decode(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict) or "type" not in message:
        params: dict[str, Any] = {"reason": "protocol"}
        return {"type": "refused", "key": "reader_failed", "sheet": None, "row": None, "column": None, "params": params}
    return message


def extract(kind: ImportKind, path: Path, name: str, rows: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
    """The files of these rows of a package, as they went in: row, name, content."""
    bounds = bounds_of(kind)
    with Reader(reading_plan(kind, path, name, mode="files", rows=rows), bounds) as reader:
        for chunk in reader.chunks():
            message = chunk.message or {}
            if message.get("type") == "file":
                yield int(message["row"]), str(message["name"]), base64.b64decode(message["content"])


def read_one(kind: ImportKind, path: Path, name: str) -> tuple[dict[str, str], list[Message]]:
    """
    One small file, while a person waits: its first row by the names of the columns, and what is wrong with it.

    Where the file as a whole is refused there are no values, and the refusal is the only problem.
    """
    rows, messages = read_all(reading_plan(kind, path, name, bounds=WAITING_BOUNDS), WAITING_BOUNDS)
    if messages[-1]["type"] == "refused" or not rows:
        return {}, [messages[-1]]
    fields = rows[0].decode().rstrip("\n").split("\t")
    values = dict(zip([column.name for column in kind.columns], fields[7:], strict=True))
    problems = [] if fields[5] == "\\N" else json.loads(fields[5].replace("\\\\", "\\"))
    return {one: value.replace("\\\\", "\\") for one, value in values.items() if value != "\\N"}, problems


def read_all(plan: Mapping[str, Any], bounds: Bounds = DEFAULT_BOUNDS) -> tuple[list[Row], Sequence[Message]]:
    """Everything a reader says about one file, for small files and for tests."""
    rows: list[Row] = []
    messages: list[Message] = []
    with Reader(plan, bounds) as reader:
        for chunk in reader.chunks():
            rows += chunk.rows
            if chunk.message is not None:
                messages.append(chunk.message)
    return rows, messages
