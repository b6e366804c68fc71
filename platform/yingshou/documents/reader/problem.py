"""How the reader says no: a key that names the message, the place, and what fills the message."""

from __future__ import annotations


class Refused(Exception):
    """The whole file or a whole sheet cannot be imported."""

    def __init__(
        self,
        key: str,
        *,
        sheet: str | None = None,
        row: int | None = None,
        column: str | None = None,
        **params: str | int,
    ) -> None:
        super().__init__(key)
        self.key = key
        self.sheet = sheet
        self.row = row
        self.column = column
        self.params = params

    def as_message(self) -> dict[str, object]:
        """The form in which it crosses to the parent process."""
        return {
            "type": "refused",
            "key": self.key,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "params": self.params,
        }


class Unread:
    """Stands in the cell that would say what a file is, where it could not be read."""

    __slots__ = ("refusal",)

    def __init__(self, refusal: Refused) -> None:
        self.refusal = refusal

    def __str__(self) -> str:
        return "–"


class CellProblem:
    """One cell cannot be read as what its column means."""

    __slots__ = ("key", "params", "tail")

    def __init__(self, key: str, /, **params: str | int) -> None:
        self.key = key
        self.tail = ""
        self.params = params


class CellNote:
    """One cell was read, but not exactly as it stands: its reading needs to be seen."""

    __slots__ = ("key", "params", "value")

    def __init__(self, reading: str, key: str, /, **params: str | int) -> None:
        self.value = reading
        self.key = key
        self.params = params


Parsed = str | None | CellProblem | CellNote


def column_letter(index: int) -> str:
    """Spreadsheet letter of a column counted from 0: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Column counted from 0 of a spreadsheet letter: A is 0, AA is 26."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1
