"""The ladder day by day through the jobs, substitutes, passing on, and what each side reads of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from receivables import actions, answering, asking, reminders
from receivables.actions import PassOn, Reminding
from receivables.actions.common import NotAuthorised, NotTheDebtor, ReasonUnknown
from receivables.actions.ladder import CannotAnswer, DaysUnusable, DepartmentNamed, SubstituteDays, SubstituteNamed
from receivables.models import AnswerProgress, AnswerRouting, Department, Receivable, Substitute
from receivables.models.ladder import DEFAULT_DAYS
from receivables.states import State
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.receivables.city import desk, post, text_of
from yingshou.audit.models import AuditEvent
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.jobs import tasks
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.queue import due
from yingshou.jobs.running import run_job
from yingshou.kernel import clock
from yingshou.kernel.errors import NotVisible
from yingshou.notifications.models import Message
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db

LADDER_JOBS = ("receivables.remind", "receivables.remind_debtor", "notifications.deliver")
Parties = tuple[Organisation, Organisation]


@pytest.fixture
def moved() -> Iterator[Any]:
    """A clock that can be moved to an instant, and is put back."""

    def to(at: datetime) -> None:
        clock.set_offset(at - clock.real_now())

    yield to
    clock.set_offset(timedelta())


def work(*, twice: bool = False) -> None:
    """What beat and the workers do: the tick asks, every job that is due runs; perhaps once more."""
    for _again in range(2 if twice else 1):
        tasks.tick()
    for _round in range(3):
        with acting_as(Actor.system("jobs.sweep")), transaction.atomic():
            found = due(clock.now())
        for pk, name in found:
            for _again in range(2 if twice else 1):
                if name in LADDER_JOBS:
                    run_job(pk)


def subjects(of: Organisation) -> Counter[str]:
    """How many messages of each kind an organisation got."""
    with acting_as(make.job(of)):
        return Counter(Message.objects.filter(organisation_id=of.pk).values_list("kind", flat=True))


def events(row: Receivable, kind: str, of: Organisation) -> list[AuditEvent]:
    """Events of a kind about a receivable that an organisation reads."""
    with acting_as(make.job(of)):
        found = AuditEvent.objects.filter(object_id=row.pk, kind=f"receivables.receivable.{kind}").order_by("pk")
        return [event for event in found if of.pk in event.audience]


def progress(row: Receivable, of: Organisation) -> AnswerProgress:
    """Where a claim waits, as one party reads it."""
    with acting_as(make.job(of)):
        return AnswerProgress.objects.get(pk=row.pk)


def test_thirty_five_days_day_by_day_each_reminder_once(parties: Parties, moved: Any) -> None:
    """Every tick and every job runs twice, as with two schedulers and a message that Redis delivers again."""
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    seen: list[int] = []
    for day in range(36):
        moved(AT + timedelta(days=day))
        before = len(events(row, "reminder", creditor))
        work(twice=True)
        seen += [day] * (len(events(row, "reminder", creditor)) - before)

    assert seen == list(DEFAULT_DAYS)
    assert subjects(debtor)["receivables.reminder"] == len(DEFAULT_DAYS)
    assert subjects(debtor)["receivables.escalation"] == 1
    (told,) = events(row, "escalated", creditor)
    assert (told.at - AT).days == 16
    (silent,) = events(row, "no_answer", creditor)
    assert (silent.at - AT).days == 31
    at_last = progress(row, creditor)
    assert (at_last.reminded_count, at_last.last_step, at_last.next_on) == (6, 30, None)
    with acting_as(make.job(debtor)):
        assert Receivable.objects.get(pk=row.pk).state == State.PENDING_CONFIRM
        assert not Job.objects.filter(name__startswith="receivables.", state=JobState.FAILED).exists()


def test_a_worker_that_was_down_for_days_catches_up_with_one_reminder(parties: Parties, moved: Any) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    reminded: dict[int, int] = {}
    for day in [1, *range(9, 32)]:
        moved(AT + timedelta(days=day))
        work()
        now = progress(row, debtor)
        if now.reminded_count > len(reminded):
            reminded[day] = now.last_step

    assert reminded == {1: 1, 9: 7, 15: 15, 25: 25, 30: 30}
    assert len(events(row, "escalated", debtor)) == len(events(row, "no_answer", debtor)) == 1


def test_what_is_answered_or_withdrawn_is_not_reminded_of(parties: Parties) -> None:
    creditor, debtor = parties
    withdrawn, confirmed = make.pending(creditor, debtor), make.confirmed(creditor, debtor)
    with acting_as(make.job(creditor)) as by:
        actions.withdraw([withdrawn.pk], by=make.job(creditor), at=AT)

    with acting_as(make.job(debtor)):
        assert reminders.remind_debtor(by=make.job(debtor), at=AT + timedelta(days=16)) == 0

    assert by is not None
    for row in (withdrawn, confirmed):
        left = progress(row, debtor)
        assert (left.reminded_count, left.next_on, left.escalate_on) == (0, None, None)


def test_a_correction_starts_the_ladder_again(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    later = AT + timedelta(days=8)
    with acting_as(make.job(debtor)):
        reminders.remind_debtor(by=make.job(debtor), at=later)
        actions.return_([actions.Decision(row.pk, reason_code="AMOUNT")], by=make.job(debtor), at=later)
    with acting_as(make.job(creditor)):
        actions.resubmit([row.pk], by=make.job(creditor), at=later)

    now = progress(row, creditor)
    assert (now.reminded_count, now.last_step, now.requested_at) == (0, 0, later)
    assert now.next_on == clock.business_date(later) + timedelta(days=1)


def test_an_organisation_sets_its_own_days_for_what_is_open_too(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    second = make.checker(debtor)
    wish = Reminding([30, 2, 10], 10, second.person_id, "应付会计部", shares_median=True)
    with acting_as(administrator):
        actions.set_policy(wish, by=administrator, at=AT)

    assert progress(row, creditor).department == "应付会计部"
    days = []
    with acting_as(make.job(debtor)):
        for day in range(32):
            days += [day] if reminders.remind_debtor(by=make.job(debtor), at=AT + timedelta(days=day)) else []
    assert days == [2, 10, 30]
    assert (events(row, "escalated", debtor)[0].at - AT).days == 11
    with acting_as(make.job(debtor)):
        keys = [message for job in Job.objects.filter(name="notifications.deliver") for message in job.key["messages"]]
    assert [one["person_id"] for one in keys if one["kind"] == "receivables.escalation"] == [second.person_id]


@pytest.mark.parametrize("days", [[], [1, 3], [0, 30], [30, 31], list(range(20, 31))])
def test_nobody_switches_the_ladder_off(parties: Parties, days: list[int]) -> None:
    administrator = identity.actor_for(parties[1], Duty.ADMINISTRATOR)
    with acting_as(administrator), pytest.raises(DaysUnusable):
        actions.set_policy(Reminding(days, 15, None, "", False), by=administrator, at=AT)


def test_only_an_administrator_of_a_debtor_sets_it_and_only_with_a_colleague(parties: Parties) -> None:
    creditor, debtor = parties
    wish = Reminding([30], 15, None, "", False)
    for by in (make.maker(debtor), identity.actor_for(creditor, Duty.ADMINISTRATOR)):
        with acting_as(by), pytest.raises(NotAuthorised):
            actions.set_policy(wish, by=by, at=AT)
    administrator, stranger = identity.actor_for(debtor, Duty.ADMINISTRATOR), make.maker(creditor)
    with acting_as(administrator), pytest.raises(CannotAnswer):
        actions.set_policy(Reminding([30], 15, stranger.person_id, "", False), by=administrator, at=AT)


def test_a_claim_is_passed_on_with_its_clock_and_the_supplier_reads_no_name(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    maker, buyer, deputy = make.maker(debtor), make.maker(debtor), make.maker(debtor)
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    today = clock.business_date(AT)
    with acting_as(administrator):
        place = actions.open_department("采购部", contact_id=buyer.person_id or 0, by=administrator, at=AT)
        actions.name_substitute(
            person_id=buyer.person_id or 0, substitute_id=deputy.person_id or 0, from_date=today,
            until_date=today + timedelta(days=5), by=administrator, at=AT,
        )  # fmt: skip
    later = AT + timedelta(days=2)
    with acting_as(maker):
        to = PassOn(department_id=place.pk)
        actions.pass_on(row.pk, to, reason_code="PRICE_UNKNOWN", comment="单价要采购核对", by=maker, at=later)

    now = progress(row, creditor)
    assert (now.department, now.department_since, now.requested_at) == ("采购部", later, AT)
    with acting_as(make.maker(creditor)) as _:
        seen = make.maker(creditor)
    with acting_as(seen):
        stand = answering.stand_of(Receivable.objects.get(pk=row.pk), seen, later + timedelta(days=4))
        assert stand is not None
        assert (stand.place, stand.asked, stand.reason) == ("采购部", "", "")
        assert not AnswerRouting.objects.exists()
        assert not Department.objects.exists()
    (public,) = events(row, "passed_on", creditor)
    assert (public.actor_label, public.person_id, public.body["place"]) == ("", None, "采购部")
    assert events(row, "passed_on_inside", creditor) == []
    with acting_as(make.job(debtor)):
        assert asking.asked_people(debtor.pk, [row.pk], later) == {row.pk: [buyer.person_id, deputy.person_id]}
        assert asking.asked_people(debtor.pk, [row.pk], later + timedelta(days=9)) == {row.pk: [buyer.person_id]}
        reminders.remind_debtor(by=make.job(debtor), at=AT + timedelta(days=3))
        keys = [message for job in Job.objects.filter(name="notifications.deliver") for message in job.key["messages"]]
    reminded = [one["person_id"] for one in keys if one["kind"] == "receivables.reminder"]
    assert reminded == [buyer.person_id, deputy.person_id]


def test_who_left_is_not_asked_any_more_but_everyone_is(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    maker, gone = make.maker(debtor), identity.membership(debtor, [Duty.MAKER])
    with acting_as(maker):
        actions.pass_on(row.pk, PassOn(person_id=gone.person_id), reason_code="NOT_MINE", comment="", by=maker, at=AT)
    with acting_as(Actor.system("test")), transaction.atomic():
        type(gone).objects.filter(pk=gone.pk).update(active=False)

    with acting_as(make.job(debtor)):
        reminders.remind_debtor(by=make.job(debtor), at=AT + timedelta(days=1))
        keys = [message for job in Job.objects.filter(name="notifications.deliver") for message in job.key["messages"]]
    assert [one["person_id"] for one in keys if one["kind"] == "receivables.reminder"] == [None]


def test_passing_on_is_refused_where_it_does_not_belong(parties: Parties) -> None:
    creditor, debtor = parties
    row, other = make.pending(creditor, debtor), make.pending(debtor, creditor)
    maker, colleague = make.maker(debtor), make.maker(debtor)
    viewer, stranger = identity.actor_for(debtor, Duty.VIEWER), make.maker(make.debtor())
    to = PassOn(person_id=colleague.person_id)

    def tried(
        by: Actor, error: type[Exception], *, pk: int = row.pk, to: PassOn = to, reason: str = "NOT_MINE"
    ) -> None:
        with acting_as(by), pytest.raises(error):
            actions.pass_on(pk, to, reason_code=reason, comment="", by=by, at=AT)

    tried(viewer, NotAuthorised)
    tried(stranger, NotVisible)
    tried(maker, NotTheDebtor, pk=other.pk)
    tried(maker, CannotAnswer, to=PassOn(person_id=maker.person_id))
    tried(maker, CannotAnswer, to=PassOn(person_id=stranger.person_id))
    tried(maker, CannotAnswer, to=PassOn(person_id=viewer.person_id))
    tried(maker, NotVisible, to=PassOn(department_id=987654321))
    tried(maker, ReasonUnknown, reason="QUALITY")
    with acting_as(make.job(debtor)):
        assert not AnswerRouting.objects.exists()


def test_substitutes_are_named_by_oneself_or_by_an_administrator(parties: Parties) -> None:
    debtor = parties[1]
    maker, deputy = make.maker(debtor), make.maker(debtor)
    today = clock.business_date(AT)

    def named(by: Actor, *, person: Actor = maker, other: Actor = deputy, start: int = 0, end: int = 3) -> Substitute:
        with acting_as(by):
            return actions.name_substitute(
                person_id=person.person_id or 0, substitute_id=other.person_id or 0,
                from_date=today + timedelta(days=start), until_date=today + timedelta(days=end), by=by, at=AT,
            )  # fmt: skip

    for error, options in (
        (NotAuthorised, {"person": deputy, "other": maker}),
        (CannotAnswer, {"other": maker}),
        (CannotAnswer, {"other": make.maker(parties[0])}),
        (SubstituteDays, {"start": -1}),
        (SubstituteDays, {"end": -1}),
        (SubstituteDays, {"end": 200}),
    ):
        with pytest.raises(error):
            named(maker, **options)
    row = named(maker)
    with pytest.raises(SubstituteNamed):
        named(maker, start=3, end=5)
    with acting_as(deputy):
        assert asking.stands_in_for(deputy, today) == [maker.person_id]
        assert asking.stands_in_for(deputy, today + timedelta(days=4)) == []
        with pytest.raises(NotAuthorised):
            actions.end_substitute(row.pk, by=deputy, at=AT)
    foreign = make.maker(parties[0])
    with acting_as(foreign), pytest.raises(NotVisible):
        actions.end_substitute(row.pk, by=foreign, at=AT)
    with acting_as(maker):
        actions.end_substitute(row.pk, by=maker, at=AT)
        assert asking.stands_in_for(deputy, today) == []


def test_two_departments_of_one_name_are_refused(parties: Parties) -> None:
    administrator, maker = identity.actor_for(parties[1], Duty.ADMINISTRATOR), make.maker(parties[1])
    with acting_as(administrator):
        first = actions.open_department("采购部", contact_id=maker.person_id or 0, by=administrator, at=AT)
        with pytest.raises(DepartmentNamed):
            actions.open_department("采购部", contact_id=maker.person_id or 0, by=administrator, at=AT)
        actions.close_department(first.pk, by=administrator, at=AT)
        again = actions.open_department("采购部", contact_id=maker.person_id or 0, by=administrator, at=AT)
        assert [one.pk for one in asking.departments(parties[1].pk)] == [again.pk]


LATER = AT + timedelta(days=60)


def answered(creditor: Organisation, debtor: Organisation, *, asked: datetime, after: timedelta) -> None:
    """A claim that was confirmed some time after it was asked."""
    row = make.pending(creditor, debtor, at=asked)
    with acting_as(make.job(debtor)), transaction.atomic():
        actions.confirm([actions.Decision(row.pk)], by=make.job(debtor), at=asked + after)


def test_a_debtor_sees_its_median_and_a_supplier_only_what_may_be_known() -> None:
    creditor, debtor = make.creditor(size=10), make.debtor()
    for days in (1, 2, 3, 4):
        answered(creditor, debtor, asked=LATER - timedelta(days=20), after=timedelta(days=days))
    answered(creditor, debtor, asked=LATER - timedelta(days=45), after=timedelta(days=5))
    maker, supplier, stranger = make.maker(debtor), make.maker(creditor), make.maker(make.creditor())
    with acting_as(maker):
        own = answering.pace_of(debtor.pk, LATER)
    assert own is not None
    assert (own.median, own.before) == (timedelta(days=2, hours=12), timedelta(days=5))

    def known(by: Actor) -> answering.Pace | None:
        with acting_as(by):
            return answering.pace_of(debtor.pk, LATER)

    assert known(supplier) is None
    administrator = identity.actor_for(debtor, Duty.ADMINISTRATOR)
    with acting_as(administrator):
        actions.set_policy(Reminding([30], 15, None, "", shares_median=True), by=administrator, at=AT)
    assert known(supplier) is None, "four answers are too few to be told"
    answered(creditor, debtor, asked=LATER - timedelta(days=20), after=timedelta(days=5))
    shared = known(supplier)
    assert shared is not None
    assert (shared.median, shared.by_rule) == (timedelta(days=3), False)
    assert known(stranger) is None


def test_where_the_law_sets_thirty_days_the_median_is_shown_by_rule() -> None:
    creditor, debtor = make.creditor(), make.debtor(size=10)
    for _one in range(5):
        answered(creditor, debtor, asked=LATER - timedelta(days=9), after=timedelta(days=2))
    supplier = make.maker(creditor)
    with acting_as(supplier):
        law = Receivable.objects.filter(creditor=creditor, confirm_by_law=True).exists()
        found = answering.pace_of(debtor.pk, LATER)
    assert (law, found is not None and found.by_rule) == (True, True)


def test_pages_of_both_sides(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor, at=clock.now() - timedelta(days=4))
    with acting_as(make.job(debtor)), transaction.atomic():
        reminders.remind_debtor(by=make.job(debtor), at=clock.now() - timedelta(days=3))
        reminders.remind_debtor(by=make.job(debtor), at=clock.now() - timedelta(days=1))
    seller, buyer, chief = desk(creditor), desk(debtor), desk(debtor, Duty.ADMINISTRATOR)
    colleague = identity.membership(debtor, [Duty.MAKER])

    seen = text_of(seller, f"/receivables/{row.public_no}/")
    assert ("应付会计部门" in seen, "已催办2次" in seen) == (True, True)
    assert "已催办2次" in text_of(seller, "/receivables/")
    person = colleague.person_id
    assert post(chief, "/payables/reminders/departments/", name="采购部", contact=person).status_code == 302
    rules = {"days": "1，3、30", "escalate_after": "10", "department": "共享中心", "shares_median": "on"}
    assert post(chief, "/payables/reminders/rules/", **rules).status_code == 302
    assert post(chief, "/payables/reminders/rules/", **(rules | {"days": "x"})).status_code == 422
    assert post(chief, "/payables/reminders/rules/", **(rules | {"days": "1"})).status_code == 422
    shown = text_of(chief, "/payables/reminders/")
    assert ("采购部" in shown, "共享中心" in shown, "1, 3, 30" in shown) == (True, True, True)
    days = {"from_date": clock.business_date(clock.now()).isoformat(), "until_date": "2027-01-10"}
    mine = {"person": buyer.membership.person_id, "substitute": person}
    assert post(buyer, "/payables/reminders/substitutes/", **mine, **days).status_code == 302
    theirs = {"person": person, "substitute": buyer.membership.person_id}
    assert post(buyer, "/payables/reminders/substitutes/", **theirs, **days).status_code == 422
    assert "采购部" in text_of(buyer, f"/payables/confirm/item/{row.public_no}/pass-on/")
    with acting_as(actor_of(buyer.membership, "test")):
        place = Department.objects.get(organisation_id=debtor.pk)
    said = {"to": f"d{place.pk}", "reason_code": "PRICE_UNKNOWN", "reason_text": ""}
    path = f"/payables/confirm/item/{row.public_no}/pass-on/"
    assert post(buyer, path, **(said | {"to": "p1"})).status_code == 422
    assert post(buyer, path, **said).url == f"/payables/confirm/item/{row.public_no}/"
    assert colleague.person.display_name in text_of(buyer, f"/payables/confirm/item/{row.public_no}/")
    seen = text_of(seller, f"/receivables/{row.public_no}/")
    assert "PENDING_CONFIRM" not in seen.split('id="story"', 1)[1].split("</section>", 1)[0]
    assert ("采购部" in seen, colleague.person.display_name in seen) == (True, False)
    assert "请您答复同事转交的款项" not in text_of(buyer, "/")
    assert row.public_no not in text_of(buyer, "/payables/confirm/?step=mine")


def test_todos_go_to_whoever_was_asked_and_to_the_substitute(parties: Parties) -> None:
    creditor, debtor = parties
    row = make.pending(creditor, debtor)
    maker, asked, deputy = make.maker(debtor), desk(debtor), desk(debtor)
    with acting_as(maker):
        to = PassOn(person_id=asked.membership.person_id)
        actions.pass_on(row.pk, to, reason_code="NOT_MINE", comment="", by=maker, at=AT)
    answer = f"/payables/confirm/item/{row.public_no}/"

    assert answer in text_of(asked, "/")
    assert answer not in text_of(deputy, "/")
    by = actor_of(asked.membership, "test")
    with acting_as(by):
        today = clock.business_date(clock.now())
        actions.name_substitute(
            person_id=asked.membership.person_id, substitute_id=deputy.membership.person_id, from_date=today,
            until_date=today + timedelta(days=1), by=by, at=clock.now(),
        )  # fmt: skip

    assert answer in text_of(deputy, "/")
    assert answer in text_of(asked, "/")
    assert row.public_no in text_of(deputy, "/payables/confirm/?step=mine")


def test_the_days_of_the_platform_are_those_of_the_database(parties: Parties) -> None:
    row = make.pending(*parties)
    now = progress(row, parties[0])
    assert now.next_on == clock.business_date(AT) + timedelta(days=DEFAULT_DAYS[0])
    assert now.escalate_on == date(2026, 11, 20) + timedelta(days=16)
