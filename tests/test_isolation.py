"""
Isolation of organisations (G1, second pass, and G2): marked strings, a reader who must not find them, and the same once more with the
Python scopes switched off, so that only the database stands between the organisations.
"""

from __future__ import annotations

import itertools
import logging
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, models, transaction
from django.urls import reverse

from tests.factories import identity
from tests.harness import reset
from tests.walk import world
from tests.walk.crawler import crawled
from tests.walk.policy import POLICY
from tests.walk.walker import Walk, addresses, body_of
from tests.walk.world import FOREIGN, World
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.tenancy.classes import ROW_CLASSES, RowClass

THREADS, REQUESTS = 8, 300
# Everybody may read the directory; row-level security opens it to every person.
DIRECTORY = {"identity.Organisation"}
SCOPES = ("visible_to", "of_creditor", "of_debtor", "waiting_for")
READERS = [
    *(f"{capability}-maker" for capability in Capability),
    "bank-auditor", "debtor-checker", "creditor-administrator", "platform_operator-checker", "staff-system_administrator",
    "staff-audit_administrator", "unverified", "anonymous",
]  # fmt: skip


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The city, committed."""
    resetter = reset.resetter
    assert resetter is not None
    with world.committed(django_db_blocker.unblock, resetter.reset) as built:
        yield built


@pytest.fixture
def open_database(django_db_blocker: Any) -> Iterator[None]:
    """The database without a transaction around the test: the walk takes back each call by itself."""
    with django_db_blocker.unblock():
        yield


PARTY_COLUMNS = ("organisation_id", "creditor_id", "debtor_id", "holder_id", "owner_id", "shown_to_id")
PARTIES_BY_LINE = "signing.SignatureEvidence"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def no_scopes(monkeypatch: pytest.MonkeyPatch) -> int:
    """Every scope of a queryset answers with everything; the value says how many were switched off."""
    off = 0
    for model in apps.get_models():
        kind = type(model._default_manager.all())
        for name in SCOPES:
            if name in kind.__dict__:
                monkeypatch.setattr(kind, name, lambda self, *_args, **_options: self.all())
                off += 1
    return off


@pytest.mark.parametrize("key", READERS)
def test_crawl_finds_no_foreign_mark(city: World, db: None, key: str) -> None:
    crawl = crawled(city, city.principals[key])

    assert crawl.found == []
    assert crawl.read > 100
    if key == "debtor-checker":
        assert crawl.shared_seen, "a crawl that does not even find what is shared with it looks at nothing"


@pytest.mark.parametrize("key", ["creditor-maker", "debtor-maker", "bank-auditor", "guarantor-checker"])
def test_without_python_scopes_the_database_still_hides_everything(
    city: World, db: None, no_scopes: int, key: str
) -> None:
    crawl = crawled(city, city.principals[key])

    assert crawl.found == []
    assert no_scopes >= 15


# Every capability once and every duty, and those who can do most.
EACH = [f"{capability}-{duty}" for capability, duty in zip(Capability, itertools.cycle(world.ORDINARY), strict=False)]
BUSY = ["creditor-maker", "debtor-maker", "core_enterprise-signer", "bank-auditor", "staff-system_administrator"]


@pytest.mark.parametrize("key", sorted({*EACH, *BUSY}))
def test_without_python_scopes_foreign_objects_stay_nonexistent(
    city: World, open_database: None, no_scopes: int, key: str
) -> None:
    walk = Walk(city, city.principals[key], check_rows=False)

    walk.foreign_only()

    assert walk.wrong == []
    # An administrator passes few doors, and those to acts that bind ask for a proof first.
    assert walk.cells > 15


def test_canary_without_scopes_and_without_a_policy_a_foreign_object_shows(
    city: World, open_database: None, no_scopes: int
) -> None:
    """The database is what held above: with the policy of one table off, the same walk finds the leak."""
    resetter = reset.resetter
    assert resetter is not None
    walk = Walk(city, city.principals["creditor-maker"], check_rows=False)
    with resetter.cluster.server.cursor(resetter.database) as owner:
        owner.execute("alter table jobs_job disable row level security")
        try:
            walk.foreign_only()
        finally:
            owner.execute("alter table jobs_job enable row level security")

    assert "creditor-maker GET jobs:progress foreign: 286, wanted 404" in walk.wrong
    assert all(" jobs:progress" in problem for problem in walk.wrong)


def tenant_tables() -> list[type[models.Model]]:
    """Models whose rows belong to organisations."""
    return [
        apps.get_model(name)
        for name, row_class in ROW_CLASSES.items()
        if row_class is RowClass.TENANT and name not in DIRECTORY
    ]


@pytest.mark.django_db(databases=["default", "owner"])
def test_raw_sql_of_a_stranger_sees_and_changes_no_row(city: World, db: None) -> None:
    stranger = identity.actor_for(identity.organisation(), Duty.MAKER)
    leaks, empty = [], []
    owner = connections["owner"]
    for model in tenant_tables():
        table = model._meta.db_table
        with owner.cursor() as cursor:
            cursor.execute(f'select count(*) from "{table}"')
            if not cursor.fetchone()[0]:
                empty.append(table)
        for change in _attempts(model):
            count = _rows(stranger, change)
            if count:
                leaks.append(f"{change}: {count}")
    owner.close()

    assert [leak for leak in leaks if "identity_organisationdetails" not in leak] == []
    # Its own details are the only row that the stranger has.
    assert all(leak.endswith(": 1") for leak in leaks)
    # What only a service outside, a link or a second claim leaves; the tests beside those show their policies.
    assert len(empty) < 12, empty


def _attempts(model: type[models.Model]) -> Iterator[str]:
    table = model._meta.db_table
    column = next(field.column for field in model._meta.concrete_fields if not field.primary_key)
    yield f'select 1 from "{table}"'
    yield f'update "{table}" set "{column}" = "{column}"'
    yield f'delete from "{table}"'


def _rows(actor: Actor, sql: str) -> int:
    """How many rows a statement reached; a refusal reaches none."""
    try:
        with acting_as(actor), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            reached = int(cursor.rowcount)
            transaction.set_rollback(True)
    except DatabaseError:
        return 0
    return reached


def test_a_house_reads_only_rows_in_which_it_takes_part(city: World, db: None) -> None:
    for house in city.houses.values():
        own = house.organisation.pk
        for model in tenant_tables():
            columns = {field.column for field in model._meta.concrete_fields}
            parties = [name for name in PARTY_COLUMNS if name in columns]
            audience = f"and not ({own} = any(audience))" if "audience" in columns else ""
            others = " and ".join(f"coalesce({name}, 0) <> {own}" for name in parties)
            if not parties or model._meta.label == "jobs.Job":
                continue
            # Staff read what organisations declared and answer their appeals; evidence is reached through its lines as well.
            if (
                model._meta.label in {"identity.OrganisationDetails", "receivables.Appeal"}
                and house is city.houses["platform_operator"]
            ):
                continue
            found = _rows(house.actor(Duty.MAKER), f'select 1 from "{model._meta.db_table}" where {others} {audience}')
            assert found == 0 or model._meta.label == PARTIES_BY_LINE, model._meta.db_table


def test_threads_on_pooled_connections_never_cross(city: World, db: None) -> None:
    connections.settings["default"]["CONN_MAX_AGE"] = None
    crossings: list[str] = []
    done: list[int] = []
    threads = [threading.Thread(target=_hammer, args=(city, number, crossings, done)) for number in range(THREADS)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        connections.settings["default"]["CONN_MAX_AGE"] = 0

    assert crossings == []
    assert sum(done) == THREADS * REQUESTS


def _hammer(city: World, number: int, crossings: list[str], done: list[int]) -> None:
    """One thread, one connection, another organisation with every request."""
    chance = random.Random(number)
    houses = list(city.houses)
    count = 0
    try:
        for _turn in range(REQUESTS):
            capability, other = chance.sample(houses, 2)
            walk = Walk(city, city.principals[f"{capability}-maker"], check_rows=False)
            mine, theirs = city.houses[capability], city.houses[other]
            own = _answer(walk, reverse("jobs:progress", args=[mine.own["job_id"]]))
            foreign = _answer(walk, reverse("jobs:progress", args=[theirs.own["job_id"]]))
            if own[0] != 286 or mine.mark.encode() not in own[1]:
                crossings.append(f"{capability} did not get its own: {own[0]}")
            if foreign[0] != 404 or theirs.mark.encode() in foreign[1] or FOREIGN.encode() in own[1] + foreign[1]:
                crossings.append(f"{capability} got what belongs to {other}: {foreign[0]}")
            count += 1
    finally:
        connection.close()
        done.append(count)


def _answer(walk: Walk, path: str) -> tuple[int, bytes]:
    response = walk.send("GET", path, {})
    return response.status_code, body_of(response)


def privileged_names() -> set[str]:
    """The names of all fields of all models, as a form would send them."""
    return {
        name
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        for name in (field.name, field.attname)
    }


def test_no_form_takes_fields_it_does_not_show(city: World, db: None) -> None:
    """Every form is sent with every field of every model on top; nothing of it may reach a row."""
    taken = []
    for key in (
        "creditor-maker",
        "debtor-maker",
        "bank-administrator",
        "core_enterprise-checker",
        "platform_operator-maker",
    ):
        walk = Walk(city, city.principals[key], check_rows=False)
        for address in addresses():
            if "POST" not in POLICY.get(address.name, {}) or address.name.startswith(("admin:", "account_", "ui:")):
                continue
            path = walk.path(address, "own")
            if path is not None:
                taken += [f"{key} {address.name}: {table}" for table in walk.stuffed(path, privileged_names())]

    assert taken == []
