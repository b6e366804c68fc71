"""Mails: only to who asked and whom it still concerns, in the person's language, without amounts or numbers (G13)."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core import mail
from django.db import transaction
from django.utils.translation import gettext, override

from tests.yingshou.home.sign_in import member
from tests.yingshou.notifications.test_messages import AT, _kinds, actor_in, draft, run_queued, say
from yingshou.identity.models import Membership, Person
from yingshou.jobs.models import Job, JobState
from yingshou.notifications import actions, channels
from yingshou.notifications.channels import Channel, Parcel
from yingshou.tenancy.actor import Actor, Duty, acting_as

__all__ = ["_kinds"]
pytestmark = pytest.mark.django_db


def asks_for_mail(membership: Membership, *chosen: str) -> Membership:
    with acting_as(actor_in(membership)) as by:
        actions.choose_channels(chosen or ("mail",), by=by, at=AT)
    return membership


def send_all() -> list[Job]:
    return run_queued(actions.SEND)


def speak(person: Person, language: str) -> None:
    with acting_as(Actor.system("test")), transaction.atomic():
        Person.objects.filter(pk=person.pk).update(language=language)


def test_only_who_asked_gets_a_mail() -> None:
    asked = asks_for_mail(member(Duty.MAKER))
    member(Duty.MAKER, of=asked.organisation)

    say([draft(asked.organisation_id, 1)])
    jobs = send_all()

    assert [job.state for job in jobs] == [JobState.DONE]
    assert [one.to for one in mail.outbox] == [[asked.person.email]]


def test_a_mail_carries_no_amount_no_number_and_no_address_of_the_object() -> None:
    asked = asks_for_mail(member(Duty.MAKER))

    say([draft(asked.organisation_id, 4711, amount=Decimal("98765.43"))])
    send_all()

    [letter] = mail.outbox
    text = f"{letter.subject}\n{letter.body}"
    assert "债务人500 has confirmed 1 of your receivables." in text
    assert "/notifications/" in text
    for secret in ("98765", "98,765", "4711", "/receivables/"):
        assert secret not in text


def test_nothing_secret_stands_in_the_arguments_of_the_mail_job() -> None:
    asked = asks_for_mail(member(Duty.MAKER))

    say([draft(asked.organisation_id, 4711, amount=Decimal("98765.43"))])
    [job] = send_all()

    assert set(job.key) == {"message", "person", "channel"}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_mail_is_written_in_the_persons_language(language: str) -> None:
    asked = asks_for_mail(member(Duty.MAKER))
    speak(asked.person, language)

    say([draft(asked.organisation_id, 1)])
    send_all()

    with override(language):
        assert mail.outbox[0].subject == gettext("Yingshou: something happened that concerns you")


def test_a_message_for_one_person_is_mailed_to_her_alone() -> None:
    one = asks_for_mail(member(Duty.MAKER))
    asks_for_mail(member(Duty.MAKER, of=one.organisation))

    say([draft(one.organisation_id, 1, person_id=one.person_id)])
    send_all()

    assert [letter.to for letter in mail.outbox] == [[one.person.email]]


def test_who_left_before_the_mail_went_out_gets_none() -> None:
    left = asks_for_mail(member(Duty.MAKER))
    say([draft(left.organisation_id, 1)])
    with acting_as(Actor.system("test")), transaction.atomic():
        Membership.objects.filter(pk=left.pk).update(active=False)

    jobs = send_all()

    assert [job.state for job in jobs] == [JobState.DONE]
    assert mail.outbox == []


def test_who_chose_otherwise_before_the_mail_went_out_gets_none() -> None:
    person = asks_for_mail(member(Duty.MAKER))
    say([draft(person.organisation_id, 1)])
    with acting_as(actor_in(person)) as by:
        actions.choose_channels([], by=by, at=AT)

    send_all()

    assert mail.outbox == []


@pytest.fixture
def another_channel() -> Iterator[list[Parcel]]:
    parcels: list[Parcel] = []
    channels.register("test-sms", Channel(label="SMS", send=parcels.append))
    yield parcels
    del channels.CHANNELS._entries["test-sms"]


def test_a_deployment_can_registeranother_channel(another_channel: list[Parcel]) -> None:
    asked = asks_for_mail(member(Duty.MAKER), "test-sms")

    say([draft(asked.organisation_id, 1)])
    send_all()

    [parcel] = another_channel
    assert parcel.person_id == asked.person_id
    assert parcel.sentence == "债务人500 has confirmed 1 of your receivables."
    assert mail.outbox == []
