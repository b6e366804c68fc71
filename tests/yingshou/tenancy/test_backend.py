"""The actor is bound to each transaction; without one nothing runs; row-level security answers by it."""

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from yingshou.jobs.models import IdempotencyKey
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, ActorKind, Capability, NoActor, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def person(organisation_id: int | None, **more: object) -> Actor:
    return Actor(kind=ActorKind.PERSON, person_id=1, organisation_id=organisation_id, **more)  # type: ignore[arg-type]


def add_key(organisation_id: int, key: str) -> None:
    IdempotencyKey.objects.create(
        organisation_id=organisation_id, person_id=1, key=key, route="x", body_hash="y", at=clock.now()
    )


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting(%s, true)", [name])
        return str(cursor.fetchone()[0])


def test_a_query_without_an_actor_is_an_error() -> None:
    with pytest.raises(NoActor):
        IdempotencyKey.objects.count()


def test_a_business_query_outside_a_transaction_is_refused_by_the_database() -> None:
    with acting_as(person(1)), transaction.atomic():
        add_key(1, "a")

    with acting_as(person(1)), pytest.raises(ProgrammingError, match="no actor is bound"):
        IdempotencyKey.objects.count()


def test_each_organisation_sees_its_own_rows_only() -> None:
    with acting_as(person(1)), transaction.atomic():
        add_key(1, "a")
    with acting_as(person(2)), transaction.atomic():
        add_key(2, "b")

        seen = list(IdempotencyKey.objects.values_list("key", flat=True))

    assert seen == ["b"]


def test_a_row_for_another_organisation_cannot_be_written() -> None:
    with acting_as(person(1)), transaction.atomic(), pytest.raises(ProgrammingError, match="row-level security"):
        add_key(2, "theirs")


def test_changing_the_actor_inside_a_transaction_changes_what_is_seen() -> None:
    with acting_as(person(1)), transaction.atomic():
        add_key(1, "a")
        with acting_as(person(2)):
            inside = IdempotencyKey.objects.count()
        after = IdempotencyKey.objects.count()

    assert (inside, after) == (0, 1)


def test_a_cursor_already_held_follows_the_change_of_actor() -> None:
    with acting_as(person(1)), transaction.atomic(), connection.cursor() as cursor:
        with acting_as(person(2)):
            cursor.execute("select app_org()")
            inside = cursor.fetchone()[0]
        cursor.execute("select app_org()")
        after = cursor.fetchone()[0]

    assert (inside, after) == (2, 1)


def test_the_context_is_written_again_after_a_rollback_to_a_savepoint() -> None:
    with acting_as(person(1)), transaction.atomic():
        savepoint = transaction.savepoint()
        with acting_as(person(2)):
            IdempotencyKey.objects.count()
        transaction.savepoint_rollback(savepoint)
        seen = setting("app.org_id")

    assert seen == "1"


def test_the_context_ends_with_the_transaction() -> None:
    with acting_as(person(7)):
        with transaction.atomic():
            inside = setting("app.org_id")
        outside = setting("app.org_id")

    assert (inside, outside) == ("7", "")


def test_only_the_operator_is_staff() -> None:
    with acting_as(person(1)), transaction.atomic():
        customer = setting("app.staff")
    with acting_as(person(2, capabilities=frozenset({Capability.PLATFORM_OPERATOR}))), transaction.atomic():
        operator = setting("app.staff")

    assert (customer, operator) == ("off", "on")


def test_truncate_is_not_granted() -> None:
    with (
        acting_as(person(1)),
        transaction.atomic(),
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        cursor.execute("truncate jobs_idempotencykey")


def test_the_access_grants_table_cannot_be_read_directly() -> None:
    with (
        acting_as(person(1)),
        transaction.atomic(),
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        cursor.execute("select * from tenancy_accessgrant")
