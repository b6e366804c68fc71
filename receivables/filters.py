"""The lists of receivables: what each shows, how it is filtered and ordered, and what can be true of a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, cast

import django_filters
from django.db.models import (
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables import answering, presenters
from receivables.links import receivable_url
from receivables.models import (
    OBJECT_TYPE,
    Basis,
    ChangeRequest,
    ConfirmationAct,
    Invoice,
    InvoiceUse,
    Outcome,
    PayableLine,
    Receivable,
    Verdict,
)
from receivables.models.receivable import ReceivableQuerySet
from receivables.selectors import live_change, of_counterpart, starts_with
from receivables.states import State
from yingshou.approvals.models import ApprovalLine
from yingshou.kernel.identifiers import normalise
from yingshou.kernel.public_numbers import public_no_normalise, public_no_ok
from yingshou.signing.selectors import seals
from yingshou.tenancy.actor import Actor
from yingshou.ui.forms import AmountField, DateField
from yingshou.ui.lists import Chip, Column, Fact, FilterGroup, Kind, List, Order, contains_filter
from yingshou.ui.templatetags.ui import amount

WAITING_AMBER = 5
# English words are longer: what Chinese pages show in two columns, English ones show in one.
CHINESE, ENGLISH = "zh", "en"
COUNTERPARTS = 500


class AmountFilter(django_filters.NumberFilter):
    """An amount as people type it."""

    field_class = AmountField


class DayFilter(django_filters.DateFilter):
    """A day as people type it."""

    field_class = DateField


def by_number(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """By receivable number, or by the beginning of an invoice number."""
    number = public_no_normalise(normalise(text))
    if public_no_ok(number):
        return queryset.filter(public_no=number)
    return queryset.filter(pk__in=receivables_with_invoice(number))


def by_contract(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """By the beginning of a contract number."""
    return queryset.filter(starts_with("contract_no", normalise(text)))


def receivables_with_invoice(number: str) -> list[int]:
    """Receivables that use an invoice whose number begins so; each side of an invoice has an index of its own."""
    invoices = Invoice.objects.filter(starts_with("number", number), is_alive=True).values_list("pk", flat=True)
    uses = InvoiceUse.objects.filter(invoice_id__in=list(invoices[:COUNTERPARTS]), is_alive=True)
    return list(uses.values_list("receivable_id", flat=True))


def _creditor(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return of_counterpart(cast(ReceivableQuerySet, queryset), text, side="debtor")


def _debtor(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    return of_counterpart(cast(ReceivableQuerySet, queryset), text, side="creditor")


class _Filter(django_filters.FilterSet):
    number = contains_filter(_("Receivable or invoice number"), by_number)
    contract = contains_filter(_("Contract number"), by_contract)
    amount_from = AmountFilter(label=_("Amount from"), field_name="face_amount", lookup_expr="gte")
    amount_to = AmountFilter(label=_("Amount to"), field_name="face_amount", lookup_expr="lte")
    due_from = DayFilter(label=_("Due from"), field_name="due_date", lookup_expr="gte")
    due_to = DayFilter(label=_("Due until"), field_name="due_date", lookup_expr="lte")
    batch = django_filters.NumberFilter(label=_("Import batch"), field_name="batch_id")

    class Meta:
        model = Receivable
        fields: list[str] = []


class ClaimFilter(_Filter):
    """Of a creditor: the counterpart is the debtor."""

    party = contains_filter(_("Debtor"), _debtor)

    class Meta(_Filter.Meta):
        pass


class DebtFilter(_Filter):
    """Of a debtor: the counterpart is the supplier."""

    party = contains_filter(_("Supplier"), _creditor)

    class Meta(_Filter.Meta):
        pass


def _groups(party: Any) -> tuple[FilterGroup, ...]:
    return (
        FilterGroup(party, ["party"]),
        FilterGroup(_("Number"), ["number"]),
        FilterGroup(_("Due date"), ["due_from", "due_to"]),
        FilterGroup(_("Amount"), ["amount_from", "amount_to"]),
        FilterGroup(_("Contract number"), ["contract"]),
    )


class ReceivableOrder(Order):
    """How all receivables can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    DUE = (("due_date", "pk"), _("Due date"))
    AMOUNT = (("-face_amount", "-pk"), _("Largest amount"))


