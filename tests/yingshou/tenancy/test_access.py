"""An access grant opens one object to one organisation, from its event's beginning to its end."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from yingshou.kernel import clock
from yingshou.tenancy.access import end_access, grant_access
from yingshou.tenancy.actor import Actor, ActorKind, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = Actor(kind=ActorKind.PERSON, person_id=1, organisation_id=1)


def can_see(organisation_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select app_can_see('thing', 5, %s)", [organisation_id])
        return bool(cursor.fetchone()[0])


def grant(**more: object) -> None:
    facts = {"at": clock.now() - timedelta(minutes=1), "ends_at": None, **more}
    grant_access(
        object_type="thing",
        object_id=5,
        organisation_id=2,
        reason_type="demand",
        reason_id=9,
        **facts,  # type: ignore[arg-type]
    )


def test_a_grant_opens_the_object_to_that_organisation_alone() -> None:
    with acting_as(OWNER), transaction.atomic():
        grant()

        assert can_see(2)
        assert not can_see(3)


def test_the_end_of_the_event_closes_it() -> None:
    with acting_as(OWNER), transaction.atomic():
        grant()

        ended = end_access(reason_type="demand", reason_id=9, at=clock.now() - timedelta(seconds=1))

        assert ended == 1
        assert not can_see(2)


def test_a_grant_closes_by_itself_at_its_end() -> None:
    with acting_as(OWNER), transaction.atomic():
        grant(ends_at=clock.now() - timedelta(seconds=1))

        assert not can_see(2)


def test_granting_again_reopens_it() -> None:
    with acting_as(OWNER), transaction.atomic():
        grant()
        end_access(reason_type="demand", reason_id=9, at=clock.now() - timedelta(seconds=1))
        grant()

        assert can_see(2)
