"""Acts that bind ask for a second factor proven lately, keep what was typed, and go on from it."""

import time
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from tests.factories import identity as make
from tests.walk.policy import FIXED
from tests.walk.walker import addresses
from tests.yingshou.identity.test_factors import entered, password
from yingshou.identity import factors
from yingshou.identity.models import Organisation, Person
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.tenancy.guards import Guard
from yingshou.tenancy.step_up import Proof

pytestmark = pytest.mark.django_db(transaction=True)

ORDINARY = (Duty.ADMINISTRATOR, Duty.MAKER, Duty.CHECKER, Duty.SIGNER)
STAFF = (*ORDINARY, Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR)
# What binds: approving, signing, accounts, duties, policies, certificates, revoking, and one's own factors.
BINDING = {
    "approvals:approve", "approvals:policy", "signing:sign", "signing:register", "signing:prepare", "signing:complete", "signing:withdraw",
    "identity:add_account", "identity:invite", "identity:member", "identity:end_member", "identity:return_member", "identity:decide_change",
    "identity:propose_duties", "identity:propose", "identity:second_factor_policy", "identity:add_app", "identity:add_passkey",
    "identity:remove_factor", "identity:recovery_codes", "receivables:confirm_act", "receivables:publish", "receivables:change_accept",
}  # fmt: skip


