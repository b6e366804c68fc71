"""What the gallery shows: every component in every state, over invented figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from yingshou.tenancy.guards import AppRequest
from yingshou.ui.charts import AgeingBar, BarChart, Series, Sparkline
from yingshou.ui.forms import AmountField, DateField, DateInput, FileDrop, ReasonField
from yingshou.ui.lists import Chip, Column, Fact, FilterGroup, Kind, List, Order, Page
from yingshou.ui.models import SavedView

AT = datetime(2026, 11, 22, 6, 22, 7, tzinfo=UTC)


@dataclass(frozen=True)
class SampleSignature:
    """What a seal reads of a signature."""

    state: str
    signer_name: str = ""
    organisation_name: str = "恒川机械制造股份有限公司"
    signed_at: datetime = AT - timedelta(days=4)
    certificate_issuer: str = "Yingshou Sample CA"
    certificate_serial: str = "3f:9a:01:7c"
    algorithm: str = "RSA-2048, SHA-256"
    problem: str = ""
    url: str = "#seals"


@dataclass(frozen=True)
class SampleLine:
    """What a timeline reads of a line."""

    headline: str
    who: str = ""
    detail: str = ""
    at: datetime | None = None
    tone: str = "done"
    url: str = ""
    signature: SampleSignature | None = None


@dataclass(frozen=True)
class SampleJob:
    """What a progress bar reads of a job."""

    pk: int
    state: str
    done: int
    total: int | None
    note: str = ""
    error: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True)
class SampleFile:
    """A file that a form keeps."""

    name: str


@dataclass(frozen=True)
class SampleDraft:
    """A form that saves itself and opens with what was typed before."""

    kind: str = "gallery"
    key: str = ""
    subject: str = ""
    variant: str = ""
    revision: int = 3
    restored: str = "typed"
    saved_words: str = "14:22"
    is_outdated: bool = False
    can_begin_another: bool = True
    fresh_url: str = "#drafts"


@dataclass(frozen=True)
class SampleRow:
    """A receivable as the sample list shows it."""

    pk: int
    supplier: str
    contract: str
    invoices: str
    claimed: Decimal
    booked: Decimal | None
    match: str
    difference: str
    tone: str
    due: date
    requested_at: datetime
    turn: str
    signature: SampleSignature | None = None


class SampleOrder(Order):
    """How the sample list can be ordered."""

    OLDEST = (("requested_at", "pk"), _("Waiting longest"))
    DUE = (("due", "pk"), _("Due date"))
    AMOUNT = (("-claimed", "-pk"), _("Largest amount"))


class SampleFilter(django_filters.FilterSet):
    """The filters of the sample list."""

    supplier = django_filters.CharFilter(label=_("Supplier"))
    due_from = django_filters.DateFilter(label=_("From"), widget=DateInput)
    due_to = django_filters.DateFilter(label=_("To"), widget=DateInput)
    contract = django_filters.CharFilter(label=_("Contract number"))

    class Meta:
        model = SavedView
        fields: list[str] = []


class SampleList(List[Any]):
    """The confirmation list of a debtor over five rows that are in no table: the example of the documentation."""

    name = "ui.sample"
    title = _("Payables to confirm")
    order = SampleOrder
    filterset_class = SampleFilter
    filter_groups = (
        FilterGroup(_("Supplier"), ["supplier"]),
        FilterGroup(_("Due date"), ["due_from", "due_to"]),
        FilterGroup(_("Contract number"), ["contract"]),
    )
    chip_filters = (
        Chip("match", "AGREES", _("Agrees with our book"), Q(), "green"),
        Chip("match", "DIFFERS", _("Differs"), Q(), "amber"),
        Chip("match", "NOT_IN_BOOK", _("Not in our book"), Q()),
    )
    columns = (
        Column("supplier", _("Supplier"), "supplier", is_lead=True, template="ui/gallery_supplier.html"),
        Column("contract", _("Contract / invoice"), "contract", sub="invoices"),
        Column("claimed", _("Claimed (yuan)"), "claimed", Kind.AMOUNT),
        Column("booked", _("Our book (yuan)"), "booked", Kind.AMOUNT),
        Column("match", _("Difference"), "difference", tone="tone"),
        Column("due", _("Due date"), "due", Kind.DATE),
        Column("waiting", _("Waiting"), "requested_at", Kind.WAIT, amber_after=6),
        Column("turn", _("State · whose turn"), "turn", sub=lambda _row: _("your turn")),
    )
    is_selectable = True
    amount = "claimed"
    fact = "match"
    row_label = "supplier"
    facts = {
        "AGREES": Fact(_("agree"), _("All agree with our book")),
        "DIFFERS": Fact(_("differ"), _("All differ from our book")),
        "NOT_IN_BOOK": Fact(_("not in our book"), _("None is in our book")),
    }

    @cached_property
    def _page(self) -> Page[Any]:
        return Page(rows=sample_rows(), before=None, after="sample")

    @cached_property
    def counts(self) -> dict[str, int]:
        """Invented counts."""
        return {"total": 1001, "match=AGREES": 1001, "match=DIFFERS": 5, "match=NOT_IN_BOOK": 2}

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """One invented view."""
        return [SavedView(pk=1, name=str(_("Month-end check")), query="match=DIFFERS")]


class EmptySampleList(SampleList):
    """The same list before anything has arrived."""

    empty_title = _("Receivables that suppliers ask you to confirm will appear here")
    empty_text = _("Upload your payables book first: claims are then compared with it by themselves.")

    @cached_property
    def _page(self) -> Page[Any]:
        return Page(rows=[], before=None, after=None)


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Contract name"), help_text=_("As printed on the contract."), max_length=60)
    amount = AmountField(label=_("Amount"), help_text=_("Yuan with two decimals; 12.5万 is understood."))
    due_date = DateField(label=_("Due date"))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", "–"), ("GOODS", _("Goods")), ("SERVICE", _("Services"))], required=False
    )
    way = forms.ChoiceField(
        label=_("How the amount was agreed"),
        choices=[("BOOK", _("By our book")), ("INVOICE", _("By the invoices"))],
        widget=forms.RadioSelect,
    )
    reason = ReasonField(
        [("QUANTITY", _("Quantity differs")), ("PRICE", _("Price differs")), ("OTHER", _("Other reason"))],
    )
    agreed = forms.BooleanField(label=_("I have compared the goods receipt"))
    file = forms.FileField(label=_("Goods receipt"), widget=FileDrop, required=False)


def samples(request: AppRequest) -> dict[str, Any]:
    """Everything the gallery shows."""
    query = request.GET.copy()
    empty = QueryDict()
    return {
        "sample_list": SampleList(
            SavedView.objects.none(), query=query, actor=request.actor, at=AT, export_url="#lists"
        ),
        "empty_list": EmptySampleList(SavedView.objects.none(), query=empty, actor=request.actor, at=AT),
        "form": SampleForm(initial={"amount": Decimal("113000"), "due_date": date(2027, 1, 30)}),
        "bad_form": SampleForm({"amount": "1,13000", "reason_code": "OTHER"}, auto_id="bad_%s"),
        "single_form": SampleForm(auto_id="one_%s"),
        "draft": SampleDraft(),
        "outdated_draft": SampleDraft(is_outdated=True, can_begin_another=False),
        "kept_field": SampleForm(auto_id="kept_%s")["file"],
        "free_field": SampleForm(auto_id="free_%s")["file"],
        "kept_file": SampleFile(str(_("Goods receipt")) + ".pdf"),
        "tabs": [
            {"label": _("Waiting"), "url": "#lists", "is_current": True, "count": "46"},
            {"label": _("Done"), "url": "#lists", "is_current": False, "count": ""},
        ],
        "amount": Decimal("113000.00"),
        "sum": Decimal("1284300.00"),
        "at": AT,
        "since": AT - timedelta(days=6),
        "since_hours": AT - timedelta(hours=3),
        "lines": sample_lines(),
        "signatures": [
            SampleSignature("valid", str(_("Finance director"))),
            SampleSignature("expired", str(_("Finance director"))),
            SampleSignature("broken", str(_("Finance director")), problem="SIG-004"),
            SampleSignature("unsigned"),
        ],
        "jobs": [
            SampleJob(1, "QUEUED", 0, None),
            SampleJob(2, "DONE", 100000, 100000, str(_("100,000 new, 0 refused"))),
            SampleJob(3, "FAILED", 1200, 100000, "", str(_("The file could not be read beyond sheet 1, row 1,201."))),
        ],
        "running_job": SampleJob(4, "RUNNING", 41200, 100000, "", started_at=AT),
        **sample_charts(),
        "steps": [_("File"), _("Columns"), _("Check"), _("Done")],
        "answers": [
            {"label": _("Debtor"), "value": "恒川机械制造股份有限公司", "change_url": "#answers"},
            {"label": _("Amount"), "value": "¥ 113,000.00", "words": "壹拾壹万叁仟元整", "change_url": "#answers"},
            {"label": _("Due date"), "value": "2027-01-30", "change_url": "#answers"},
        ],
    }


def sample_charts() -> dict[str, Any]:
    """One of each kind of chart."""
    return {
        "bars": BarChart(
            title=_("Payables of the next 8 weeks, by receiving account"),
            description=_("The highest week is week 51."),
            labels=[_("Week %(n)s") % {"n": n} for n in (48, 49, 50, 51, 52, 1, 2, 3)],
            series=[
                Series(_("To the supplier's own account"), [60, 90, 45, 110, 35, 70, 30, 50]),
                Series(_("Assigned: to the funder's account"), [20, 0, 20, 0, 0, 30, 0, 0]),
            ],
            unit=_("10,000 yuan"),
            places=0,
        ),
        "spark": Sparkline(_("Days to confirm"), _("From 9 to 1.8 days in 8 months"), [9, 8, 8, 6, 5, 3, 2, 2]),
        "ageing": AgeingBar(
            _("Payables by age"),
            _("Most are not yet due."),
            [
                (_("Not due"), Decimal("14200000")),
                (_("1-30 days overdue"), Decimal("3100000")),
                (_("31-60 days overdue"), Decimal("900000")),
                (_("Over 60 days overdue"), Decimal("202911.37")),
            ],
        ),
    }


def sample_lines() -> list[SampleLine]:
    """A story of a receivable, newest first."""
    signature = SampleSignature("valid", str(_("Finance director")))
    return [
        SampleLine(
            str(_("Waiting for payment")), "恒川机械", str(_("Due 2027-01-30, reminder 7 days before")), tone="next"
        ),
        SampleLine(
            str(_("Debtor confirmed")),
            "恒川机械",
            str(_("Signed together with 33 others")),
            AT - timedelta(days=4),
            url="#timeline",
            signature=signature,
        ),
        SampleLine(
            str(_("Returned for correction")),
            "恒川机械",
            str(_("Quantity differs: 480 received")),
            AT - timedelta(days=5),
            tone="harm",
        ),
        SampleLine(str(_("Uploaded and sent")), "明泰零部件", "", AT - timedelta(days=6)),
    ]


# Supplier, contract, invoice, claimed, in our book, verdict, due date, waiting for so many hours, signed.
ROWS: list[tuple[str, str, str, str, str | None, str, date, int, bool]] = [
    (
        "明泰零部件有限公司",
        "HT-2026-0417",
        "24312000000104882317",
        "113000",
        "113000",
        "AGREES",
        date(2027, 1, 30),
        144,
        True,
    ),
    (
        "建和物流有限公司",
        "YS-26-088",
        "24312000000099120043",
        "48000",
        "48000",
        "AGREES",
        date(2026, 12, 31),
        120,
        False,
    ),
    (
        "锐成精工有限公司",
        "CG-2026-231",
        "24312000000110045562",
        "250000",
        "240000",
        "DIFFERS",
        date(2027, 2, 15),
        48,
        True,
    ),
    (
        "华远包装材料有限公司",
        "BZ-0925",
        "24312000000108834410",
        "36720",
        "36720",
        "AGREES",
        date(2026, 12, 20),
        24,
        False,
    ),
    ("同辉电气有限公司", "TH-7721", "24312000000113320871", "88400", None, "NOT_IN_BOOK", date(2027, 1, 10), 3, False),
]
VERDICTS = {
    "AGREES": (_("Agrees"), "green"),
    "DIFFERS": (_("10,000.00 less"), "red"),
    "NOT_IN_BOOK": (_("To be checked"), "amber"),
}


def sample_rows() -> list[SampleRow]:
    """Five rows of a confirmation list."""
    found = []
    for number, (supplier, contract, invoice, claimed, book, verdict, due, hours, is_signed) in enumerate(ROWS, 1):
        label, tone = VERDICTS[verdict]
        seal = SampleSignature("valid", str(_("Authorised signer")), supplier) if is_signed else None
        found.append(
            SampleRow(
                number,
                supplier,
                contract,
                invoice,
                Decimal(claimed),
                None if book is None else Decimal(book),
                verdict,
                str(label),
                tone,
                due,
                AT - timedelta(hours=hours),
                str(_("Waiting for confirmation")),
                seal,
            )
        )
    return found
