"""Files of e-invoices in the limited child: every form is read alike, every hostile file is refused with its code (G3, N17)."""

import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import einvoices as made
from tests.factories.einvoices import Made
from yingshou.documents import cells, intake
from yingshou.documents.findings import finding, row_findings
from yingshou.documents.kinds import Column, ImportKind

SECONDS = 5.0
MEGABYTES = 256
FORMS = {form: [form] for form in ("XML", "PDF", "OFD", "UBL", "CII")}
NAMES = (
    "seller_uscc", "seller_name", "buyer_uscc", "buyer_name", "invoice_number", "invoice_date", "net_amount", "tax_amount",
    "gross_amount", "currency", "blue_invoice_number", "stated_contract", "signature", "line_count", "line_off", "sums_off",
)  # fmt: skip


def _nothing(_given: object) -> None:
    """Nothing is taken over here."""


KIND = ImportKind(
    name="einvoices",
    title="E-invoices",
    permission="documents.import",
    columns=(
        Column("file", "文件", cells.text(), required=True),
        Column("form", "格式", cells.choice(FORMS), required=True),
        *(Column(name, name, cells.text(4000)) for name in NAMES),
    ),
    accept=_nothing,
    undo=_nothing,
    source="einvoices",
)
Row = dict[str, str]


def read(content: bytes, folder: Path, name: str = "a.xml") -> tuple[list[Row], dict[str, Any]]:
    """The rows that a file becomes, each with the keys of its problems, and the last word of the reader."""
    path = folder / "upload"
    path.write_bytes(content)
    lines, messages = intake.read_all(intake.reading_plan(KIND, path, name), intake.bounds_of(KIND))
    rows = []
    for line in lines:
        fields = line.decode().rstrip("\n").split("\t")
        row = dict(zip([column.name for column in KIND.columns], fields[7:], strict=True))
        problems = [] if fields[5] == "\\N" else json.loads(fields[5].replace("\\\\", "\\"))
        for said in row_findings(problems, KIND, "a", int(fields[2])):
            assert said.code
            assert said.as_dict()["message_zh"]
            assert said.cure_text
        rows.append({**row, "state": fields[4], "problems": ",".join(one["key"] for one in problems)})
    last = dict(messages[-1])
    assert last["processor_seconds"] < SECONDS
    assert last["peak_kb"] < MEGABYTES * 1024
    if last["type"] == "refused":
        assert finding(last).cure_text
    return rows, last


INVOICE = Made(nets=("88495.58", "1200.00"))


@pytest.mark.parametrize(
    ("build", "form"),
    [
        (made.xml, "XML"),
        (made.pdf, "PDF"),
        (made.pdf_of_streams, "PDF"),
        (made.ofd, "OFD"),
        (lambda one: made.ofd(one, attached=True), "OFD"),
        (made.ubl, "UBL"),
    ],
)
def test_every_form_says_the_same(build: Callable[[Made], bytes], form: str, tmp_path: Path) -> None:
    ((row,), _last) = read(build(INVOICE), tmp_path, "发票.bin")

    assert row["problems"] == ""
    assert row["form"] == form
    assert row["file"] == "发票.bin"
    assert row["invoice_number"] == INVOICE.number
    assert (row["seller_uscc"], row["buyer_uscc"]) == (INVOICE.seller, INVOICE.buyer)
    assert row["invoice_date"].replace("年", "-").replace("月", "-").rstrip("日") == INVOICE.issued
    assert [row[name] for name in ("net_amount", "tax_amount", "gross_amount")] == [
        str(INVOICE.net), str(INVOICE.tax), str(INVOICE.gross)]  # fmt: skip
    assert row["currency"] == "CNY"


def test_signature_block_is_said_to_be_there_or_not(tmp_path: Path) -> None:
    ((signed,), _) = read(made.xml(INVOICE), tmp_path)
    ((unsigned,), _) = read(made.xml(replace(INVOICE, signed=False)), tmp_path)
    ((sealed,), _) = read(made.ofd(INVOICE), tmp_path)

    assert [row["signature"] for row in (signed, unsigned, sealed)] == ["PRESENT", "ABSENT", "UNVERIFIABLE"]


