"""Every address has a class of limits; the call after the limit is refused with the time to wait; what happens without Redis."""

import http.client
import math
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from tests.factories import identity as make
from tests.walk.walker import addresses
from yingshou.config import limits
from yingshou.config.limits import LIMITS, Kind
from yingshou.tenancy.actor import Duty

pytestmark = pytest.mark.django_db(transaction=True)

FACTOR = 0.1
# One address of each class; what it answers does not matter, only that it is asked.
ASKED = {
    Kind.SIGN_IN: ("POST", "/account/login/"),
    Kind.SEARCH: ("GET", "/organisation/register/code/"),
    Kind.EXPORT: ("POST", "/notifications/export/"),
    Kind.UPLOAD: ("POST", "/organisation/correct/"),
    Kind.WRITE: ("POST", "/language/"),
    Kind.READ: ("GET", "/help/"),
    Kind.MACHINE: ("GET", "/history/"),
}


def minute() -> float:
    """The beginning of the next minute."""
    return time.time() // 60 * 60 + 61


@pytest.fixture
def limited(settings: Any, redis_server: None) -> Iterator[None]:
    settings.LIMIT_FACTOR = FACTOR
    # The whole test lies in one minute.
    with time_machine.travel(minute(), tick=True):
        yield


def test_every_address_has_a_class_and_the_table_names_nothing_else() -> None:
    names = {one.name for one in addresses()}

    assert sorted(name for name in names if limits.kind_of(name) is None) == []
    assert sorted(set(limits.TABLE) - names) == []


def test_one_address_has_one_class() -> None:
    written = [name for names in limits._NAMES.values() for name in names.split()]

    assert len(written) == len(set(written))


def test_showing_a_form_is_reading_and_sending_it_is_not() -> None:
    assert limits.counted_as("account_login", "GET") is Kind.READ
    assert limits.counted_as("account_login", "POST") is Kind.SIGN_IN
    assert limits.counted_as("home:search", "GET") is Kind.SEARCH
    assert limits.counted_as("nobody:said", "POST") is Kind.WRITE


def token(door: http.client.HTTPConnection) -> dict[str, str]:
    """What lets a browser send forms."""
    door.request("GET", "/account/login/")
    answer = door.getresponse()
    body = answer.read().decode()
    return {
        "X-CSRFToken": make.first_group(r'csrfmiddlewaretoken" value="([^"]+)"', body),
        "Cookie": str(answer.headers["Set-Cookie"]).partition(";")[0],
        "Content-Length": "0",
    }


@pytest.mark.parametrize(
    ("kind", "language"), [*((kind, "en") for kind in Kind if kind is not Kind.FREE), (Kind.SEARCH, "zh-hans")]
)
def test_the_call_after_the_limit_is_refused(live_server: Any, limited: None, kind: Kind, language: str) -> None:
    method, path = ASKED[kind]
    door = http.client.HTTPConnection(urlsplit(live_server.url).netloc)
    sent = token(door) if method == "POST" else {}
    sent["Cookie"] = f"language={language}; {sent.get('Cookie', '')}"
    answers = []
    for _number in range(math.ceil(LIMITS[kind].a_minute * FACTOR) + 1):
        door.request(method, path, headers=sent)
        answer = door.getresponse()
        answers.append((answer.status, answer.headers, answer.read().decode()))
    door.close()

    statuses = [status for status, _headers, _text in answers]
    _status, headers, text = answers[-1]
    assert 429 not in statuses[:-1]
    assert statuses[-1] == 429
    assert 0 < int(headers["Retry-After"]) <= 60
    assert f"{headers['Retry-After']} 秒" in text if language == "zh-hans" else "Try again in" in text


def test_people_are_counted_one_by_one_and_a_new_minute_begins_anew(client: Client, settings: Any) -> None:
    first, second = (make.membership(make.organisation(), [Duty.MAKER]).person for _ in range(2))
    other = Client()
    for one, person in ((client, first), (other, second)):
        one.post("/account/login/", {"login": person.username, "password": make.PASSWORD})
    settings.LIMIT_FACTOR = FACTOR
    most = math.ceil(LIMITS[Kind.SEARCH].a_minute * FACTOR)
    now = minute()
    with time_machine.travel(now, tick=False):
        codes = [client.get("/organisation/register/code/").status_code for _ in range(most + 1)]
        assert (codes[-1], other.get("/organisation/register/code/").status_code) == (429, 200)
    with time_machine.travel(now + 60, tick=False):
        assert client.get("/organisation/register/code/").status_code != 429


def test_script_gets_the_coded_refusal(limited: None) -> None:
    client = Client(headers={"Accept": "application/json"})
    for _number in range(math.ceil(LIMITS[Kind.SEARCH].a_minute * FACTOR) + 1):
        answer: Any = client.get("/organisation/register/code/")

    assert (answer.status_code, answer.json()["code"]) == (429, "LIM-001")


def test_without_redis_sign_in_is_still_counted_and_reading_goes_on(limited: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client = Client()
    most = math.ceil(LIMITS[Kind.SIGN_IN].a_minute * FACTOR)

    signing_in = [client.post("/account/login/", {}).status_code for _ in range(most + 1)]
    reading = {
        client.get("/account/login/").status_code for _ in range(math.ceil(LIMITS[Kind.READ].a_minute * FACTOR) + 1)
    }

    assert (429 in signing_in[:-1], signing_in[-1], reading) == (False, 429, {200})
