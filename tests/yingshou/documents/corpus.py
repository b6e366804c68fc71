"""
Odd and hostile files, each built by code, with what must become of it.

``refused`` names the key of the refusal; ``question`` what is asked back; ``cells`` the problems found in rows (the file itself is
read); ``rows`` how many rows are good.
"""

import datetime
import io
import random
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.yingshou.documents import books, sample

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@dataclass(frozen=True)
class Case:
    """One file and what must become of it."""

    name: str
    build: Callable[[], bytes]
    refused: str = ""
    question: str = ""
    rows: int | None = None
    cells: Sequence[str] = ()
    notes: Sequence[str] = ()
    place: tuple[str | None, int | None, str | None] | None = None
    filename: str = "a.xlsx"
    encoding: str = ""
    layouts: dict[str, dict[str, str]] = field(default_factory=dict)


def one(**changes: Any) -> bytes:
    """A workbook of one row with changed cells."""
    return books.book([sample.row(1, **changes)])


def csv_one(**changes: Any) -> bytes:
    """A CSV of one row with changed cells."""
    return books.delimited([sample.row(1, **changes)])


def xml(data: Sequence[Sequence[Any]], *, tail: str = "", **extra: Any) -> bytes:
    """A workbook from raw XML."""
    return books.parts({"应收账款": books.sheet_xml(data, tail=tail)}, **extra)


def raw_sheet(body: str | bytes, **extra: Any) -> bytes:
    """A workbook whose only sheet has this body."""
    head = books.SHEET_HEAD.encode()
    content = body if isinstance(body, bytes) else body.encode()
    return books.parts({"应收账款": head + content + b"</worksheet>"}, **extra)


def _entity(declaration: str) -> bytes:
    sheet = f'<?xml version="1.0"?><!DOCTYPE x [{declaration}]><worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
    return books.parts({"应收账款": sheet})


def _laughs() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return '<!ENTITY l0 "lol">' + levels + '<!ENTITY a "&l9;">'


def _bomb() -> bytes:
    return books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={"xl/media/zero.bin": bytes(60 * 1024 * 1024)})


def _many_bombs() -> bytes:
    # Noise that comes back beyond the window of deflate: each part stays below the ratio, together they are too much.
    part = (random.Random(1).randbytes(1000) + bytes(60 * 1024)) * 1500
    return books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={f"xl/media/{n}.bin": part for n in range(5)})


def _lying_size() -> bytes:
    content = bytearray(books.parts({"a": books.sheet_xml(sample.rows(2))}))
    at = content.rfind(b"PK\x01\x02")
    while at >= 0:
        content[at + 24 : at + 28] = struct.pack("<I", 10)
        at = content.rfind(b"PK\x01\x02", 0, at)
    return bytes(content)


def _overlapping() -> bytes:
    content = bytearray(books.parts({"a": books.sheet_xml(sample.rows(2))}, extra={"xl/b.xml": "<b/>"}))
    first = content.find(b"PK\x01\x02")
    last = content.rfind(b"PK\x01\x02")
    content[last + 42 : last + 46] = content[first + 42 : first + 46]
    return bytes(content)


