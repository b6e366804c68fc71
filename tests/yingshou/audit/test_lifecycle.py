"""State changes: one compare-and-set, one event each, never lost, never changed afterwards."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from yingshou.approvals.models import Approval
from yingshou.approvals.states import LIFECYCLE
from yingshou.audit.lifecycle import ReasonMissing, advance, created
from yingshou.audit.models import AuditEvent
from yingshou.kernel import clock
from yingshou.kernel.errors import StaleVersion
from yingshou.kernel.lifecycle import IllegalTransition
from yingshou.tenancy.actor import Actor, ActorKind, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = Actor(kind=ActorKind.PERSON, person_id=4, organisation_id=1, label="Checker")


@pytest.fixture(autouse=True)
def _acting() -> Iterator[None]:
    with acting_as(PERSON), transaction.atomic():
        yield


def approval() -> Approval:
    row = Approval.objects.create(
        organisation_id=1,
        action="test.act",
        maker_id=3,
        submitted_at=clock.now(),
        needs_second_person=True,
        needs_signature=False,
        line_count=1,
        total_amount=Decimal("1.00"),
        manifest_root=b"\0" * 32,
    )
    created([row], by=PERSON, at=clock.now(), event="submit")
    return row


def reject(rows: list[Approval], **more: object) -> object:
    facts = {"checker_id": 4, "decided_at": clock.now(), "reason": "wrong"}
    return advance(LIFECYCLE, rows, "reject", by=PERSON, at=clock.now(), reason="wrong", facts=facts, **more)  # type: ignore[arg-type]


def test_a_change_of_state_writes_one_event_with_the_next_version() -> None:
    row = approval()

    reject([row])

    events = list(AuditEvent.objects.about("approvals.approval", row.pk).values_list("kind", "object_version"))
    assert events == [("approvals.approval.submit", 1), ("approvals.approval.reject", 2)]
    assert (row.state, row.version) == ("REJECTED", 2)
    row.refresh_from_db()
    assert (row.state, row.version, row.reason) == ("REJECTED", 2, "wrong")


def test_the_event_says_who_and_why() -> None:
    row = approval()

    reject([row])

    event = AuditEvent.objects.get(kind="approvals.approval.reject")
    assert (event.person_id, event.actor_label, event.audience) == (4, "Checker", [1])
    assert event.body == {"from": "SUBMITTED", "to": "REJECTED", "reason": "wrong"}


def test_an_illegal_step_is_refused_and_leaves_no_event() -> None:
    row = approval()
    reject([row])

    outcomes = advance(LIFECYCLE, [row], "withdraw", by=PERSON, at=clock.now())

    with pytest.raises(IllegalTransition):
        outcomes.only()
    assert AuditEvent.objects.about("approvals.approval", row.pk).count() == 2


def test_a_row_changed_meanwhile_is_stale_and_the_others_go_on() -> None:
    stale, fresh = approval(), approval()
    Approval.objects.filter(pk=stale.pk).update(version=5)

    outcomes = reject([stale, fresh])

    assert [line.ok for line in outcomes.lines] == [False, True]  # type: ignore[attr-defined]
    assert isinstance(outcomes.refused[0].error, StaleVersion)  # type: ignore[attr-defined]


def test_a_step_that_says_no_needs_a_reason() -> None:
    row = approval()

    with pytest.raises(ReasonMissing):
        advance(LIFECYCLE, [row], "reject", by=PERSON, at=clock.now())


def test_facts_of_each_row_are_written_in_one_statement() -> None:
    rows = [approval(), approval()]
    row_facts = {row.pk: {"reason": f"because {row.pk}", "decided_at": clock.now(), "checker_id": 4} for row in rows}

    advance(LIFECYCLE, rows, "reject", by=PERSON, at=clock.now(), reason="list", row_facts=row_facts)

    stored = dict(Approval.objects.values_list("pk", "reason"))
    assert stored == {row.pk: f"because {row.pk}" for row in rows}


@pytest.mark.parametrize("statement", ["update audit_auditevent set kind = 'x'", "delete from audit_auditevent"])
def test_events_cannot_be_changed_or_deleted(statement: str) -> None:
    approval()

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_events_are_read_by_their_audience_only() -> None:
    row = approval()
    stranger = Actor(kind=ActorKind.PERSON, person_id=9, organisation_id=2)

    with acting_as(stranger):
        assert AuditEvent.objects.filter(object_id=row.pk).count() == 0


def test_an_event_in_the_name_of_another_organisation_is_refused() -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "insert into audit_auditevent (organisation_id, actor_kind, actor_label, kind, object_type, "
            "object_id, audience, at, request_id, body) "
            "values (2, 'person', '', 'x', 'x', 1, '{1}', now(), '', '{}')"
        )
