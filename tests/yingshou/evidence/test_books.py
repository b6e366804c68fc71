"""
The books (G21): every book names the fault it is there for, and names nothing where there is none.

The town is made once and committed. A canary spoils one thing as the superuser, whom neither constraint nor trigger holds
back, reads all books as the role that reads them in production, and takes it back: all in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client

from tests.factories import identity
from tests.harness import environment, reset
from tests.harness.cluster import Cluster
from tests.yingshou.evidence import town as towns
from tests.yingshou.evidence.history import superuser
from tests.yingshou.evidence.spoils import SPOILS, Spoil
from tests.yingshou.evidence.town import Town
from yingshou.audit import books
from yingshou.audit.models import AuditEvent
from yingshou.evidence import actions, tasks
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.jobs.registry import SCHEDULES
from yingshou.kernel import clock
from yingshou.runtime.places import REPORT_ROLE
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.tenancy.classes import ROW_CLASSES, RowClass


@pytest.fixture(scope="module")
def town(
    world: Any, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """The town, and afterwards the database as it was."""
    with django_db_blocker.unblock():
        try:
            yield towns.build(world)
        finally:
            assert reset.resetter is not None
            connections.close_all()
            reset.resetter.reset()


@pytest.fixture(scope="module")
def database(town: Town) -> Iterator[Any]:
    """One connection of the superuser for all canaries."""
    with Cluster().server.cursor(environment.DATABASE) as cursor:
        cursor.execute("set session_replication_role = replica")
        yield cursor


def read(cursor: Any) -> dict[str, set[tuple[str, int]]]:
    """What all books name, read as the role of the reports inside the present transaction."""
    cursor.execute(f"set local role {REPORT_ROLE}")
    found: dict[str, set[tuple[str, int]]] = {}
    for code, book in books.BOOKS.items():
        cursor.execute(books.query(book), {"at": clock.now()})
        rows = cursor.fetchall()
        if rows:
            found[code] = {(kind, pk) for kind, pk, _detail in rows}
    cursor.execute("reset role")
    return found


def test_the_books_of_an_honest_town_are_right(database: Any) -> None:
    database.execute("begin")
    try:
        assert read(database) == {}
    finally:
        database.execute("rollback")


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.name)
def test_a_book_names_what_was_spoiled(spoil: Spoil, town: Town, database: Any) -> None:
    ids = {name: getattr(town, name) for name in town.__dataclass_fields__}
    database.execute("begin")
    try:
        for drop in spoil.without:
            table, name = drop.split(".")
            database.execute(f"alter table {table} drop constraint {name}")
        for index in spoil.without_indexes:
            database.execute(f"drop index {index}")
        database.execute(spoil.sql, ids)
        assert database.rowcount > 0, "the canary touches nothing"
        found = read(database)
    finally:
        database.execute("rollback")

    kind, which = spoil.names
    wanted = (kind, ids[which] if isinstance(which, str) else which)
    assert wanted in found.get(spoil.book, set()) or (which is None and spoil.book in found), found
    assert set(found) - {spoil.book} <= set(spoil.also), found


def test_every_book_has_a_canary() -> None:
    assert {spoil.book for spoil in SPOILS} == set(books.BOOKS)


def test_every_model_with_a_version_or_an_owner_is_in_the_books() -> None:
    """Whoever adds such a model says how its rows are told of: by a life, or in words."""
    models = {f"{model._meta.app_label}.{model.__name__}": model for model in apps.get_models()}
    versioned = {
        name for name, model in models.items() if any(field.name == "version" for field in model._meta.concrete_fields)
    }
    tenant = {name for name, kind in ROW_CLASSES.items() if kind is RowClass.TENANT}
    assert (versioned | tenant) - set(books.ACCOUNTED) == set()
    assert set(books.ACCOUNTED) - set(models) == set()


pages = pytest.mark.django_db(transaction=True, databases=["default", "report"])


def _command(**options: Any) -> tuple[int, str]:
    output, code = StringIO(), 0
    try:
        call_command("verify_books", stdout=output, **options)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, output.getvalue()


@pages
def test_the_command_names_what_is_wrong_in_both_languages_and_keeps_it_as_an_event() -> None:
    operator = towns.organisation(Capability.PLATFORM_OPERATOR)
    victim = towns.organisation(Capability.CREDITOR)
    assert _command()[0] == 0
    with superuser() as cursor:
        cursor.execute("update identity_organisation set version = 7 where id = %s", [victim.pk])

    code, english = _command(language="en")
    assert code == 1
    assert "The version of a row is the number of its events." in english
    assert f"identity.organisation {victim.pk} (version=7 events=1)" in english
    assert "1 violations" in english
    code, chinese = _command()
    assert code == 1
    assert f"identity.organisation {victim.pk}" in chinese
    assert chinese != english
    answer = json.loads(_command(json=True)[1])
    assert answer["violations"] == [
        {
            "book": "identity.organisation.versions",
            "object_type": "identity.organisation",
            "object_id": victim.pk,
            "detail": "version=7 events=1",
        }
    ]

    by = Actor.system("test", operator.pk)
    with acting_as(by), transaction.atomic():
        told = list(AuditEvent.objects.visible_to(by).filter(kind="audit.books.verified").order_by("id"))
    assert [event.body["violations"] for event in told] == [0, 1, 1, 1]
    assert told[-1].body["found"] == [["identity.organisation.versions", "identity.organisation", victim.pk]]
    assert "version=7" not in json.dumps(told[-1].body), "figures are the parties' own"


def _sign_in(client: Client, who: Membership) -> None:
    """As staff sign in: with a second factor."""
    identity.app(who.person)
    with acting_as(actor_of(who, "sign-in")):
        client.force_login(who.person)
    identity.proven(client)


@pages
def test_the_daily_job_reads_the_books_and_staff_see_the_result() -> None:
    operator = towns.organisation(Capability.PLATFORM_OPERATOR)
    victim = towns.organisation(Capability.CREDITOR)
    auditor = identity.membership(operator, [Duty.AUDIT_ADMINISTRATOR])
    client = Client()
    client.cookies["language"] = "en"
    _sign_in(client, auditor)
    assert "The books have not been read yet" in client.get("/history/books/").content.decode()
    assert SCHEDULES.get(tasks.VERIFY_BOOKS).every.days == 1

    by = Actor.system(tasks.VERIFY_BOOKS)
    with acting_as(by):
        actions.verify_books(by=by, at=clock.now())
    page = client.get("/history/books/").content.decode()
    assert f"Every one of {len(books.BOOKS)} statements held" in page
    with superuser() as cursor:
        cursor.execute("update identity_organisation set version = 7 where id = %s", [victim.pk])
    with acting_as(by):
        actions.verify_books(by=by, at=clock.now())
    page = client.get("/history/books/").content.decode()
    assert f"identity.organisation {victim.pk}" in page
    assert "1 row breaks a statement" in page
    assert "The version of a row is the number of its events." in page

    maker = identity.membership(operator, [Duty.MAKER])
    _sign_in(client, maker)
    assert client.get("/history/books/").status_code == 403


@pages
def test_the_role_of_the_reports_writes_nothing() -> None:
    towns.organisation(Capability.CREDITOR)
    for statement in ("update identity_organisation set version = 7", "delete from audit_auditevent"):
        with (
            pytest.raises(Exception, match=r"permission denied|read-only"),
            transaction.atomic(using=books.REPORT),
            connections[books.REPORT].cursor() as cursor,
        ):
            cursor.execute(statement)
