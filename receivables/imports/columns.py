"""Columns of the two sheets, with the headers people use, and the SQL they share."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from receivables import fingerprints
from receivables.rules.claims import RULES
from yingshou.documents import cells
from yingshou.documents.kinds import Check, Column, Effect

KIND_WORDS = {
    "S1": ["S1", "销售", "出租", "销售、出租", "货款", "Sale or lease", "sale", "lease"],
    "S2": ["S2", "服务", "劳务", "提供服务", "Services or labour", "service"],
    "S5": ["S5", "其他", "其他合同", "Other money claim under a contract", "other"],
    "X": ["X", "票据", "债券", "承兑汇票", "bill", "security"],
}
MATURITY_WORDS = {
    "EXISTING": ["EXISTING", "现有", "已有", "Existing claim", "existing"],
    "FUTURE": ["FUTURE", "将有", "未来", "Future claim", "future"],
}
DUE_RULE_WORDS = {
    "FIXED": ["FIXED", "固定日", "固定日期", "Fixed day"],
    "DELIVERY": ["DELIVERY", "交付", "发货", "交货", "From delivery"],
    "ACCEPTANCE": ["ACCEPTANCE", "验收", "From acceptance"],
    "SETTLEMENT": ["SETTLEMENT", "结算", "From settlement"],
}
BAN_WORDS = {
    "NONE": ["NONE", "无", "否", "No ban on assignment", "no"],
    "CONTRACT_BAN": ["CONTRACT_BAN", "合同约定", "合同禁止", "Banned by the contract"],
    "LAW_BAN": ["LAW_BAN", "法律禁止", "Banned by law"],
}

INVOICE_CODE = Column(
    "invoice_code", _("Invoice code"), cells.invoice_code(), ("发票代码", "代码", "Invoice code"), example="3502261130"
)
INVOICE_NUMBER = Column(
    "invoice_number",
    _("Invoice number"),
    cells.invoice_number(),
    ("发票号码", "发票号", "数电票号码", "数电发票号码", "号码", "Invoice number", "Invoice No."),
    example="26352000000012345678",
    width=24,
    help=_("20 digits stand alone; 8 digits with the invoice code"),
)
INVOICE_DATE = Column(
    "invoice_date",
    _("Invoice date"),
    cells.day(),
    ("开票日期", "发票日期", "Invoice date", "Date of issue"),
    example="2026-11-01",
)
NET = Column(
    "net_amount",
    _("Net amount"),
    cells.amount(),
    ("金额", "不含税金额", "未税金额", "Net", "Net amount"),
    example="100000.00",
)
TAX = Column("tax_amount", _("Tax"), cells.amount(), ("税额", "税金", "Tax", "VAT"), example="13000.00")
GROSS = Column(
    "gross_amount",
    _("Invoice total"),
    cells.amount(),
    ("价税合计", "含税金额", "发票金额", "Gross", "Total", "Invoice total"),
    example="113000.00",
)
CONTRACT_NO = Column(
    "contract_no",
    _("Contract number"),
    cells.code(100),
    ("合同编号", "合同号", "订单号", "采购订单号", "Contract number", "Contract No.", "Order number"),
    required=True,
    example="HT-2026-0117",
    width=22,
)
CONTRACT_DATE = Column(
    "contract_date", _("Contract date"), cells.day(), ("合同日期", "签订日期", "Contract date"), example="2026-10-01"
)
CURRENCY = Column("currency", _("Currency"), cells.currency(), ("币种", "货币", "Currency"), example="CNY", width=8)
DUE_DATE = Column(
    "due_date",
    _("Due date"),
    cells.day(),
    ("到期日", "应收日期", "付款到期日", "应付日期", "账款到期日", "Due date"),
    example="2027-01-30",
)
DELIVERY_DATE = Column(
    "delivery_date",
    _("Delivery date"),
    cells.day(),
    ("交付日期", "发货日期", "交货日期", "Delivery date"),
    example="2026-11-01",
)

STATUS_WORDS = {
    "VALID": ["VALID", "有效", "有效发票", "正常", "valid"],
    "VOID": ["VOID", "作废", "作废发票", "已作废", "void"],
}

CLAIM_COLUMNS: tuple[Column, ...] = (
    Column(
        "debtor_uscc",
        _("Debtor's credit code"),
        cells.uscc(),
        (
            "债务人统一社会信用代码",
            "统一社会信用代码",
            "购方税号",
            "购买方税号",
            "购方纳税人识别号",
            "付款方信用代码",
            "Debtor's credit code",
            "USCC",
        ),
        required=True,
        example="911100001000012388",
        width=22,
    ),
    Column(
        "debtor_name",
        _("Debtor"),
        cells.text(200),
        ("债务人", "债务人名称", "购方名称", "购买方名称", "购买方", "付款方", "客户名称", "Debtor", "Buyer"),
        example="示例核心企业股份有限公司",
        width=30,
    ),
    Column(
        "kind",
        _("Kind"),
        cells.choice(KIND_WORDS, default="S1"),
        ("种类", "账款种类", "账款类型", "Kind"),
        example="销售",
    ),
    Column(
        "maturity_kind",
        _("Existing or future"),
        cells.choice(MATURITY_WORDS, default="EXISTING"),
        ("现有或将有", "债权类型", "Existing or future"),
        example="现有",
    ),
    CONTRACT_NO,
    Column("contract_name", _("Contract name"), cells.text(200), ("合同名称", "Contract name")),
    CONTRACT_DATE,
    Column("contract_amount", _("Contract amount"), cells.amount(negative=False), ("合同金额", "Contract amount")),
    INVOICE_CODE,
    INVOICE_NUMBER,
    INVOICE_DATE,
    NET,
    TAX,
    GROSS,
    Column(
        "face_amount",
        _("Amount of the receivable"),
        cells.amount(),
        ("应收金额", "应收账款金额", "账款金额", "Amount", "Amount of the receivable"),
        help=_("Empty: the invoice total"),
        example="113000.00",
    ),
    CURRENCY,
    DELIVERY_DATE,
    Column("acceptance_date", _("Acceptance date"), cells.day(), ("验收日期", "Acceptance date")),
    Column("settlement_date", _("Settlement date"), cells.day(), ("结算日期", "Settlement date")),
    Column(
        "due_rule", _("Term runs from"), cells.choice(DUE_RULE_WORDS, default="FIXED"), ("账期起算", "Term runs from")
    ),
    Column(
        "term_days",
        _("Term in days"),
        cells.integer(0, 3650),
        ("账期", "账期天数", "Term", "Term in days"),
        example="90",
    ),
    DUE_DATE,
    Column("retention_amount", _("Retention"), cells.amount(negative=False), ("质保金", "Retention")),
    Column("retention_due_date", _("Retention due"), cells.day(), ("质保金到期日", "Retention due")),
    Column("prepaid_amount", _("Prepaid"), cells.amount(negative=False), ("预付款", "已预付", "Prepaid")),
    Column(
        "assignment_ban",
        _("Ban on assignment"),
        cells.choice(BAN_WORDS, default="NONE"),
        ("禁止转让", "Ban on assignment"),
    ),
    Column("is_related_party", _("Related party"), cells.yes_no(default=False), ("关联方", "Related party")),
    Column("project_name", _("Project"), cells.text(200), ("项目名称", "项目", "Project")),
    Column("past_due_reason", _("Reason if past due"), cells.text(200), ("逾期原因", "逾期说明", "Reason if past due")),
    Column(
        "blue_invoice_number",
        _("Red-letter for invoice"),
        cells.invoice_number(),
        ("对应蓝字发票号码", "蓝字发票号码", "红冲发票号码", "Red-letter for invoice"),
        help=_("For a negative invoice: the number of the invoice it corrects"),
    ),
)

CLAIM_COLUMNS = (
    *CLAIM_COLUMNS,
    Column(
        "invoice_status",
        _("Invoice status"),
        cells.choice(STATUS_WORDS, default="VALID"),
        ("发票状态", "状态", "Invoice status"),
        example="有效",
    ),
)

PAYABLE_COLUMNS = (
    Column(
        "supplier_uscc",
        _("Supplier's credit code"),
        cells.uscc(),
        ("供应商统一社会信用代码", "债权人统一社会信用代码", "销方税号", "统一社会信用代码", "Supplier's credit code"),
        required=True,
        example="91350200MA31T0E510",
        width=22,
    ),
    Column(
        "supplier_name",
        _("Supplier"),
        cells.text(200),
        ("供应商", "供应商名称", "债权人", "债权人名称", "销方名称", "Supplier"),
        example="示例供应商有限公司",
        width=30,
    ),
    CONTRACT_NO,
    CONTRACT_DATE,
    INVOICE_CODE,
    INVOICE_NUMBER,
    INVOICE_DATE,
    NET,
    TAX,
    GROSS,
    Column(
        "amount",
        _("Amount payable"),
        cells.amount(negative=False),
        ("应付金额", "应付账款金额", "金额合计", "Amount payable", "Amount"),
        required=True,
        example="113000.00",
    ),
    CURRENCY,
    DELIVERY_DATE,
    DUE_DATE,
    Column(
        "delivery_accepted",
        _("Delivery accepted"),
        cells.yes_no(),
        ("已验收", "是否验收", "Delivery accepted"),
        example="是",
    ),
    Column("note", _("Note"), cells.text(200), ("备注", "摘要", "Note")),
)


def digest_sql(code: str, number: str, seller: str) -> str:
    """SQL of an invoice's fingerprint. The client writes parameters into the statement anyway: the pads stand in it too."""
    inner, outer = (fingerprints.pads()[name].hex() for name in ("inner_pad", "outer_pad"))
    key = f"receivables_invoice_key({code}, {number}, {seller})"
    return f"receivables_hmac('\\x{inner}'::bytea, '\\x{outer}'::bytea, {key})"