class WaitingOrder(Order):
    """How what waits can be ordered."""

    OLDEST = (("asked_at", "pk"), _("Waiting longest"))
    DUE = (("due_date", "pk"), _("Due date"))
    AMOUNT = (("-face_amount", "-pk"), _("Largest amount"))


def with_papers(queryset: QuerySet[Receivable]) -> QuerySet[Receivable]:
    """The rows with the invoices they use, one statement for all of them."""
    uses = InvoiceUse.objects.select_related("invoice").order_by("pk")
    return queryset.prefetch_related(Prefetch("invoice_uses", queryset=uses, to_attr="papers"))


def with_marks(queryset: QuerySet[Receivable]) -> QuerySet[Receivable]:
    """The rows of a list: first invoice, how many, and the change that waits for our checker, without further statements."""
    uses = InvoiceUse.objects.filter(receivable_id=OuterRef("pk")).order_by("pk")
    counted = uses.order_by().values("receivable_id").annotate(n=Count("pk")).values("n")
    lines = ApprovalLine.objects.filter(object_type=OBJECT_TYPE, object_id=OuterRef("pk"), is_live=True)
    returns = ConfirmationAct.objects.filter(receivable_id=OuterRef("pk"), outcome=Outcome.RETURNED)
    return queryset.annotate(
        first_invoice=Subquery(uses.values("invoice__number")[:1]),
        invoice_count=Subquery(counted[:1]),
        change_approval=Subquery(lines.values("approval_id")[:1]),
        change_maker=Subquery(lines.values("approval__maker_label")[:1]),
        proposed_change=Subquery(ChangeRequest.objects.open().filter(receivable_id=OuterRef("pk")).values("pk")[:1]),
        returned_at=Subquery(returns.order_by("-pk").values("at")[:1]),
    )


def invoices_in_words(row: Any) -> str:
    """The first invoice number and how many there are."""
    count = row.invoice_count or 0
    if count < 2:
        return row.first_invoice or ""
    return ngettext("%(first)s, %(n)d invoice", "%(first)s, %(n)d invoices in all", count) % {
        "first": row.first_invoice,
        "n": count,
    }


def _contract(row: Any) -> str:
    return row.contract_no or "–"


def _since(row: Any) -> Any:
    if row.state == State.PENDING_CONFIRM:
        return row.confirm_requested_at or row.created_at
    if row.state == State.RETURNED:
        return row.returned_at or row.created_at
    return row.confirmed_at if row.state == State.CONFIRMED else row.closed_at or row.created_at


def _confirmed(row: Receivable) -> str:
    """What was confirmed, where it is not the whole amount."""
    if row.confirmed_amount is None or row.confirmed_amount == row.face_amount:
        return ""
    return gettext("confirmed %(amount)s") % {"amount": amount(row.confirmed_amount)}


def _open(row: Receivable) -> str:
    return receivable_url(row.public_no)


class _PartyList(List[Receivable]):
    """What lists of receivables share: the seal of each row on the page, one statement for all."""

    order: ClassVar[type[Order]] = ReceivableOrder
    is_selectable = True
    amount = "face_amount"
    fact = "fact_code"
    row_label = "public_no"
    says_place = False

    @cached_property
    def rows(self) -> list[Any]:
        """The rows with what belongs to them."""
        objects: list[Any] = list(self.objects)
        ids = [row.pk for row in objects]
        found = seals(OBJECT_TYPE, ids, by=self.actor, at=self.at) if self.at is not None and ids else {}
        places = answering.stands_by_row(objects) if self.says_place else {}
        for row in objects:
            self.dress(row, found.get(row.pk))
            row.turn = places.get(row.pk, row.turn)
        return [self._row(row) for row in objects]

    def dress(self, row: Any, seal: Any) -> None:
        """Put on a row what its templates read."""
        row.seal = seal
        row.fact_code = self.fact_of(row)
        row.since = _since(row)
        row.turn = presenters.turn(row, self.actor.organisation_id)
        row.tone = presenters.STATE_TONES[State(row.state)]

    def fact_of(self, row: Receivable) -> str:
        """The code of what is true of a row."""
        return "PUBLISHED" if presenters.is_published(row) else str(row.state)


