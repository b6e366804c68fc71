"""The second factor: setting it up, signing in with it, one use of each code, limits, who must have one, the keys of its secrets."""

import time
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from yingshou.audit.models import AccessEvent
from yingshou.identity import crypto, factors
from yingshou.identity.models import Membership, Organisation, Person
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "198.51.100.7"


def somebody(*duties: Duty) -> Person:
    return make.membership(make.organisation(), duties or [Duty.MAKER]).person


def password(client: Client, person: Person) -> Any:
    return client.post(
        reverse("account_login"), {"login": person.username, "password": make.PASSWORD}, REMOTE_ADDR=ADDRESS
    )


def code(client: Client, typed: str, url: str = "") -> Any:
    return client.post(url or reverse("mfa_authenticate"), {"proof-code": typed}, REMOTE_ADDR=ADDRESS)


def entered(person: Person, secret: str) -> Client:
    client = Client()
    assert password(client, person).url == reverse("mfa_authenticate")
    assert code(client, factors.code_at(secret, time.time())).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("identity:profile")).status_code == 200


def rows(person: Person) -> list[Authenticator]:
    with acting_as(Actor.system("test")), transaction.atomic():
        return list(Authenticator.objects.filter(user=person).order_by("pk"))


def test_app_is_set_up_encrypted_and_asked_for_at_the_next_sign_in(client: Client, mailoutbox: Any) -> None:
    person = somebody()
    password(client, person)
    page = client.get(reverse("identity:add_app"))
    secret = page.context["secret"].replace(" ", "")
    assert page.context["picture"].startswith("data:image/svg+xml")

    wrong = client.post(reverse("identity:add_app"), {"code": "000000"})
    right = client.post(reverse("identity:add_app"), {"code": factors.code_at(secret, time.time())})

    assert (wrong.status_code, right.status_code) == (422, 302)
    (row,) = rows(person)
    assert secret not in str(row.data)
    assert crypto.decrypt(row.data["secret"], field="identity.factor.secret") == secret
    assert [message.to for message in mailoutbox] == [[person.email]]
    later = Client()
    assert password(later, person).url == reverse("mfa_authenticate")
    assert not is_in(later)


def test_sign_in_needs_the_code_and_the_session_gets_a_new_name(client: Client) -> None:
    person = somebody()
    secret = make.app(person)
    password(client, person)
    before = client.cookies["yingshou_session"].value

    assert code(client, "123456").status_code == 422
    assert not is_in(client)
    assert code(client, factors.code_at(secret, time.time())).status_code == 302
    assert is_in(client)
    assert client.cookies["yingshou_session"].value != before


def test_code_without_a_password_before_leads_to_the_sign_in(client: Client) -> None:
    make.app(somebody())

    assert code(client, "123456").url == reverse("account_login")
    assert client.get(reverse("mfa_authenticate")).url == reverse("account_login")  # type: ignore[attr-defined]  # a redirect


def test_code_that_was_read_along_is_worth_nothing(client: Client) -> None:
    person = somebody()
    secret = make.app(person)
    now = time.time() // 30 * 30 + 1
    with time_machine.travel(now, tick=False):
        seen = factors.code_at(secret, now)
        entered(person, secret)
        password(client, person)
        assert code(client, seen).status_code == 422
    # A code of the step before the one that was used is no better, nor the same one in the last second of its life.
    with time_machine.travel(now + 58, tick=False):
        assert code(client, seen).status_code == 422
        assert code(client, factors.code_at(secret, now - 30)).status_code == 422
        assert code(client, factors.code_at(secret, now + 58)).status_code == 302


@pytest.mark.parametrize(("seconds", "is_taken"), [(-61, False), (-30, True), (30, True), (61, False)])
def test_clock_may_be_one_step_off(seconds: int, is_taken: bool) -> None:
    now = 1_800_000_015.0

    found = factors.step_of(secret := factors.new_secret(), factors.code_at(secret, now + seconds), now)

    assert (found is not None) is is_taken


