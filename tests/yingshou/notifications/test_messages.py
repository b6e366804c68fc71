"""Messages: grouped, written for their recipient alone, once; read in the reader's language; nothing of others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy, override

from tests.factories import identity
from tests.yingshou.home.sign_in import client_in, client_of, member
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.running import run_job
from yingshou.kernel.errors import NotVisible
from yingshou.kernel.registry import NotRegistered
from yingshou.notifications import actions, kinds
from yingshou.notifications.drafts import MessageDraft, grouped
from yingshou.notifications.kinds import MessageKind
from yingshou.notifications.lists import ROWS
from yingshou.notifications.models import ChannelChoice, Message
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
KIND = "test.confirmed"
OPERATORS = "test.for_checkers"


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    kinds.register(
        KIND,
        MessageKind(
            label="Confirmation",
            one="%(counterpart)s confirmed receivable %(number)s over %(amount)s",
            many="%(counterpart)s confirmed %(count)s receivables over %(amount)s",
            body=gettext_lazy("To-do list"),
            mail="%(counterpart)s has confirmed %(count)s of your receivables.",
            permission="notifications.read",
        ),
    )
    kinds.register(
        OPERATORS,
        MessageKind(label="x", one="for checkers", many="for checkers", mail="x", permission="approvals.decide"),
    )
    yield
    for name in (KIND, OPERATORS):
        del kinds.KINDS._entries[name]


def draft(organisation_id: int, number: int = 1, *, debtor: int = 500, **fields: object) -> MessageDraft:
    values: dict[str, object] = {
        "organisation_id": organisation_id,
        "kind": KIND,
        "url": f"/receivables/AR{number}/",
        "many_url": "/receivables/?state=CONFIRMED",
        "counterpart_id": debtor,
        "counterpart": f"债务人{debtor}",
        "amount": Decimal("10.01"),
        "object_type": "receivables.receivable",
        "object_id": number,
        "params": {"number": f"AR{number}"},
    }
    return MessageDraft(**(values | fields))  # type: ignore[arg-type]  # a factory


def say(drafts: list[MessageDraft], by: Actor | None = None) -> list[Job]:
    """Say it as an action would, then run the jobs that the commit would have sent."""
    who = by or Actor.system("test")
    with acting_as(who):
        actions.notify(drafts, by=who, at=AT)
    return run_queued(actions.DELIVER)


def run_queued(name: str) -> list[Job]:
    """Run what a worker would run now; the jobs as they are afterwards."""
    with acting_as(Actor.system("test")):
        with transaction.atomic():
            ids = list(Job.objects.filter(name=name, state=JobState.QUEUED).values_list("pk", flat=True))
        for pk in ids:
            run_job(pk)
        with transaction.atomic():
            return list(Job.objects.filter(pk__in=ids))


def messages_of(organisation_id: int) -> list[Message]:
    with acting_as(Actor.system("test", organisation_id)), transaction.atomic():
        return list(Message.objects.filter(organisation_id=organisation_id).order_by("pk"))


def actor_in(membership: Membership) -> Actor:
    return actor_of(membership, "test-request")


def test_ten_thousand_lines_make_one_message_for_each_counterpart() -> None:
    creditors = range(1, 51)

    messages = grouped([draft(1 + number % 50, number) for number in range(10_000)])

    assert len(messages) == len(creditors)
    assert {message["count"] for message in messages} == {200}
    assert {message["amount"] for message in messages} == {"2002.00"}
    assert {message["url"] for message in messages} == {"/receivables/?state=CONFIRMED"}
    assert all(message["params"] == {} and message["object_id"] is None for message in messages)


def test_different_acts_counterparts_and_people_are_not_mixed() -> None:
    drafts = [draft(1), draft(1, debtor=501), draft(1, kind=OPERATORS), draft(1, person_id=9), draft(2)]

    assert len(grouped(drafts)) == len(drafts)


def test_a_single_thing_keeps_its_facts_and_leads_to_its_page() -> None:
    [message] = grouped([draft(1, 7)])

    assert (message["count"], message["url"], message["object_id"]) == (1, "/receivables/AR7/", 7)
    assert message["params"] == {"number": "AR7"}


def test_a_debtors_act_writes_into_the_creditors_inbox() -> None:
    debtor, creditor = member(Duty.MAKER), member(Duty.MAKER, capability=Capability.CREDITOR)

    jobs = say([draft(creditor.organisation_id, number) for number in (1, 2)], by=actor_in(debtor))

    assert [job.state for job in jobs] == [JobState.DONE]
    [message] = messages_of(creditor.organisation_id)
    assert message.subject == "债务人500 confirmed 2 receivables over 20.02"
    assert messages_of(debtor.organisation_id) == []


def test_telling_many_costs_few_statements() -> None:
    by = actor_in(member(Duty.MAKER))
    drafts = [draft(1_000 + number % 500, number) for number in range(10_000)]

    with acting_as(by), transaction.atomic(), CaptureQueriesContext(connection) as statements:
        said = actions.notify(drafts, by=by, at=AT)

    assert said == 500
    assert len(statements) <= 6


def test_a_job_that_runs_again_writes_nothing_twice() -> None:
    creditor = identity.organisation()
    [job] = say([draft(creditor.pk, 1), draft(creditor.pk, 2, debtor=501)])

    with acting_as(Actor.system("test")), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, finished_at=None)
        run_job(job.pk)

    assert len(messages_of(creditor.pk)) == 2


def test_an_unknown_kind_stops_the_action() -> None:
    with acting_as(Actor.system("test")) as by, pytest.raises(NotRegistered):
        actions.notify([draft(1, kind="test.nothing")], by=by, at=AT)


def test_nobody_writes_into_another_organisations_inbox() -> None:
    intruder, victim = member(Duty.MAKER), identity.organisation()

    with acting_as(actor_in(intruder)), pytest.raises(ProgrammingError), transaction.atomic():
        Message.objects.create(organisation_id=victim.pk, kind=KIND, url="/", source="x", at=AT)


@pytest.mark.parametrize("url", ["//evil.example/", "https://evil.example/", ""])
def test_a_message_leads_only_to_our_own_pages(url: str) -> None:
    own = identity.organisation()

    with acting_as(Actor.system("test", own.pk)), pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(organisation_id=own.pk, kind=KIND, url=url, source="x", at=AT)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_inbox_shows_own_messages_newest_first_in_the_readers_language(language: str) -> None:
    own, stranger = member(Duty.MAKER), member(Duty.MAKER)
    say([draft(own.organisation_id, 1)])
    say([draft(own.organisation_id, 2, debtor=501)])
    say([draft(stranger.organisation_id, 3, debtor=777)])

    page = client_of(own, language).get("/notifications/").content.decode()

    assert page.index("债务人501") < page.index("债务人500")
    assert "债务人777" not in page
    with override(language):
        assert Message(kind=KIND, params={"number": "AR1"}).body in page


def test_opening_marks_as_read_by_whom_and_leads_there() -> None:
    reader = member(Duty.MAKER)
    say([draft(reader.organisation_id, 1)])
    [message] = messages_of(reader.organisation_id)
    client = client_of(reader)

    response = client.post(f"/notifications/{message.pk}/open/")
    again = client.post(f"/notifications/{message.pk}/open/")

    assert response.headers["Location"] == again.headers["Location"] == "/receivables/AR1/"
    [message] = messages_of(reader.organisation_id)
    assert (message.read_by_id, message.read_by_label) == (reader.person_id, reader.person.display_name)


def test_a_message_of_another_organisation_answers_like_one_that_does_not_exist() -> None:
    owner, intruder = member(Duty.MAKER), member(Duty.MAKER)
    say([draft(owner.organisation_id, 1)])
    [message] = messages_of(owner.organisation_id)
    client = client_of(intruder, "en")

    foreign = client.post(f"/notifications/{message.pk}/open/")
    nothing = client.post("/notifications/999999999/open/")

    assert foreign.status_code == nothing.status_code == 404
    assert not messages_of(owner.organisation_id)[0].is_read


def test_a_message_for_one_person_is_hidden_from_colleagues_in_python_and_in_the_database() -> None:
    one = member(Duty.MAKER)
    colleague = member(Duty.MAKER, of=one.organisation)
    say([draft(one.organisation_id, 1, person_id=one.person_id)])

    with acting_as(actor_in(colleague)) as actor, transaction.atomic():
        assert Message.objects.count() == 0
        with pytest.raises(NotVisible):
            actions.open_message(1, by=actor, at=AT)
    with acting_as(actor_in(one)), transaction.atomic():
        assert Message.objects.count() == 1


def test_kinds_that_do_not_concern_a_duty_are_not_shown() -> None:
    maker = member(Duty.MAKER)
    checker = member(Duty.CHECKER, of=maker.organisation)
    say([draft(maker.organisation_id, 1, kind=OPERATORS)])

    assert "for checkers" not in client_of(maker, "en").get("/notifications/").content.decode()
    assert "for checkers" in client_of(checker, "en").get("/notifications/").content.decode()


def test_reading_all_leaves_what_came_later() -> None:
    reader = member(Duty.MAKER)
    say([draft(reader.organisation_id, 1)])
    [seen] = messages_of(reader.organisation_id)
    say([draft(reader.organisation_id, 2, debtor=501)])

    client_of(reader).post("/notifications/read/", {"up_to": str(seen.pk)})

    assert [message.is_read for message in messages_of(reader.organisation_id)] == [True, False]


def test_filters_and_older_pages_live_in_the_address() -> None:
    reader = member(Duty.MAKER)
    say([draft(reader.organisation_id, number, debtor=number) for number in range(500, 500 + ROWS + 5)])
    client = client_of(reader, "en")

    first = client.get("/notifications/")
    older = client.get("/notifications/" + first.context["list"].next_url)
    found = client.get("/notifications/", {"q": "债务人503", "unread": "1", "kind": KIND})

    assert len(first.context["list"].rows) == ROWS
    assert len(older.context["list"].rows) == 5
    assert older.context["list"].next_url == ""
    assert [message.counterpart for message in found.context["list"].objects] == ["债务人503"]


def test_the_export_holds_the_messages_of_the_filter_and_is_recorded() -> None:
    reader = member(Duty.MAKER)
    say([draft(reader.organisation_id, number, debtor=number) for number in (501, 502)])

    response = client_of(reader, "en").post("/notifications/export/", {"query": "q=债务人502", "format": "csv"})

    text = response.getvalue().decode("utf-8-sig")
    assert "债务人502" in text
    assert "债务人501" not in text


@pytest.mark.parametrize("query", ["before=x", "before=99999999999999999999999", "kind=nothing", "q=%25", "unread=7"])
def test_any_address_is_answered(query: str) -> None:
    assert client_of(member(Duty.MAKER)).get(f"/notifications/?{query}").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_inbox_takes_few_statements() -> None:
    reader = member(Duty.MAKER)
    say([draft(reader.organisation_id, number, debtor=number) for number in range(500, 540)])
    client = client_of(reader)
    client.get("/notifications/")

    with CaptureQueriesContext(connection) as statements:
        client.get("/notifications/")

    assert len(statements) <= 12


def test_inbox_needs_a_sign_in() -> None:
    assert client_in().get("/notifications/").status_code == 302


def test_a_choice_of_channels_is_the_persons_own() -> None:
    one = member(Duty.MAKER)
    colleague = member(Duty.MAKER, of=one.organisation)

    client_of(one).post("/notifications/settings/", {"channels": ["mail"]})

    with acting_as(actor_in(one)), transaction.atomic():
        assert list(ChannelChoice.objects.values_list("person_id", "channel")) == [(one.person_id, "mail")]
    with acting_as(actor_in(colleague)), transaction.atomic():
        assert ChannelChoice.objects.count() == 0
    assert "checked" in client_of(one).get("/notifications/settings/").content.decode()
    client_of(one).post("/notifications/settings/", {})
    with acting_as(actor_in(one)), transaction.atomic():
        assert ChannelChoice.objects.count() == 0


def test_an_unknown_channel_is_refused() -> None:
    assert client_of(member(Duty.MAKER)).post("/notifications/settings/", {"channels": ["fax"]}).status_code == 422


def test_a_kind_cannot_put_amounts_or_numbers_into_a_mail() -> None:
    with pytest.raises(ValueError, match="amount"):
        MessageKind(label="x", one="x", many="x", mail="you get %(amount)s", permission="notifications.read")
    with pytest.raises(ValueError, match="number"):
        MessageKind(label="x", one="x", many="%(number)s", mail="x", permission="notifications.read")


def test_the_database_refuses_a_read_message_without_reader() -> None:
    own = identity.organisation()

    with acting_as(Actor.system("test", own.pk)), pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.create(organisation_id=own.pk, kind=KIND, url="/", source="x", at=AT, read_at=AT)