def test_package_becomes_a_row_for_each_file_with_blue_before_red(tmp_path: Path) -> None:
    blue = made.serial(1)
    red = made.serial(
        2,
        nets=("-100000.00",),
        remark=f"被红冲蓝字数电票号码：{blue.number} 红字发票信息确认单编号：35020026110000000001",
    )
    parts = {
        "红.xml": made.xml(red),
        "__MACOSX/._红.xml": b"\x00",
        "子目录/蓝.xml": made.xml(blue),
        "图片.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
    }
    rows, last = read(made.package(parts), tmp_path, "十一月.zip")

    assert last["type"] == "end"
    assert [row["file"] for row in rows] == ["子目录/蓝.xml", "红.xml", "图片.png"]
    assert rows[1]["blue_invoice_number"] == blue.number
    assert rows[1]["gross_amount"].startswith("-")
    assert (rows[2]["state"], rows[2]["problems"]) == ("ERROR", "einvoice_unknown")


def test_names_packed_by_chinese_windows_are_readable(tmp_path: Path) -> None:
    content = made.package({"AAAA.xml": made.xml(INVOICE)}).replace(b"AAAA", "发票".encode("gb18030"))
    ((row,), _last) = read(content, tmp_path)

    assert row["file"] == "发票.xml"


def test_lines_that_do_not_add_up_are_named(tmp_path: Path) -> None:
    one = made.xml(INVOICE)
    wrong_line = one.replace(b"<ComTaxAm>156.00</ComTaxAm>", b"<ComTaxAm>186.00</ComTaxAm>")
    wrong_sum = one.replace(f"<TotalAmWithoutTax>{INVOICE.net}".encode(), b"<TotalAmWithoutTax>1.00")
    ((line,), _) = read(wrong_line, tmp_path)
    ((total,), _) = read(wrong_sum, tmp_path)
    ((good,), _) = read(one, tmp_path)

    assert (line["line_off"], line["sums_off"]) == ("2", "1")
    assert total["sums_off"] == "1"
    assert (good["line_off"], good["sums_off"], good["line_count"]) == ("\\N", "\\N", "2")


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE EInvoice [<!ENTITY l0 "ha">{entities}]><EInvoice>&l9;</EInvoice>'.encode()


def _external(kind: str) -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE EInvoice [<!ENTITY {kind}]><EInvoice>&x;</EInvoice>'.encode()


def _quadratic() -> bytes:
    return b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 60_000 + b'">]><EInvoice>' + b"&x;" * 30_000 + b"</EInvoice>"


def _deep(depth: int) -> bytes:
    return b"<EInvoice>" + b"<a>" * depth + b"</a>" * depth + b"</EInvoice>"


def _twice(path: str) -> bytes:
    text = made.xml(INVOICE).decode()
    return text.replace(f"</{path}>", f"</{path}><{path}>1</{path}>", 1).encode()


def _bomb() -> bytes:
    return made.package({"a.xml": b"<EInvoice>" + b" " * (9 * 1024 * 1024) + b"</EInvoice>"})


def _nested() -> bytes:
    inner = made.package({"b.xml": made.xml(INVOICE)})
    for _level in range(5):
        inner = made.package({"inner.zip": inner})
    return inner


def _overlapping() -> bytes:
    content = bytearray(made.package({"a.xml": made.xml(INVOICE), "b.xml": made.xml(INVOICE)}))
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 4)
    return bytes(content)


