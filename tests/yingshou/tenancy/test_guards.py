"""Views are guarded or refused; readings cannot write; an anticipated error becomes a page and nothing more is told."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.utils import InternalError
from django.http import HttpResponse
from django.test import RequestFactory

from yingshou.jobs.models import IdempotencyKey
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, ActorKind, Duty, acting_as
from yingshou.tenancy.guards import NotPermitted, WriteInReading, page, reading
from yingshou.tenancy.middleware import GuardMiddleware
from yingshou.tenancy.permissions import PERMISSIONS, Permission
from yingshou.tenancy.streaming import held

pytestmark = pytest.mark.django_db(transaction=True)

MAKER = Actor(kind=ActorKind.PERSON, person_id=1, organisation_id=1, duties=frozenset({Duty.MAKER}))

if "test.guarded" not in dict(PERMISSIONS.items()):
    PERMISSIONS.register("test.guarded", Permission(sentence="be a maker", duties={Duty.MAKER}))


def write() -> None:
    IdempotencyKey.objects.create(organisation_id=1, person_id=1, key="k", route="x", body_hash="y", at=clock.now())


@page("test.guarded", methods=["GET", "POST"])
def writing(request: Any) -> HttpResponse:
    with transaction.atomic():
        write()
    return HttpResponse("written")


def call(view: Any, actor: Actor, method: str = "GET") -> Any:
    request: Any = RequestFactory().generic(method, "/x/")
    request.actor, request.at = actor, clock.now()
    with acting_as(actor):
        return view(request)


def test_a_get_cannot_write_because_the_database_refuses() -> None:
    with pytest.raises(InternalError, match="read-only"):
        call(writing, MAKER)


def test_a_post_can() -> None:
    assert call(writing, MAKER, "POST").content == b"written"


def test_inside_another_transaction_the_write_is_refused_all_the_same() -> None:
    with acting_as(MAKER), transaction.atomic():
        with reading(), pytest.raises(WriteInReading):
            write()
        write()

        assert IdempotencyKey.objects.count() == 1


def test_a_reading_transaction_leaves_the_next_one_writable() -> None:
    with acting_as(MAKER):
        with reading():
            before = IdempotencyKey.objects.count()
        with transaction.atomic():
            write()
        with reading():
            after = IdempotencyKey.objects.count()

    assert (before, after) == (0, 1)


def test_an_unknown_method_is_answered_405() -> None:
    assert call(writing, MAKER, "DELETE").status_code == 405


def test_nobody_signed_in_is_led_to_the_sign_in_page_and_back() -> None:
    response = call(writing, Actor.anonymous())

    assert response.status_code == 302
    assert response["Location"].endswith("/account/login/?next=/x/")


def test_a_duty_that_does_not_cover_the_act_is_told_what_is_missing() -> None:
    viewer = Actor(kind=ActorKind.PERSON, person_id=1, organisation_id=1, duties=frozenset({Duty.VIEWER}))

    with pytest.raises(NotPermitted) as refusal:
        call(writing, viewer)

    assert refusal.value.status == 403
    assert "be a maker" in refusal.value.message_text


def test_a_view_without_a_guard_is_refused() -> None:
    middleware = GuardMiddleware(lambda request: HttpResponse())
    request: Any = RequestFactory().get("/x/")
    request.resolver_match = None

    with pytest.raises(ImproperlyConfigured, match="no guard"):
        middleware.process_view(request, lambda request: HttpResponse("open"), (), {})


@pytest.mark.parametrize("many", [{}, {"public": True, "signed_in": True}, {"permission": "x", "public": True}])
def test_a_view_is_guarded_in_exactly_one_way(many: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        page(**many)


def test_a_stream_keeps_its_actor_after_the_view_has_returned() -> None:
    with acting_as(MAKER):
        with transaction.atomic():
            write()
        stream = held(lambda: iter(list(IdempotencyKey.objects.values_list("key", flat=True))))

    assert list(stream) == ["k"]


def test_the_read_only_transaction_is_one_statement_dearer_than_none() -> None:
    with acting_as(MAKER), reading(), connection.cursor() as cursor:
        cursor.execute("show transaction_read_only")

        assert cursor.fetchone() == ("on",)
