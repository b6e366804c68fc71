"""The frame's own switches, saved views, error pages and the gallery, through the whole chain of middleware."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import gettext_lazy

from tests.factories import identity as factories
from yingshou.identity.middleware import actor_of
from yingshou.kernel.errors import Conflict
from yingshou.tenancy.actor import Actor, Duty, acting_as
from yingshou.ui import actions, errors
from yingshou.ui.actions import SavedViewUnnamed, TooManySavedViews
from yingshou.ui.frame import identity_of
from yingshou.ui.models import SavedView

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "templates" / "components"
HTML_LIMIT = 100_000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member() -> Any:
    """A maker of a verified organisation."""
    return factories.membership(factories.organisation(), [Duty.MAKER])


@pytest.fixture
def signed_in(member: Any) -> Client:
    """A browser of that maker."""
    return browser_of(member)


def browser_of(member: Any) -> Client:
    """A browser in which the member has signed in."""
    client = Client()
    with acting_as(Actor.anonymous("sign-in")):
        assert client.login(username=member.person.username, password=factories.PASSWORD)
    return client


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_gallery_shows_every_component_and_stays_light(signed_in: Client, language: str) -> None:
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    response = signed_in.get(reverse("ui:gallery"))

    html = response.content.decode()
    assert response.status_code == 200
    assert len(response.content) <= HTML_LIMIT
    assert f'<html lang="{"en" if language == "en" else "zh-Hans"}"' in html
    assert "style=" not in html


def test_the_gallery_and_the_readme_name_every_component() -> None:
    gallery = (ROOT / "templates/ui/gallery.html").read_text()
    components = "".join(path.read_text() for path in COMPONENTS.glob("*.html"))
    readme = (COMPONENTS / "README.md").read_text()
    for path in COMPONENTS.glob("*.html"):
        tag = f"c-{path.stem.replace('_', '-')}"
        assert re.search(rf"<{tag}[\s/>]", gallery + components), tag
        assert f"`<{tag}" in readme, tag
        assert "{% comment %}" in path.read_text(), tag


def test_the_gallery_is_for_people_who_signed_in() -> None:
    response = Client().get(reverse("ui:gallery"))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(
    ("name", "field", "value", "cookie"),
    [("ui:language", "language", "en", "LANGUAGE"), ("ui:text_size", "size", "large", "SIZE")],
)
def test_a_switch_is_remembered_and_returns_to_its_page(name: str, field: str, value: str, cookie: str) -> None:
    client = Client()

    response = client.post(reverse(name), {field: value, "next": "/somewhere/?a=1"})

    key = settings.LANGUAGE_COOKIE_NAME if cookie == "LANGUAGE" else settings.TEXT_SIZE_COOKIE_NAME
    assert response.status_code == 302
    assert response["Location"] == "/somewhere/?a=1"
    assert client.cookies[key].value == value
    assert client.cookies[key]["httponly"]


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_a_switch_never_leads_elsewhere(target: str) -> None:
    assert Client().post(reverse("ui:language"), {"language": "en", "next": target})["Location"] == "/"


def test_an_unknown_choice_is_not_remembered() -> None:
    client = Client()
    client.post(reverse("ui:language"), {"language": "xx"})
    client.post(reverse("ui:text_size"), {"size": "huge"})
    assert not client.cookies


def test_keepalive_tells_whether_the_session_lives(signed_in: Client) -> None:
    assert signed_in.post(reverse("ui:keepalive")).status_code == 204
    assert Client().post(reverse("ui:keepalive")).status_code == 401


def test_the_top_bar_names_person_and_organisation(signed_in: Client, member: Any) -> None:
    html = signed_in.get(reverse("ui:gallery")).content.decode()

    assert str(member.organisation) in html
    assert member.person.display_name in html


def test_nobody_is_named_to_a_visitor(rf: RequestFactory) -> None:
    request: Any = rf.get("/")
    request.actor = Actor.anonymous()
    request.user = None
    request.membership = None
    request.memberships = []
    assert identity_of(request) is None


def test_a_view_is_kept_shown_and_deleted_by_its_person(signed_in: Client, member: Any) -> None:
    here = reverse("ui:gallery")
    form = {"list": "ui.sample", "name": "月末", "query": "kind=odd&after=abc", "next": here}

    assert signed_in.post(reverse("ui:save_view"), form)["Location"] == here

    with acting_as(actor_of(member, "test")), transaction.atomic():
        view = SavedView.objects.get()
    assert (view.person_id, view.query) == (member.person_id, "kind=odd")

    stranger = factories.membership(factories.organisation(), [Duty.MAKER])
    other = browser_of(stranger)
    assert other.post(reverse("ui:delete_view"), {"view": view.pk}).status_code == 404

    signed_in.post(reverse("ui:delete_view"), {"view": view.pk, "next": here})
    with acting_as(actor_of(member, "test")), transaction.atomic():
        assert not SavedView.objects.exists()


def test_the_same_name_replaces_and_too_many_are_refused(member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "VIEWS_PER_LIST", 2)
    who = actor_of(member, "test")
    with acting_as(who):
        actions.save_view(list_name="l", name="a", query="x=1", by=who)
        actions.save_view(list_name="l", name="a", query="x=2", by=who)
        actions.save_view(list_name="l", name="b", query="x=3", by=who)
        with pytest.raises(TooManySavedViews):
            actions.save_view(list_name="l", name="c", query="x=4", by=who)
        with pytest.raises(SavedViewUnnamed):
            actions.save_view(list_name="l", name="  ", query="", by=who)
        with transaction.atomic():
            kept = list(SavedView.objects.order_by("pk").values_list("name", "query"))
    assert kept == [("a", "x=2"), ("b", "x=3")]


def test_what_does_not_exist_says_what_next_and_nothing_inside() -> None:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    response = client.get("/no/such/page/")

    html = response.content.decode()
    assert response.status_code == 404
    assert "There is nothing here that you can see." in html
    assert "Go to the start page" in html
    assert "Traceback" not in html


class PriceChanged(Conflict):
    """A refusal for the test."""

    code = "TST-001"
    message = gettext_lazy("The price is now %(price)s.")
    cure = gettext_lazy("Look at the new price.")


def test_a_refusal_shows_code_place_and_cure(rf: RequestFactory) -> None:
    request: Any = rf.get("/")
    request.actor = Actor.anonymous("request-17")

    response = errors.render_problem(request, PriceChanged(place="AR-1", price="2.00"))

    html = response.content.decode()
    assert response.status_code == 409
    for text in ("The price is now 2.00.", "Look at the new price.", "AR-1", "TST-001", "request-17"):
        assert text in html


def test_the_page_of_a_fault_needs_nothing_that_could_have_failed(
    rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        response = errors.server_error(rf.get("/"))

    assert response.status_code == 500
    assert "系统出现问题" in response.content.decode()
    assert "{{" not in response.content.decode()


def test_a_form_from_elsewhere_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    response = client.post(reverse("ui:language"), {"language": "en"})

    assert response.status_code == 403
    assert "This form is too old to be sent." in response.content.decode()
