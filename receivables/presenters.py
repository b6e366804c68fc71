"""How receivables read: whose turn it is, what differs from the book, what each event says in the timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables.models import Basis, Origin, Receivable, Verdict
from receivables.rules.changes import TermChange, term_words
from receivables.states import REASONS, State
from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import ActorKind
from yingshou.ui.templatetags.ui import amount as amount_text

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

STATE_TONES = {
    State.DRAFT: "",
    State.PENDING_CONFIRM: "amber",
    State.RETURNED: "red",
    State.CONFIRMED: "green",
    State.DIRECT: "blue",
    State.REFUSED: "red",
    State.WITHDRAWN: "grey",
    State.UNDONE: "grey",
    State.SETTLED: "grey",
    State.WRITTEN_OFF: "grey",
}
VERDICT_TONES = {Verdict.AGREES: "green", Verdict.DIFFERS: "red", Verdict.NOT_IN_BOOK: "amber"}


@dataclass(frozen=True)
class Difference:
    """
    One thing in which a claim and the debtor's book differ.

    :ivar words: the difference in a few words: "10,000.00 less in our book"
    """

    field: str
    label: StrOrPromise
    claim: str
    book: str
    words: str


def verdict_of(row: Receivable) -> Verdict:
    """How the claim compares with the debtor's book; a claim never compared is in no book."""
    match = getattr(row, "book_match", None)
    return Verdict(match.verdict) if match is not None else Verdict.NOT_IN_BOOK


def differences_of(row: Receivable) -> list[Difference]:
    """What differs, field by field, in words."""
    match = getattr(row, "book_match", None)
    return [_difference(one) for one in match.differences] if match is not None else []


def _difference(one: dict[str, str]) -> Difference:
    field, claim, book = one["field"], one["claim"], one["book"]
    if field == "AMOUNT":
        claimed, booked = from_minor(int(claim)), from_minor(int(book))
        words = gettext("%(amount)s less in our book") if booked < claimed else gettext("%(amount)s more in our book")
        gap = amount_text(abs(booked - claimed))
        return Difference(field, _("Amount"), amount_text(claimed), amount_text(booked), words % {"amount": gap})
    if field == "DUE_DATE":
        days = (date.fromisoformat(book) - date.fromisoformat(claim)).days
        late = ngettext("%(n)d day later in our book", "%(n)d days later in our book", abs(days))
        early = ngettext("%(n)d day earlier in our book", "%(n)d days earlier in our book", abs(days))
        return Difference(field, _("Due date"), claim, book, (late if days > 0 else early) % {"n": abs(days)})
    if field == "CONTRACT":
        return Difference(field, _("Contract number"), claim, book, gettext("another contract number"))
    return Difference(
        field, _("Invoices"), claim, "", gettext("invoice not in our book: %(numbers)s") % {"numbers": claim}
    )


def book_amount(row: Receivable) -> Decimal | None:
    """What the debtor's own book says about the claim, in yuan; None where it says nothing."""
    verdict = verdict_of(row)
    if verdict == Verdict.NOT_IN_BOOK:
        return None
    for one in row.book_match.differences:
        if one["field"] == "AMOUNT":
            return from_minor(int(one["book"]))
    return row.face_amount


def difference_words(row: Receivable) -> str:
    """The first difference in words, or that there is none."""
    verdict = verdict_of(row)
    if verdict == Verdict.AGREES:
        return gettext("Agrees")
    if verdict == Verdict.NOT_IN_BOOK:
        return gettext("To be checked")
    return differences_of(row)[0].words


def more_differences(row: Receivable) -> str:
    """The other differences, in words."""
    return " · ".join(one.words for one in differences_of(row)[1:])


def is_published(row: Receivable) -> bool:
    """Whether the debtor published it and the creditor has not acknowledged it yet."""
    return row.state == State.CONFIRMED and row.basis == Basis.DEBTOR_UPLOAD and row.acknowledged_at is None


