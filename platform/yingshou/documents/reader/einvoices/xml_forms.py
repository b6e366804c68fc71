"""The three XML dialects: 数电票 (domain 1.4), and EN 16931 as UBL 2.1 and as UN/CEFACT CII."""

from __future__ import annotations

from yingshou.documents.reader.einvoices.facts import ABSENT, PRESENT, Facts, Item, decimal, filled, note_remark
from yingshou.documents.reader.einvoices.trees import Found, Wanted, gather
from yingshou.documents.reader.problem import Refused

KNOWN_VERSIONS = frozenset({"", "0.31"})
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CII = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
CREDIT_TYPES = frozenset({"81", "83", "261", "296", "308", "381", "396", "420", "458", "532"})
_UNIT = "EInvoiceData"

TAX_BUREAU = Wanted(
    scalars={
        "Header/EIid": "eiid",
        "Header/Version": "version",
        "TaxSupervisionInfo/InvoiceNumber": "number",
        "TaxSupervisionInfo/IssueTime": "issued",
        f"{_UNIT}/SellerInformation/SellerIdNum": "seller_id",
        f"{_UNIT}/SellerInformation/SellerName": "seller_name",
        f"{_UNIT}/BuyerInformation/BuyerIdNum": "buyer_id",
        f"{_UNIT}/BuyerInformation/BuyerName": "buyer_name",
        f"{_UNIT}/BasicInformation/TotalAmWithoutTax": "net",
        f"{_UNIT}/BasicInformation/TotalTaxAm": "tax",
        f"{_UNIT}/BasicInformation/TotalTax-includedAmount": "gross",
        f"{_UNIT}/BasicInformation/RequestTime": "requested",
        f"{_UNIT}/AdditionalInformation/Remark": "remark",
    },
    groups={f"{_UNIT}/IssuItemInformation": ("items", {"Amount": "net", "TaxRate": "rate", "ComTaxAm": "tax"})},
    marks=frozenset({"TaxBureauSignature", "TaxBureauSignature/Signature", "Signature", "SellerSignature"}),
)

_PARTY = {
    "PartyName/Name": "trade_name",
    "PartyLegalEntity/RegistrationName": "name",
    "PartyLegalEntity/CompanyID": "legal_id",
}


def _ubl(line: str, type_code: str) -> Wanted:
    scalars = {
        "ID": "number",
        "IssueDate": "issued",
        "DueDate": "due",
        type_code: "type",
        "DocumentCurrencyCode": "currency",
        "ContractDocumentReference/ID": "contract",
        "OrderReference/ID": "order",
        "LegalMonetaryTotal/TaxExclusiveAmount": "net",
        "LegalMonetaryTotal/TaxInclusiveAmount": "gross",
    }
    for party, name in (("AccountingSupplierParty", "seller"), ("AccountingCustomerParty", "buyer")):
        scalars |= {f"{party}/Party/{path}": f"{name}_{what}" for path, what in _PARTY.items()}
    return Wanted(
        scalars=scalars,
        groups={
            "TaxTotal/TaxAmount": ("tax_totals", {"": "tax", "@currencyID": "currency"}),
            "AccountingSupplierParty/Party/PartyTaxScheme": ("seller_taxes", {"CompanyID": "id"}),
            "AccountingCustomerParty/Party/PartyTaxScheme": ("buyer_taxes", {"CompanyID": "id"}),
            "BillingReference/InvoiceDocumentReference": ("blues", {"ID": "number"}),
            line: ("items", {"LineExtensionAmount": "net"}),
        },
        marks=frozenset({"UBLExtensions/UBLExtension/ExtensionContent/UBLDocumentSignatures", "Signature"}),
    )


_SETTLEMENT = "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement"
_AGREEMENT = "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement"
_SUMMATION = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation"

