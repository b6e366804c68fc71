"""Files for tests, built by code: good workbooks, delimited texts, and parts of workbooks put together by hand."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from tests.yingshou.documents.sample import HEADERS

CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
ROOT_RELS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)
SHEET_HEAD = '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def book(
    data: Iterable[Sequence[Any]],
    headers: Sequence[str] = HEADERS,
    *,
    sheet: str = "应收账款",
    before: Sequence[Sequence[Any]] = (),
    change: Callable[[xlsxwriter.Workbook, Any], None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> bytes:
    """A workbook as a spreadsheet program writes it; text stays text, whatever it looks like."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True, **(options or {})}
    )
    worksheet = workbook.add_worksheet(sheet)
    for number, cells in enumerate([*before, headers, *data]):
        for index, cell in enumerate(cells):
            if cell != "" and cell is not None:
                worksheet.write(number, index, cell)
    if change is not None:
        change(workbook, worksheet)
    workbook.close()
    return target.getvalue()


def delimited(
    data: Iterable[Sequence[Any]],
    headers: Sequence[str] = HEADERS,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    newline: str = "\r\n",
) -> bytes:
    """A delimited text without quotation."""
    lines = [delimiter.join(str(cell) for cell in cells) for cells in (headers, *data)]
    return (newline.join(lines) + newline).encode(encoding)


def parts(
    sheets: Mapping[str, str | bytes] | None = None,
    *,
    extra: Mapping[str, str | bytes] | None = None,
    workbook_pr: str = "",
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A workbook put together from raw XML of its sheets (name to XML after the head), with any extra parts."""
    sheets = sheets or {}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", ROOT_RELS)
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/workbook.xml",
            '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
            f"{workbook_pr}<sheets>{listed}</sheets></workbook>",
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
            f'Target="worksheets/sheet{n}.xml"/>'
            for n, _name in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<?xml version="1.0" encoding="UTF-8"?><Relationships '
            f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>',
        )
        for number, content in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", content)
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return target.getvalue()


def sheet_xml(data: Sequence[Sequence[Any]], *, tail: str = "", headers: Sequence[str] = HEADERS) -> str:
    """The XML of one sheet with inline texts; a cell that starts with ``<`` is put in as raw content of its cell."""
    lines = []
    for row_no, cells in enumerate([headers, *data], start=1):
        row_cells = []
        for index, cell in enumerate(cells):
            place = f"{chr(65 + index)}{row_no}"
            if isinstance(cell, str) and cell.startswith("<"):
                row_cells.append(f'<c r="{place}">{cell}</c>')
            elif cell != "":
                row_cells.append(f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>')
        lines.append(f'<row r="{row_no}">{"".join(row_cells)}</row>')
    return f"{SHEET_HEAD}<sheetData>{''.join(lines)}</sheetData>{tail}</worksheet>"