def _encrypted_zip() -> bytes:
    content = bytearray(made.package({"a.xml": made.xml(INVOICE)}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _lying_size() -> bytes:
    content = bytearray(made.package({"a.xml": b" " * 9_000_000 + made.xml(INVOICE)}))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 100)
    return bytes(content)


def _huge_object_stream() -> bytes:
    return made.pdf_of_streams(INVOICE, objects=zlib.compress(b"4 0 " + b" " * 40_000_000 + b"<<>>"))


def _loop_of_sections() -> bytes:
    content = made.pdf(INVOICE)
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n", 1)[0])
    return made.pdf(INVOICE, trailer=b"/Prev %d" % start)


def _deep_pdf() -> bytes:
    return made.pdf(INVOICE, information=b"[" * 5_000)


def _many_numbers() -> bytes:
    return made.pdf(INVOICE, information=b"[" + b"1 " * 200_000 + b"]")


def _big_ofd() -> bytes:
    return made.package(
        {**made.ofd_parts(INVOICE), **{f"Doc_0/Res/{n}": b"x" for n in range(10_000)}}, zipfile.ZIP_STORED
    )


def _ofd(name: str, content: bytes) -> bytes:
    return made.package({**made.ofd_parts(INVOICE), name: content})


def _utf16() -> bytes:
    return made.xml(INVOICE).decode().replace("UTF-8", "UTF-16").encode("utf-16")


def _claims_utf8() -> bytes:
    return made.xml(INVOICE).decode().encode("gb18030")


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "billion laughs": (_laughs, "einvoice_entities"),
    "external entity of a file": (lambda: _external('x SYSTEM "file:///etc/passwd"'), "einvoice_entities"),
    "external entity of the network": (lambda: _external('x SYSTEM "http://127.0.0.1:9/"'), "einvoice_entities"),
    "parameter entity": (lambda: _external('% x SYSTEM "http://127.0.0.1:9/"'), "einvoice_entities"),
    "quadratic": (_quadratic, "einvoice_entities"),
    "doctype alone": (lambda: b'<!DOCTYPE EInvoice SYSTEM "a.dtd"><EInvoice/>', "einvoice_entities"),
    "doctype in UTF-7": (lambda: b'<?xml version="1.0" encoding="UTF-7"?>+ADw-+ACE-DOCTYPE', "einvoice_encoding"),
    "70 deep": (lambda: _deep(70), "einvoice_deep"),
    "100,000 deep": (lambda: _deep(100_000), "einvoice_deep"),
    "200,000 elements": (lambda: b"<EInvoice>" + b"<a/>" * 200_000 + b"</EInvoice>", "einvoice_elements"),
    "number twice": (lambda: _twice("InvoiceNumber"), "einvoice_doubled"),
    "total twice": (lambda: _twice("TotalTax-includedAmount"), "einvoice_doubled"),
    "buyer twice": (lambda: _twice("BuyerInformation"), ""),
    "two numbers": (lambda: made.xml(INVOICE).replace(b"<EIid>26", b"<EIid>25"), "einvoice_two_numbers"),
    "unknown version": (lambda: made.xml(replace(INVOICE, version="9.99")), "einvoice_version"),
    "unknown root": (lambda: b"<Rechnung/>", "einvoice_unknown"),
    "foreign namespace": (lambda: made.xml(INVOICE).replace(b"<EInvoice>", b'<EInvoice xmlns="urn:x">'), "einvoice_unknown"),
    "value of a megabyte": (lambda: made.xml(replace(INVOICE, remark="长" * 300_000)), "einvoice_long"),
    "three megabytes": (lambda: made.xml(INVOICE) + b" " * 3_000_000, "einvoice_too_large"),
    "cut off": (lambda: made.xml(INVOICE)[:-40], "einvoice_damaged"),
    "two roots": (lambda: made.xml(INVOICE) + b"<EInvoice/>", "einvoice_damaged"),
    "UTF-16": (_utf16, "einvoice_encoding"),
    "GB18030 that says UTF-8": (_claims_utf8, "einvoice_encoding"),
    "NUL": (lambda: made.xml(INVOICE).replace(b"</EIid>", b"\x00</EIid>"), "einvoice_encoding"),
    "no seller": (lambda: made.xml(replace(INVOICE, seller="")), "einvoice_no_seller"),
    "no number": (lambda: made.xml(replace(INVOICE, number="")), "einvoice_no_number"),
    "PDF encrypted": (lambda: made.pdf(INVOICE, trailer=b"/Encrypt<</Filter/Standard/V 2>>"), "einvoice_encrypted"),
    "PDF without facts": (lambda: made.pdf(INVOICE, information=b"<</Producer(x)>>"), "einvoice_no_metadata"),
    "PDF with one fact twice": (
        lambda: made.pdf(INVOICE, information=b"<</InvoiceNumber(1)/InvoiceNumber(2)>>"), "einvoice_doubled"),
    "PDF cut off": (lambda: made.pdf(INVOICE)[:-60], "einvoice_damaged"),
    "PDF with a huge object stream": (_huge_object_stream, "einvoice_expands"),
    "PDF with sections in a loop": (_loop_of_sections, "einvoice_damaged"),
    "PDF nested": (_deep_pdf, "einvoice_damaged"),
    "PDF of many tokens": (_many_numbers, "einvoice_damaged"),
    "PDF of spaces": (lambda: b"%PDF-1.7\n" + b" " * 9_000_000 + b"startxref\n9\n%%EOF", "einvoice_damaged"),
    "PDF of percent signs": (lambda: b"%PDF-1.7\n" + b"%\n" * 3_000_000 + b"startxref\n9\n%%EOF", "einvoice_damaged"),
    "OFD of ten thousand parts": (_big_ofd, "einvoice_parts"),
    "OFD with entities": (lambda: _ofd("Doc_0/Document.xml", _laughs()), "einvoice_entities"),
    "OFD with a number of its own in the attachment": (
        lambda: _ofd("Doc_0/Attachs/a.xml", made.xml(made.serial(9))), "einvoice_two_numbers"),
    "OFD with a bomb for a page": (
        lambda: _ofd("Doc_0/Pages/Page_0/Content.xml", b" " * 4_100_000), "einvoice_ratio"),
    "picture": (lambda: b"\xff\xd8\xff" + bytes(100), "einvoice_unknown"),
    "text": ("发票号码,金额\n1,2".encode, "einvoice_unknown"),
}  # fmt: skip

