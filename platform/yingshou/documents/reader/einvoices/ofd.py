"""
The facts of an OFD: from the invoice attached to it as XML, else from its tags, else from its document information.

Tags name text objects on the page; their texts are looked up there. Nothing is drawn.
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping

from yingshou.documents.reader.einvoices.facts import ABSENT, UNVERIFIABLE, Facts, filled, note_remark
from yingshou.documents.reader.einvoices.packages import Package, Part
from yingshou.documents.reader.einvoices.trees import Wanted, gather
from yingshou.documents.reader.einvoices.xml_forms import read_xml
from yingshou.documents.reader.problem import Refused

LARGEST_OFD = 10 * 1024 * 1024
LARGEST_PART = 4 * 1024 * 1024
MOST_PARTS = 300
_OFD = "http://www.ofdspec.org/2016"
_EDRM = "http://www.edrm.org.cn/schema/e-invoice/2019"

# Names of the tags on the left; several issuers write a prefix of their own.
TAGS = {
    "InvoiceNo": "number",
    "InvoiceNumber": "number",
    "InvoiceCode": "code",
    "IssueDate": "issue_date",
    "Seller/SellerName": "seller_name",
    "Seller/SellerTaxID": "seller_id",
    "Buyer/BuyerName": "buyer_name",
    "Buyer/BuyerTaxID": "buyer_id",
    "TaxExclusiveTotalAmount": "net",
    "TaxTotalAmount": "tax",
    "TaxInclusiveTotalAmount": "gross",
    "Note": "remark",
}
CUSTOM = {
    "发票号码": "number",
    "发票代码": "code",
    "开票日期": "issue_date",
    "销售方名称": "seller_name",
    "销售方纳税人识别号": "seller_id",
    "购买方名称": "buyer_name",
    "购买方纳税人识别号": "buyer_id",
    "合计金额": "net",
    "合计税额": "tax",
    "价税合计": "gross",
    "备注": "remark",
}
_TAG_GROUPS = {f"{path}/ObjectRef": (f"tag:{name}", {"": "object"}) for path, name in TAGS.items()}
_TAG = Wanted(groups=_TAG_GROUPS, scalars=TAGS)
_ROOT = Wanted(
    scalars={"DocBody/DocRoot": "root", "DocBody/Signatures": "signatures"},
    groups={"DocBody/DocInfo/CustomDatas/CustomData": ("custom", {"@Name": "name", "": "text"})},
)
_DOCUMENT = Wanted(
    scalars={"CustomTags": "tags"},
    groups={"Pages/Page": ("pages", {"@BaseLoc": "place"})},
)
_TAG_LIST = Wanted(groups={"CustomTag": ("tags", {"FileLoc": "place"})})
_PAGE_OBJECTS = ("Content/Layer/TextObject", "Content/Layer/PageBlock/TextObject")
_PAGE = Wanted(groups={path: ("texts", {"@ID": "id", "TextCode": "text"}) for path in _PAGE_OBJECTS}, joins=True)


class _Files:
    """The parts of an OFD by their path, without regard to case."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.by_path: dict[str, Part] = {part.name.lower(): part for part in package.parts}

    def read(self, path: str) -> bytes | None:
        part = self.by_path.get(path.lstrip("/").lower())
        return None if part is None else self._package.read(part)

    @staticmethod
    def beside(base: str, place: str) -> str:
        """A place as a part names it, from the part's own folder; never above the package."""
        joined = place if place.startswith("/") else posixpath.join(posixpath.dirname(base), place)
        return posixpath.normpath("/" + joined).lstrip("/")


def read_ofd(content: bytes) -> Facts:
    """
    The facts of an OFD invoice.

    :raises Refused: if it is none, hostile, or does not say what an invoice says
    """
    if len(content) > LARGEST_OFD:
        raise Refused("einvoice_too_large", limit=LARGEST_OFD // 1024 // 1024)
    package = Package(io.BytesIO(content), most=MOST_PARTS, largest=LARGEST_PART)
    files = _Files(package)
    head = files.read("OFD.xml")
    if head is None:
        raise Refused("einvoice_unknown", found="OFD")
    root = gather(head, {f"{_OFD}|OFD": _ROOT})
    if root.namespace != _OFD or root.root != "OFD":
        raise Refused("einvoice_unknown", found="OFD")
    signed = bool(root.values.get("signatures")) or any("/signs/" in f"/{path}" for path in files.by_path)
    facts = _attached(files) or _tagged(files, root.values.get("root", "Doc_0/Document.xml"))
    custom = _custom(root.lists.get("custom", []))
    if facts is None:
        facts = _facts(custom)
    elif custom.get("number") and facts.number and custom["number"] != facts.number:
        raise Refused("einvoice_two_numbers", first=custom["number"][:24], second=facts.number[:24])
    facts.form, facts.signature = "OFD", UNVERIFIABLE if signed else ABSENT
    return facts


def _attached(files: _Files) -> Facts | None:
    """The invoice itself, where the issuer attached it as XML."""
    for path in sorted(files.by_path):
        if "/attachs/" in f"/{path}" and path.endswith(".xml"):
            content = files.read(path)
            if content is not None and b"<EInvoice" in content[:4096]:
                return read_xml(content)
    return None


def _custom(entries: list[dict[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        name = CUSTOM.get(entry.get("name", "").strip())
        if name is None:
            continue
        if name in found:
            raise Refused("einvoice_doubled", path=entry["name"][:120])
        found[name] = entry.get("text", "").strip()
    return found


def _tagged(files: _Files, root: str) -> Facts | None:
    content = files.read(root)
    if content is None:
        return None
    document = gather(content, {f"{_OFD}|Document": _DOCUMENT})
    listing = files.beside(root, document.values.get("tags", "Tags/CustomTags.xml"))
    tags = files.read(listing)
    if tags is None:
        return None
    named = gather(tags, {f"{_OFD}|CustomTags": _TAG_LIST}).lists.get("tags", [])
    for entry in named[:8]:
        content = files.read(files.beside(listing, entry.get("place", "CustomTag.xml")))
        if content is None:
            continue
        found = gather(content, {f"{space}|eInvoice": _TAG for space in ("", _OFD, _EDRM)})
        if found.root != "eInvoice":
            continue
        texts = _page_texts(files, root, [page.get("place", "") for page in document.lists.get("pages", [])])
        values = dict(found.values)
        for name in set(TAGS.values()):
            pieces = [texts.get(one.get("object", ""), "") for one in found.lists.get(f"tag:{name}", [])]
            if any(pieces):
                values[name] = "".join(pieces)
        return _facts(values)
    return None


def _page_texts(files: _Files, root: str, places: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for place in places[:20]:
        content = files.read(files.beside(root, place))
        if content is not None:
            for one in gather(content, {f"{_OFD}|Page": _PAGE}).lists.get("texts", []):
                texts.setdefault(one.get("id", ""), one.get("text", ""))
    return texts


def _facts(values: Mapping[str, str]) -> Facts:
    facts = filled("OFD", values)
    note_remark(facts, values.get("remark", ""))
    return facts