def test_codes_are_tested_ten_times_an_hour(client: Client) -> None:
    person = somebody()
    secret = make.app(person)
    clients = [Client() for _ in range(3)]
    for one in clients:
        password(one, person)

    answers = [code(clients[number % 3], f"{number:06d}") for number in range(12)]
    late = code(clients[0], factors.code_at(secret, time.time()))

    assert [one.status_code for one in answers] == [422] * 10 + [429] * 2
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 3600


def test_locked_codes_of_a_stranger_do_not_lock_the_known_device(client: Client) -> None:
    person = somebody()
    secret = make.app(person)
    now = time.time()
    with time_machine.travel(now - 60, tick=False):
        known = entered(person, secret)
        known.post(reverse("account_logout"))
    with time_machine.travel(now, tick=False):
        password(client, person)
        for number in range(11):
            code(client, f"{number:06d}")
        password(known, person)
        assert code(known, factors.code_at(secret, now)).status_code == 302


def test_recovery_codes_are_shown_once_and_each_works_once(client: Client) -> None:
    person = somebody()
    client = entered(person, make.app(person))
    page = client.post(reverse("identity:recovery_codes"))
    codes = [one.replace(" ", "") for one in page.context["codes"]]
    again = client.get(reverse("identity:security")).content.decode()

    first, second = Client(), Client()
    password(first, person)
    password(second, person)
    assert (len(codes), any(one in again for one in codes)) == (10, False)
    assert code(first, codes[3]).status_code == 302
    assert code(second, codes[3]).status_code == 422
    assert client.get(reverse("identity:security")).context["factors"].codes_left == 9
    client.post(reverse("identity:recovery_codes"))
    assert code(second, codes[4]).status_code == 422


def test_stolen_session_neither_removes_nor_adds_a_factor(client: Client) -> None:
    person = somebody()
    client = make.proven(entered(person, make.app(person)), seconds_ago=16 * 60)
    (row,) = rows(person)
    key = {"idempotency_key": uuid4().hex}

    answers = [
        client.post(reverse("identity:remove_factor", args=[row.pk]), key),
        client.post(reverse("identity:recovery_codes"), key),
        client.post(reverse("identity:add_app"), {"code": "123456"}),
    ]

    assert [one.status_code for one in answers] == [422] * 3
    assert all("identity/prove.html" in [template.name for template in one.templates] for one in answers)
    assert rows(person) == [row]


def test_stolen_session_of_somebody_without_a_factor_is_asked_for_the_password(client: Client) -> None:
    person = somebody()
    now = time.time()
    with time_machine.travel(now, tick=False):
        password(client, person)
        secret = client.get(reverse("identity:add_app")).context["secret"].replace(" ", "")
    with time_machine.travel(now + 16 * 60, tick=False):
        form = {"code": factors.code_at(secret, now + 16 * 60)}
        asked = client.post(reverse("identity:add_app"), form)
        guessed = client.post(reverse("identity:add_app"), form | {"proof-password": "wrong words here"})
        assert (asked.status_code, guessed.status_code, rows(person)) == (422, 422, [])
        assert client.post(reverse("identity:add_app"), form | {"proof-password": make.PASSWORD}).status_code == 302
        assert len(rows(person)) == 1


def test_removed_factor_is_on_record_and_told(client: Client, mailoutbox: Any) -> None:
    person = somebody()
    client = entered(person, make.app(person))
    (row,) = rows(person)

    done = client.post(reverse("identity:remove_factor", args=[row.pk]), {"idempotency_key": uuid4().hex})

    assert (done.status_code, rows(person), len(mailoutbox)) == (302, [], 1)
    organisation_id = client.get(reverse("identity:organisation")).context["organisation"].pk
    with acting_as(Actor.system("test", organisation_id=organisation_id)), transaction.atomic():
        assert AccessEvent.objects.filter(kind="identity.factor_removed", object_id=person.pk).count() == 1


