"""Signing in: limits, known devices, no enumeration, sessions and their ends, what is written to logs."""

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.identity.test_registration import first_page
from yingshou.identity import crypto, signin
from yingshou.identity.models import Membership, Person, SignInAttempt
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(client: Client, login: str, password: str = make.PASSWORD, address: str = "198.51.100.7") -> Any:
    return client.post(reverse("account_login"), {"login": login, "password": password}, REMOTE_ADDR=address)


def somebody() -> Person:
    return make.membership(make.organisation(), [Duty.MAKER]).person


@pytest.mark.parametrize("spelling", ["username", "email", "upper"])
def test_name_and_address_both_sign_in(client: Client, spelling: str) -> None:
    person = somebody()
    login = {"username": person.username, "email": person.email, "upper": person.email.upper()}[spelling]

    assert sign_in(client, login).status_code == 302
    assert client.get(reverse("identity:profile")).status_code == 200


def test_account_is_tested_ten_times_an_hour_whatever_the_address(client: Client) -> None:
    person = somebody()
    codes = [
        sign_in(
            Client(), (person.username, person.email)[number % 2], "wrong words here", f"203.0.113.{number}"
        ).status_code
        for number in range(14)
    ]

    assert codes == [200] * 10 + [429] * 4
    refused = sign_in(Client(), person.username)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert "account/too_many.html" in [template.name for template in refused.templates]


def test_person_on_a_known_device_is_not_locked_out_by_strangers(client: Client) -> None:
    person = somebody()
    sign_in(client, person.username)
    client.post(reverse("account_logout"))
    for number in range(12):
        sign_in(Client(), person.username, "wrong words here", f"203.0.113.{number}")

    assert sign_in(Client(), person.username).status_code == 429
    assert sign_in(client, person.username).status_code == 302


def test_known_device_has_limits_of_its_own_and_serves_one_account_only(client: Client) -> None:
    person, other = somebody(), somebody()
    sign_in(client, person.username)
    client.post(reverse("account_logout"))

    own = [sign_in(client, person.username, "wrong words here").status_code for _ in range(11)]
    assert own == [200] * 10 + [429]
    for number in range(10):
        sign_in(Client(), other.username, "wrong words here", f"203.0.113.{number}")
    assert sign_in(client, other.username).status_code == 429


def test_forged_device_cookie_is_a_stranger(client: Client) -> None:
    person = somebody()
    for number in range(10):
        sign_in(Client(), person.username, "wrong words here", f"203.0.113.{number}")
    client.cookies[signin.device_cookie_name()] = f'{{"p": {person.pk}}}:forged:signature'

    assert sign_in(client, person.username).status_code == 429


def test_one_address_is_stopped_after_a_hundred_accounts() -> None:
    address = "192.0.2.1"
    with acting_as(Actor.anonymous()):
        for number in range(signin.TRIES_PER_ADDRESS):
            signin.reserve(login=f"nobody{number}", address=address, device="", at=make.AT)
        with pytest.raises(signin.TooManyTries):
            signin.reserve(login="nobody-more", address=address, device="", at=make.AT)
        later = make.AT + signin.WINDOW + timedelta(seconds=1)
        assert signin.reserve(login="nobody-more", address=address, device="", at=later).person_id is None


