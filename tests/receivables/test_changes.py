"""Changing what was confirmed: both sides agree, nothing else moves it, the ledger and the funders are respected (I4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from receivables import actions, ledger
from receivables.actions import changes
from receivables.actions.changes import NotYourTurn, ProposalOver, Reply, Wish
from receivables.actions.common import CommentMissing, NotAuthorised, ReasonUnknown, StaleReceivable
from receivables.ledger import Ask, Fact
from receivables.models import (
    ChangeRequest,
    ConfirmationAct,
    EntryType,
    Receivable,
    ReceivableBalance,
    ReceivableEntry,
)
from receivables.rules.changes import (
    AmountAboveClaim,
    BelowWhatIsGone,
    ChangeProposed,
    HeldByFunder,
    NotChangeable,
    NothingChanges,
    terms_of,
)
from receivables.rules.claims import AmountNotPositive, DueTooEarly
from receivables.states import ChangeState
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import ChangeAlreadyOpen, SignatureMissing
from yingshou.approvals.models import Approval, ApprovalPolicy, When
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.jobs.models import Job
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.kernel.lifecycle import IllegalTransition
from yingshou.tenancy.access import grant_access
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db

LATER = date(2027, 3, 31)


@pytest.fixture
def creditor() -> Organisation:
    """The supplier."""
    return make.creditor()


@pytest.fixture
def debtor() -> Organisation:
    """The buyer."""
    return make.debtor()


@pytest.fixture
def row(creditor: Organisation, debtor: Organisation) -> Receivable:
    """A confirmed receivable of 113,000."""
    return make.confirmed(creditor, debtor)


def now(row: Receivable) -> Receivable:
    """The receivable as it stands."""
    with acting_as(make.job(row.creditor_id)):
        return Receivable.objects.get(pk=row.pk)


def balance(row: Receivable) -> ReceivableBalance:
    """Its balance as it stands."""
    with acting_as(make.job(row.creditor_id)):
        return ReceivableBalance.objects.get(pk=row.pk)


def state_of(one: ChangeRequest) -> str:
    """The proposal's state as it stands."""
    with acting_as(make.job(one.creditor_id)):
        return ChangeRequest.objects.get(pk=one.pk).state


def told(kind: str) -> list[int]:
    """Whom the messages of a kind go to, as the job that delivers them will read it."""
    with acting_as(Actor.system("test")):
        keys = Job.objects.filter(name="notifications.deliver").values_list("key", flat=True)
        sent = [message for key in keys for message in key["messages"]]
    return [message["organisation_id"] for message in sent if message["kind"] == f"receivables.{kind}"]


def answered(verb: str, one: ChangeRequest, by: Actor, *, at: Any = AT, version: int | None = None, **said: str) -> Any:
    """An answer of a job: no approval between; the outcome of its only line."""
    with acting_as(by):
        seen = version or Receivable.objects.get(pk=one.receivable_id).version
        (outcome,) = getattr(actions, f"{verb}_change")([Reply(one.pk, seen, **said)], by=by, at=at)
    return outcome


def wish(row: Receivable, **terms: Any) -> Wish:
    """Other terms, agreed between the parties."""
    return Wish(row.pk, row.version, replace(terms_of(row), **terms), "TERMS_AGREED")


def refused(row: Receivable, by: Actor, **terms: Any) -> DomainError:
    """Why a change cannot be proposed."""
    with acting_as(by), pytest.raises(DomainError) as caught:
        changes.check_wish(wish(row, **terms), by=by)
    return caught.value


def entries(row: Receivable) -> list[tuple[str, str, int, str]]:
    """What the ledger wrote."""
    with acting_as(make.job(row.creditor_id)):
        found = ReceivableEntry.objects.filter(receivable_id=row.pk).order_by("id")
        return [(one.type, one.bucket, one.direction, str(one.amount)) for one in found]


def reserve(row: Receivable, funder: Organisation, amount: str) -> None:
    """A funder's reservation, made for it by the creditor."""
    by = make.job(row.creditor_id)
    with acting_as(by):
        ledger.only(
            ledger.reserve([Ask(row.pk, funder.pk, Decimal(amount))], reference_type="test", by=by, at=AT),
            Decimal(amount),
        )


# --- through people -------------------------------------------------------------------------------------------------


