"""Which row holds the headers, and which column of the sheet is which column of the kind."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SEARCHED_ROWS = 20
_BRACKETS = re.compile(r"[(\[【{《<].*?[)\]】}》>]")
_NOISE = re.compile(r"[\s*:：_\-‐-―·.。、,，;；#/\\|'\"“”‘’!?！？+=&]+")
_TEN_THOUSAND = re.compile(r"万元|单位[::]?万|\bwan\b|10k", re.IGNORECASE)


def header_word(cell: Any) -> str:
    """A header reduced to what is compared: NFKC, lower case, no spaces, marks or bracketed units."""
    text = unicodedata.normalize("NFKC", str(cell)).casefold()
    return _NOISE.sub("", _BRACKETS.sub("", text)) or _NOISE.sub("", text)


def header_unit(cell: Any) -> int:
    """10,000 where a header says 万元, otherwise 1."""
    return 10_000 if _TEN_THOUSAND.search(unicodedata.normalize("NFKC", str(cell))) else 1


def fingerprint(headers: Sequence[str]) -> str:
    """What identifies a layout: the header words in their order, without trailing empty ones."""
    words = [header_word(header) if header else "" for header in headers]
    while words and not words[-1]:
        words.pop()
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True)
class Header:
    """A row taken for the header: where it is, what it says, and what was recognised."""

    row_no: int
    cells: list[str]
    mapping: dict[int, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    doubled: list[tuple[int, str]] = field(default_factory=list)
    remembered: bool = False

    @property
    def complete(self) -> bool:
        """Whether every required column was found."""
        return bool(self.mapping) and not self.missing

    @property
    def fingerprint(self) -> str:
        """See :func:`fingerprint`."""
        return fingerprint(self.cells)


def _match(cells: Sequence[str], row_no: int, columns: Sequence[Mapping[str, Any]]) -> Header:
    """Exact words first, in the order label before aliases, so that a better name wins over a looser one."""
    header = Header(row_no, list(cells))
    words = [header_word(cell) if cell else "" for cell in cells]
    taken: dict[str, tuple[int, int]] = {}
    for index, word in enumerate(words):
        if not word:
            continue
        for column in columns:
            if word not in column["words"]:
                continue
            rank = column["words"].index(word)
            name = column["name"]
            if name in taken and taken[name][0] <= rank:
                header.doubled.append((index, name))
            else:
                if name in taken:
                    header.doubled.append((taken[name][1], name))
                taken[name] = (rank, index)
            break
    header.mapping = {index: name for name, (_, index) in taken.items()}
    header.missing = [column["name"] for column in columns if column["required"] and column["name"] not in taken]
    return header


def find_header(
    rows: Sequence[tuple[int, Sequence[Any]]],
    columns: Sequence[Mapping[str, Any]],
    layouts: Mapping[str, Mapping[str, str]],
) -> Header | None:
    """
    The header among the first rows of a sheet: a remembered layout, else the row in which most columns are recognised.

    A row in which nothing is recognised can still be offered for mapping by hand: the first with two or more texts.
    """
    best: Header | None = None
    fallback: Header | None = None
    required = {column["name"] for column in columns if column["required"]}
    for row_no, cells in rows[:SEARCHED_ROWS]:
        texts = [str(cell).strip() if cell is not None else "" for cell in cells]
        if not any(texts):
            continue
        layout = layouts.get(fingerprint(texts))
        if layout is not None:
            mapping = {int(index): name for index, name in layout.items()}
            missing = sorted(required - set(mapping.values()))
            return Header(row_no, texts, mapping, missing, remembered=True)
        header = _match(texts, row_no, columns)
        if best is None or len(header.mapping) > len(best.mapping):
            best = header
        if fallback is None and sum(1 for cell in cells if isinstance(cell, str) and cell.strip()) >= 2:
            fallback = header
    if best is not None and len(best.mapping) >= 2:
        return best
    return fallback or best
