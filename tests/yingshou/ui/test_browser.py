"""The frame and every component in Chromium: accessible, inside the content policy, working by keyboard and by thumb."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.factories import identity as factories
from tests.yingshou.ui.axe import assert_no_axe_violations
from yingshou.tenancy.actor import Actor, Duty, acting_as
from yingshou.ui.templatetags import ui as wording

DESKTOP, PHONE = (1440, 900), (375, 812)

Open = Callable[..., Page]


@pytest.fixture
def opened(web_server: str, browser: Browser) -> Iterator[Open]:
    """Return a function that opens the gallery as a signed-in maker and fails on anything the policy refuses."""
    problems: list[str] = []
    contexts: list[BrowserContext] = []
    member = factories.membership(factories.organisation(), [Duty.MAKER])
    client = Client()
    with acting_as(Actor.anonymous("sign-in")):
        assert client.login(username=member.person.username, password=factories.PASSWORD)

    def open_gallery(size: tuple[int, int] = DESKTOP, language: str = "en", scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts, reduced_motion="reduce"
        )
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": web_server},
                {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": web_server},
            ]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{web_server}/ui/")
        return page

    yield open_gallery

    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_axe_finds_nothing_and_nothing_overflows(opened: Open, size: tuple[int, int], language: str) -> None:
    page = opened(size, language)

    assert_no_axe_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_focus_is_on_the_first_error(opened: Open) -> None:
    expect(opened().locator(".y-errors")).to_be_focused()


def test_a_selection_is_counted_summed_and_said_in_words(opened: Open) -> None:
    page = opened()
    boxes = page.locator("input[name=id]")
    bar = page.locator("[data-selection-bar]")

    expect(bar.get_by_role("button", name="Refuse")).to_have_attribute("aria-disabled", "true")
    boxes.nth(0).check()
    boxes.nth(1).check()

    expect(bar).to_contain_text("Selected: 2")
    expect(bar).to_contain_text("161,000.00")
    expect(bar).to_contain_text("壹拾陆万壹仟元整")
    expect(bar).to_contain_text("All agree with our book")
    boxes.nth(2).check()
    expect(bar).to_contain_text("2 agree · 1 differ")
    expect(bar.get_by_role("button", name="Refuse")).to_have_attribute("aria-disabled", "false")
    page.locator("[data-select-page]").check()
    expect(bar).to_contain_text("Selected: 5")
    page.locator("[data-select-all]").check()
    expect(bar).to_contain_text("Selected: 1,000+")


def test_amounts_in_words_agree_with_the_server(opened: Open) -> None:
    page = opened()
    amounts = ["0.00", "0.05", "1409.50", "10000.00", "100000001.01", "6007.14", "1680.32", "113000.00", "500000000.00"]

    preview = page.evaluate(
        "async amounts => { const {inWords, toFen} = await import('/static/js/list.js');"
        " return amounts.map(text => inWords(toFen(text))); }",
        amounts,
    )

    assert preview == [wording.in_words(text) for text in amounts]


def test_keys_reach_search_rows_and_help(opened: Open) -> None:
    page = opened()
    page.locator("#main").focus()

    page.keyboard.press("j")
    expect(page.locator("tr[data-row]").first).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("input[name=id]").first).to_be_checked()
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()


def test_a_seal_opens_who_when_and_with_what(opened: Open) -> None:
    page = opened()

    page.locator("#seals summary").first.click()

    facts = page.locator("#seals .y-seal-facts").first
    expect(facts).to_contain_text("Finance director")
    expect(facts).to_contain_text("2026-11-18 14:22:07")


def test_language_and_size_switch_without_scripts(opened: Open) -> None:
    page = opened(scripts=False)

    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.locator("button[name=size][value=large]:visible").click()
    expect(page.locator("html")).to_have_class("text-large")


def test_a_warning_comes_before_the_session_ends(opened: Open) -> None:
    page = opened()
    page.locator("#id_name").fill("half written")
    page.clock.install()
    page.reload()
    page.locator("#id_name").fill("half written")

    page.clock.fast_forward("28:30")

    dialog = page.locator("#timeout-dialog")
    expect(dialog).to_be_visible()
    page.locator("#timeout-stay").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#id_name")).to_have_value("half written")


def test_paper_has_no_frame(opened: Open) -> None:
    page = opened()
    page.emulate_media(media="print")

    expect(page.locator(".y-nav")).to_be_hidden()
    expect(page.locator(".y-top")).to_be_hidden()
    expect(page.locator(".y-verify")).to_be_visible()
