"""Reads that join several models: lists, the five answers of a receivable's page, counts, search, response times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.fields import BooleanField

from receivables.models import (
    OBJECT_TYPE,
    BookMatch,
    ConfirmationAct,
    Dispute,
    Evidence,
    Holding,
    Invoice,
    InvoiceUse,
    Kind,
    PayableLine,
    Receivable,
    ReceivableBalance,
    ReceivableEntry,
    Verdict,
)
from receivables.models.receivable import ReceivableQuerySet
from receivables.states import DISPUTE_LIFECYCLE, LIFECYCLE, DisputeState, State
from yingshou.approvals.models import ApprovalLine
from yingshou.identity.models import Organisation
from yingshou.identity.selectors import find_organisation_ids
from yingshou.kernel import clock
from yingshou.kernel.lifecycle import Transition
from yingshou.kernel.money import from_minor
from yingshou.kernel.public_numbers import public_no_normalise, public_no_ok
from yingshou.tenancy.actor import Actor

COUNT_LIMIT = 1_000


class StartsWith(Func):
    """`column ^@ text`: a prefix search that is leakproof, so that it uses an index under row-level security."""

    arg_joiner = " ^@ "
    template = "%(expressions)s"
    arity = 2
    output_field = BooleanField()


def starts_with(column: str, text: str) -> StartsWith:
    """A filter: `queryset.filter(starts_with("contract_no", "HT-"))`."""
    return StartsWith(F(column), Value(text))


# --- lists --------------------------------------------------------------------------------------------------------------


def claims(actor: Actor) -> ReceivableQuerySet:
    """What the actor's organisation is owed, with the balance; the list orders and filters."""
    return Receivable.objects.of_creditor(actor.organisation_id or 0).select_related("balance")


def payables(actor: Actor) -> ReceivableQuerySet:
    """What the actor's organisation owes as suppliers claim or it published itself, with supplier and balance."""
    return Receivable.objects.of_debtor(actor.organisation_id or 0).select_related("creditor", "balance")


def waiting(actor: Actor) -> ReceivableQuerySet:
    """What the debtor has to answer, oldest first, with supplier and the comparison with its own book."""
    rows = Receivable.objects.waiting_for(actor.organisation_id or 0).select_related("creditor", "book_match")
    return rows.order_by("confirm_requested_at", "id")


def live_change() -> Exists:
    """Whether a change of the receivable waits for a checker of the actor's organisation."""
    return Exists(ApprovalLine.objects.filter(object_type=OBJECT_TYPE, object_id=OuterRef("pk"), is_live=True))


def unanswered_rows(actor: Actor) -> ReceivableQuerySet:
    """What waits for the debtor's answer and is not with its checker yet; bare, for counting."""
    return Receivable.objects.waiting_for(actor.organisation_id or 0).exclude(live_change())


def book(actor: Actor) -> QuerySet[PayableLine]:
    """The debtor's own payables book, newest first."""
    return PayableLine.objects.visible_to(actor).filter(is_alive=True).order_by("-id")


def of_counterpart(rows: ReceivableQuerySet, text: str, *, side: str) -> ReceivableQuerySet:
    """
    Rows whose other party is named: by part of a Chinese name through the directory, by credit code, or by the name of a
    debtor that is not registered.
    """
    ids = find_organisation_ids(text, 200)
    if side == "debtor":
        return rows.filter(creditor_id__in=ids)
    unregistered = Q(debtor__isnull=True) & (Q(debtor_name__contains=text) | Q(debtor_uscc=text.strip().upper()))
    return rows.filter(Q(debtor_id__in=ids) | unregistered) if ids else rows.filter(unregistered)


def counts(actor: Actor, *, side: str) -> dict[str, int]:
    """How many rows are in each state, exact to 1,000, then 1,001: one statement, each state within its index."""
    party = "creditor_id" if side == "creditor" else "debtor_id"
    hidden = "origin = 'DEBTOR_UPLOAD'" if side == "creditor" else "origin <> 'DEBTOR_UPLOAD'"
    parts, parameters = [], []
    for state in State.values:
        unsent = f" and not ({hidden})" if state in (State.DRAFT, State.UNDONE) else ""
        parts.append(
            f"select %s, count(*) from (select 1 from receivables_receivable where {party} = %s and state = %s"  # noqa: S608
            f"{unsent} limit %s) s"
        )
        parameters += [state, actor.organisation_id, state, COUNT_LIMIT + 1]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), parameters)
        return {state: int(count) for state, count in cursor.fetchall()}