def _encrypted_entry() -> bytes:
    content = bytearray(books.parts({"a": books.sheet_xml(sample.rows(1))}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def _symlink() -> bytes:
    target = io.BytesIO(books.parts({"a": books.sheet_xml(sample.rows(1))}))
    with zipfile.ZipFile(target, "a") as archive:
        entry = zipfile.ZipInfo("xl/link.xml")
        entry.external_attr = 0xA1FF << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def _double() -> bytes:
    target = io.BytesIO(books.parts({"a": books.sheet_xml(sample.rows(1))}))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("XL/Worksheets/Sheet1.xml", "<worksheet/>")
    return target.getvalue()


def _sheets(many: int) -> bytes:
    return books.parts({f"s{n}": books.sheet_xml([]) for n in range(many)})


def _damaged() -> bytes:
    content = books.book(sample.rows(50))
    return content[:900] + bytes(300) + content[1200:]


def _hidden(workbook: Any, sheet: Any) -> None:
    other = workbook.add_worksheet("机密")
    other.write(0, 0, "x")
    other.hide()
    sheet.set_row(2, None, None, {"hidden": True})


def _merge(first_row: int, first: int, last_row: int, last: int) -> Callable[[Any, Any], None]:
    def change(_workbook: Any, sheet: Any) -> None:
        sheet.merge_range(first_row, first, last_row, last, "合并")

    return change


def _formula(value: Any) -> Callable[[Any, Any], None]:
    def change(_workbook: Any, sheet: Any) -> None:
        sheet.write_formula(1, 9, "=100+14", None, value)

    return change


def _dates(workbook: Any, sheet: Any) -> None:
    sheet.write_datetime(1, 6, datetime.datetime(2026, 6, 30), workbook.add_format({"num_format": "yyyy/m/d"}))
    sheet.write_datetime(
        1, 5, datetime.datetime(2026, 3, 1, 14, 22), workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    )


def _time(workbook: Any, sheet: Any) -> None:
    sheet.write_number(1, 6, 0.5, workbook.add_format({"num_format": "hh:mm"}))


def _mixed_newlines() -> bytes:
    lines = [",".join(str(cell) for cell in cells) for cells in (sample.HEADERS, *sample.rows(4))]
    return "\r\n".join(lines[:2]).encode() + b"\n" + "\n".join(lines[2:4]).encode() + b"\r\n" + lines[4].encode()


def _traditional(encoding: str, headers: str, name: str) -> bytes:
    cells = headers.split()
    return "\r\n".join([",".join(cells), ",".join([name] * len(cells))]).encode(encoding)


FILES = [
    Case("empty", lambda: b"", refused="empty"),
    Case("blank text", lambda: b"  \r\n \r\n", refused="empty", filename="a.csv"),
    Case("header only", lambda: books.book([]), refused="no_rows"),
    Case("empty sheet", lambda: raw_sheet("<sheetData/>"), refused="nothing_in_it"),
    Case("old xls", lambda: OLE + "Workbook".encode("utf-16-le") + bytes(64), refused="type_xls"),
    Case("encrypted", lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(64), refused="password_protected"),
    Case("encrypted entries", _encrypted_entry, refused="password_protected"),
    Case("html named xlsx", lambda: b"<html><table><tr><td>1</td></tr></table></html>", refused="type_html"),
    Case("html after bom", lambda: b"\xef\xbb\xbf\n<!DOCTYPE html><p>", refused="type_html"),
    Case("spreadsheet 2003", lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', refused="type_xml_sheet"),
    Case("pdf named xlsx", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", refused="type_other"),
    Case("picture named csv", lambda: b"\x89PNG\r\n\x1a\n\x00\x00", refused="type_other", filename="a.csv"),
    Case("program named csv", lambda: b"MZ\x90\x00\x03\x00\x00\x00", refused="type_other", filename="a.csv"),
    Case("word document", lambda: _zip({"word/document.xml": "<d/>"}), refused="type_other"),
    Case("ods named xlsx", lambda: _zip({"content.xml": "<d/>", "mimetype": "x"}), refused="type_ods"),
    Case("xlsb named xlsx", lambda: _zip({"xl/workbook.bin": "x"}), refused="type_xlsb"),
    Case("plain zip", lambda: _zip({"a.txt": "x"}), refused="type_other"),
    Case("truncated workbook", lambda: books.book(sample.rows(20))[:-300], refused="damaged"),
    Case("damaged middle", _damaged, refused="damaged"),
    Case("no workbook part", lambda: _zip({"xl/worksheets/sheet1.xml": "<worksheet/>"}), refused="damaged"),
    Case("broken xml", lambda: raw_sheet("<sheetData><row r='1'><c r='A1'><v>1</v>"), refused="damaged_sheet"),
    Case("zip bomb", _bomb, refused="ratio"),
    Case("many large parts", _many_bombs, refused="expands_too_much"),
    Case("lying sizes", _lying_size, refused="damaged"),
    Case("overlapping parts", _overlapping, refused="overlapping_parts"),
    Case("nested zip", lambda: books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={"xl/inner.zip": _bomb()}), rows=None, question="", cells=()),
    Case("zip slip", lambda: books.parts({"a": books.sheet_xml([])}, extra={"../../etc/passwd": "x"}), refused="unsafe_part"),
    Case("absolute name", lambda: books.parts({"a": books.sheet_xml([])}, extra={"/etc/passwd": "x"}), refused="unsafe_part"),
    Case("symlink part", _symlink, refused="unsafe_part"),
    Case("part twice", _double, refused="double_part"),
    Case("billion laughs", lambda: _entity(_laughs()), refused="entities"),
    Case("quadratic entity", lambda: _entity(f'<!ENTITY a "{"x" * 20000}">'), refused="entities"),
    Case("xxe file", lambda: _entity('<!ENTITY a SYSTEM "file:///etc/passwd">'), refused="entities"),
    Case("xxe http", lambda: _entity('<!ENTITY a SYSTEM "http://127.0.0.1/x">'), refused="entities"),
    Case("xxe parameter", lambda: _entity('<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;'), refused="entities"),
    Case("utf-16 part", lambda: books.parts({"a": books.sheet_xml([]).replace("UTF-8", "UTF-16").encode("utf-16")}), refused="part_encoding"),
    Case("macros renamed", lambda: books.parts({"a": books.sheet_xml([])}, extra={"xl/vbaProject.bin": "x"}), refused="macros"),
    Case("dde link", lambda: books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={"xl/externalLinks/externalLink1.xml": "<externalLink><ddeLink ddeService='cmd'/></externalLink>"}), refused="dde"),
    Case("external link", lambda: books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={"xl/externalLinks/externalLink1.xml": "<externalLink/>"}), rows=1, notes=["external_links"]),
    Case("10,000 sheets", lambda: _zip({f"xl/worksheets/sheet{n}.xml": "<worksheet/>" for n in range(10_000)}), refused="too_many_sheets"),
    Case("51 sheets", lambda: _sheets(51), refused="too_many_sheets"),
    Case("300 parts", lambda: books.parts({"a": books.sheet_xml([])}, extra={f"xl/media/{n}.png": "x" for n in range(300)}), refused="too_many_parts"),
    Case("lying dimension", lambda: raw_sheet('<dimension ref="A1:XFD1048576"/>' + books.sheet_xml(sample.rows(3)).partition(">")[2].partition(">")[2].removesuffix("</worksheet>")), rows=3),
    Case("A1 and XFD1048576", lambda: raw_sheet('<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'), refused="too_many_rows", place=("应收账款", 1048576, None)),
    Case("far cell in near row", lambda: raw_sheet('<sheetData><row r="1"><c r="A1048576"><v>1</v></c></row></sheetData>'), refused="too_many_rows", place=("应收账款", 1048576, "A")),
    Case("far cell with single quotes", lambda: raw_sheet("<sheetData><row r='1'><c s='1' r='XFD1'><v>1</v></c></row></sheetData>"), refused="too_wide", place=("应收账款", 1, "XFD")),
    Case("far cell in lower case", lambda: raw_sheet('<sheetData><row r="1"><c r="xfd1"><v>1</v></c></row></sheetData>'), refused="too_wide"),
    Case("far cell under a prefix", lambda: books.parts({"a": '<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row r="1"><x:c r="XFD9"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'}), refused="too_wide"),
    Case("cells without places", lambda: raw_sheet("<sheetData><row>" + "<c><v>1</v></c>" * 20_000 + "</row></sheetData>"), refused="too_wide"),
    Case("3,000 wide rows", lambda: raw_sheet("<sheetData>" + "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 3001)) + "</sheetData>"), refused="too_wide", place=("应收账款", 1, "XFD")),
    Case("101 columns", lambda: books.book([[1] * 101], [f"c{n}" for n in range(101)]), refused="too_wide", place=("应收账款", 1, "CW")),
    Case("merged A1:ZZ3000", lambda: xml(sample.rows(2), tail='<mergeCells count="1"><mergeCell ref="A1:ZZ3000"/></mergeCells>'), cells=["merged"]),
    Case("10,000 merged ranges", lambda: xml(sample.rows(2), tail="<mergeCells>" + "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(1, 10_001)) + "</mergeCells>"), refused="too_many_merged"),
    Case("100,001 rows", lambda: books.delimited([["x"] * 12] * 100_001), refused="too_many_rows", place=("CSV", 100_002, None), filename="a.csv"),
    Case("rows beyond the data", lambda: raw_sheet('<sheetData><row r="200000"/></sheetData>'), refused="too_many_rows", place=("应收账款", 200_000, None)),
    Case("merged header", lambda: books.book(sample.rows(3), change=_merge(0, 11, 0, 12)), rows=3),
    Case("merged body", lambda: books.book(sample.rows(3), change=_merge(1, 1, 3, 1)), rows=1, cells=["merged"]),
    Case("hidden sheet and rows", lambda: books.book(sample.rows(3), change=_hidden), rows=3, notes=["hidden_sheet", "hidden_rows"]),
    Case("formula with stored value", lambda: books.book([sample.row(1)], change=_formula(114)), rows=1, notes=["formulas"]),
    Case("formula without stored value", lambda: xml([[*sample.row(1)[:9], "<f>100+14</f>", "CNY", ""]]), rows=0, cells=["formula_unstored"]),
    Case("error value", lambda: books.book([sample.row(1)], change=_formula("#REF!")), rows=0, cells=["error_value"]),
    Case("title rows above", lambda: books.book(sample.rows(2), before=[["2026年应收账款明细表"], ["制表单位:示例公司", "", "单位:元"]]), rows=2),
    Case("header in 万元", lambda: books.book([sample.row(1, net_amount="", tax_amount="", gross_amount=11.3)], [*sample.HEADERS[:9], "价税合计(万元)", "币种", "备注"]), rows=1),
    Case("line of totals", lambda: books.book([*sample.rows(2), ["合计", "", "", "", "", "", "", "", "", 230]]), rows=2, cells=["total_line"]),
    Case("cell of 33,000 characters", lambda: csv_one(note="长" * 33_000), refused="cell_too_long", place=("CSV", 2, None), filename="a.csv"),
    Case("shared string of 300 kB", lambda: books.parts({"a": books.sheet_xml(sample.rows(1))}, extra={"xl/sharedStrings.xml": f"<sst><si><t>{'x' * 300_000}</t></si></sst>"}), refused="cell_too_long"),
    Case("utf-8 with mark", lambda: b"\xef\xbb\xbf" + books.delimited(sample.rows(3)), rows=3, filename="a.csv"),
    Case("gb18030", lambda: books.delimited(sample.rows(3), encoding="gb18030"), rows=3, filename="a.csv"),
    Case("gbk", lambda: books.delimited(sample.rows(3), encoding="gbk"), rows=3, filename="a.csv"),
    Case("utf-16 with mark", lambda: b"\xff\xfe" + books.delimited(sample.rows(3), encoding="utf-16-le"), rows=3, filename="a.csv"),
    Case("utf-16 big endian", lambda: b"\xfe\xff" + books.delimited(sample.rows(3), encoding="utf-16-be"), rows=3, filename="a.csv"),
    Case("utf-16 without mark", lambda: ("a,b,c,d\r\n" * 200).encode("utf-16-le"), question="columns", filename="a.csv"),
    Case("big5", lambda: _traditional("big5", "發票號碼 買方統編 總金額 到期日", "臺灣範例"), refused="encoding_unclear", filename="a.csv"),
    Case("shift-jis", lambda: _traditional("shift_jis", "請求書番号 取引先コード カナ ひらがな", "サンプル商事"), refused="encoding_unclear", filename="a.csv"),
    Case("latin-1", lambda: "n\xfam\xe9ro;cr\xe9ancier\r\n1;Soci\xe9t\xe9\r\n".encode("latin-1"), refused="encoding_unclear", filename="a.csv"),
    Case("utf-8 with one bad byte", lambda: books.delimited(sample.rows(3)).replace("设备".encode(), b"\xff") + b"\xff\xfe,x\r\n", refused="bad_bytes", filename="a.csv"),
    Case("nul in text", lambda: books.delimited(sample.rows(3)).replace(b"HT-2026-000002", b"HT\x00"), refused="nul", filename="a.csv"),
    Case("semicolons", lambda: books.delimited(sample.rows(3), delimiter=";"), rows=3, filename="a.csv"),
    Case("tabs", lambda: books.delimited(sample.rows(3), delimiter="\t"), rows=3, filename="a.txt"),
    Case("sep line", lambda: b"sep=|\r\n" + books.delimited(sample.rows(3), delimiter="|"), rows=3, filename="a.csv"),
    Case("mixed newlines", _mixed_newlines, rows=4, filename="a.csv"),
    Case("open quotation", lambda: csv_one(note='"never closed'), refused="broken_quote", filename="a.csv"),
    Case("text after quotation", lambda: csv_one(debtor_name='"a"b'), refused="broken_quote", place=("CSV", 2, None), filename="a.csv"),
    Case("too many cells", lambda: csv_one(gross_amount="1,234.50"), rows=0, cells=["extra_cells"], filename="a.csv"),
    Case("unknown headers", lambda: books.book(sample.rows(2), [f"甲{n}" for n in range(12)]), question="columns"),
    Case("a header twice", lambda: books.book([[*sample.row(1), "9"]], [*sample.HEADERS, "合同编号"]), rows=1, notes=["double_header"]),
    Case("dates as dates, with a time", lambda: books.book([sample.row(1)], change=_dates), rows=1, cells=["time_dropped"]),
    Case("time in a date column", lambda: books.book([sample.row(1)], change=_time), rows=0, cells=["time_value"]),
    Case("1904 dates", lambda: xml([[*sample.row(1)[:6], "<v>44741</v>", *map(str, sample.row(1)[7:10]), "CNY", ""]], workbook_pr='<workbookPr date1904="1"/>'), rows=1),
]  # fmt: skip

CELLS: list[tuple[str, dict[str, Any], str | None]] = [
    ("full-width digits", {"gross_amount": "１１４．００"}, None),
    ("separators", {"net_amount": "", "gross_amount": "1,234.50"}, None),
    ("currency sign", {"net_amount": "", "gross_amount": "¥ 1,234.50元"}, None),
    ("brackets", {"net_amount": "", "gross_amount": "(100.00)"}, None),
    ("minus zero", {"net_amount": "", "gross_amount": "-0"}, None),
    ("dash for nothing", {"net_amount": "-", "tax_amount": "—"}, None),
    ("three decimals", {"gross_amount": "1.005"}, "amount_decimals"),
    ("1e400", {"gross_amount": "1e400"}, "amount_scientific"),
    ("NaN", {"gross_amount": "NaN"}, "not_an_amount"),
    ("infinity", {"gross_amount": "inf"}, "not_an_amount"),
    ("comma decimal", {"gross_amount": "1.234,50"}, "amount_comma"),
    ("too large", {"gross_amount": "9999999999999999"}, "amount_too_large"),
    ("words", {"gross_amount": "壹佰元整"}, "not_an_amount"),
    ("slashes", {"due_date": "2026/6/30"}, None),
    ("Chinese date", {"due_date": "2026年6月30日"}, None),
    ("compact date", {"due_date": "20260630"}, None),
    ("serial number", {"due_date": 46203}, None),
    ("no such day", {"due_date": "2026/2/30"}, "no_such_day"),
    ("month 13", {"due_date": "2026/13/45"}, "no_such_day"),
    ("no leap year", {"due_date": "20260229"}, "no_such_day"),
    ("month only", {"due_date": "2026年2月"}, "day_missing"),
    ("day first", {"due_date": "03/04/2026"}, "day_order"),
    ("serial as text", {"due_date": "46203"}, "serial_as_text"),
    ("far year", {"due_date": "9999-12-31"}, "year_out_of_range"),
    ("wrong check character", {"debtor_uscc": "91310115MA1H8R7C6D"}, "uscc_check"),
    ("lower case", {"debtor_uscc": "91350100m000100y43"}, None),
    ("letter O", {"debtor_uscc": "9135010OM000100Y43"}, "uscc_letter"),
    ("full-width code", {"debtor_uscc": "９１３５０１００M000100y43"}, None),
    ("short code", {"debtor_uscc": "91350100M000100Y4"}, "uscc_length"),
    ("RTL override", {"debtor_name": "示例\u202e公司"}, "invisible_character"),
    ("zero width", {"debtor_name": "示例\u200b公司"}, "invisible_character"),
    ("control character", {"debtor_name": "示例\x07公司"}, "control_character"),
    ("look-alike letters", {"debtor_name": "Аcme Ltd"}, "mixed_alphabets"),
    ("invoice number in scientific notation", {"invoice_number": "2.64E+19"}, "scientific"),
    ("invoice number as a number", {"invoice_number": 26440000000012345678}, "rounded_number"),
    ("lost zeros", {"invoice_number": 1234567}, "zeros_restored"),
    ("nine digits", {"invoice_number": "123456789"}, "invoice_number_length"),
    ("currency unknown", {"currency": "XYZ"}, "not_one_of"),
    ("currency in words", {"currency": "人民币"}, None),
    ("text too long", {"note": "x" * 51}, "too_long"),
    ("formula-like text", {"note": "=cmd|'/c calc'!A1"}, None),
    ("truth value", {"gross_amount": True}, "truth_value"),
    ("required empty", {"contract_no": "  "}, "required"),
]


def _zip(parts: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()
