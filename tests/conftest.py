"""
Fixtures of all tests.

Tests run as the application's restricted role on a real PostgreSQL 18; a query without an actor is an error here as
it is in production, so a test binds one: `as_actor(…)` or `with acting_as(…)`.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections

from tests.harness import environment, reset, servers
from tests.harness.browser import ARGUMENTS, chromium
from tests.harness.cluster import Cluster
from yingshou.tenancy.actor import Actor, ActorKind, Capability, Duty, acting_as


@pytest.fixture(scope="session")
def redis_server() -> Iterator[None]:
    """This test process's own Redis."""
    server = servers.start_redis()
    yield
    server.stop()
    shutil.rmtree(environment.REDIS.home, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any, redis_server: None) -> Iterator[None]:
    """Copy the migrated template to a database of this process and make sure that nobody is privileged in it."""
    cluster = Cluster()
    cluster.join()
    try:
        template = cluster.template()
        cluster.copy(template, environment.DATABASE)
        reset.resetter = reset.Resetter(cluster, template)
        with django_db_blocker.unblock():
            _assert_restricted_role()
        yield
        with django_db_blocker.unblock():
            connections.close_all()
        reset.resetter.close()
    finally:
        cluster.leave()


def _assert_restricted_role() -> None:
    """The canary of the harness: as superuser or owner, every test of row-level security would prove nothing."""
    connection = connections["default"]
    assert connection.settings_dict["NAME"] == environment.DATABASE
    with acting_as(Actor.system("canary")), connection.cursor() as cursor:
        cursor.execute("select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        assert cursor.fetchone() == ("yingshou_app", False, False)
        cursor.execute("select count(*) from pg_tables where schemaname = 'public' and tableowner = current_user")
        assert cursor.fetchone() == (0,)
    connection.close()


@pytest.fixture(autouse=True)
def _fresh_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the cache after each test that could have filled it."""
    yield
    if "django_db_setup" in request.fixturenames or "redis_server" in request.fixturenames:
        cache.clear()


MakeActor = Callable[..., Actor]


@pytest.fixture
def actor() -> MakeActor:
    """Return a function that makes an actor: `actor(organisation_id=7, duties=[Duty.MAKER], …)`."""

    def make(
        organisation_id: int | None = 1,
        person_id: int | None = 1,
        duties: "list[Duty] | tuple[Duty, ...]" = (),
        capabilities: "list[Capability] | tuple[Capability, ...]" = (),
        kind: ActorKind = ActorKind.PERSON,
        label: str = "Maker",
    ) -> Actor:
        return Actor(
            kind=kind,
            person_id=person_id,
            organisation_id=organisation_id,
            duties=frozenset(duties),
            capabilities=frozenset(capabilities),
            request_id="test-request",
            label=label,
        )

    return make


@pytest.fixture
def as_actor() -> Iterator[Callable[[Actor], Actor]]:
    """Return a function that binds an actor until the end of the test; a later call replaces the former."""
    with ExitStack() as stack:

        def bind(who: Actor) -> Actor:
            stack.enter_context(acting_as(who))
            return who

        yield bind


@pytest.fixture(scope="session")
def web_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One web server for all tests of this process: it keeps no connection, so a database that is put back or copied anew does not disturb it."""
    with servers.running_web(tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.fixture
def web_server(transactional_db: None, web_process: str) -> str:
    """The real web server (gunicorn, threads) on the test's database; the value is its address."""
    servers.wait_for(f"{web_process}/healthz")
    return web_process


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A real Celery worker with the scheduler inside, on the test's database and Redis."""
    with servers.running_worker(tmp_path) as child:
        yield child


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Open the system's Chromium; a missing one is an error, never a skipped test."""
    return {**browser_type_launch_args, "executable_path": chromium(), "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Chinese desktop by default; a test that wants a phone makes a context of its own."""
    return {**browser_context_args, "locale": "zh-CN", "viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; `make test` leaves the tests that need it out where the variable is not set."""
    folder = os.environ.get("YINGSHOU_REAL_DATA")
    assert folder, "set YINGSHOU_REAL_DATA to the folder of real files, or leave out the mark realdata"
    return Path(folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test that opens a browser; leave out, and count, what the present run does not ask for."""
    for item in items:
        if {"page", "browser", "context"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
    if config.getoption("-m"):
        return
    unwanted = {"deep"} if os.environ.get("YINGSHOU_REAL_DATA") else {"deep", "realdata"}
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in unwanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cells the authorisation walk tested, over all workers."""
    passed = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    cells = sum(int(str(value)) for report in passed for name, value in report.user_properties if name == "cells")
    if cells:
        terminalreporter.write_line(f"authorisation walk: {cells:,} cells as the table says")
