"""A duty that is taken away while its holder's request is under way (G5): what was committed first counts."""

from __future__ import annotations

import pytest
from django.db import transaction

from receivables import actions
from receivables.actions import Proposal
from receivables.models import Receivable
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.races.crew import DONE, Call, crew
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.identity.actions.people import set_active
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation
from yingshou.tenancy import standing
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "report"])

ROUNDS = 10


def _submitted(creditor: Organisation, debtor: Organisation) -> tuple[Receivable, int]:
    row, maker = make.pending(creditor, debtor), make.maker(debtor)
    with acting_as(maker):
        return row, actions.propose("confirm", [Proposal(row.pk, row.version)], by=maker, at=AT).pk


def _end(member: Membership, administrator: Actor) -> None:
    with acting_as(administrator):
        set_active(membership_id=member.pk, active=False, by=administrator, at=AT)


def _state(row: Receivable, by: Actor) -> str:
    with acting_as(by), transaction.atomic():
        return Receivable.objects.get(pk=row.pk).state


def test_a_request_that_began_before_the_duty_ended_is_refused() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    member = identity.membership(debtor, [Duty.CHECKER])
    under_way = actor_of(member, "under-way")
    row, approval = _submitted(creditor, debtor)

    _end(member, administrator)

    with acting_as(under_way), pytest.raises(approvals.DutyMissing):
        approvals.approve(approval, by=under_way, at=AT)
    assert _state(row, make.job(debtor)) == "PENDING_CONFIRM"


def test_without_the_second_look_it_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: asked only when the request began, the same act of a person without the duty takes effect."""
    creditor, debtor = make.creditor(), make.debtor()
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    member = identity.membership(debtor, [Duty.CHECKER])
    under_way = actor_of(member, "under-way")
    row, approval = _submitted(creditor, debtor)
    monkeypatch.setattr(standing.CHECKS, "items", tuple)

    _end(member, administrator)

    with acting_as(under_way):
        approvals.approve(approval, by=under_way, at=AT)
    assert _state(row, make.job(debtor)) == "CONFIRMED"


def test_ended_and_approved_at_the_same_instant() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    with crew(2) as who:
        for _round in range(ROUNDS):
            member = identity.membership(debtor, [Duty.CHECKER])
            row, approval = _submitted(creditor, debtor)

            answers = who.together([_ending(member, administrator), _approving(approval, actor_of(member, "r"))])

            assert answers[0] == DONE
            with acting_as(make.job(debtor)), transaction.atomic():
                now = Approval.objects.get(pk=approval).state
            assert (answers[1], now, _state(row, make.job(debtor))) in {
                (DONE, "APPROVED", "CONFIRMED"),
                ("APR-005", "SUBMITTED", "PENDING_CONFIRM"),
            }


def _ending(member: Membership, administrator: Actor) -> Call:
    def call() -> str:
        _end(member, administrator)
        return DONE

    return call


def _approving(approval: int, by: Actor) -> Call:
    def call() -> str:
        with acting_as(by):
            approvals.approve(approval, by=by, at=AT)
        return DONE

    return call