def turn(row: Receivable, organisation_id: int | None) -> str:
    """Whose turn it is, said to one of the parties."""
    mine = {"creditor": row.creditor_id == organisation_id, "debtor": row.debtor_id == organisation_id}
    if row.state == State.DRAFT:
        side = "debtor" if row.origin == Origin.DEBTOR_UPLOAD else "creditor"
        return gettext("your turn: submit or undo") if mine[side] else gettext("the other side's turn")
    if row.state == State.PENDING_CONFIRM:
        if row.debtor_id is None:
            return gettext("waits until the debtor registers")
        return gettext("your turn") if mine["debtor"] else gettext("the debtor's turn")
    if row.state == State.RETURNED:
        return gettext("your turn: correct it") if mine["creditor"] else gettext("the supplier's turn")
    if row.state in (State.CONFIRMED, State.DIRECT):
        if is_published(row) and mine["creditor"]:
            return gettext("your turn: acknowledge")
        return gettext("your turn: pay when due") if mine["debtor"] else gettext("the debtor pays when due")
    return ""


def next_step(row: Receivable, organisation_id: int | None, at: datetime) -> Line | None:
    """The line on top of the story: what comes next, whose turn it is, until when."""
    who = turn(row, organisation_id)
    if row.state == State.DRAFT:
        return Line(_("Not sent yet"), detail=who, tone="next")
    if row.state == State.PENDING_CONFIRM:
        return Line(
            _("Waiting for the debtor's answer"), detail=" · ".join([who, *deadline_words(row, at)]), tone="next"
        )
    if row.state == State.RETURNED:
        return Line(_("Waiting for the correction"), detail=who, tone="next")
    if row.state in (State.CONFIRMED, State.DIRECT):
        due = row.confirmed_due_date or row.due_date
        return Line(_("Waiting for payment"), detail=f"{who} · " + gettext("due %(day)s") % {"day": due}, tone="next")
    return None


def deadline_words(row: Receivable, at: datetime) -> list[str]:
    """Until when the debtor should answer, and what sets that day; nothing before it was asked."""
    if row.confirm_deadline is None:
        return []
    days = (row.confirm_deadline - business_date(at)).days
    basis = gettext("by law, 30 days") if row.confirm_by_law else gettext("platform rule, 30 days")
    if days < 0:
        return [
            ngettext("%(n)d day over (%(basis)s)", "%(n)d days over (%(basis)s)", -days) % {"n": -days, "basis": basis}
        ]
    return [ngettext("%(n)d day left (%(basis)s)", "%(n)d days left (%(basis)s)", days) % {"n": days, "basis": basis}]


def reason_words(code: str) -> str:
    """The sentence of a coded reason."""
    reason = REASONS.get(code)
    return str(reason.sentence) if reason is not None else code


def reason_cure(code: str) -> str:
    """What the other side does about a coded reason."""
    reason = REASONS.get(code)
    return str(reason.cure) if reason is not None else ""


def with_reason(row: Receivable) -> Receivable:
    """The row with the words of its coded reason, for templates."""
    if row.reason_code:
        row.reason_sentence = reason_words(row.reason_code)  # type: ignore[attr-defined]
        row.reason_cure = reason_cure(row.reason_code)  # type: ignore[attr-defined]
    return row


# The timeline.