def open_changes(receivable_ids: list[int]) -> dict[int, ApprovalLine]:
    """The change of each receivable that waits for a checker of the actor's organisation."""
    lines = ApprovalLine.objects.filter(object_type=OBJECT_TYPE, object_id__in=receivable_ids, is_live=True)
    return {line.object_id: line for line in lines.select_related("approval")} if receivable_ids else {}


CREDITOR_CHIPS = (
    Chip("state", "draft", _("Draft"), Q(state=State.DRAFT)),
    Chip("state", "waiting", _("Waiting for the debtor"), Q(state=State.PENDING_CONFIRM), "amber"),
    Chip("state", "returned", _("Returned"), Q(state=State.RETURNED), "red"),
    Chip(
        "state",
        "published",
        _("To acknowledge"),
        Q(state=State.CONFIRMED, basis=Basis.DEBTOR_UPLOAD, acknowledged_at=None),
        "amber",
    ),
    Chip("state", "confirmed", _("Confirmed"), Q(state=State.CONFIRMED), "green"),
    Chip("state", "direct", _("Open without confirmation"), Q(state=State.DIRECT), "blue"),
    Chip(
        "state", "closed", _("Closed"), Q(state__in=[State.SETTLED, State.WRITTEN_OFF, State.REFUSED, State.WITHDRAWN])
    ),
)


class ClaimList(_PartyList):
    """A creditor's receivables."""

    says_place = True
    name = "receivables.claims"
    title = _("Receivables")
    filterset_class = ClaimFilter
    filter_groups = _groups(_("Debtor"))
    chip_filters: ClassVar[Sequence[Chip]] = CREDITOR_CHIPS
    facts: ClassVar[Mapping[str, Fact]] = {
        "DRAFT": Fact(_("drafts"), _("All are drafts")),
        "RETURNED": Fact(_("returned"), _("All were returned for correction")),
        "PENDING_CONFIRM": Fact(_("waiting for the debtor"), _("All wait for their debtors")),
        "PUBLISHED": Fact(_("published by the debtor"), _("All were published by the debtor")),
        "CONFIRMED": Fact(_("confirmed"), _("All are confirmed")),
    }
    columns = (
        Column(
            "party",
            _("Debtor"),
            lambda row: row.debtor_name or row.project_name,
            is_lead=True,
            href=_open,
            template="receivables/cells/party.html",
        ),
        Column("number", _("Receivable number"), "public_no", on_page=False),
        Column("contract", _("Contract / invoice"), _contract, sub=invoices_in_words),
        Column("amount", _("Amount (yuan)"), "face_amount", Kind.AMOUNT, only=CHINESE),
        Column("confirmed", _("Confirmed (yuan)"), "confirmed_amount", Kind.AMOUNT, only=CHINESE),
        Column(
            "amounts", _("Amount (yuan)"), "face_amount", Kind.AMOUNT, sub=_confirmed, only=ENGLISH, in_export=False
        ),
        Column("due", _("Due date"), "due_date", Kind.DATE),
        Column("since", _("In this state for"), _since, Kind.WAIT, only=CHINESE),
        Column("state", _("State · whose turn"), "get_state_display", template="receivables/cells/state.html"),
    )
    empty_title = _("The receivables you enter will appear here")
    empty_text = _("Enter one, or upload a sheet with many. Nothing is sent before a second person has checked it.")


