"""PostgreSQL is killed and comes back between two requests: a page is read as if nothing had been, a form gets a clean 503."""

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from tests.crash.city import City, running_city
from tests.factories import identity
from tests.harness import servers
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

Answer = tuple[int, Message, str]


@pytest.fixture
def city(redis_server: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[City]:
    """Servers of their own."""
    with django_db_blocker.unblock(), running_city(tmp_path) as made:
        yield made


def session_of_a_maker() -> str:
    """A session as signing in leaves it."""
    person = identity.membership(identity.organisation(Capability.CREDITOR), [Duty.MAKER]).person
    store, now = SessionStore(), int(time.time())
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store["signed_in_at"], store["last_seen_at"] = now, now
    with acting_as(Actor.system("restart")), transaction.atomic():
        store.save()
    assert store.session_key
    return store.session_key


def ask(address: str, session: str, data: bytes | None = None) -> Answer:
    request = urllib.request.Request(address, data=data)
    request.add_header("Cookie", f"{settings.SESSION_COOKIE_NAME}={session}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_a_restart_between_two_requests(city: City, tmp_path: Path) -> None:
    session = session_of_a_maker()
    with servers.running_web(tmp_path, city.variables(), threads=1) as web:
        page, form = f"{web}/receivables/", f"{web}/notifications/read/"
        before = ask(page, session)

        city.kill("postgres")
        read = ask(page, session)
        city.kill("postgres")
        sent = ask(form, session, b"")
        after = ask(page, session)

    assert before[0] == 200
    # Asked once more on a new connection: the reader notices nothing.
    assert read[0] == 200
    assert (sent[0], sent[1]["Retry-After"]) == (503, "5")
    assert "OperationalError" not in sent[2]
    assert after[0] == 200


def test_a_server_that_stays_away_is_a_503_and_nothing_is_left_broken(city: City, tmp_path: Path) -> None:
    session = session_of_a_maker()
    with servers.running_web(tmp_path, city.variables(), threads=1) as web:
        page = f"{web}/receivables/"
        before = ask(page, session)

        city.stop_postgres(signal.SIGINT)
        away = ask(page, session)
        city.cluster.server.start(dies_with_parent=False)
        after = ask(page, session)

    assert (before[0], away[0], after[0]) == (200, 503, 200)
    assert away[1]["Content-Security-Policy"]
    assert "no-store" in away[1]["Cache-Control"]
