"""
The authorisation walk (G1): every address of the URL configuration, by every method, as every principal, on own, shared, foreign and
nonexistent objects, against a table written by hand; foreign answers like nonexistent, a refusal changes nothing and is on record.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver, path, reverse

from tests.harness import reset
from tests.walk import world
from tests.walk.policy import POLICY
from tests.walk.walker import Walk, addresses, unclassified
from tests.walk.world import World
from yingshou.config import urls
from yingshou.jobs.models import Job
from yingshou.tenancy import guards
from yingshou.tenancy.actor import Actor, ActorKind, Capability, Duty, acting_as
from yingshou.tenancy.middleware import MethodMiddleware

# What one principal meets at least; with all of them together well above ten thousand.
LEAST_CELLS = 300


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The city of all walks, committed."""
    resetter = reset.resetter
    assert resetter is not None
    with world.committed(django_db_blocker.unblock, resetter.reset) as built:
        yield built


@pytest.fixture
def open_database(django_db_blocker: Any) -> Iterator[None]:
    """The database without a transaction around the test: the walk takes back each call by itself."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Every refusal is logged as a warning; thousands of them are expected here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_address_is_in_the_table_and_the_table_has_no_other() -> None:
    assert unclassified(POLICY) == []
    assert sorted(set(POLICY) - {one.name for one in addresses()}) == []


@pytest.mark.parametrize("key", world.keys())
def test_walk(city: World, open_database: None, key: str, record_property: Any) -> None:
    walk = Walk(city, city.principals[key])

    walk.run()

    record_property("cells", walk.cells)
    print(f"walk as {key}: {walk.cells} cells, {dict(walk.outcomes)}")
    assert walk.wrong == []
    assert walk.cells >= LEAST_CELLS


@pytest.mark.parametrize("capability", list(Capability))
@pytest.mark.parametrize("kind", [ActorKind.LINK, ActorKind.MACHINE])
def test_no_address_admits_link_visitors_or_machines_yet(kind: ActorKind, capability: Capability) -> None:
    """Whatever duties they might carry, for whatever organisation: only persons who signed in pass a door that is not public."""
    actor = Actor(kind, 1, 1, frozenset(Duty), frozenset({capability}), "walk")
    doors, admitted = 0, []
    for name, view in views():
        guard = getattr(view, "guard", None)
        if guard is None or guard.public:
            continue
        doors += 1
        for method in sorted(guard.methods):
            request = RequestFactory().generic(method, "/")
            request.actor = actor  # type: ignore[attr-defined]  # AppRequest
            with acting_as(actor):
                answer = view(request)
            if answer.status_code != 302 or not answer.headers["Location"].startswith(reverse("account_login")):
                admitted.append(f"{method} {name}")

    assert admitted == []
    assert doors > 75


def test_a_token_in_a_header_opens_nothing(city: World, open_database: None) -> None:
    """A machine that tries what other platforms take gets what every stranger gets."""
    tokens = {"authorization": "Bearer 0123456789abcdef", "x-api-key": "0123456789abcdef", "remote-user": "person1"}
    walk = Walk(city, city.principals["anonymous"], headers=tokens, check_rows=False)

    walk.run()

    assert walk.wrong == []
    assert walk.cells >= LEAST_CELLS


def views(resolver: Any = None) -> Iterator[tuple[str, Any]]:
    """Every view of the URL configuration, decorated as it is served."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield str(one.name), one.callback
        else:
            yield from views(one)


def replaced(monkeypatch: pytest.MonkeyPatch, settings: Any, *patterns: URLPattern) -> None:
    """Serve a copy of the URL configuration in which these patterns come first."""
    copy = ModuleType("tests.walk.loosened")
    copy.urlpatterns = [*patterns, *urls.urlpatterns]  # type: ignore[attr-defined]
    for name in ("handler400", "handler403", "handler404", "handler500"):
        setattr(copy, name, getattr(urls, name))
    monkeypatch.setitem(sys.modules, copy.__name__, copy)
    settings.ROOT_URLCONF = copy.__name__


def test_canary_a_loosened_permission_is_found(
    city: World, open_database: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """One page asks for signing in only, not for its duty."""

    @guards.page(signed_in=True)
    def loosened(request: Any) -> HttpResponse:
        return HttpResponse("open")

    replaced(monkeypatch, settings, path("organisation/people/", loosened))

    walk = Walk(city, city.principals["creditor-maker"], policy={"identity:people": POLICY["identity:people"]})
    walk.run()

    assert "creditor-maker GET identity:people own: 200, wanted 403" in walk.wrong
    assert any("nobody said who may call" in problem for problem in walk.wrong), "an address without a rule is found"


def test_canary_a_leaking_view_is_found(
    city: World, open_database: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """One page reads as a worker of nobody's organisation: strangers' objects show, and are told from those that do not exist."""

    @guards.page(signed_in=True)
    def leaking(request: Any, job_id: int) -> HttpResponse:
        with acting_as(Actor.system("leak")):
            return HttpResponse(get_object_or_404(Job, pk=job_id).note, status=286)

    replaced(monkeypatch, settings, path("jobs/<int:job_id>/progress/", leaking))

    walk = Walk(city, city.principals["creditor-maker"], policy={"jobs:progress": POLICY["jobs:progress"]})
    walk.run()

    assert "creditor-maker GET jobs:progress foreign: 286, wanted 404" in walk.wrong
    assert "creditor-maker GET jobs:progress: foreign unlike nonexistent: 404 and 286" in walk.wrong
    assert "creditor-maker GET jobs:progress foreign: shows what is marked as a stranger's" in walk.wrong


def test_canary_a_telling_refusal_is_found(
    city: World, open_database: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """One page hides strangers' objects behind the right status, and tells by a header that they exist."""

    @guards.page(signed_in=True)
    def telling(request: Any, job_id: int) -> HttpResponse:
        with acting_as(Actor.system("leak")):
            exists = Job.objects.filter(pk=job_id).exists()
        answer = HttpResponse(status=404)
        answer.headers["X-Reason"] = "hidden" if exists else "absent"
        return answer

    replaced(monkeypatch, settings, path("jobs/<int:job_id>/progress/", telling))

    walk = Walk(city, city.principals["creditor-maker"], policy={"jobs:progress": POLICY["jobs:progress"]})
    walk.run()

    assert any("foreign unlike nonexistent: headers" in problem for problem in walk.wrong)


def test_canary_a_careless_method_is_found(
    city: World, open_database: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A method that no address takes is answered by one."""
    replaced(monkeypatch, settings)
    monkeypatch.setattr(MethodMiddleware, "__call__", lambda self, request: self.get_response(request))

    walk = Walk(city, city.principals["creditor-maker"], policy={"account_login": POLICY["account_login"]})
    walk.run()

    assert any(problem.startswith("creditor-maker DELETE account_login own") for problem in walk.wrong)