class DebtList(ClaimList):
    """A debtor's payables: what was claimed from it and what it published."""

    says_place = False
    name = "receivables.debts"
    title = _("Payables")
    filterset_class = DebtFilter
    filter_groups = _groups(_("Supplier"))
    chip_filters = (
        Chip("state", "draft", _("Draft"), Q(state=State.DRAFT)),
        Chip("state", "waiting", _("To answer"), Q(state=State.PENDING_CONFIRM), "amber"),
        Chip("state", "returned", _("Returned to the supplier"), Q(state=State.RETURNED)),
        Chip("state", "confirmed", _("Confirmed"), Q(state=State.CONFIRMED), "green"),
        Chip("state", "refused", _("Refused"), Q(state=State.REFUSED), "red"),
        Chip("state", "closed", _("Closed"), Q(state__in=[State.SETTLED, State.WRITTEN_OFF, State.WITHDRAWN])),
    )
    columns = (
        Column(
            "party", _("Supplier"), "creditor.name", is_lead=True, href=_open, template="receivables/cells/party.html"
        ),
        *ClaimList.columns[1:],
    )
    empty_title = _("What your organisation owes will appear here")
    empty_text = _("Claims of suppliers after you have answered them, and payables you publish yourself.")


class ConfirmList(_PartyList):
    """What a debtor has to answer: the claim beside its own book, the oldest first."""

    name = "receivables.confirm"
    title = _("Payables to confirm")
    order = WaitingOrder
    filterset_class = DebtFilter
    filter_groups = _groups(_("Supplier"))
    chip_filters = (
        Chip("match", "AGREES", _("Agrees with our book"), Q(book_match__verdict=Verdict.AGREES), "green"),
        Chip("match", "DIFFERS", _("Differs"), Q(book_match__verdict=Verdict.DIFFERS), "amber"),
        Chip(
            "match",
            "NOT_IN_BOOK",
            _("Not in our book"),
            Q(book_match__verdict=Verdict.NOT_IN_BOOK) | Q(book_match__isnull=True),
        ),
    )
    facts: ClassVar[Mapping[str, Fact]] = {
        "AGREES": Fact(_("agree"), _("All agree with our book")),
        "DIFFERS": Fact(_("differ"), _("All differ from our book")),
        "NOT_IN_BOOK": Fact(_("not in our book"), _("None is in our book")),
    }
    columns = (
        Column(
            "party", _("Supplier"), "creditor.name", is_lead=True, href=_open, template="receivables/cells/party.html"
        ),
        Column("number", _("Receivable number"), "public_no", on_page=False),
        Column("contract", _("Contract / invoice"), _contract, sub=invoices_in_words),
        Column("claimed", _("Claimed (yuan)"), "face_amount", Kind.AMOUNT),
        Column(
            "booked",
            _("Our book (yuan)"),
            presenters.book_amount,
            Kind.AMOUNT,
            template="receivables/cells/booked.html",
        ),
        Column(
            "match",
            _("Difference"),
            presenters.difference_words,
            sub=presenters.more_differences,
            template="receivables/cells/difference.html",
        ),
        Column("due", _("Due date"), "due_date", Kind.DATE),
        Column("waiting", _("Waiting"), "confirm_requested_at", Kind.WAIT, amber_after=WAITING_AMBER, only=CHINESE),
        Column(
            "turn", _("State · whose turn"), "get_state_display", template="receivables/cells/turn.html", only=CHINESE
        ),
        Column(
            "asked",
            _("Waiting · whose turn"),
            "confirm_requested_at",
            Kind.WAIT,
            amber_after=WAITING_AMBER,
            template="receivables/cells/asked.html",
            only=ENGLISH,
            in_export=False,
        ),
    )
    empty_title = _("Receivables that suppliers ask you to confirm will appear here")
    empty_text = _("Upload your payables book first: claims are then compared with it by themselves.")

    def fact_of(self, row: Receivable) -> str:
        """How it compares with the book."""
        return str(presenters.verdict_of(row))

    def dress(self, row: Any, seal: Any) -> None:
        """The same, and the difference."""
        super().dress(row, seal)
        row.answer_url = reverse("receivables:answer", args=[row.public_no])
        row.verdict_tone = presenters.VERDICT_TONES[presenters.verdict_of(row)]


