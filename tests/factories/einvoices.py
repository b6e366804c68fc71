"""E-invoices of our own making in every form: small, whole, and with valid numbers and credit codes."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import escape

SELLER = "91350200MA31T0E510"
BUYER = "911100001000012388"
CENT = Decimal("0.01")
Parts = dict[str, bytes]


@dataclass(frozen=True)
class Made:
    """What an invoice says; amounts in yuan, one line each."""

    number: str = "26352000000012345678"
    issued: str = "2026-11-02"
    seller: str = SELLER
    seller_name: str = "厦门鹭岛精密部件有限公司"
    buyer: str = BUYER
    buyer_name: str = "京禾装备集团股份有限公司"
    nets: tuple[str, ...] = ("100000.00",)
    rate: str = "0.13"
    remark: str = ""
    version: str = "0.31"
    signed: bool = True

    @property
    def taxes(self) -> list[Decimal]:
        return [(Decimal(net) * Decimal(self.rate)).quantize(CENT, ROUND_HALF_UP) for net in self.nets]

    @property
    def net(self) -> Decimal:
        return sum((Decimal(net) for net in self.nets), Decimal("0.00"))

    @property
    def tax(self) -> Decimal:
        return sum(self.taxes, Decimal("0.00"))

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


def serial(number: int, **changes: object) -> Made:
    """The nth invoice of a row of them."""
    return replace(Made(number=f"2635200000{number:010d}"), **changes)  # type: ignore[arg-type]  # names of its own fields


def xml(made: Made) -> bytes:
    """数电票 as XML."""
    items = "".join(
        f"<IssuItemInformation><ItemName>*通用设备*轴承</ItemName><Amount>{net}</Amount><TaxRate>{made.rate}</TaxRate>"
        f"<ComTaxAm>{tax}</ComTaxAm></IssuItemInformation>"
        for net, tax in zip(made.nets, made.taxes, strict=True)
    )
    remark = (
        f"<AdditionalInformation><Remark>{escape(made.remark)}</Remark></AdditionalInformation>" if made.remark else ""
    )
    signature = "<TaxBureauSignature><Signature>MEUCIQ</Signature></TaxBureauSignature>" if made.signed else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<EInvoice><Header><EIid>{made.number}</EIid><EInvoiceTag>SWEI3200</EInvoiceTag><Version>{made.version}</Version></Header>"
        f"<EInvoiceData><SellerInformation><SellerIdNum>{made.seller}</SellerIdNum><SellerName>{escape(made.seller_name)}</SellerName>"
        f"</SellerInformation><BuyerInformation><BuyerIdNum>{made.buyer}</BuyerIdNum><BuyerName>{escape(made.buyer_name)}</BuyerName>"
        f"</BuyerInformation><BasicInformation><TotalAmWithoutTax>{made.net}</TotalAmWithoutTax><TotalTaxAm>{made.tax}</TotalTaxAm>"
        f"<TotalTax-includedAmount>{made.gross}</TotalTax-includedAmount><RequestTime>{made.issued} 10:00:00</RequestTime>"
        f"</BasicInformation>{items}{remark}</EInvoiceData><TaxSupervisionInfo><InvoiceNumber>{made.number}</InvoiceNumber>"
        f"<IssueTime>{made.issued}</IssueTime></TaxSupervisionInfo>{signature}</EInvoice>"
    )
    return text.encode()


def package(parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 2, 0, 0, 0)), content, compress_type=method)
    return target.getvalue()


def _information(made: Made) -> bytes:
    facts = {
        "InvoiceNumber": made.number,
        "IssueTime": made.issued.replace("-", "年", 1).replace("-", "月", 1) + "日",
        "SellerIdNum": made.seller,
        "BuyerIdNum": made.buyer,
        "TotalAmWithoutTax": str(made.net),
        "TotalTaxAm": str(made.tax),
        "TotalTax-includedAmount": str(made.gross),
    }
    pairs = b""
    for name, value in facts.items():
        if not value:
            continue
        coded = b"<FEFF" + value.encode("utf-16-be").hex().upper().encode() + b">"
        pairs += b"/" + name.encode() + b" " + (b"(" + value.encode() + b")" if value.isascii() else coded) + b"\n"
    return b"<<" + pairs + b">>"


def pdf(made: Made, *, trailer: bytes = b"", information: bytes | None = None) -> bytes:
    """数电票 as PDF with a table of cross-references."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 397]>>",
        _information(made) if information is None else information,
    ]
    body, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"trailer\n<</Size 5/Root 1 0 R/Info 4 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)