def _asked(by: Actor, checker: Actor, approval: Approval) -> Approval:
    with acting_as(checker):
        approvals.approve(approval.pk, by=checker, at=AT)
    with acting_as(by):
        return Approval.objects.get(pk=approval.pk)


def test_a_creditor_proposes_and_the_debtor_agrees(
    row: Receivable, creditor: Organisation, debtor: Organisation
) -> None:
    maker, checker = make.maker(creditor), make.checker(creditor)
    with acting_as(maker):
        approval = actions.ask_to_propose(wish(row, amount=Decimal("100000.00"), due_date=LATER), by=maker, at=AT)
    with acting_as(make.job(debtor)):
        assert not ChangeRequest.objects.exists(), "the other side sees it when the own checker has agreed"
    assert _asked(maker, checker, approval).done_count == 1
    answerer, signer = make.maker(debtor), make.checker(debtor)
    with acting_as(answerer):
        one = ChangeRequest.objects.to_answer(answerer).get()
        answer = actions.ask_to_answer("accept", Reply(one.pk, row.version), by=answerer, at=AT)
    assert now(row).confirmed_amount == row.confirmed_amount, "nothing holds before the second person"
    assert _asked(answerer, signer, answer).done_count == 1

    changed = now(row)
    assert (str(changed.confirmed_amount), changed.confirmed_due_date, changed.due_date) == ("100000.00", LATER, LATER)
    assert (changed.version, changed.state, changed.face_amount) == (row.version + 1, "CONFIRMED", row.face_amount)
    assert entries(row)[-1] == ("PRICE", "CONFIRMED", -1, "13000.00")
    assert (balance(row).confirmed_amount, balance(row).free_amount) == (Decimal("100000.00"), Decimal("100000.00"))
    with acting_as(make.job(creditor)):
        one = ChangeRequest.objects.get()
        act = ConfirmationAct.objects.get(outcome="CHANGED")
        event = AuditEvent.objects.get(kind="receivables.receivable.accept_change")
        assert (one.state, one.applied_version, one.answer_approval_id) == ("ACCEPTED", row.version + 1, answer.pk)
        assert (act.organisation_id, act.receivable_version, len(act.document_hash)) == (debtor.pk, row.version, 64)
        assert (event.object_version, event.audience) == (row.version + 1, sorted([creditor.pk, debtor.pk]))
        assert event.body["changes"] == [
            {"field": "amount", "old": "113000.00", "new": "100000.00"},
            {"field": "due_date", "old": "2027-01-30", "new": "2027-03-31"},
        ]
    assert told("change_accepted") == [creditor.pk]


def test_a_debtor_proposes_and_the_creditor_agrees(
    row: Receivable, creditor: Organisation, debtor: Organisation
) -> None:
    one = make.proposed(row, make.job(debtor), due_date=LATER)

    assert answered("accept", one, make.job(creditor)).ok
    assert now(row).confirmed_due_date == LATER
    assert [kind for kind, *_rest in entries(row)] == ["CONFIRM"], "a due date makes a version and no entry"