def line_key_sql(party: str, face: str, due: str) -> str:
    """SQL of `actions.entry.line_key` for a row of a sheet; its reader gives numbers of 8 or 20 digits."""
    invoice = "case when invoice_number is null then '' else coalesce(invoice_code, '') || '/' || invoice_number end"
    return f"md5({party} || '|' || contract_no || '|' || {invoice} || '|' || ({face})::text || '|' || ({due})::text || '|')::uuid"


PUBLIC_DEBTOR = "exists (select 1 from identity_organisation o where o.uscc = debtor_uscc and o.is_public_body)"


def rule_checks() -> list[Check]:
    """Every rule that a file can break, as a check of the import: one sentence for form and file."""
    checks = []
    for rule in RULES:
        if not rule.sql:
            continue
        condition = rule.sql.replace("debtor_is_public", PUBLIC_DEBTOR)
        # What looks a firm up for each row is joined once; the rest is one pass over the rows.
        joined = "identity_organisation o" in condition
        checks.append(
            Check(
                code=rule.error.code if rule.severity == "error" else f"{rule.error.code}-W",
                message=rule.error.message,
                cure=rule.error.cure,
                sql=f"select row_id, {rule.sql_params} from {{rows}} r where {condition}" if joined else "",  # noqa: S608
                condition="" if joined else condition,
                params=rule.sql_params,
                column=rule.place,
                effect=Effect.ERROR if rule.severity == "error" else Effect.WARNING,
            )
        )
    return checks
