"""
What the roles do, each through the actions that pages and jobs call. A function looks at the world, draws what it will do,
and returns the call, so that a call can be held back and come too late.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from receivables import actions, ledger, reminders
from receivables.actions import Proposal, changes
from receivables.actions.changes import Reply, Wish
from receivables.ledger import Ask, Fact
from receivables.models import EntryType, Receivable
from receivables.rules.changes import terms_of
from receivables.rules.draft import ClaimDraft
from tests.factories import receivables as make
from tests.receivables.test_imports import CLAIM_HEADERS, claim
from tests.simulation.world import House, World
from yingshou.approvals import actions as approvals
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.identity.actions import decisions, duties
from yingshou.tenancy.actor import Actor, Duty, acting_as

Do = Callable[[], object]


@dataclass(frozen=True)
class Call:
    """
    What somebody is about to do.

    :param once: a second time must change nothing more
    """

    by: Actor
    do: Do
    once: bool = True

    def __call__(self) -> None:
        """Do it, as its actor, all or nothing as a page does."""
        with acting_as(self.by), transaction.atomic():
            self.do()


Role = Callable[[World, random.Random], Call | None]
# Name -> how often it is drawn, and what it does.
ROLES: dict[str, tuple[int, Role]] = {}


def role(weight: int) -> Callable[[Role], Role]:
    """Put a role on the list under its name."""

    def keep(function: Role) -> Role:
        ROLES[function.__name__] = (weight, function)
        return function

    return keep


def _amount(draw: random.Random, most: object) -> Decimal:
    """An amount in yuan up to a most in fen; now and then the whole, now and then a fen too much."""
    whole = max(1, int(str(most)))
    fen = draw.choice((whole, whole + 1, 1, draw.randint(1, whole), draw.randint(1, whole)))
    return Decimal(fen).scaleb(-2)


def _draft(world: World, draw: random.Random, other: House) -> ClaimDraft:
    face = Decimal(draw.randint(10_000, 5_000_000)).scaleb(-2)
    # Sometimes a number that was used before: a duplicate, or the rest of an invoice.
    number = f"{draw.randint(1, world.papers):08d}" if world.papers and draw.random() < 0.15 else world.paper()
    invoice = make.invoice(str(face), number=number, issue_date=world.day - timedelta(days=20))
    return make.draft(
        other.organisation,
        face=str(face),
        invoices=(invoice,),
        delivery_date=world.day - timedelta(days=20),
        due_date=world.day + timedelta(days=draw.choice((70, 90, 180))),
        contract_date=world.day - timedelta(days=50),
        prepaid_amount=draw.choice((Decimal("0.00"), Decimal("0.00"), (face / 10).quantize(Decimal("0.01")))),
    )


# --- bringing in -----------------------------------------------------------------------------------------------------
@role(11)
def enter(world: World, draw: random.Random) -> Call | None:
    """A supplier enters a claim."""
    own, line = draw.choice(world.creditors), _draft(world, draw, draw.choice(world.debtors))
    at = world.at
    return Call(own.maker, lambda: actions.create_draft(line, by=own.maker, at=at))


@role(3)
def enter_payable(world: World, draw: random.Random) -> Call | None:
    """A buyer enters what it owes."""
    own, line = draw.choice(world.debtors), _draft(world, draw, draw.choice(world.creditors))
    at = world.at
    return Call(own.maker, lambda: actions.create_draft(line, by=own.maker, at=at, side="debtor"))


@role(2)
def bring_sheet(world: World, draw: random.Random) -> Call | None:
    """A supplier uploads a sheet with a good row, the same again, and a bad one; it is taken over."""
    own, other, at = draw.choice(world.creditors), draw.choice(world.debtors), world.at
    good, bad = claim(other.organisation, world.paper()), claim(other.organisation, world.paper(), 到期日="2026-13-45")
    text = io.StringIO()
    csv.writer(text).writerows([CLAIM_HEADERS, good, good, bad])
    content = text.getvalue().encode()

    def bring() -> None:
        stored = documents.store("claims.csv", io.BytesIO(content), by=own.maker, at=at, purpose=files.IMPORT)
        batch = documents.receive("receivables.claims", stored, by=own.maker, at=at)
        with acting_as(own.job):
            batch = steps.read(batch.pk, by=own.job, at=at)
        documents.accept(batch.pk, by=own.maker, at=at)
        with acting_as(own.job):
            steps.accept(batch.pk, by=own.job, at=at)

    return Call(own.maker, bring, once=False)


@role(3)
def correct(world: World, draw: random.Random) -> Call | None:
    """A supplier corrects a draft or what was returned."""
    found = world.pick(
        draw,
        "select id, version, creditor_id, debtor_id from receivables_receivable "
        "where state in ('DRAFT', 'RETURNED') and origin = 'CREDITOR_UPLOAD' and debtor_id is not null order by id",
    )
    if found is None:
        return None
    own, at = world.house(found["creditor_id"]), world.at
    line = _draft(world, draw, world.house(found["debtor_id"]))
    return Call(
        own.maker,
        lambda: actions.update_draft(found["id"], line, version=found["version"], by=own.maker, at=at),
    )


def _party(world: World, draw: random.Random, where: str, side: str) -> tuple[dict[str, Any], House] | None:
    found = world.pick(
        draw,
        "select r.id, r.version, r.creditor_id, r.debtor_id, r.face_amount, b.confirmed_amount - b.adjusted_amount "
        "- b.paid_amount as claim, r.public_no from receivables_receivable r join receivables_receivablebalance b "
        f"on b.receivable_id = r.id where {where} and r.{side}_id is not null order by r.id",
    )
    return None if found is None else (found, world.house(found[f"{side}_id"]))


@role(1)
def undo(world: World, draw: random.Random) -> Call | None:
    """A supplier takes a draft back."""
    found = _party(world, draw, "r.state = 'DRAFT' and r.origin <> 'DEBTOR_UPLOAD'", "creditor")
    if found is None:
        return None
    (row, own), at = found, world.at
    return Call(own.maker, lambda: _lines(actions.undo([row["id"]], by=own.maker, at=at)))


@role(2)
def withdraw(world: World, draw: random.Random) -> Call | None:
    """A supplier withdraws what waits."""
    found = _party(world, draw, "r.state in ('PENDING_CONFIRM', 'RETURNED')", "creditor")
    if found is None:
        return None
    (row, own), at = found, world.at
    return Call(own.maker, lambda: _lines(actions.withdraw([row["id"]], by=own.maker, at=at)))


def _lines(outcomes: Any) -> None:
    for one in outcomes:
        if one.error is not None:
            raise one.error


# --- two people ------------------------------------------------------------------------------------------------------
# What is asked, in which states it mostly has a chance, by whom, and with which reason.
_ASKED = {
    "submit": ("DRAFT", "creditor", ""),
    "resubmit": ("RETURNED", "creditor", ""),
    "confirm": ("PENDING_CONFIRM", "debtor", ""),
    "confirm_part": ("PENDING_CONFIRM", "debtor", "PARTLY_DISPUTED"),
    "return": ("PENDING_CONFIRM", "debtor", "AMOUNT"),
    "refuse": ("PENDING_CONFIRM", "debtor", "NOT_OUR_CONTRACT"),
    "publish": ("DRAFT", "debtor", ""),
    "acknowledge": ("CONFIRMED", "creditor", ""),
    "settle": ("CONFIRMED", "creditor", ""),
    "write_off": ("CONFIRMED", "creditor", "OTHER"),
}
_OFTEN = {"submit": 14, "confirm": 16, "confirm_part": 4, "return": 3, "resubmit": 3}


def _ask(event: str) -> Role:
    state, side, reason = _ASKED[event]
    origin = {"submit": " and r.origin <> 'DEBTOR_UPLOAD'", "publish": " and r.origin = 'DEBTOR_UPLOAD'"}.get(event, "")

    def ask(world: World, draw: random.Random) -> Call | None:
        found = _party(world, draw, f"r.state = '{state}'{origin}", side)
        if found is None:
            return None
        (row, own), at = found, world.at
        amount = _amount(draw, row["face_amount"]) if event == "confirm_part" else None
        comment = "核销" if event == "write_off" else ""
        proposal = Proposal(row["id"], row["version"], amount=amount, reason_code=reason, comment=comment)
        return Call(own.maker, lambda: actions.propose(event, [proposal], by=own.maker, at=at))

    ask.__name__ = f"ask_{event}"
    return ask


for _event in _ASKED:
    role(_OFTEN.get(_event, 2))(_ask(_event))


def _waiting(world: World, draw: random.Random) -> tuple[int, House] | None:
    found = world.pick(draw, "select id, organisation_id from approvals_approval where state = 'SUBMITTED' order by id")
    return None if found is None else (found["id"], world.house(found["organisation_id"]))


@role(36)
def approve(world: World, draw: random.Random) -> Call | None:
    """The second person agrees; now and then the first one tries."""
    found = _waiting(world, draw)
    if found is None:
        return None
    (pk, own), at = found, world.at
    by = own.maker if draw.random() < 0.05 else own.checker
    return Call(by, lambda: _lines(approvals.approve(pk, by=by, at=at)))


@role(3)
def reject(world: World, draw: random.Random) -> Call | None:
    """The second person does not agree."""
    found = _waiting(world, draw)
    if found is None:
        return None
    (pk, own), at = found, world.at
    return Call(own.checker, lambda: approvals.reject(pk, reason="不符", by=own.checker, at=at))


@role(2)
def take_back(world: World, draw: random.Random) -> Call | None:
    """The first person takes a submission back."""
    found = _waiting(world, draw)
    if found is None:
        return None
    (pk, own), at = found, world.at
    return Call(own.maker, lambda: approvals.withdraw(pk, by=own.maker, at=at))


# --- the debt and who holds it ---------------------------------------------------------------------------------------
_FACTS = (
    EntryType.PAYMENT,
    EntryType.PAYMENT,
    EntryType.CREDIT_NOTE,
    EntryType.NETTING,
    EntryType.PRICE,
    EntryType.RETENTION_HOLD,
    EntryType.RETENTION_RELEASE,
)


@role(8)
def fact(world: World, draw: random.Random) -> Call | None:
    """A party records what happened to the debt; more than is owed, now and then."""
    found = _party(world, draw, "r.state in ('CONFIRMED', 'DIRECT')", draw.choice(("creditor", "debtor")))
    if found is None:
        return None
    (row, own), at, day = found, world.at, world.day
    kind, amount = draw.choice(_FACTS), _amount(draw, row["claim"])
    if kind == EntryType.PRICE and draw.random() < 0.5:
        amount = -amount
    one = Fact(row["id"], kind, amount, day)
    return Call(own.maker, lambda: actions.post_facts([one], by=own.maker, at=at), once=False)


@role(4)
def reverse(world: World, draw: random.Random) -> Call | None:
    """A party takes a payment back."""
    found = world.pick(
        draw,
        "select e.id, e.receivable_id, e.creditor_id, e.amount from receivables_receivableentry e "
        "where e.type in ('PAYMENT', 'CREDIT_NOTE') and e.fact_id is null and e.direction = 1 order by e.id",
    )
    if found is None:
        return None
    own, at = world.house(found["creditor_id"]), world.at
    amount = Decimal(str(found["amount"])).scaleb(-2)
    one = Fact(found["receivable_id"], EntryType.REVERSAL, amount, world.day, reverses=found["id"])
    return Call(own.maker, lambda: actions.post_facts([one], by=own.maker, at=at))


def _held(world: World, draw: random.Random, where: str) -> dict[str, Any] | None:
    return world.pick(
        draw,
        "select h.id, h.receivable_id, h.claim_amount, h.kind, r.creditor_id from receivables_holding h "
        f"join receivables_receivable r on r.id = h.receivable_id where h.is_live and {where} order by h.id",
    )


@role(14)
def hold(world: World, draw: random.Random) -> Call | None:
    """A supplier reserves or encumbers a part for the funder; more than is free, now and then."""
    found = _party(world, draw, "r.state in ('CONFIRMED', 'DIRECT')", "creditor")
    if found is None:
        return None
    (row, own), at = found, world.at
    verb = draw.choice((ledger.reserve, ledger.encumber))
    wanted = _amount(draw, row["claim"])
    one = Ask(row["id"], world.funder.pk, wanted, expires_at=at + timedelta(days=draw.choice((1, 10))))

    def take() -> None:
        ledger.only(verb([one], reference_type="simulation", by=own.maker, at=at), wanted)

    return Call(own.maker, take, once=False)


@role(3)
def encumber_reserved(world: World, draw: random.Random) -> Call | None:
    """An encumbrance takes the place of a reservation."""
    found = _held(world, draw, "h.kind = 'RESERVATION'")
    if found is None:
        return None
    own, at = world.house(found["creditor_id"]), world.at
    wanted = _amount(draw, found["claim_amount"])
    one = Ask(found["receivable_id"], world.funder.pk, wanted, replaces=found["id"])

    def take() -> None:
        ledger.only(ledger.encumber([one], reference_type="simulation", by=own.maker, at=at), wanted)

    return Call(own.maker, take)


@role(7)
def release(world: World, draw: random.Random) -> Call | None:
    """The funder lets go, of all or of a part."""
    found = _held(world, draw, "true")
    if found is None:
        return None
    at, by = world.at, world.funder.maker
    part = None if draw.random() < 0.5 else _amount(draw, found["claim_amount"])
    return Call(by, lambda: ledger.release([found["id"]], parts=[part], by=by, at=at), once=part is None)


@role(3)
def see_cut(world: World, draw: random.Random) -> Call | None:
    """The funder has dealt with a cut."""
    found = _held(world, draw, "h.is_cut_open")
    if found is None:
        return None
    return Call(world.funder.maker, lambda: ledger.close_cuts([found["id"]]))


# --- disagreement and agreement --------------------------------------------------------------------------------------
@role(3)
def dispute(world: World, draw: random.Random) -> Call | None:
    """A party disputes a part."""
    found = _party(world, draw, "r.state = 'CONFIRMED'", draw.choice(("creditor", "debtor")))
    if found is None:
        return None
    (row, own), at, amount = found, world.at, _amount(draw, found[0]["claim"])
    return Call(
        own.maker,
        lambda: actions.dispute(row["id"], amount=amount, reason_code="QUALITY", comment="", by=own.maker, at=at),
    )


@role(3)
def end_dispute(world: World, draw: random.Random) -> Call | None:
    """A dispute is answered, resolved or withdrawn, not always by whose turn it is."""
    found = world.pick(
        draw,
        "select id, creditor_id, debtor_id, opened_by_id from receivables_dispute where state = 'OPEN' order by id",
    )
    if found is None:
        return None
    pk, at = found["id"], world.at
    own = world.house(draw.choice((found["creditor_id"], found["debtor_id"])))
    verb = draw.choice(("answer", "resolve", "withdraw"))
    if verb == "withdraw":
        return Call(own.maker, lambda: actions.withdraw_dispute(pk, by=own.maker, at=at))
    said = actions.answer if verb == "answer" else actions.resolve
    return Call(own.maker, lambda: said(pk, text="已核对", by=own.maker, at=at), once=verb == "resolve")


@role(4)
def ask_change(world: World, draw: random.Random) -> Call | None:
    """A party asks its checker to propose other terms."""
    found = _party(world, draw, "r.state = 'CONFIRMED'", draw.choice(("creditor", "debtor")))
    if found is None:
        return None
    (row, own), at = found, world.at
    less = Decimal(draw.randint(1, 5_000)).scaleb(-2)
    later = draw.choice((0, 30))

    def ask() -> None:
        with transaction.atomic():
            now = Receivable.objects.get(pk=row["id"])
            assert now.confirmed_amount is not None
            old = terms_of(now)
            terms = replace(old, amount=old.amount - less, due_date=old.due_date + timedelta(days=later))
        actions.ask_to_propose(Wish(row["id"], row["version"], terms, "TERMS_AGREED"), by=own.maker, at=at)

    return Call(own.maker, ask)


@role(5)
def answer_change(world: World, draw: random.Random) -> Call | None:
    """The other side asks its checker to agree or refuse; or the proposer takes it back."""
    found = world.pick(
        draw,
        "select c.id, c.creditor_id, c.debtor_id, c.proposed_by_id, r.version from receivables_changerequest c "
        "join receivables_receivable r on r.id = c.receivable_id where c.state = 'OPEN' order by c.id",
    )
    if found is None:
        return None
    at, pk = world.at, found["id"]
    parties = {found["creditor_id"], found["debtor_id"]}
    verb = draw.choice(("accept", "accept", "refuse", "withdraw"))
    if verb == "withdraw":
        own = world.house(found["proposed_by_id"])
        return Call(own.maker, lambda: actions.withdraw_change(pk, by=own.maker, at=at))
    (other,) = parties - {found["proposed_by_id"]}
    own = world.house(other)
    reply = Reply(pk, found["version"], reason_code="NOT_AGREED" if verb == "refuse" else "")
    return Call(own.maker, lambda: actions.ask_to_answer(verb, reply, by=own.maker, at=at))


# --- people, staff, time ---------------------------------------------------------------------------------------------
@role(2)
def change_duties(world: World, draw: random.Random) -> Call | None:
    """A maker's duties are revoked or given back, whatever she has under way."""
    found = world.pick(
        draw,
        "select id, organisation_id, duties from identity_membership where id = any(%s) order by cardinality(duties), id limit %s",
        [house.maker_membership for house in world.houses],
        # Whoever lost them mostly gets them back, or nobody would be left to play.
        draw.choice((1, 4)),
    )
    assert found is not None
    own, at = world.house(found["organisation_id"]), world.at
    after = [] if found["duties"] else [str(Duty.MAKER)]

    def change() -> None:
        with transaction.atomic():
            membership = duties.locked_membership(own.maker_membership, own.pk)
            duties.apply_duties(membership=membership, duties=after, by=own.administrator, at=at)

    return Call(own.administrator, change, once=False)


