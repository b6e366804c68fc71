"""The ladder over thirty days, and debtors that register late."""

from datetime import timedelta

import pytest

from receivables import reminders
from receivables.models import BookMatch, Receivable
from receivables.states import State
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.audit.models import AuditEvent
from yingshou.jobs.models import Job
from yingshou.tenancy.actor import Actor, Capability, acting_as

pytestmark = pytest.mark.django_db


def test_reminders_come_on_six_days_and_silence_never_confirms() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    row = make.pending(creditor, debtor)
    by = make.job(debtor)
    reminded = []
    with acting_as(by):
        for day in range(0, 35):
            if reminders.remind_debtor(by=by, at=AT + timedelta(days=day)):
                reminded.append(day)

        row = Receivable.objects.get(pk=row.pk)
        assert reminded == [1, 3, 7, 15, 25, 30]
        assert row.state == State.PENDING_CONFIRM
        assert row.no_answer_at == AT + timedelta(days=31)
        assert AuditEvent.objects.filter(kind="receivables.receivable.no_answer").count() == 1


def test_each_debtor_gets_one_job_a_day() -> None:
    make.pending(make.creditor(), debtor := make.debtor())
    by = Actor.system("receivables.remind")
    with acting_as(by):
        assert reminders.ask_for_debtors(by=by, at=AT) == reminders.ask_for_debtors(by=by, at=AT) >= 1
        assert Job.objects.filter(name="receivables.remind_debtor", organisation_id=debtor.pk).count() == 1


def test_a_debtor_that_registers_finds_what_was_claimed() -> None:
    creditor, uscc = make.creditor(), identity.uscc()
    row = make.pending(creditor, other_uscc=uscc)
    debtor = identity.organisation(Capability.DEBTOR, uscc=uscc)
    by = make.job(debtor)
    later = AT + timedelta(days=5)
    with acting_as(by):
        assert reminders.link_debtor(by=by, at=later) == 1
        assert reminders.link_debtor(by=by, at=later) == 0

        row = Receivable.objects.get(pk=row.pk)
        assert (row.debtor_id, row.confirm_requested_at) == (debtor.pk, later)
        assert row.invoice_uses.count() == 1
        assert BookMatch.objects.filter(pk=row.pk).exists()
    with acting_as(make.job(creditor)):
        assert not Receivable.objects.get(pk=row.pk).is_waiting_for_debtor