def test_contract_details_are_corrected(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    terms: dict[str, Any] = {
        "contract_no": "HT-NEW",
        "contract_name": "采购合同（补充）",
        "contract_date": date(2026, 9, 30),
    }
    one = make.proposed(row, make.job(creditor), reason_code="ENTERED_WRONGLY", **terms)

    assert answered("accept", one, make.job(debtor)).ok
    changed = now(row)
    assert {name: getattr(changed, name) for name in terms} == terms


def test_a_person_needs_an_approval(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)
    by = make.maker(debtor)

    with acting_as(by), pytest.raises(NotAuthorised):
        actions.accept_change([Reply(one.pk, row.version)], by=by, at=AT)


def test_the_debtor_signs_a_change_as_it_signs_confirmations(
    row: Receivable, creditor: Organisation, debtor: Organisation
) -> None:
    with acting_as(make.job(debtor)):
        ApprovalPolicy.objects.create(
            organisation_id=debtor.pk, action="receivables.confirm", second_person=When.ALWAYS, signature=When.ALWAYS
        )
    one = make.proposed(row, make.job(creditor), amount=Decimal("100000.00"))
    by, checker = make.maker(debtor), make.checker(debtor)
    with acting_as(by):
        accept = actions.ask_to_answer("accept", Reply(one.pk, row.version), by=by, at=AT)
    assert accept.needs_signature
    with acting_as(checker), pytest.raises(SignatureMissing):
        approvals.approve(accept.pk, by=checker, at=AT)
    with acting_as(by):
        approvals.withdraw(accept.pk, by=by, at=AT)
        refuse = actions.ask_to_answer("refuse", Reply(one.pk, row.version, "NOT_AGREED"), by=by, at=AT)
    assert not refuse.needs_signature, "a no binds nobody"


@pytest.mark.parametrize(("amount", "signed"), [("113000.00", True), ("90000.00", False)])
def test_only_the_debtors_signature_raises_the_amount(
    creditor: Organisation, debtor: Organisation, amount: str, signed: bool
) -> None:
    row = make.pending(creditor, debtor)
    with acting_as(make.job(debtor)):
        part = actions.Decision(row.pk, amount=Decimal("100000.00"), reason_code="PARTLY_DISPUTED")
        assert actions.confirm_part([part], by=make.job(debtor), at=AT)[0].ok
        row = Receivable.objects.get(pk=row.pk)
    by_debtor, by_creditor = make.maker(debtor), make.maker(creditor)
    with acting_as(by_debtor):
        own = actions.ask_to_propose(wish(row, amount=Decimal(amount)), by=by_debtor, at=AT)
        approvals.withdraw(own.pk, by=by_debtor, at=AT)
    assert own.needs_signature is signed
    with acting_as(by_creditor):
        theirs = actions.ask_to_propose(wish(row, amount=Decimal(amount)), by=by_creditor, at=AT)
        assert not theirs.needs_signature
        approvals.withdraw(theirs.pk, by=by_creditor, at=AT)
    one = make.proposed(row, make.job(creditor), amount=Decimal(amount))
    with acting_as(by_debtor):
        assert (
            actions.ask_to_answer("accept", Reply(one.pk, row.version), by=by_debtor, at=AT).needs_signature is signed
        )


def test_a_raise_takes_back_what_was_paid_too_much(creditor: Organisation, debtor: Organisation) -> None:
    row = make.pending(creditor, debtor)
    with acting_as(make.job(debtor)):
        part = actions.Decision(row.pk, amount=Decimal("100000.00"), reason_code="PARTLY_DISPUTED")
        actions.confirm_part([part], by=make.job(debtor), at=AT)
        row = Receivable.objects.get(pk=row.pk)
        paid = Fact(row.pk, EntryType.PAYMENT, Decimal("105000.00"), date(2026, 11, 20))
        ledger.post_facts([paid], by=make.job(debtor), at=AT)
    one = make.proposed(row, make.job(creditor), amount=Decimal("110000.00"))

    assert answered("accept", one, make.job(debtor)).ok
    found = balance(row)
    assert (found.paid_amount, found.overpaid_amount, found.claim_amount) == (
        Decimal("105000.00"), Decimal("0.00"), Decimal("5000.00"),
    )  # fmt: skip


# --- otherwise than agreed ------------------------------------------------------------------------------------------


def test_a_refusal_changes_nothing_and_needs_a_reason(
    row: Receivable, creditor: Organisation, debtor: Organisation
) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)

    assert isinstance(answered("refuse", one, make.job(debtor)).error, ReasonUnknown)
    assert isinstance(answered("refuse", one, make.job(debtor), reason_code="OTHER").error, CommentMissing)
    assert answered("refuse", one, make.job(debtor), reason_code="PAPER_MISSING").ok
    assert (state_of(one), now(row).version, now(row).due_date) == ("REFUSED", row.version, row.due_date)
    assert make.proposed(row, make.job(creditor), due_date=LATER).pk != one.pk, "it may be proposed again"


def test_the_proposer_withdraws_and_nobody_else(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)
    maker, other = make.maker(creditor), make.maker(debtor)

    with acting_as(other), pytest.raises(NotYourTurn):
        actions.withdraw_change(one.pk, by=other, at=AT)
    assert isinstance(answered("accept", one, make.job(creditor)).error, NotYourTurn)
    with acting_as(maker):
        actions.withdraw_change(one.pk, by=maker, at=AT)
    assert state_of(one) == "WITHDRAWN"
    assert isinstance(answered("accept", one, make.job(debtor)).error, IllegalTransition)
    with acting_as(maker), pytest.raises(IllegalTransition):
        actions.withdraw_change(one.pk, by=maker, at=AT)


