"""The few organisations and people that a benchmark needs, a session for a person, and real web and worker processes."""

import itertools
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation, OrganisationKind, Person
from yingshou.identity.states import OrganisationState
from yingshou.kernel import clock
from yingshou.kernel.identifiers import org_check_character, uscc_check_character
from yingshou.runtime import processes
from yingshou.runtime.places import PROJECT
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

_numbers = itertools.count(1)
SYSTEM = Actor.system("benchmarks")


def uscc(number: int) -> str:
    """A valid credit code made from a number."""
    body = f"{number:08d}"
    first17 = f"91350200{body}{org_check_character(body)}"
    return first17 + uscc_check_character(first17)


def organisation(name: str, *capabilities: Capability) -> Organisation:
    """A verified organisation."""
    number = next(_numbers)
    row = Organisation(
        uscc=uscc(number),
        name=name,
        short_name=name[:8],
        capabilities=[str(one) for one in capabilities],
        kind=OrganisationKind.ENTERPRISE,
        size=30,
        state=OrganisationState.VERIFIED,
        registered_at=clock.now(),
        verified_at=clock.now(),
    )
    row.index_name()
    with acting_as(SYSTEM), transaction.atomic():
        row.save(force_insert=True)
    return row


def member(of: Organisation, *duties: Duty) -> Membership:
    """A new person with these duties."""
    number = next(_numbers)
    with acting_as(SYSTEM), transaction.atomic():
        person = Person.objects.create_user(
            username=f"bench{number}",
            email=f"bench{number}@example.com",
            password="correct horse battery staple",
            display_name=f"经办{number}",
            date_joined=clock.now(),
        )
        return Membership.objects.create(
            person=person,
            organisation=of,
            duties=sorted(str(duty) for duty in duties),
            since=clock.now() - timedelta(days=1),
        )


def actor(membership: Membership) -> Actor:
    """The actor that a membership makes."""
    return actor_of(membership, "benchmark")


def session_cookie(membership: Membership) -> str:
    """The Cookie header of a signed-in session."""
    with acting_as(SYSTEM):
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(membership.person_id)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = membership.person.get_session_auth_hash()
        session["membership_id"] = membership.pk
        session["signed_in_at"] = session["last_seen_at"] = int(time.time())
        session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def fetch(address: str, cookie: str) -> bytes:
    """The body of a page; raises for every status but 200."""
    request = urllib.request.Request(address, headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=120) as answer:
        if answer.status != 200 or answer.url.split("?")[0] != address.split("?", maxsplit=1)[0]:
            raise RuntimeError(f"{address}: {answer.status} {answer.url}")
        body: bytes = answer.read()
    return body


@contextmanager
def web(folder: Path, extra: Mapping[str, str] | None = None, application: str = "") -> Iterator[str]:
    """Gunicorn as `make run` starts it, on a free port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", application or "yingshou.config.wsgi:application",
        "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4",
        "--no-control-socket", "--timeout", "300",
    ]  # fmt: skip
    log_file = folder / f"web-{port}.log"
    with log_file.open("wb") as log:
        child = processes.spawn(command, environment={**os.environ, **(extra or {})}, folder=PROJECT, output=log)
        try:
            _wait(f"http://127.0.0.1:{port}/healthz", log_file)
            yield f"http://127.0.0.1:{port}"
        finally:
            processes.stop(child, grace=10)


@contextmanager
def worker(folder: Path) -> Iterator[int]:
    """A Celery worker as `make run` starts it, with the scheduler; yields its process number."""
    log_file = folder / "worker.log"
    command = [
        sys.executable, "-m", "celery", "-A", "yingshou.config.celery", "worker", "--concurrency", "2",
        "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--beat", "--schedule", str(folder / "beat"),
    ]  # fmt: skip
    with log_file.open("wb") as log:
        child = processes.spawn(command, environment=os.environ, folder=PROJECT, output=log)
        try:
            deadline = time.monotonic() + 60
            while b"ready" not in log_file.read_bytes():
                if time.monotonic() > deadline or child.poll() is not None:
                    raise RuntimeError(log_file.read_text(errors="replace")[-2000:])
                time.sleep(0.1)
            yield child.pid
        finally:
            processes.stop(child, grace=10)


def _wait(address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{address} does not answer: {log.read_text(errors='replace')[-2000:]}")