def pdf_of_streams(made: Made, *, objects: bytes | None = None) -> bytes:
    """The same in the newer way: the information in a stream of objects, the cross-references in a stream."""
    information = _information(made)
    head = b"4 0 "
    packed = zlib.compress(head + information) if objects is None else objects
    body = b"%PDF-1.7\n"
    place = len(body)
    body += b"5 0 obj\n<</Type/ObjStm/N 1/First %d/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(head), len(packed), packed)  # fmt: skip
    start = len(body)
    entries = [(0, 0, 0), (2, 5, 0), (1, place, 0), (1, start, 0)]
    raw = b"".join(bytes([kind]) + first.to_bytes(4, "big") + bytes([second]) for kind, first, second in entries)
    rows = [raw[index : index + 6] for index in range(0, len(raw), 6)]
    before, predicted = bytes(6), b""
    for row in rows:
        predicted += b"\x02" + bytes((one - two) & 255 for one, two in zip(row, before, strict=True))
        before = row
    stream = zlib.compress(predicted)
    body += (
        b"6 0 obj\n<</Type/XRef/Size 7/W[1 4 1]/Index[0 1 4 3]/Info 4 0 R/Filter/FlateDecode"
        b"/DecodeParms<</Predictor 12/Columns 6>>/Length %d>>stream\n%s\nendstream\nendobj\n" % (len(stream), stream)
    )
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def ofd_parts(made: Made, *, attached: bool = False) -> Parts:
    """The parts of 数电票 as OFD: its tags name texts on the page."""
    texts = {
        "InvoiceNo": made.number,
        "IssueDate": made.issued,
        "BuyerName": made.buyer_name,
        "BuyerTaxID": made.buyer,
        "SellerName": made.seller_name,
        "SellerTaxID": made.seller,
        "TaxExclusiveTotalAmount": str(made.net),
        "TaxTotalAmount": str(made.tax),
        "TaxInclusiveTotalAmount": str(made.gross),
    }
    ids = {name: number for number, name in enumerate(texts, 60)}

    def tag(name: str) -> str:
        return f'<{name}><ofd:ObjectRef PageRef="1">{ids[name]}</ofd:ObjectRef></{name}>'

    objects = "".join(
        f'<ofd:TextObject ID="{ids[name]}"><ofd:TextCode X="0" Y="3">{escape(text[:6])}</ofd:TextCode>'
        f"<ofd:TextCode>{escape(text[6:])}</ofd:TextCode></ofd:TextObject>"
        for name, text in texts.items()
    )
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    tags = (
        f"<eInvoice {space}>{tag('InvoiceNo')}{tag('IssueDate')}<Buyer>{tag('BuyerName')}{tag('BuyerTaxID')}</Buyer>"
        f"<Seller>{tag('SellerName')}{tag('SellerTaxID')}</Seller>{tag('TaxExclusiveTotalAmount')}{tag('TaxTotalAmount')}"
        f"{tag('TaxInclusiveTotalAmount')}</eInvoice>"
    )
    parts = {
        "OFD.xml": f'<ofd:OFD {space} DocType="OFD" Version="1.0"><ofd:DocBody><ofd:DocInfo><ofd:CustomDatas>'
        f'<ofd:CustomData Name="发票号码">{made.number}</ofd:CustomData></ofd:CustomDatas></ofd:DocInfo>'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>"
        "</ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>",
        "Doc_0/Tags/CustomTags.xml": f'<ofd:CustomTags {space}><ofd:CustomTag TypeID="1"><ofd:FileLoc>CustomTag.xml</ofd:FileLoc>'
        "</ofd:CustomTag></ofd:CustomTags>",
        "Doc_0/Tags/CustomTag.xml": tags,
        "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {space}><ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content></ofd:Page>",
        "Doc_0/Signs/Signatures.xml": f"<ofd:Signatures {space}/>",
    }
    found = {name: text.encode() for name, text in parts.items()}
    if attached:
        found["Doc_0/Attachs/original_invoice.xml"] = xml(made)
    return found


def ofd(made: Made, *, attached: bool = False) -> bytes:
    """数电票 as OFD."""
    return package(ofd_parts(made, attached=attached))


def ubl(made: Made) -> bytes:
    """An EN 16931 invoice as UBL."""
    common = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    basic = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

    def party(role: str, code: str, name: str) -> str:
        return (
            f"<cac:{role}><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>{code}</cbc:CompanyID></cac:PartyTaxScheme>"
            f"<cac:PartyLegalEntity><cbc:RegistrationName>{escape(name)}</cbc:RegistrationName></cac:PartyLegalEntity>"
            f"</cac:Party></cac:{role}>"
        )

    seller = party("AccountingSupplierParty", made.seller, made.seller_name)
    buyer = party("AccountingCustomerParty", made.buyer, made.buyer_name)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" '
        f'xmlns:cac="{common}" xmlns:cbc="{basic}"><cbc:ID>{made.number}</cbc:ID><cbc:IssueDate>{made.issued}</cbc:IssueDate>'
        "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>CNY</cbc:DocumentCurrencyCode>"
        f"<cac:ContractDocumentReference><cbc:ID>HT-2026-0117</cbc:ID></cac:ContractDocumentReference>{seller}{buyer}"
        f'<cac:TaxTotal><cbc:TaxAmount currencyID="CNY">{made.tax}</cbc:TaxAmount></cac:TaxTotal><cac:LegalMonetaryTotal>'
        f'<cbc:TaxExclusiveAmount currencyID="CNY">{made.net}</cbc:TaxExclusiveAmount>'
        f'<cbc:TaxInclusiveAmount currencyID="CNY">{made.gross}</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal></Invoice>'
    )
    return text.encode()