@role(2)
def judge_organisation(world: World, draw: random.Random) -> Call | None:
    """Staff ask to suspend a party, or to lift it; a colleague decides as with all submissions."""
    own, at, by = draw.choice(world.houses), world.at, world.operator.maker
    found = world.pick(draw, "select state from identity_organisation where id = %s", own.pk)
    assert found is not None
    event = "restore" if found["state"] == "SUSPENDED" else "suspend"
    return Call(
        by,
        lambda: decisions.propose_decision(
            organisation_id=own.pk, event=event, reason_code="OTHER", reason="核查", by=by, at=at
        ),
    )


@role(3)
def jobs(world: World, draw: random.Random) -> Call | None:
    """What the scheduler would have started: reservations end, proposals lapse, debtors are reminded."""
    at, by = world.at, Actor.system("simulation", request_id=world.turn.request_id)

    def work() -> None:
        ledger.expire_reservations(by=by, at=at)
        for house in world.houses:
            with acting_as(house.job):
                changes.lapse_changes(by=house.job, at=at)
        for house in world.debtors:
            with acting_as(house.job):
                reminders.link_debtor(by=house.job, at=at)
                reminders.remind_debtor(by=house.job, at=at)

    return Call(by, work, once=False)


@role(2)
def move_clock(world: World, draw: random.Random) -> Call | None:
    """The clock jumps, back too."""
    jump = timedelta(hours=draw.choice((-2, 1, 24, 192, 840)))
    return Call(Actor.system("simulation"), lambda: world.move(jump), once=False)