def test_people_behind_the_operators_proxy_do_not_share_their_tries(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    person = somebody()
    with acting_as(Actor.anonymous()), transaction.atomic():
        tries = [
            SignInAttempt(
                login_hmac=f"{number}",
                ip_hmac=crypto.blind_index("203.0.113.1", field="identity.attempt.ip"),
                at=clock.now(),
            )
            for number in range(100)
        ]
        SignInAttempt.objects.bulk_create(tries)
    form = {"login": person.username, "password": make.PASSWORD}

    def through_the_proxy(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return Client().post(reverse("account_login"), form, headers=headers, REMOTE_ADDR="10.0.0.1").status_code

    assert through_the_proxy("203.0.113.1") == 429
    assert through_the_proxy("203.0.113.2, 203.0.113.1") == 429
    assert through_the_proxy("203.0.113.1, 203.0.113.2") == 302


def test_parallel_guesses_are_counted_one_by_one() -> None:
    person = somebody()
    tested: list[bool] = []

    def guess() -> None:
        with acting_as(Actor.anonymous()):
            try:
                signin.reserve(login=person.username, address="192.0.2.9", device="", at=make.AT)
                tested.append(True)
            except signin.TooManyTries:
                tested.append(False)
            finally:
                connection.close()

    threads = [threading.Thread(target=guess) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (tested.count(True), len(tested)) == (signin.TRIES_PER_ACCOUNT, 24)


def test_right_password_does_not_use_up_a_try(client: Client) -> None:
    person = somebody()
    for _ in range(15):
        other = Client()
        assert sign_in(other, person.username).status_code == 302

    with acting_as(Actor.anonymous()):
        assert SignInAttempt.objects.filter(ok=True).count() == 15


def test_known_and_unknown_names_get_the_same_answer(client: Client) -> None:
    person = somebody()
    known, unknown = (sign_in(Client(), login, "wrong words here") for login in (person.username, "somebody-else"))

    def errors(response: Any) -> Any:
        return response.context["form"].non_field_errors()

    assert known.status_code == unknown.status_code == 200
    assert errors(known) == errors(unknown)


def test_reset_of_an_unknown_address_answers_like_a_known_one(client: Client, mailoutbox: Any) -> None:
    person = somebody()
    known: Any = client.post(reverse("account_reset_password"), {"email": person.email})
    unknown: Any = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mailoutbox] == [[person.email]]


def test_nobody_signs_up_alone(client: Client) -> None:
    with pytest.raises(Exception, match="account_signup"):
        reverse("account_signup")


def test_session_id_rotates_and_sign_out_ends_it(client: Client) -> None:
    person = somebody()
    client.post(reverse("identity:register"), first_page())
    before = client.cookies["yingshou_session"].value
    sign_in(client, person.username)
    during = client.cookies["yingshou_session"].value
    client.post(reverse("account_logout"))

    stale = Client()
    stale.cookies["yingshou_session"] = during
    assert before != during
    assert stale.get(reverse("identity:profile")).status_code == 302


@pytest.mark.parametrize(("minutes", "still_in"), [(29, True), (31, False)])
def test_idle_session_ends_after_half_an_hour(client: Client, minutes: int, still_in: bool) -> None:
    person = somebody()
    now = time.time()
    with time_machine.travel(now, tick=False):
        sign_in(client, person.username)
    with time_machine.travel(now + minutes * 60, tick=False):
        response = client.get(reverse("identity:profile"))

    assert (response.status_code == 200) is still_in


def test_busy_session_ends_after_twelve_hours(client: Client) -> None:
    person = somebody()
    now = time.time()
    with time_machine.travel(now, tick=False):
        sign_in(client, person.username)
    for step in range(1, 36):
        with time_machine.travel(now + step * 20 * 60, tick=False):
            assert client.get(reverse("identity:profile")).status_code == 200, step
    with time_machine.travel(now + 12 * 3600 + 60, tick=False):
        assert client.get(reverse("identity:profile")).status_code == 302


def test_progress_polling_does_not_keep_a_session_alive(client: Client) -> None:
    person = somebody()
    now = time.time()
    with time_machine.travel(now, tick=False):
        sign_in(client, person.username)
    for step in (10, 20, 29):
        with time_machine.travel(now + step * 60, tick=False):
            client.get("/jobs/1/", headers={"HX-Request": "true"})
    with time_machine.travel(now + 31 * 60, tick=False):
        assert client.get(reverse("identity:profile")).status_code == 302


def test_other_device_can_be_signed_out_and_foreign_sessions_cannot(client: Client) -> None:
    person, stranger = somebody(), somebody()
    phone, thief = Client(), Client()
    sign_in(client, person.username)
    sign_in(phone, person.username)
    sign_in(thief, stranger.username)
    with acting_as(Actor.anonymous()):
        ids = {session.session_key: session.pk for session in UserSession.objects.filter(user=person)}
    other = ids[phone.session.session_key]

    assert thief.post(reverse("identity:end_session", args=[other])).status_code == 404
    assert phone.get(reverse("identity:profile")).status_code == 200
    assert client.get(reverse("usersessions_list")).status_code == 200
    assert client.post(reverse("identity:end_session", args=[other])).status_code == 302
    assert phone.get(reverse("identity:profile")).status_code == 302


def test_own_session_can_be_ended_from_the_list(client: Client) -> None:
    person = somebody()
    phone = Client()
    sign_in(client, person.username)
    sign_in(phone, person.username)
    with acting_as(Actor.anonymous()):
        own = UserSession.objects.get(session_key=client.session.session_key)
    page = client.get(reverse("usersessions_list")).content.decode()

    answer = client.post(reverse("identity:end_session", args=[own.pk]), follow=True)

    assert reverse("identity:end_session", args=[own.pk]) in page
    assert answer.redirect_chain == [(reverse("account_login"), 302)]
    assert "y-notice-blue" in answer.content.decode()
    assert client.get(reverse("identity:profile")).status_code == 302
    assert phone.get(reverse("identity:profile")).status_code == 200
    with acting_as(Actor.anonymous()):
        assert UserSession.objects.filter(user=person).count() == 1


def test_changed_password_ends_the_other_sessions(client: Client) -> None:
    person = somebody()
    phone = Client()
    sign_in(client, person.username)
    sign_in(phone, person.username)
    with acting_as(Actor.anonymous()):
        row = Person.objects.get(pk=person.pk)
        row.set_password("another long password")
        row.save()

    assert phone.get(reverse("identity:profile")).status_code == 302


def test_deactivated_person_is_out_on_the_next_request(client: Client) -> None:
    person = somebody()
    sign_in(client, person.username)
    with acting_as(Actor.anonymous()):
        Person.objects.filter(pk=person.pk).update(is_active=False)

    assert client.get(reverse("identity:profile")).status_code == 302


def test_duties_and_memberships_count_from_the_next_request(client: Client) -> None:
    membership = make.membership(make.organisation(), [Duty.MAKER])
    sign_in(client, membership.person.username)
    assert client.get(reverse("identity:accounts")).status_code == 200
    with acting_as(Actor.anonymous()):
        Membership.objects.filter(pk=membership.pk).update(duties=["administrator"])
    assert client.get(reverse("identity:accounts")).status_code == 403
    assert client.get(reverse("identity:people")).status_code == 200
    with acting_as(Actor.anonymous()):
        Membership.objects.filter(pk=membership.pk).update(active=False)

    assert client.get(reverse("identity:people")).status_code == 403


def test_suspended_organisation_leaves_the_administrator_only(client: Client) -> None:
    row = make.organisation()
    membership = make.membership(row, [Duty.MAKER, Duty.ADMINISTRATOR])
    sign_in(client, membership.person.username)
    with acting_as(Actor.system("test")), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(state="SUSPENDED")

    assert client.get(reverse("identity:accounts")).status_code == 403
    assert client.get(reverse("identity:people")).status_code == 200


def test_switch_changes_the_organisation_and_takes_own_memberships_only(client: Client) -> None:
    person = make.person()
    first, second = (
        make.membership(make.organisation(), [Duty.MAKER], person),
        make.membership(make.organisation(), [Duty.VIEWER], person),
    )
    foreign = make.membership(make.organisation(), [Duty.MAKER])
    sign_in(client, person.username)

    assert client.post(reverse("identity:switch"), {"membership": foreign.pk}).status_code == 404
    assert client.post(reverse("identity:switch"), {"membership": "no"}).status_code == 404
    assert client.post(reverse("identity:switch"), {"membership": second.pk}).status_code == 302
    page = client.get(reverse("identity:organisation"))
    assert page.context["organisation"].pk == second.organisation_id
    client.post(reverse("identity:switch"), {"membership": first.pk})
    assert client.get(reverse("identity:organisation")).context["organisation"].pk == first.organisation_id


def test_finding_the_actor_takes_two_statements(client: Client) -> None:
    person = somebody()
    sign_in(client, person.username)
    client.get(reverse("identity:check_code"))

    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("identity:check_code"))

    statements = [query["sql"] for query in queries if query["sql"] not in ("BEGIN", "COMMIT")]
    assert len(statements) <= 2, statements
    assert "identity_membership" in statements[1]


def test_no_password_address_or_link_reaches_the_logs_or_the_attempts(
    client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], mailoutbox: Any
) -> None:
    person = somebody()
    secret = "a very secret password"
    with caplog.at_level(logging.DEBUG):
        sign_in(client, person.username, secret, "203.0.113.77")
        sign_in(client, person.username)
        client.post(reverse("account_reset_password"), {"email": person.email})
    written = caplog.text + "".join(capfd.readouterr())

    with acting_as(Actor.anonymous()):
        stored = str(list(SignInAttempt.objects.values_list("login_hmac", "ip_hmac", "device_hmac")))
    for marked in (secret, make.PASSWORD, person.email):
        assert marked not in written, marked
    assert "203.0.113.77" not in stored
    assert person.username not in stored