HEADLINES: dict[str, StrOrPromise] = {
    "create": _("Entered"),
    "change": _("Corrected"),
    "submit": _("Submitted to the debtor"),
    "resubmit": _("Submitted again after correction"),
    "submit_direct": _("Opened without confirmation"),
    "publish": _("Published by the debtor, which counts as confirmation"),
    "undo": _("Undone"),
    "confirm": _("The debtor confirmed it"),
    "confirm_part": _("Confirmed in part by the debtor"),
    "return": _("Returned for correction"),
    "refuse": _("Refused by the debtor"),
    "withdraw": _("Withdrawn by the creditor"),
    "settle": _("Settled"),
    "write_off": _("Written off"),
    "acknowledge": _("Acknowledged by the creditor"),
    "payment": _("Payment recorded"),
    "credit_note": _("Credit note recorded"),
    "goods_return": _("Goods returned"),
    "price": _("Price adjusted"),
    "netting": _("Set-off recorded"),
    "discount": _("Discount recorded"),
    "cancel": _("Part cancelled"),
    "retention_hold": _("Retention held back"),
    "retention_release": _("Retention due"),
    "reversal": _("Entry reversed"),
    "fact": _("Fact about the debt recorded"),
    "dispute": _("Dispute opened"),
    "dispute_answer": _("Dispute answered"),
    "dispute_resolve": _("Dispute resolved"),
    "dispute_withdraw": _("Dispute withdrawn"),
    "accept_change": _("Both sides agreed to a change of the terms"),
    "propose_change": _("A change of the terms was proposed"),
    "refuse_change": _("The proposed change was refused"),
    "withdraw_change": _("The proposed change was withdrawn"),
    "lapse_change": _("The proposed change lapsed without an answer; everything stays as it was confirmed"),
    "merge": _("Merged: entered twice"),
    "no_answer": _("No answer within the time limit; silence is not confirmation"),
    "linked": _("The debtor has registered and was asked"),
    "reminder": _("Debtor reminded"),
    "escalated": _("No answer for long; the debtor's second contact was told"),
    "passed_on": _("Passed on inside the debtor's house; the time to answer goes on"),
    "link_made": _("One-time link made for a contact of the debtor"),
    "link_revoked": _("One-time link withdrawn"),
    "passed_on_inside": _("Passed on to a colleague; the time to answer goes on"),
    "open": _("Dispute opened"),
    "answer": _("Dispute answered"),
    "resolve": _("Dispute resolved"),
    "cut": _("A fact about the debt cut what is held"),
    "expired": _("Reservation expired"),
}
CHANGE_HEADLINES: dict[str, StrOrPromise] = {
    "propose": _("Proposed"),
    "accept": _("Agreed"),
    "refuse": _("Not agreed"),
    "withdraw": _("Proposal withdrawn"),
    "lapse": _("Lapsed without an answer"),
}
LADDER_HEADLINES: dict[str, StrOrPromise] = {
    "answerpolicy.change": _("Reminders set"),
    "department.open": _("Department opened"),
    "department.close": _("Department closed"),
    "substitute.name": _("Substitute named"),
    "substitute.end": _("Substitution ended"),
}
FLAG_HEADLINES: dict[str, StrOrPromise] = {
    "find": _("Noticed that they look alike"),
    "dismiss": _("Decided: different items"),
    "merge": _("Merged into one"),
}
APPEAL_HEADLINES: dict[str, StrOrPromise] = {
    "raise": _("Appeal raised"),
    "lift": _("The finding is lifted"),
    "uphold": _("The finding stays"),
    "withdraw": _("Appeal withdrawn"),
}
HARM = frozenset({"return", "refuse", "dispute", "open", "write_off", "no_answer", "cut", "refuse_change"})


def line_of(event: AuditEvent) -> Line:
    """How an event of a receivable, a dispute or a holding reads."""
    verb = event.kind.rsplit(".", 1)[-1]
    body: dict[str, Any] = event.body
    code = str(body.get("reason_code") or "")
    said = str(body.get("comment") or body.get("reason") or "")
    parts = [str(reason_words(code)) if code else "", said]
    parts = [term_words(TermChange(**one)) for one in body.get("changes", ())] + parts
    parts = [str(body[name]) for name in ("place", "asked", "contact") if body.get(name)] + parts
    for name in ("answer", "resolution"):
        parts.append(str(body.get(name) or "") if verb.startswith("dispute_") else "")
    parts.append(str(body.get("other") or "") if verb == "merge" else "")
    figure = body.get("confirmed_amount") or body.get("amount")
    if figure:
        parts.insert(0, f"¥ {amount_text(figure)}")
    return Line(
        headline=HEADLINES.get(verb, verb),
        detail=" · ".join(part for part in parts if part),
        at=event.at,
        # A job has a name for us, none for people.
        who="" if event.actor_kind == ActorKind.SYSTEM else event.actor_label,
        tone="harm" if verb in HARM else "done",
    )


def change_line(event: AuditEvent) -> Line:
    """How an event of a proposed change reads in its own story, where "refused" is said of a proposal."""
    return replace(line_of(event), headline=CHANGE_HEADLINES[event.kind.rsplit(".", 1)[-1]])


def ladder_line(event: AuditEvent) -> Line:
    """How a change of reminders, departments or substitutes reads."""
    headline = LADDER_HEADLINES[event.kind.removeprefix("receivables.")]
    return Line(headline=headline, detail=str(event.body.get("name") or ""), at=event.at, who=event.actor_label)


def flag_line(event: AuditEvent) -> Line:
    """How an event of "looks like another item" reads."""
    return replace(line_of(event), headline=FLAG_HEADLINES[event.kind.rsplit(".", 1)[-1]])


def appeal_line(event: AuditEvent) -> Line:
    """How an event of an appeal reads."""
    return replace(line_of(event), headline=APPEAL_HEADLINES[event.kind.rsplit(".", 1)[-1]])