def test_silence_lets_it_lapse_and_never_pass(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)
    by, clock = make.job(creditor), Actor.system("receivables.lapse_changes")
    last, after = AT + timedelta(days=30), AT + timedelta(days=31)

    with acting_as(by):
        assert changes.lapse_changes(by=by, at=last) == 0
    assert isinstance(answered("accept", one, make.job(debtor), at=after).error, ProposalOver), "before the job has run"
    with acting_as(clock):
        assert changes.ask_for_proposers(by=clock, at=after) == changes.ask_for_proposers(by=clock, at=after) == 1
        assert Job.objects.filter(name="receivables.lapse_changes_of", organisation_id=creditor.pk).count() == 1
    with acting_as(by):
        assert changes.lapse_changes(by=by, at=after) == 1
        assert changes.lapse_changes(by=by, at=after) == 0
        assert AuditEvent.objects.filter(kind="receivables.receivable.lapse_change").count() == 1
    assert (state_of(one), now(row).due_date) == ("LAPSED", row.due_date)
    assert sorted(told("change_lapsed")) == sorted([creditor.pk, debtor.pk])


def test_a_stale_answer_is_refused(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    first = make.proposed(row, make.job(creditor), due_date=LATER)
    assert answered("accept", first, make.job(debtor)).ok
    second = make.proposed(now(row), make.job(debtor), contract_no="HT-2")

    assert isinstance(answered("accept", second, make.job(creditor), version=row.version).error, StaleReceivable)
    by = make.maker(creditor)
    with acting_as(by), pytest.raises(StaleReceivable):
        actions.ask_to_propose(wish(row, contract_no="HT-3"), by=by, at=AT)


def test_a_second_change_waits_for_the_first(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    by = make.maker(creditor)
    with acting_as(by):
        actions.ask_to_propose(wish(row, due_date=LATER), by=by, at=AT)
        with pytest.raises(ChangeAlreadyOpen):
            actions.ask_to_propose(wish(row, contract_no="HT-2"), by=by, at=AT)
        approvals.withdraw(Approval.objects.get().pk, by=by, at=AT)
    make.proposed(row, make.job(debtor), due_date=LATER)

    assert isinstance(refused(row, by, contract_no="HT-2"), ChangeProposed)


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({}, NothingChanges),
        ({"amount": Decimal("0.00")}, AmountNotPositive),
        ({"amount": Decimal("113000.01")}, AmountAboveClaim),
        ({"due_date": date(2026, 10, 31)}, DueTooEarly),
        ({"contract_date": date(2027, 1, 31)}, DueTooEarly),
    ],
)
def test_terms_that_cannot_be(
    row: Receivable, creditor: Organisation, terms: dict[str, Any], error: type[DomainError]
) -> None:
    assert isinstance(refused(row, make.maker(creditor), **terms), error)


def test_only_what_is_confirmed_is_changed(creditor: Organisation, debtor: Organisation) -> None:
    row = make.pending(creditor, debtor)
    by = make.maker(creditor)
    other = replace(terms_of(make.confirmed(creditor, debtor)), due_date=LATER)

    with acting_as(by), pytest.raises(NotChangeable):
        changes.check_wish(Wish(row.pk, row.version, other, "TERMS_AGREED"), by=by)


