"""Redis may be lost at any moment: pages of signed-in people go on, from PostgreSQL."""

from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.approvals.test_pages import signed_in
from yingshou.tenancy.actor import Duty

pytestmark = pytest.mark.django_db(transaction=True)

AWAY = "unix:///nowhere/redis.sock?db=0"


@pytest.fixture
def redis_is_away(settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": AWAY}}
    settings.REDIS_URL = AWAY


def test_a_cache_that_is_away_is_an_empty_cache(redis_is_away: None) -> None:
    away = caches["default"]

    away.set("a", 1)

    assert away.get("a", "nothing") == "nothing"
    assert away.add("a", 1) is False
    assert "a" not in away
    assert away.get_many(["a"]) == {}
    assert away.incr("a", 3) == 3
    assert away.delete("a") is False


def test_a_cache_that_is_there_is_a_cache() -> None:
    cache.set("a", 1)

    assert cache.get("a") == 1
    assert cache.incr("a") == 2
    assert cache.delete("a") is True


def test_a_signed_in_person_goes_on_without_redis(client: Client, settings: Any) -> None:
    who = make.membership(make.organisation(), [Duty.MAKER])
    browser = signed_in(client, who)
    first = browser.get(reverse("approvals:inbox"))

    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": AWAY}}
    settings.REDIS_URL = AWAY
    without = browser.get(reverse("approvals:inbox"))
    home = browser.get("/")

    assert (first.status_code, without.status_code, home.status_code) == (200, 200, 200)


def test_signing_in_works_without_redis(client: Client, redis_is_away: None) -> None:
    who = make.membership(make.organisation(), [Duty.MAKER])

    answer = client.post(
        reverse("account_login"), {"login": who.person.username, "password": make.PASSWORD, "remember": ""}
    )

    assert answer.status_code == 302
    assert client.get("/").status_code == 200