class Hidden(HTMLParser):
    """The fields that a page's forms would send again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.fields[found["name"] or ""] = found.get("value") or ""


def marked() -> dict[str, tuple[str, Guard]]:
    """Every address whose guard asks for a proof, with a path of it."""
    found = {}
    for one in addresses():
        fixed = FIXED.get(one.name, {})
        values = {name: fixed.get(name, 987654321) for name in one.arguments}
        try:
            path = reverse(one.name, kwargs=values)
        except Exception:
            continue
        guard = getattr(resolve(path).func, "guard", None)
        if guard is not None and guard.proof is not Proof.NONE:
            found[one.name] = (path, guard)
    return found


def at_work(*capabilities: Capability, duties: tuple[Duty, ...] = ORDINARY) -> tuple[Person, str, Client]:
    """A person who may do everything, with an app, signed in; the proof is too old."""
    row = make.organisation(*capabilities, **({"size": None} if Capability.PLATFORM_OPERATOR in capabilities else {}))
    person = make.membership(row, duties).person
    secret = make.app(person)
    with time_machine.travel(time.time() - 90, tick=False):
        client = entered(person, secret)
    return person, secret, make.proven(client, seconds_ago=15 * 60 + 1)


def test_exactly_the_acts_that_bind_are_marked() -> None:
    found = set(marked())

    assert found >= BINDING
    assert {name for name in found - BINDING if not name.startswith(("identity:", "receivables:", "signing:"))} == set()


def test_every_marked_act_asks_when_the_proof_is_too_old() -> None:
    _person, _secret, customer = at_work(Capability.CREDITOR, Capability.DEBTOR)
    _other, _code, staff = at_work(Capability.PLATFORM_OPERATOR, duties=STAFF)
    asked = {}
    for name, (path, guard) in marked().items():
        answers = []
        for client in (customer, staff):
            send = client.get if guard.methods <= {"GET", "HEAD"} else client.post
            answer: Any = send(path, {"idempotency_key": uuid4().hex, "x": "kept"})
            if answer.status_code == 302 and answer.url.startswith(reverse("identity:prove")):
                answers.append("asked")
            elif answer.status_code == 422 and "identity/prove.html" in [one.name for one in answer.templates]:
                answers.append("asked" if Hidden(answer.content.decode()).fields.get("x") == "kept" else "lost")
            else:
                answers.append(str(answer.status_code))
        asked[name] = answers

    # One of the two may be without the permission, which is said first.
    wrong = {
        name: answers for name, answers in asked.items() if "asked" not in answers or set(answers) - {"asked", "403"}
    }
    assert wrong == {}


def test_act_goes_on_with_its_form_once_the_code_is_right() -> None:
    person, secret, client = at_work()
    url, form = reverse("identity:second_factor_policy"), {"required": "yes", "idempotency_key": uuid4().hex}
    before = client.cookies["yingshou_session"].value

    page = client.post(url, form)
    kept = Hidden(page.content.decode()).fields
    wrong = client.post(url, kept | {"proof-code": "000000"})
    assert {name: kept[name] for name in form} == form
    assert (page.status_code, wrong.status_code, is_required(person)) == (422, 422, False)
    assert Hidden(wrong.content.decode()).fields["required"] == "yes"
    done = client.post(url, kept | {"proof-code": factors.code_at(secret, time.time())})

    assert (done.status_code, done["Location"], is_required(person)) == (302, reverse("identity:people"), True)
    # The session has a new name, and stays on the list of devices.
    assert client.cookies["yingshou_session"].value != before
    with acting_as(Actor.anonymous()):
        assert UserSession.objects.filter(user=person, session_key=client.session.session_key).count() == 1
        assert UserSession.objects.filter(session_key=before).count() == 0
    again = client.post(url, {"required": "no", "idempotency_key": uuid4().hex})
    assert (again.status_code, is_required(person)) == (302, False)


def is_required(person: Person) -> bool:
    with acting_as(Actor.system("test")), transaction.atomic():
        return Organisation.objects.get(memberships__person=person).requires_second_factor


def test_proof_lasts_a_quarter_of_an_hour() -> None:
    person, secret, _client = at_work()
    now = time.time()
    with time_machine.travel(now, tick=False):
        client = entered(person, secret)
    url = reverse("identity:second_factor_policy")
    for seconds, status in ((899, 302), (901, 422)):
        with time_machine.travel(now + seconds, tick=False):
            assert client.post(url, {"idempotency_key": uuid4().hex}).status_code == status


def test_page_before_a_scripted_act_asks_and_comes_back() -> None:
    _person, secret, client = at_work(Capability.DEBTOR)
    wanted = reverse("signing:register")
    asked: Any = client.get(wanted)

    page = client.get(asked.url)
    done: Any = client.post(
        asked.url, Hidden(page.content.decode()).fields | {"proof-code": factors.code_at(secret, time.time())}
    )

    assert (done.status_code, done.url) == (302, wanted)
    assert client.get(wanted).status_code == 200


def test_script_gets_a_coded_refusal() -> None:
    _person, _secret, client = at_work(Capability.DEBTOR)

    refused: Any = client.post(reverse("signing:complete"), {"request": "1"}, headers={"Accept": "application/json"})
    fragment = client.post(reverse("signing:complete"), {"request": "1"}, headers={"HX-Request": "true"})

    assert (refused.status_code, refused.json()["code"]) == (403, "ACC-002")
    assert fragment.status_code == 403


def test_proving_leads_nowhere_else() -> None:
    _person, secret, client = at_work()
    form = {"next": "https://elsewhere.example/", "proof-code": factors.code_at(secret, time.time())}

    done: Any = client.post(reverse("identity:prove"), form)

    assert (done.status_code, done.url) == (302, "/")


def test_who_has_no_factor_and_needs_none_is_not_asked_before_binding_acts(client: Client) -> None:
    person = make.membership(make.organisation(), ORDINARY).person
    now = time.time()
    with time_machine.travel(now - 1200, tick=False):
        password(client, person)

    done = client.post(reverse("identity:second_factor_policy"), {"required": "no", "idempotency_key": uuid4().hex})

    assert done.status_code == 302


def test_session_that_was_planted_before_the_sign_in_is_worth_nothing(client: Client) -> None:
    person = make.membership(make.organisation(), ORDINARY).person
    secret = make.app(person)
    planted = Client()
    planted.get(reverse("account_login"))
    password(planted, person)
    name = planted.cookies["yingshou_session"].value
    planted.post(reverse("mfa_authenticate"), {"proof-code": factors.code_at(secret, time.time())})

    client.cookies["yingshou_session"] = name

    assert planted.get(reverse("identity:profile")).status_code == 200
    assert client.get(reverse("identity:profile")).status_code == 302
