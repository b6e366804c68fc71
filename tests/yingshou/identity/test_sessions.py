"""Where one is signed in, what is said of a sign-in from a new device and a new network, and "it was not me"."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from yingshou.identity import devices, places
from yingshou.identity.models import Person
from yingshou.jobs.models import Job
from yingshou.jobs.running import run_job
from yingshou.notifications.models import Message
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


def enter(client: Client, person: Person, address: str) -> Any:
    form = {"login": person.username, "password": make.PASSWORD}
    return client.post(reverse("account_login"), form, REMOTE_ADDR=address, headers={"User-Agent": CHROME})


@pytest.mark.parametrize(
    ("address", "shown", "network"),
    [
        ("198.51.100.7", "198.51.•.•", "198.51.100.0/24"),
        ("2001:db8:1:2::7", "2001:0db8:•", "2001:db8:1::/48"),
        ("nowhere", "", ""),
    ],
)
def test_addresses_are_masked_and_belong_to_networks(address: str, shown: str, network: str) -> None:
    assert (devices.masked(address), devices.network_of(address)) == (shown, network)


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (CHROME, "Chrome · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox · Linux"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile Safari/537 MicroMessenger/8.0", "微信 WeChat · Android"),
        ("", ""),
        ("<script>", ""),
    ],
)
def test_browsers_are_named_as_people_know_them(user_agent: str, label: str) -> None:
    assert devices.label_of(user_agent) == label


def test_list_says_device_place_and_times_and_ends_all_others(client: Client) -> None:
    person = make.membership(make.organisation(), [Duty.MAKER]).person
    phone, tablet = Client(), Client()
    for one, address in ((client, "198.51.100.7"), (phone, "203.0.113.9"), (tablet, "203.0.113.10")):
        enter(one, person, address)
        one.get(reverse("identity:profile"))

    page = client.get(reverse("usersessions_list"))
    text = page.content.decode()
    assert [one["is_current"] for one in page.context["sessions"]] == [True, False, False]
    assert ("Chrome · Windows" in text, "198.51.•.•" in text, "203.0.•.•" in text) == (True, True, True)
    assert ("198.51.100.7" in text, "203.0.113.9" in text) == (False, False)
    client.post(reverse("usersessions_list"))

    assert [one.get(reverse("identity:profile")).status_code for one in (client, phone, tablet)] == [200, 302, 302]


def run_all() -> None:
    """What the workers would do: two rounds, for those who tell ask for deliveries."""
    with acting_as(Actor.system("test")):
        for _round in range(2):
            with transaction.atomic():
                waiting = list(Job.objects.filter(state="QUEUED").order_by("pk").values_list("pk", flat=True))
            for pk in waiting:
                run_job(pk)
        with transaction.atomic():
            assert list(Job.objects.exclude(error="").values_list("name", "error")) == []


def told(person: Person, organisation_id: int) -> list[Message]:
    with acting_as(Actor.system("test", organisation_id=organisation_id)), transaction.atomic():
        return list(Message.objects.filter(person_id=person.pk, kind="identity.unusual_sign_in"))


def test_new_device_in_a_new_network_is_told_in_the_inbox_and_by_mail(client: Client, mailoutbox: Any) -> None:
    member = make.membership(make.organisation(), [Duty.MAKER])
    person = member.person
    enter(client, person, "198.51.100.7")
    # A new device in the known network, and the known device in a new one, are ordinary.
    enter(Client(), person, "198.51.100.9")
    client.post(reverse("account_logout"))
    enter(client, person, "192.0.2.1")
    run_all()
    assert (told(person, member.organisation_id), mailoutbox) == ([], [])

    stranger = Client()
    enter(stranger, person, "203.0.113.5")
    run_all()

    (message,) = told(person, member.organisation_id)
    (mail,) = mailoutbox
    assert message.params == {"device": "Chrome · Windows", "address": "203.0.•.•"}
    assert ("203.0.•.•" in mail.body, "203.0.113.5" in mail.body, mail.to) == (True, False, [person.email])
    link = make.first_group(r"(/account/not-me/\S+/)", mail.body)
    page = Client().get(link)
    assert (page.status_code, stranger.get(reverse("identity:profile")).status_code) == (200, 200)
    mailoutbox.clear()
    done: Any = Client().post(link)

    assert (done.status_code, done.url) == (302, reverse("account_login"))
    assert stranger.get(reverse("identity:profile")).status_code == 302
    assert enter(Client(), person, "203.0.113.5").status_code == 200
    assert [one.to for one in mailoutbox] == [[person.email]]
    assert "/account/password/reset/key/" in mailoutbox[0].body
    assert Client().get(link).status_code == 404


def test_person_ends_everything_from_the_list(client: Client, mailoutbox: Any) -> None:
    person = make.membership(make.organisation(), [Duty.MAKER]).person
    thief = Client()
    enter(client, person, "198.51.100.7")
    enter(thief, person, "198.51.100.8")

    done = client.post(reverse("identity:not_me"), follow=True)

    assert "y-notice" in done.content.decode()
    assert [one.get(reverse("identity:profile")).status_code for one in (client, thief)] == [302, 302]
    assert len(mailoutbox) == 1
    with acting_as(Actor.anonymous()):
        assert not UserSession.objects.filter(user=person).exists()


def test_forged_and_old_links_are_nothing() -> None:
    person = make.person()
    with acting_as(Actor.system("test")), transaction.atomic():
        token = places.token_for(person)
    name = "identity:not_me_link"

    assert Client().get(reverse(name, args=[token])).status_code == 200
    assert Client().get(reverse(name, args=[token[:-2] + "xx"])).status_code == 404
    with acting_as(Actor.system("test")), transaction.atomic():
        person.set_password("another long password")
        person.save()
    assert Client().post(reverse(name, args=[token])).status_code == 404