# --- the five answers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """Is it true? What was claimed, what was confirmed, on which basis, by which acts; or whose turn it is since when."""

    confirmed_amount: Decimal | None
    unconfirmed_amount: Decimal
    basis: str
    acts: Sequence[ConfirmationAct]
    invoices: Sequence[InvoiceUse]
    evidence: Sequence[Evidence]
    match: BookMatch | None
    waiting_since: datetime | None
    deadline: date | None
    by_law: bool
    days_waiting: int


@dataclass(frozen=True)
class Freedom:
    """Is it still free? The balance, in amounts only, and what keeps the rest."""

    balance: ReceivableBalance
    claim_amount: Decimal
    free_amount: Decimal
    available_amount: Decimal
    disputes: Sequence[Dispute]


@dataclass(frozen=True)
class Promise:
    """Who promised to pay it, when, to which account? The account comes with the first notice."""

    debtor: Organisation | None
    debtor_name: str
    debtor_uscc: str
    due_date: date
    days_to_due: int
    is_overdue: bool
    account: None = None


@dataclass(frozen=True)
class Claims:
    """Who has money on it? Amounts for everyone; the holdings themselves for their holder alone."""

    encumbered_amount: Decimal
    reserved_amount: Decimal
    own_holdings: Sequence[Holding]


@dataclass(frozen=True)
class Payment:
    """Was it paid? The facts about the debt, oldest first."""

    paid_amount: Decimal
    overpaid_amount: Decimal
    adjusted_amount: Decimal
    open_amount: Decimal
    facts: Sequence[ReceivableEntry]


@dataclass(frozen=True)
class FiveAnswers:
    """The receivable's page: one set of facts for every role, each as far as the actor may see it."""

    receivable: Receivable
    creditor: Organisation
    truth: Truth
    freedom: Freedom
    promise: Promise
    claims: Claims
    payment: Payment
    available: Sequence[Transition]


def five_answers(receivable: Receivable, actor: Actor, at: datetime) -> FiveAnswers:
    """Everything the page says, in eight queries whatever the length of its history."""
    balance = ReceivableBalance.objects.filter(pk=receivable.pk).first() or ReceivableBalance(receivable=receivable)
    entries = list(ReceivableEntry.objects.filter(receivable=receivable).order_by("id"))
    parties = Organisation.objects.in_bulk([one for one in (receivable.creditor_id, receivable.debtor_id) if one])
    own = actor.organisation_id
    return FiveAnswers(
        receivable=receivable,
        creditor=parties[receivable.creditor_id],
        truth=_truth(receivable, own, at),
        freedom=Freedom(
            balance=balance,
            claim_amount=balance.claim_amount,
            free_amount=balance.free_amount,
            available_amount=balance.available_amount,
            disputes=list(Dispute.objects.filter(receivable=receivable).order_by("-id")),
        ),
        promise=_promise(receivable, parties.get(receivable.debtor_id or 0), balance, at),
        claims=Claims(
            encumbered_amount=balance.encumbered_amount,
            reserved_amount=balance.reserved_amount,
            own_holdings=list(Holding.objects.filter(receivable=receivable, is_live=True).order_by("id")),
        ),
        payment=Payment(
            paid_amount=balance.paid_amount,
            overpaid_amount=balance.overpaid_amount,
            adjusted_amount=balance.adjusted_amount,
            open_amount=balance.claim_amount,
            facts=[entry for entry in entries if entry.bucket in ("PAID", "ADJUSTED", "OVERPAID", "RETAINED")],
        ),
        available=available(receivable, actor),
    )


def _truth(row: Receivable, own: int | None, at: datetime) -> Truth:
    today = clock.business_date(at)
    since = row.confirm_requested_at if row.state == State.PENDING_CONFIRM else None
    confirmed = row.confirmed_amount
    return Truth(
        confirmed_amount=confirmed,
        unconfirmed_amount=Decimal(row.face_amount - (confirmed or Decimal("0.00"))),
        basis=row.basis,
        acts=list(ConfirmationAct.objects.filter(receivable=row).order_by("id")),
        invoices=list(InvoiceUse.objects.filter(receivable=row).select_related("invoice").order_by("id")),
        evidence=list(Evidence.objects.filter(receivable=row).order_by("id")),
        match=BookMatch.objects.filter(pk=row.pk).first() if own == row.debtor_id else None,
        waiting_since=since,
        deadline=row.confirm_deadline,
        by_law=row.confirm_by_law,
        days_waiting=(today - clock.business_date(since)).days if since else 0,
    )


