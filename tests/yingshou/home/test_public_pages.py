"""The public pages: both languages, honest about what is open, light."""

import pytest
from django.urls import reverse

from tests.yingshou.home.sign_in import client_in, client_of, member
from yingshou.home.diagrams import diagram_of
from yingshou.home.modes import BY_SLUG, GENERAL, MODES, Mode
from yingshou.tenancy.actor import Duty

PATHS = ["/", "/introduction/", "/help/", "/help/keys/", *[f"/introduction/{mode.slug}/" for mode in MODES]]
LIGHT = 100_000


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", PATHS)
def test_public_page_opens_for_anybody_in_both_languages(path: str, language: str) -> None:
    response = client_in(language).get(path)

    assert response.status_code == 200
    assert response.headers["Content-Language"] == language
    assert len(response.content) < LIGHT
    assert "style=" not in response.content.decode()


@pytest.mark.django_db
def test_introduction_names_the_six_modes_and_says_which_are_open() -> None:
    page = client_in("en").get("/").content.decode()

    assert [mode.slug for mode in MODES if f"/introduction/{mode.slug}/" in page] == list(BY_SLUG)
    assert page.count("Open: entry and confirmation") == 1
    assert page.count("In preparation") == 5


@pytest.mark.django_db
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.slug)
def test_mode_page_shows_every_step_who_does_it_and_where_each_role_starts(mode: Mode) -> None:
    page = client_in("en").get(reverse("home:mode", args=[mode.slug])).content.decode()

    assert page.count("<circle") == len(mode.steps)
    assert page.count('class="y-line-what"') == len(mode.steps)
    assert page.count(f'href="{reverse("identity:register")}"') >= len(mode.starts) > 0
    assert ("cannot be used yet" in page) is not mode.is_open


def test_only_entry_and_confirmation_are_called_open() -> None:
    open_steps = [(mode.slug, number) for mode in MODES for number, step in enumerate(mode.steps) if step.is_open]

    assert open_steps == [(GENERAL.slug, 0), (GENERAL.slug, 1), (GENERAL.slug, 2)]


def test_every_role_that_may_start_acts_in_its_mode() -> None:
    for mode in MODES:
        assert set(mode.starts) <= set(mode.lanes)


def test_diagram_has_a_lane_for_each_party_and_a_dot_for_each_step_in_order() -> None:
    diagram = diagram_of(GENERAL)

    assert len(diagram.lanes) == len(GENERAL.lanes)
    assert [dot.number for dot in diagram.dots] == list(range(1, len(GENERAL.steps) + 1))
    assert [dot.x for dot in diagram.dots] == sorted({dot.x for dot in diagram.dots})
    assert all(0 < dot.x < diagram.width and 0 < dot.y < diagram.height for dot in diagram.dots)


@pytest.mark.django_db
def test_unknown_mode_is_not_found() -> None:
    assert client_in().get("/introduction/nothing/").status_code == 404


@pytest.mark.django_db
def test_introduction_stays_reachable_after_sign_in_and_leads_back_to_work() -> None:
    client = client_of(member(Duty.MAKER), "en")

    page = client.get("/introduction/").content.decode()

    assert "Back to my work" in page
    assert reverse("identity:register") not in page