PACKAGES: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (_bomb, "einvoice_ratio"),
    "nested": (_nested, "einvoice_nested"),
    "lying size": (_lying_size, "einvoice_damaged"),
}
WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "slip": (lambda: made.package({"../../etc/cron.d/a.xml": b"x"}), "einvoice_unsafe_part"),
    "absolute": (lambda: made.package({"/etc/a.xml": b"x"}), "einvoice_unsafe_part"),
    "drive": (lambda: made.package({"C:\\a.xml": b"x"}), "einvoice_unsafe_part"),
    "two of a name": (lambda: made.package({"a.xml": b"x", "A.XML": b"y"}), "einvoice_double_part"),
    "overlapping": (_overlapping, "einvoice_overlap"),
    "encrypted": (_encrypted_zip, "einvoice_encrypted"),
    "too many": (lambda: made.package({f"{n}.xml": b"x" for n in range(2_001)}, zipfile.ZIP_STORED), "einvoice_parts"),
    "empty": (lambda: made.package({}), "einvoice_nothing"),
    "OFD cut off": (lambda: made.ofd(INVOICE)[:-30], "einvoice_damaged"),
    "only folders": (lambda: made.package({"a/": b""}), "einvoice_nothing"),
    "cut off": (lambda: made.package({"a.xml": made.xml(INVOICE)})[:-30], "einvoice_damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_its_code(name: str, tmp_path: Path) -> None:
    build, key = HOSTILE[name]
    ((row,), last) = read(build(), tmp_path)

    assert last["type"] == "end"
    if key:
        assert (row["state"], row["problems"]) == ("ERROR", key)
    else:
        # Two blocks of a buyer: nothing of the second is believed, since its facts are not facts of an invoice.
        assert row["buyer_uscc"] == INVOICE.buyer


@pytest.mark.parametrize("name", PACKAGES)
def test_hostile_part_is_refused_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    build, key = PACKAGES[name]
    rows, last = read(build(), tmp_path)

    assert last["type"] == "end"
    assert [row["problems"] for row in rows] == [key]


@pytest.mark.parametrize("name", WHOLE)
def test_hostile_package_is_refused_as_a_whole(name: str, tmp_path: Path) -> None:
    build, key = WHOLE[name]
    rows, last = read(build(), tmp_path)

    assert rows == []
    assert (last["type"], last["key"]) == ("refused", key)


@pytest.mark.deep
def test_two_thousand_invoices_of_all_forms_are_read_within_the_bounds(tmp_path: Path) -> None:
    builders = [made.xml, made.pdf, made.ofd]
    parts = {f"{n}.bin": builders[n % 3](made.serial(n)) for n in range(2_000)}
    path = tmp_path / "upload"
    path.write_bytes(made.package(parts))
    lines, messages = intake.read_all(intake.reading_plan(KIND, path, "a.zip"), intake.bounds_of(KIND))

    assert messages[-1]["type"] == "end"
    assert len(lines) == 2_000
    assert all(line.split(b"\t")[4] == b"READY" for line in lines)


def test_file_comes_out_of_the_package_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(made.package({"a.xml": made.xml(INVOICE), "b.pdf": made.pdf(INVOICE)}))
    plan = intake.reading_plan(KIND, path, "a.zip", mode="files", rows=[3])
    _lines, messages = intake.read_all(plan, intake.bounds_of(KIND))

    assert [(one["type"], one.get("row"), one.get("name")) for one in messages[:-1]] == [("file", 3, "b.pdf")]


@pytest.mark.realdata
def test_every_public_en16931_file_is_read_or_refused_with_its_code(tmp_path: Path, real_data: Path) -> None:
    with tarfile.open(real_data / "einvoice-en16931.tar.gz") as archive:
        parts = {
            f"{number}.xml": archive.extractfile(member).read()  # type: ignore[union-attr]  # files only
            for number, member in enumerate(archive.getmembers())
            if member.isfile() and member.name.endswith(".xml")
        }
    path = tmp_path / "upload"
    path.write_bytes(made.package(parts))
    rows, last = read(path.read_bytes(), tmp_path)

    assert last["type"] == "end"
    assert len(rows) == len(parts)
    read_well = [row for row in rows if row["state"] == "READY"]
    assert len(read_well) >= 25
    assert {row["form"] for row in read_well} == {"UBL", "CII"}
    assert all(row["problems"] for row in rows if row["state"] == "ERROR")