def _promise(row: Receivable, debtor: Organisation | None, balance: ReceivableBalance, at: datetime) -> Promise:
    due = row.confirmed_due_date or row.due_date
    days = (due - clock.business_date(at)).days
    live = row.state in (State.CONFIRMED, State.DIRECT)
    return Promise(
        debtor=debtor,
        debtor_name=debtor.name if debtor else row.debtor_name,
        debtor_uscc=row.debtor_uscc,
        due_date=due,
        days_to_due=days,
        is_overdue=live and days < 0 and balance.claim_amount > 0,
    )


def available(receivable: Receivable, actor: Actor) -> list[Transition]:
    """The steps that this actor's side and duties allow in the present state: the buttons of the page."""
    own = actor.organisation_id
    roles = set()
    if own == receivable.creditor_id:
        roles.add("creditor")
    if own is not None and own == receivable.debtor_id:
        roles.add("debtor")
    if own is not None and own in receivable.audience():
        roles.add("owner")
    steps = [step for step in LIFECYCLE.available(receivable.state) if step.who in roles]
    return [step for step in steps if _fits(receivable, step.event) and actor.may(PERMISSION_OF[step.event])]


PERMISSION_OF: Mapping[str, str] = {
    "submit": "receivables.submit",
    "submit_direct": "receivables.submit",
    "resubmit": "receivables.submit",
    "publish": "receivables.publish",
    "undo": "receivables.enter",
    "withdraw": "receivables.enter",
    "confirm": "receivables.confirm",
    "confirm_part": "receivables.confirm",
    "return": "receivables.confirm",
    "refuse": "receivables.confirm",
    "settle": "receivables.close",
    "write_off": "receivables.close",
}
"""What the maker of a step needs."""


def _fits(receivable: Receivable, event: str) -> bool:
    debtors_draft = receivable.origin == "DEBTOR_UPLOAD"
    mass = receivable.kind == Kind.S2 and bool(receivable.particulars.get("mass_debtors"))
    if event == "publish":
        return debtors_draft
    if event == "submit":
        return not debtors_draft and receivable.kind != Kind.S3
    if event == "submit_direct":
        return not debtors_draft and (receivable.kind == Kind.S3 or mass)
    return True


def dispute_steps(dispute: Dispute, actor: Actor) -> list[Transition]:
    """What this actor can do with a dispute."""
    who = "opener" if dispute.opened_by_id == actor.organisation_id else "other_party"
    if not actor.may("receivables.dispute"):
        return []
    return [step for step in DISPUTE_LIFECYCLE.available(dispute.state) if step.who == who]


# --- to-do lists --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Things that wait for one act: how many (to 1,001), how much, since when, until when, of how many counterparts."""

    count: int
    amount: Decimal
    oldest_at: datetime | None
    earliest_deadline: date | None
    counterparts: int
    by_law: bool


def waiting_summary(organisation_id: int) -> dict[str, Waiting]:
    """What waits for a debtor's answer, by the verdict of its book, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(m.verdict, 'NOT_IN_BOOK'), count(*), sum(r.face_amount), min(r.confirm_requested_at), "
            "min(r.confirm_deadline), count(distinct r.creditor_id), bool_or(r.confirm_by_law) "
            "from (select * from receivables_receivable where debtor_id = %s and state = 'PENDING_CONFIRM' "
            "order by confirm_requested_at, id limit %s) r "
            "left join receivables_bookmatch m on m.receivable_id = r.id group by 1",
            [organisation_id, COUNT_LIMIT + 1],
        )
        return {
            verdict: Waiting(int(count), from_minor(int(amount)), oldest, earliest, int(parties), bool(by_law))
            for verdict, count, amount, oldest, earliest, parties, by_law in cursor.fetchall()
        }


def creditor_summary(organisation_id: int) -> dict[str, Waiting]:
    """What a creditor has to do or wait for, by state: drafts, returned, waiting for debtors; one query."""
    states = [State.DRAFT, State.RETURNED, State.PENDING_CONFIRM]
    with connection.cursor() as cursor:
        cursor.execute(
            " union all ".join(
                "select state, count(*), sum(face_amount), min(coalesce(confirm_requested_at, created_at)), "
                "min(confirm_deadline), count(distinct debtor_uscc), bool_or(confirm_by_law) from (select * from "
                "receivables_receivable where creditor_id = %s and state = %s and origin <> 'DEBTOR_UPLOAD' "
                "order by id desc limit %s) s group by state"
                for _state in states
            ),
            [value for state in states for value in (organisation_id, state, COUNT_LIMIT + 1)],
        )
        return {
            state: Waiting(int(count), from_minor(int(amount)), oldest, earliest, int(parties), bool(by_law))
            for state, count, amount, oldest, earliest, parties, by_law in cursor.fetchall()
        }


def open_disputes(actor: Actor) -> QuerySet[Dispute]:
    """Disputes that wait for this organisation's answer, oldest first."""
    rows = Dispute.objects.visible_to(actor).filter(state=DisputeState.OPEN)
    return (
        rows.exclude(opened_by_id=actor.organisation_id or 0).select_related("receivable").order_by("opened_at", "id")
    )


