"""The harness itself: the restricted role, the reset after a commit, the shared template."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import ProgrammingError, connection

from tests.harness import environment, reset
from yingshou.tenancy.actor import Actor, NoActor, acting_as


@pytest.mark.django_db
def test_tests_run_as_the_restricted_role() -> None:
    with acting_as(Actor.system("test")), connection.cursor() as cursor:
        cursor.execute("select current_user, current_database(), current_setting('server_version_num')::int / 10000")
        assert cursor.fetchone() == ("yingshou_app", environment.DATABASE, 18)


@pytest.mark.django_db
def test_query_without_an_actor_is_refused() -> None:
    with pytest.raises(NoActor):
        ContentType.objects.count()


@pytest.mark.django_db
def test_application_cannot_change_tables() -> None:
    with acting_as(Actor.system("test")), connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("create table intruder (id bigint)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", [1, 2])
def test_committed_rows_are_gone_in_the_next_test(attempt: int) -> None:
    with acting_as(Actor.system("test")):
        assert not ContentType.objects.filter(app_label="harness").exists(), attempt

        ContentType.objects.create(app_label="harness", model="row")


@pytest.mark.django_db(transaction=True)
def test_rows_made_by_migrations_survive_the_reset() -> None:
    assert reset.resetter is not None
    with acting_as(Actor.system("test")):
        before = ContentType.objects.count()
        ContentType.objects.all().delete()

        reset.resetter.reset()

        assert ContentType.objects.count() == before > 0