def test_factor_of_somebody_else_is_not_there(client: Client) -> None:
    other, person = somebody(), somebody()
    make.app(other)
    client = entered(person, make.app(person))
    (row,) = rows(other)

    assert (
        client.post(reverse("identity:remove_factor", args=[row.pk]), {"idempotency_key": uuid4().hex}).status_code
        == 404
    )
    assert rows(other) == [row]


def required(*duties: Duty) -> Membership:
    return make.membership(make.organisation(requires_second_factor=True), duties)


@pytest.mark.parametrize("duty", [Duty.CHECKER, Duty.SIGNER, Duty.ADMINISTRATOR])
def test_organisation_requires_it_of_whoever_checks_signs_or_administers(client: Client, duty: Duty) -> None:
    person = required(duty).person
    password(client, person)

    home: Any = client.get("/")
    assert (home.status_code, home.url) == (302, reverse("identity:security"))
    assert client.get(reverse("identity:security")).status_code == 200
    secret = client.get(reverse("identity:add_app")).context["secret"].replace(" ", "")
    client.post(reverse("identity:add_app"), {"code": factors.code_at(secret, time.time())})
    assert client.get("/").status_code == 200
    (row,) = rows(person)
    kept = client.post(reverse("identity:remove_factor", args=[row.pk]), {"idempotency_key": uuid4().hex})
    assert (kept.status_code, rows(person)) == (409, [row])


def test_makers_and_other_organisations_are_not_asked(client: Client) -> None:
    password(client, required(Duty.MAKER).person)
    other = Client()
    password(other, somebody(Duty.CHECKER))

    assert [one.get("/").status_code for one in (client, other)] == [200, 200]


def test_platform_staff_always_need_one(client: Client) -> None:
    person = make.membership(make.organisation(Capability.PLATFORM_OPERATOR, size=None), [Duty.MAKER]).person
    password(client, person)

    for path in ("/", "/organisation/registrations/", "/admin/"):
        answer: Any = client.get(path)
        assert (answer.status_code, answer.url) == (302, reverse("identity:security")), path
    assert entered(person, make.app(person)).get("/organisation/registrations/").status_code == 200


def test_administrator_sets_the_policy_and_nobody_else(client: Client) -> None:
    row = make.organisation()
    administrator, maker = (make.membership(row, [duty]).person for duty in (Duty.ADMINISTRATOR, Duty.MAKER))
    other = Client()
    password(client, administrator)
    password(other, maker)
    form = {"required": "yes", "idempotency_key": uuid4().hex}

    refused = other.post(reverse("identity:second_factor_policy"), form)
    done = client.post(reverse("identity:second_factor_policy"), form)

    assert (refused.status_code, done.status_code) == (403, 302)
    with acting_as(Actor.system("test")), transaction.atomic():
        assert Organisation.objects.get(pk=row.pk).requires_second_factor
    assert client.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_secrets_follow_the_rotation_of_the_keys(settings: Any, client: Client) -> None:
    person = somebody()
    secret = make.app(person)
    client = entered(person, secret)
    client.post(reverse("identity:recovery_codes"))
    former = list(settings.YINGSHOU_FIELD_KEYS)
    settings.YINGSHOU_FIELD_KEYS = [b"n" * 32, *former]

    call_command("reencrypt_fields")
    settings.YINGSHOU_FIELD_KEYS = [b"n" * 32]

    app, codes = sorted(rows(person), key=lambda row: row.type, reverse=True)
    assert crypto.decrypt(app.data["secret"], field="identity.factor.secret") == secret
    assert app.data["last_step"] > 0
    assert not crypto.needs_new_key(codes.data["seed"])


def test_lost_factors_are_removed_by_command_and_the_city_alone_prints_codes(settings: Any, capsys: Any) -> None:
    person = somebody()
    secret = make.app(person)
    call_command("present_code", person.username)
    assert capsys.readouterr().out[:6] in {factors.code_at(secret, time.time() - late) for late in (0, 5)}

    call_command("remove_second_factor", person.username)

    assert rows(person) == []
    settings.YINGSHOU_CLOCK_MAY_MOVE = False
    with pytest.raises(Exception, match="sample city alone"):
        call_command("present_code", person.username)
