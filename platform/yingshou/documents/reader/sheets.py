"""Rows of a workbook by calamine, each sheet with what the gate's walk found in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine

from yingshou.documents.reader.gate import SheetPart, Workbook, inspect
from yingshou.documents.reader.problem import Refused
from yingshou.documents.reader.scan import LARGEST_COLUMNS


@dataclass(slots=True)
class OpenBook:
    """A workbook that passed the gate."""

    facts: Workbook
    reader: python_calamine.CalamineWorkbook

    def rows(self, part: SheetPart) -> Iterator[tuple[int, Sequence[Any]]]:
        """
        Rows of one sheet with their numbers; empty cells are empty texts.

        :raises Refused: if the sheet cannot be read or is too wide after all
        """
        try:
            sheet = self.reader.get_sheet_by_name(part.name)
        except python_calamine.CalamineError as error:
            raise Refused("damaged_sheet", sheet=part.name, reason=type(error).__name__) from error
        if sheet.start is None:
            return
        if sheet.total_width > LARGEST_COLUMNS:
            raise Refused("too_wide", sheet=part.name, row=1, column="CW", limit=LARGEST_COLUMNS)
        lead: list[Any] = [""] * sheet.start[1]
        for row_no, cells in enumerate(sheet.iter_rows(), start=1):
            yield row_no, lead + cells if lead else cells


def open_book(path: Path) -> OpenBook:
    """
    Pass a workbook through the gate and open it.

    :raises Refused: naming what is wrong
    """
    facts = inspect(path)
    try:
        reader = python_calamine.CalamineWorkbook.from_path(path)
    except python_calamine.PasswordError as error:
        raise Refused("password_protected") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise Refused("damaged", part=type(error).__name__) from error
    known = set(reader.sheet_names)
    facts.sheets = [sheet for sheet in facts.sheets if sheet.name in known]
    return OpenBook(facts, reader)
