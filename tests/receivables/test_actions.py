"""Every verb of receivables on PostgreSQL, as the restricted role."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from receivables import actions, fingerprints
from receivables.actions import Decision, Proposal
from receivables.actions.answers import AboveFace, PartIsWhole
from receivables.actions.common import CommentMissing, NotAuthorised, NotTheDebtor, ReasonUnknown, StaleReceivable
from receivables.actions.disputes import DisputedTooMuch, DisputeOpen, OtherSidesTurn
from receivables.actions.entry import AlreadyEntered, ClaimInvalid, NotADraft, SupplierUnknown, TouchedAlready
from receivables.actions.invoices import InvoiceUsed
from receivables.actions.sending import ConfirmableKind, UnconfirmableKind
from receivables.fingerprints import Answer
from receivables.ledger import Fact
from receivables.models import BookMatch, ConfirmationAct, EntryType, PayableLine, Receivable, ReceivableBalance
from receivables.states import State
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.approvals import actions as approvals
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.kernel.lifecycle import IllegalTransition
from yingshou.tenancy.actor import acting_as

Parties = tuple[Organisation, Organisation]

pytestmark = pytest.mark.django_db


@pytest.fixture
def parties() -> Parties:
    return make.creditor(), make.debtor()


def events_of(row: Receivable) -> list[str]:
    return list(
        AuditEvent.objects.filter(object_type="receivables.receivable", object_id=row.pk, object_version__isnull=False)
        .order_by("object_version")
        .values_list("kind", flat=True)
    )


def test_a_draft_is_seen_by_its_owner_alone(parties: Parties) -> None:
    creditor, debtor = parties

    row = make.drafted(creditor, debtor)

    with acting_as(make.job(debtor)):
        assert not Receivable.objects.filter(pk=row.pk).exists()
    with acting_as(make.job(creditor)):
        assert Receivable.objects.get(pk=row.pk).state == State.DRAFT
        assert events_of(row) == ["receivables.receivable.create"]


def test_submitting_starts_the_clock_and_shows_the_papers(parties: Parties) -> None:
    creditor, debtor = parties

    row = make.pending(creditor, debtor)

    with acting_as(make.job(debtor)):
        seen = Receivable.objects.get(pk=row.pk)
        assert seen.state == State.PENDING_CONFIRM
        assert seen.confirm_requested_at == AT
        assert seen.confirm_deadline == date(2026, 12, 20)
        assert not seen.confirm_by_law
        assert [use.invoice.gross_amount for use in seen.invoice_uses.all()] == [Decimal("113000.00")]
        assert seen.evidence.count() == 1
        assert events_of(row) == ["receivables.receivable.submit"]


def test_the_law_gives_thirty_days_only_where_a_large_enterprise_owes_a_small_one() -> None:
    row = make.pending(make.creditor(size=30), make.debtor(size=10))
    other = make.pending(make.creditor(size=10), make.debtor(size=10))

    assert row.confirm_by_law
    assert not other.confirm_by_law


def test_confirming_enters_the_claim_into_the_ledger(parties: Parties) -> None:
    creditor, debtor = parties

    row = make.confirmed(creditor, debtor, retention_amount=Decimal("5650.00"), prepaid_amount=Decimal("1000.00"))

    with acting_as(make.job(creditor)):
        balance = ReceivableBalance.objects.get(pk=row.pk)
        assert row.state == State.CONFIRMED
        assert row.confirmed_amount == Decimal("113000.00")
        assert balance.free_amount == Decimal("106350.00")
        assert not balance.is_unconfirmed
        act = ConfirmationAct.objects.get(receivable=row)
        assert (act.outcome, act.basis, act.in_time) == ("CONFIRMED", "DEBTOR_CLICK", True)
        assert len(act.document_hash) == 64
        assert row.version == len(events_of(row)) == 3


def test_confirming_in_part_keeps_the_reason_and_the_rest_unconfirmed(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    by = make.job(debtor)

    with acting_as(by):
        outcomes = actions.confirm_part(
            [Decision(row.pk, amount=Decimal("100000.00"), reason_code="PARTLY_DISPUTED")], by=by, at=AT
        )

        assert outcomes[0].ok
        row = Receivable.objects.get(pk=row.pk)
        assert (row.state, row.confirmed_amount) == (State.CONFIRMED, Decimal("100000.00"))
        assert row.reason_code == "PARTLY_DISPUTED"
        assert ReceivableBalance.objects.get(pk=row.pk).free_amount == Decimal("100000.00")


@pytest.mark.parametrize(
    ("verb", "decision", "error"),
    [
        ("confirm_part", {"amount": Decimal("113000.01"), "reason_code": "AMOUNT"}, AboveFace),
        ("confirm_part", {"amount": None, "reason_code": "AMOUNT"}, AboveFace),
        ("confirm_part", {"amount": Decimal("113000.00"), "reason_code": "AMOUNT"}, PartIsWhole),
        ("confirm_part", {"amount": Decimal("1.00"), "reason_code": ""}, ReasonUnknown),
        ("confirm", {"amount": Decimal("5.00")}, AboveFace),
        ("return_", {"reason_code": "PARTLY_DISPUTED"}, ReasonUnknown),
        ("return_", {"reason_code": "OTHER"}, CommentMissing),
        ("refuse", {"reason_code": "DUE_DATE"}, ReasonUnknown),
        ("confirm", {"version": 1}, StaleReceivable),
    ],
)
def test_an_answer_that_breaks_a_rule_is_refused_with_its_code(
    parties: Parties, verb: str, decision: dict[str, Any], error: type[DomainError]
) -> None:
    row = make.pending(*parties)
    by = make.job(parties[1])

    with acting_as(by):
        (outcome,) = getattr(actions, verb)([Decision(row.pk, **decision)], by=by, at=AT)

        assert not outcome.ok
        assert isinstance(outcome.error, error)
        assert outcome.error.as_dict()["message_zh"]
        assert Receivable.objects.get(pk=row.pk).state == State.PENDING_CONFIRM


def test_a_returned_receivable_is_corrected_and_keeps_its_number(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    number = row.public_no
    with acting_as(make.job(debtor)) as by:
        actions.return_([Decision(row.pk, reason_code="DUE_DATE")], by=by, at=AT)
    with acting_as(make.job(creditor)) as by:
        row = Receivable.objects.get(pk=row.pk)
        better = make.draft(debtor, due_date=date(2027, 3, 1), invoices=())
        better = make.draft(debtor, due_date=date(2027, 3, 1))

        row = actions.update_draft(row.pk, better, version=row.version, by=by, at=AT)
        actions.resubmit([row.pk], by=by, at=AT + timedelta(days=2))

        row = Receivable.objects.get(pk=row.pk)
        assert (row.state, row.public_no, row.due_date) == (State.PENDING_CONFIRM, number, date(2027, 3, 1))
        assert row.reason_code == ""
        assert row.confirm_requested_at == AT + timedelta(days=2)
        kinds = [one.split(".")[-1] for one in events_of(row)]
        assert kinds == ["create", "submit", "return", "change", "resubmit"]
        assert row.version == 5


@pytest.mark.parametrize("how", ["undo", "withdraw", "refuse"])
def test_taking_back_frees_the_invoice(parties: Parties, how: str) -> None:
    creditor, debtor = parties
    paper = make.invoice()
    row = (make.drafted if how == "undo" else make.pending)(creditor, debtor, invoices=(paper,))
    one = fingerprints.digest(paper.code, paper.number, creditor.uscc)
    with acting_as(make.job(creditor)):
        assert fingerprints.ask([one])[one] is Answer.USED

    if how == "refuse":
        with acting_as(make.job(debtor)) as by:
            actions.refuse([Decision(row.pk, reason_code="NOT_OUR_CONTRACT")], by=by, at=AT)
    else:
        with acting_as(make.job(creditor)) as by:
            getattr(actions, how)([row.pk], by=by, at=AT)

    with acting_as(make.job(creditor)):
        assert fingerprints.ask([one])[one] is Answer.FREE
    again = make.pending(creditor, debtor, invoices=(paper,))
    assert again.pk != row.pk


def test_the_same_invoice_of_another_creditor_is_refused_without_a_name(parties: Parties) -> None:
    creditor, debtor = parties
    paper = make.invoice()
    make.drafted(creditor, debtor, invoices=(paper,))
    other = make.creditor()

    with pytest.raises(InvoiceUsed) as caught:
        make.drafted(other, debtor, invoices=(paper,))

    told = str(caught.value.as_dict())
    assert caught.value.code == "INV-003"
    assert creditor.name not in told
    assert creditor.uscc not in told


def test_an_invoice_is_used_in_parts_up_to_its_gross(parties: Parties) -> None:
    paper = make.invoice(used_amount=Decimal("60000.00"))
    make.drafted(*parties, face="60000.00", invoices=(paper,))
    second = make.invoice(number=paper.number, used_amount=Decimal("53000.00"))

    row = make.drafted(*parties, face="53000.00", invoices=(second,))

    assert row.pk
    third = make.invoice(number=paper.number, used_amount=Decimal("0.01"))
    with pytest.raises(InvoiceUsed):
        make.drafted(*parties, face="0.01", invoices=(third,))


def test_the_same_line_again_adds_nothing(parties: Parties) -> None:
    creditor, debtor = parties
    line = make.draft(debtor, kind="S5")
    with acting_as(make.job(creditor)) as by:
        actions.create_draft(line, by=by, at=AT)

        with pytest.raises(AlreadyEntered):
            actions.create_draft(line, by=by, at=AT)

        assert Receivable.objects.count() == 1


def test_an_entry_with_errors_names_every_one(parties: Parties) -> None:
    creditor, debtor = parties
    bad = make.draft(debtor, face="0.00", due_date=date(2026, 1, 1), contract_no=" ")
    with acting_as(make.job(creditor)) as by, pytest.raises(ClaimInvalid) as caught:
        actions.create_draft(bad, by=by, at=AT)

    codes = {finding.code for finding in caught.value.findings}
    assert {"RCV-001", "RCV-002", "RCV-008", "RCV-029"} <= codes


def test_an_unregistered_debtor_is_waited_for(parties: Parties) -> None:
    row = make.pending(parties[0])

    assert row.is_waiting_for_debtor
    assert row.confirm_requested_at is None
    assert row.debtor_name == "尚未注册的采购公司"


def test_only_claims_without_one_debtor_open_directly(parties: Parties) -> None:
    creditor, _debtor = parties
    right = make.drafted(
        creditor,
        None,
        kind="S3",
        other_uscc="",
        particulars=dict.fromkeys(
            [
                "approval_no",
                "concession_contract_no",
                "grantor",
                "right_from",
                "right_to",
                "fee_standard",
                "expected_annual_income",
            ],
            "x",
        ),
    )
    sale = make.drafted(*parties)
    with acting_as(make.job(creditor)) as by:
        outcomes = {one.pk: one for one in actions.submit_direct([right.pk, sale.pk], by=by, at=AT)}
        refused = actions.submit(
            [make.drafted(creditor, None, kind="S3", other_uscc="", contract_no="Q", particulars=right.particulars).pk],
            by=by,
            at=AT,
        )

        assert outcomes[right.pk].ok
        assert isinstance(outcomes[sale.pk].error, ConfirmableKind)
        assert isinstance(refused[0].error, UnconfirmableKind)
        balance = ReceivableBalance.objects.get(pk=right.pk)
        assert balance.is_unconfirmed
        assert balance.free_amount == Decimal("113000.00")


def test_a_debtors_own_upload_counts_as_confirmation(parties: Parties) -> None:
    creditor, debtor = parties
    with acting_as(make.job(debtor)) as by:
        row = actions.create_draft(make.draft(creditor), by=by, at=AT, side="debtor")
    with acting_as(make.job(creditor)):
        assert not Receivable.objects.filter(pk=row.pk).exists()
    with acting_as(make.job(debtor)) as by:
        assert actions.publish([row.pk], by=by, at=AT)[0].ok
    with acting_as(make.job(creditor)) as by:
        row = Receivable.objects.get(pk=row.pk)
        assert (row.state, row.basis) == (State.CONFIRMED, "DEBTOR_UPLOAD")
        assert actions.acknowledge([row.pk], by=by, at=AT)[0].ok
        assert not actions.acknowledge([row.pk], by=by, at=AT)[0].ok
        assert ConfirmationAct.objects.filter(receivable=row).count() == 2


def test_a_payable_to_an_unknown_supplier_cannot_be_published(parties: Parties) -> None:
    with acting_as(make.job(parties[1])) as by, pytest.raises(SupplierUnknown):
        actions.create_draft(make.draft(None), by=by, at=AT, side="debtor")


def test_what_was_sent_can_neither_be_undone_nor_changed(parties: Parties) -> None:
    row = make.pending(*parties)
    with acting_as(make.job(parties[0])) as by:
        (outcome,) = actions.undo([row.pk], by=by, at=AT)
        with pytest.raises(NotADraft):
            actions.update_draft(row.pk, make.draft(parties[1]), version=row.version, by=by, at=AT)

    assert isinstance(outcome.error, TouchedAlready)


def test_a_stranger_sees_nothing_and_the_creditor_cannot_answer(parties: Parties) -> None:
    row = make.pending(*parties)
    with acting_as(make.job(make.debtor())) as by:
        (foreign,) = actions.confirm([Decision(row.pk)], by=by, at=AT)
        (nobody,) = actions.confirm([Decision(10**12)], by=by, at=AT)
    with acting_as(make.job(parties[0])) as by:
        (own,) = actions.confirm([Decision(row.pk)], by=by, at=AT)

    assert isinstance(foreign.error, NotVisible)
    assert isinstance(nobody.error, NotVisible)
    assert foreign.error.as_dict() == nobody.error.as_dict()
    assert isinstance(own.error, NotTheDebtor)


def test_a_person_needs_an_approval(parties: Parties) -> None:
    row = make.pending(*parties)
    by = make.checker(parties[1])

    with acting_as(by), pytest.raises(NotAuthorised):
        actions.confirm([Decision(row.pk)], by=by, at=AT)


def test_maker_and_checker_confirm_a_batch(parties: Parties) -> None:
    creditor, debtor = parties
    rows = [make.pending(creditor, debtor) for _turn in range(3)]
    maker, checker = make.maker(debtor), make.checker(debtor)
    with acting_as(maker):
        approval = actions.propose("confirm", [Proposal(row.pk, row.version) for row in rows], by=maker, at=AT)
        assert approval.line_count == 3
        assert Receivable.objects.get(pk=rows[0].pk).state == State.PENDING_CONFIRM
    with acting_as(checker):
        outcomes = approvals.approve(approval.pk, by=checker, at=AT + timedelta(hours=1))

        assert [one.ok for one in outcomes] == [True] * 3
        acts = ConfirmationAct.objects.filter(approval_id=approval.pk)
        assert {act.channel for act in acts} == {"BATCH"}
        assert len({act.document_hash for act in acts}) == 3


def test_a_line_that_changed_after_submission_is_left_out_and_named(parties: Parties) -> None:
    creditor, debtor = parties
    rows = [make.pending(creditor, debtor) for _turn in range(2)]
    maker, checker = make.maker(debtor), make.checker(debtor)
    with acting_as(maker):
        approval = actions.propose("confirm", [Proposal(row.pk, row.version) for row in rows], by=maker, at=AT)
    with acting_as(make.job(creditor)) as by:
        actions.withdraw([rows[0].pk], by=by, at=AT)
    with acting_as(checker):
        outcomes = approvals.approve(approval.pk, by=checker, at=AT)

    assert [one.ok for one in outcomes] == [False, True]
    assert outcomes[0].error is not None
    assert outcomes[0].error.code == "RCV-013"


def test_the_proposal_refuses_what_cannot_go(parties: Parties) -> None:
    row = make.confirmed(*parties)
    by = make.maker(parties[1])

    with acting_as(by), pytest.raises(IllegalTransition):
        actions.propose("confirm", [Proposal(row.pk)], by=by, at=AT)


def test_a_dispute_blocks_its_amount_and_keeps_the_confirmation(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.confirmed(creditor, debtor)
    with acting_as(make.job(debtor)) as by:
        with pytest.raises(DisputedTooMuch):
            actions.dispute(row.pk, amount=Decimal("113000.01"), reason_code="QUALITY", comment="", by=by, at=AT)
        one = actions.dispute(row.pk, amount=Decimal("13000.00"), reason_code="QUALITY", comment="", by=by, at=AT)
        with pytest.raises(DisputeOpen):
            actions.dispute(row.pk, amount=Decimal("1.00"), reason_code="QUALITY", comment="", by=by, at=AT)
        with pytest.raises(OtherSidesTurn):
            actions.resolve(one.pk, text="x", by=by, at=AT)
        balance = ReceivableBalance.objects.get(pk=row.pk)
        assert (balance.free_amount, balance.available_amount) == (Decimal("113000.00"), Decimal("100000.00"))
    with acting_as(make.job(creditor)) as by:
        actions.answer(one.pk, text="已补货", by=by, at=AT)
        done = actions.resolve(one.pk, text="双方同意", by=by, at=AT)

        assert done.version == 3
        assert ReceivableBalance.objects.get(pk=row.pk).available_amount == Decimal("113000.00")
        assert Receivable.objects.get(pk=row.pk).state == State.CONFIRMED


def test_settling_needs_the_claim_to_be_paid(parties: Parties) -> None:
    row = make.confirmed(*parties)
    with acting_as(make.job(parties[0])) as by:
        (early,) = actions.settle([row.pk], by=by, at=AT)
        actions.post_facts([Fact(row.pk, EntryType.PAYMENT, Decimal("113000.00"), date(2026, 11, 20))], by=by, at=AT)
        (done,) = actions.settle([row.pk], by=by, at=AT)

        assert early.error is not None
        assert early.error.code == "RCV-043"
        assert done.ok


def test_writing_off_gives_up_the_rest_with_a_reason(parties: Parties) -> None:
    row = make.confirmed(*parties)
    with acting_as(make.job(parties[0])) as by:
        with pytest.raises(CommentMissing):
            actions.write_off([row.pk], reason_code="UNCOLLECTABLE", comment="", by=by, at=AT)
        (done,) = actions.write_off([row.pk], reason_code="UNCOLLECTABLE", comment="法院裁定", by=by, at=AT)

        assert done.ok
        balance = ReceivableBalance.objects.get(pk=row.pk)
        assert balance.adjusted_amount == Decimal("113000.00")
        assert balance.claim_amount == 0


def test_the_debtors_book_is_compared_and_nobody_else_sees_it(parties: Parties) -> None:
    creditor, debtor = parties
    papers = [make.invoice() for _turn in range(3)]
    with acting_as(make.job(debtor)), transaction.atomic():
        for paper, amount in ((papers[0], "113000.00"), (papers[1], "110000.00")):
            PayableLine.objects.create(
                organisation_id=debtor.pk,
                supplier_uscc=creditor.uscc,
                invoice_number=paper.number,
                amount=Decimal(amount),
                due_date=date(2027, 1, 30),
                line_key=f"00000000-0000-0000-0000-0000{paper.number}",
                created_at=AT,
            )
    rows = [make.pending(creditor, debtor, invoices=(paper,)) for paper in papers]

    with acting_as(make.job(debtor)):
        verdicts = [BookMatch.objects.get(pk=row.pk) for row in rows]
        assert [one.verdict for one in verdicts] == ["AGREES", "DIFFERS", "NOT_IN_BOOK"]
        assert verdicts[1].differences == [{"field": "AMOUNT", "claim": "11300000", "book": "11000000"}]
    with acting_as(make.job(creditor)):
        assert BookMatch.objects.count() == 0
        assert PayableLine.objects.count() == 0


def test_ten_thousand_lines_need_few_statements(
    parties: Parties, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    creditor, debtor = parties
    rows = [make.pending(creditor, debtor) for _turn in range(20)]
    by = make.job(debtor)

    with acting_as(by), django_assert_max_num_queries(22):
        outcomes = actions.confirm([Decision(row.pk) for row in rows], by=by, at=AT)

    assert all(one.ok for one in outcomes)
    assert connection.in_atomic_block