def unanswered(organisation_id: int, verdict: Verdict) -> ReceivableQuerySet:
    """The waiting receivables of one verdict, for the batch of a button."""
    rows = Receivable.objects.waiting_for(organisation_id).order_by("confirm_requested_at", "id")
    if verdict == Verdict.NOT_IN_BOOK:
        return rows.filter(Q(book_match__isnull=True) | Q(book_match__verdict=verdict))
    return rows.filter(book_match__verdict=verdict)


# --- response times -----------------------------------------------------------------------------------------------------


def median_answer(debtor_id: int, *, at: datetime, days: int = 365) -> timedelta | None:
    """The debtor's median time from request to confirmation over a period, as far as the actor may see it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select percentile_cont(0.5) within group (order by confirmed_at - confirm_requested_at) "
            "from receivables_receivable where debtor_id = %s and confirmed_at >= %s and confirm_requested_at is not null",
            [debtor_id, at - timedelta(days=days)],
        )
        row = cursor.fetchone()
    found: timedelta | None = row[0] if row else None
    return found


# --- search -------------------------------------------------------------------------------------------------------------


def search(
    actor: Actor,
    text: str,
    *,
    amount: Decimal | None = None,
    day: date | None = None,
    credit_code: str = "",
    limit: int = 10,
) -> list[Receivable]:
    """
    Receivables of the actor by number, invoice number, contract prefix, part of the counterpart's name, amount or date.

    An exact number answers alone; otherwise the newest hits of each way to search, without doubles.
    """
    visible = Receivable.objects.visible_to(actor).select_related("creditor")
    number = public_no_normalise(text)
    if public_no_ok(number):
        return list(visible.filter(public_no=number)[:1])
    own = actor.organisation_id or 0
    sides = (Receivable.objects.of_creditor(own), Receivable.objects.of_debtor(own))
    ways: list[ReceivableQuerySet] = []
    word = text.strip()
    if amount is not None:
        ways += [side.filter(face_amount=amount) for side in sides]
    if day is not None:
        ways += [side.filter(due_date=day) for side in sides]
    if word:
        if word.isdigit() and len(word) >= 6:
            used = _by_invoice(own, word, limit)
            ways.append(Receivable.objects.visible_to(actor).filter(pk__in=used))
        ways.append(sides[0].filter(starts_with("contract_no", word)))
        ids = find_organisation_ids(credit_code or word, 50)
        if ids:
            ways += [sides[0].filter(debtor_id__in=ids), sides[1].filter(creditor_id__in=ids)]
    found: dict[int, Receivable] = {}
    for way in ways:
        for row in way.select_related("creditor").order_by("-id")[:limit]:
            found.setdefault(row.pk, row)
    return sorted(found.values(), key=lambda row: -row.pk)[:limit]


def _by_invoice(own: int, number: str, limit: int) -> list[int]:
    invoices = list(
        Invoice.objects.filter(Q(creditor_id=own) | Q(debtor_id=own))
        .filter(starts_with("number", number), is_alive=True)
        .values_list("pk", flat=True)[:limit]
    )
    return list(
        InvoiceUse.objects.filter(invoice_id__in=invoices, is_alive=True).values_list("receivable_id", flat=True)
    )