class BookFilter(django_filters.FilterSet):
    """Of the payables book."""

    supplier = contains_filter(_("Supplier"), lambda rows, text: rows.filter(supplier_name__icontains=normalise(text)))
    invoice = contains_filter(
        _("Invoice number"), lambda rows, text: rows.filter(starts_with("invoice_number", normalise(text)))
    )
    contract = contains_filter(_("Contract number"), by_contract)
    batch = django_filters.NumberFilter(label=_("Import batch"), field_name="batch_id")

    class Meta:
        model = PayableLine
        fields: list[str] = []


class BookOrder(Order):
    """How the book can be ordered."""

    NEWEST = (("-pk",), _("Newest"))
    AMOUNT = (("-amount", "-pk"), _("Largest amount"))


class BookList(List[PayableLine]):
    """The debtor's own payables book."""

    name = "receivables.book"
    title = _("Payables book")
    order = BookOrder
    filterset_class = BookFilter
    filter_groups = (
        FilterGroup(_("Supplier"), ["supplier"]),
        FilterGroup(_("Invoice number"), ["invoice"]),
        FilterGroup(_("Contract number"), ["contract"]),
    )
    chip_filters = (
        Chip("kind", "published", _("Published"), Q(receivable_id__isnull=False), "green"),
        Chip("kind", "private", _("For comparison only"), Q(receivable_id__isnull=True)),
    )
    columns = (
        Column("supplier", _("Supplier"), "supplier_name", is_lead=True, sub="supplier_uscc"),
        Column("invoice", _("Invoice number"), "invoice_number"),
        Column("contract", _("Contract number"), "contract_no"),
        Column("amount", _("Amount (yuan)"), "amount", Kind.AMOUNT),
        Column("due", _("Due date"), "due_date", Kind.DATE),
        Column("entered", _("Entered"), "created_at", Kind.INSTANT),
        Column(
            "kind",
            _("Use"),
            lambda row: gettext("Published") if row.receivable_id else gettext("For comparison only"),
            tone=lambda row: "green" if row.receivable_id else "grey",
        ),
    )
    empty_title = _("Your payables book will appear here")
    empty_text = _("It is private: suppliers never see it. Claims are compared with it line by line.")


def claims(actor: Actor) -> QuerySet[Receivable]:
    """The rows of a creditor's list."""
    rows = Receivable.objects.of_creditor(actor.organisation_id or 0).exclude(state=State.UNDONE)
    return with_marks(rows.select_related("debtor", "creditor"))


def debts(actor: Actor) -> QuerySet[Receivable]:
    """The rows of a debtor's list."""
    rows = Receivable.objects.of_debtor(actor.organisation_id or 0).exclude(state=State.UNDONE)
    return with_marks(rows.select_related("debtor", "creditor"))


def waiting(actor: Actor) -> QuerySet[Receivable]:
    """Everything that waits for the debtor's answer, also what its own checker has on the table."""
    rows = Receivable.objects.waiting_for(actor.organisation_id or 0)
    # The column may be NULL, but not in this state: `rcv_pending_has_clock`.
    asked = ExpressionWrapper(F("confirm_requested_at"), output_field=DateTimeField())
    return with_marks(rows.select_related("creditor", "debtor", "book_match").annotate(asked_at=asked))


def to_answer(actor: Actor) -> QuerySet[Receivable]:
    """What waits for the debtor's answer and is not with its checker yet."""
    return waiting(actor).exclude(live_change())


def with_checker(actor: Actor) -> QuerySet[Receivable]:
    """What waits for the debtor's own checker."""
    return waiting(actor).filter(live_change())