CII = Wanted(
    scalars={
        "ExchangedDocument/ID": "number",
        "ExchangedDocument/TypeCode": "type",
        "ExchangedDocument/IssueDateTime/DateTimeString": "issued",
        f"{_AGREEMENT}/SellerTradeParty/Name": "seller_name",
        f"{_AGREEMENT}/SellerTradeParty/SpecifiedLegalOrganization/ID": "seller_legal_id",
        f"{_AGREEMENT}/BuyerTradeParty/Name": "buyer_name",
        f"{_AGREEMENT}/BuyerTradeParty/SpecifiedLegalOrganization/ID": "buyer_legal_id",
        f"{_AGREEMENT}/ContractReferencedDocument/IssuerAssignedID": "contract",
        f"{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID": "order",
        f"{_SETTLEMENT}/InvoiceCurrencyCode": "currency",
        f"{_SUMMATION}/TaxBasisTotalAmount": "net",
        f"{_SUMMATION}/GrandTotalAmount": "gross",
    },
    groups={
        f"{_SUMMATION}/TaxTotalAmount": ("tax_totals", {"": "tax", "@currencyID": "currency"}),
        f"{_AGREEMENT}/SellerTradeParty/SpecifiedTaxRegistration": ("seller_taxes", {"ID": "id"}),
        f"{_AGREEMENT}/BuyerTradeParty/SpecifiedTaxRegistration": ("buyer_taxes", {"ID": "id"}),
        f"{_SETTLEMENT}/InvoiceReferencedDocument": ("blues", {"IssuerAssignedID": "number"}),
        f"{_SETTLEMENT}/SpecifiedTradePaymentTerms": ("terms", {"DueDateDateTime/DateTimeString": "due"}),
        "SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem": (
            "items",
            {"SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount": "net"},
        ),
    },
)

WANTED = {
    "|EInvoice": TAX_BUREAU,
    f"{_UBL}Invoice-2|Invoice": _ubl("InvoiceLine", "InvoiceTypeCode"),
    f"{_UBL}CreditNote-2|CreditNote": _ubl("CreditNoteLine", "CreditNoteTypeCode"),
    f"{_CII}|CrossIndustryInvoice": CII,
}


def read_xml(content: bytes) -> Facts:
    """
    The facts of an invoice in one of the dialects.

    :raises Refused: if it is none of them, of an unknown version, hostile or contradicts itself
    """
    found = gather(content, WANTED)
    key = f"{found.namespace}|{found.root}"
    if key == "|EInvoice":
        return _tax_bureau(found)
    if key in WANTED:
        return _en16931(found, "CII" if found.root == "CrossIndustryInvoice" else "UBL")
    raise Refused("einvoice_unknown", found=f"<{found.root[:60]}>")


def _tax_bureau(found: Found) -> Facts:
    values = found.values
    version = values.get("version", "")
    if version not in KNOWN_VERSIONS:
        raise Refused("einvoice_version", version=version[:20])
    number, eiid = values.get("number", ""), values.get("eiid", "")
    if number and eiid and number != eiid:
        raise Refused("einvoice_two_numbers", first=eiid[:24], second=number[:24])
    facts = filled("XML", values, PRESENT if found.marks else ABSENT)
    facts.number = number or eiid
    facts.issue_date = (values.get("issued") or values.get("requested", ""))[:10]
    facts.items = [
        Item(one.get("net", ""), one.get("rate", ""), one.get("tax", "")) for one in found.lists.get("items", [])
    ]
    note_remark(facts, values.get("remark", ""))
    return facts


def _day(text: str) -> str:
    """CII writes 20260131."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _total_tax(found: Found, currency: str) -> str:
    """The tax in the invoice's own currency; a second total may stand in the currency of the books."""
    totals = found.lists.get("tax_totals", [])
    same = [one for one in totals if one.get("currency", currency) == currency]
    return (same or totals or [{}])[0].get("tax", "")


def _en16931(found: Found, form: str) -> Facts:
    values, lists = found.values, found.lists
    currency = values.get("currency", "").upper()

    def party(side: str) -> tuple[str, str]:
        taxes = [one.get("id", "") for one in lists.get(f"{side}_taxes", [])]
        code = values.get(f"{side}_legal_id") or next(filter(None, taxes), "")
        return code, values.get(f"{side}_name") or values.get(f"{side}_trade_name", "")

    seller, buyer = party("seller"), party("buyer")
    facts = Facts(
        form=form,
        version="EN 16931",
        signature=PRESENT if found.marks else ABSENT,
        number=values.get("number", ""),
        issue_date=_day(values.get("issued", "")),
        seller_id=seller[0],
        seller_name=seller[1],
        buyer_id=buyer[0],
        buyer_name=buyer[1],
        net=values.get("net", ""),
        tax=_total_tax(found, currency),
        gross=values.get("gross", ""),
        currency=currency,
        blue_number=next((one.get("number", "") for one in lists.get("blues", [])), ""),
        contract_no=values.get("contract") or values.get("order", ""),
        due_date=_day(values.get("due") or next((one.get("due", "") for one in lists.get("terms", [])), "")),
        negate=found.root == "CreditNote" or values.get("type", "") in CREDIT_TYPES,
    )
    gross, net = decimal(facts.gross), decimal(facts.net)
    if not facts.tax and gross is not None and net is not None and gross == net:
        # Without tax there need not be a total of it.
        facts.tax = "0.00"
    return facts