def test_what_a_funder_relies_on_stays(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    funder = identity.organisation(Capability.BANK)
    reserve(row, funder, "80000.00")
    by = make.maker(creditor)

    assert isinstance(refused(row, by, amount=Decimal("79999.99")), BelowWhatIsGone)
    held = refused(row, by, amount=Decimal("100000.00"))
    assert isinstance(held, HeldByFunder)
    assert held.params["held"] == Decimal("80000.00")
    assert isinstance(refused(row, by, due_date=LATER), HeldByFunder)
    one = make.proposed(row, make.job(creditor), contract_no="HT-2")
    assert answered("accept", one, make.job(debtor)).ok


@pytest.mark.parametrize("terms", [{"amount": Decimal("100000.00")}, {"due_date": LATER}])
def test_a_reservation_that_came_between_stops_the_answer(
    row: Receivable, creditor: Organisation, debtor: Organisation, terms: dict[str, Any]
) -> None:
    one = make.proposed(row, make.job(creditor), **terms)
    reserve(row, identity.organisation(Capability.BANK), "1000.00")

    assert isinstance(answered("accept", one, make.job(debtor)).error, HeldByFunder)
    assert (state_of(one), now(row).version, balance(row).confirmed_amount) == (
        "OPEN", row.version, Decimal("113000.00"),
    )  # fmt: skip


def test_no_less_than_what_is_paid(row: Receivable, creditor: Organisation) -> None:
    by = make.job(creditor)
    with acting_as(by):
        ledger.post_facts([Fact(row.pk, EntryType.PAYMENT, Decimal("60000.00"), date(2026, 11, 20))], by=by, at=AT)

    low = refused(row, make.maker(creditor), amount=Decimal("59999.99"))
    assert (low.code, low.params["floor"]) == ("RCV-074", Decimal("60000.00"))


# --- who sees it, and what keeps it ---------------------------------------------------------------------------------


def test_a_third_party_sees_nothing(row: Receivable, creditor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)
    stranger = make.maker(make.debtor())

    with acting_as(stranger):
        assert not ChangeRequest.objects.filter(pk=one.pk).exists()
        with pytest.raises(NotVisible):
            actions.withdraw_change(one.pk, by=stranger, at=AT)
        with pytest.raises(NotVisible):
            actions.ask_to_answer("accept", Reply(one.pk, row.version), by=stranger, at=AT)
        with pytest.raises(NotVisible):
            actions.ask_to_propose(wish(row, due_date=LATER), by=stranger, at=AT)


def test_who_may_read_the_receivable_is_told_apart(
    row: Receivable, creditor: Organisation, debtor: Organisation
) -> None:
    readers = [identity.organisation(Capability.BANK) for _bank in range(2)]
    with acting_as(make.job(creditor)), transaction.atomic():
        for bank in readers:
            grant_access(
                object_type="receivables.receivable", object_id=row.pk, organisation_id=bank.pk, reason_type="test",
                reason_id=bank.pk, at=AT - timedelta(days=9),
            )  # fmt: skip
    one = make.proposed(row, make.job(creditor), contract_no="HT-2")
    assert answered("accept", one, make.job(debtor)).ok

    for bank in readers:
        reader = identity.actor_for(bank, Duty.VIEWER)
        with acting_as(reader):
            heard = AuditEvent.objects.visible_to(reader).filter(object_id=row.pk)
            assert [(event.kind, event.audience) for event in heard] == [
                ("receivables.receivable.accept_change", [bank.pk])
            ]
            assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"confirmed_amount": Decimal("1.00")},
        {"due_date": LATER},
        {"confirmed_due_date": LATER, "due_date": LATER},
        {"contract_no": "X"},
        {"debtor_uscc": "X"},
        {"face_amount": Decimal("200000.00")},
    ],
)
def test_nothing_else_changes_what_was_confirmed(
    row: Receivable, creditor: Organisation, debtor: Organisation, values: dict[str, Any]
) -> None:
    make.proposed(row, make.job(creditor), due_date=LATER)

    with acting_as(make.job(debtor)), pytest.raises(DatabaseError, match="agreed change"), transaction.atomic():
        Receivable.objects.filter(pk=row.pk).update(**values)


def test_the_ledger_applies_a_change_once(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), amount=Decimal("100000.00"))
    by = make.job(debtor)
    with acting_as(by), pytest.raises(DatabaseError, match="no change to apply"), transaction.atomic():
        ledger.apply_change(one.pk, by=by, at=AT)
    assert answered("accept", one, by).ok

    with acting_as(by), pytest.raises(DatabaseError, match="no change to apply"), transaction.atomic():
        ledger.apply_change(one.pk, by=by, at=AT)
    with acting_as(by), transaction.atomic():
        entry = ReceivableEntry.objects.get(receivable_id=row.pk, type="PRICE")
        undo = Fact(row.pk, EntryType.REVERSAL, Decimal("13000.00"), date(2026, 11, 20), reverses=entry.pk)
        with pytest.raises(ledger.NotPosted):
            ledger.post_facts([undo], by=by, at=AT)


def test_closed_proposals_stay_closed(row: Receivable, creditor: Organisation, debtor: Organisation) -> None:
    one = make.proposed(row, make.job(creditor), due_date=LATER)
    assert answered("accept", one, make.job(debtor)).ok

    assert isinstance(answered("refuse", one, make.job(debtor), reason_code="NOT_AGREED").error, IllegalTransition)
    assert state_of(one) == ChangeState.ACCEPTED
