"""A person at a browser of her own: what she opens is looked at by axe, and whatever the console says is kept."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.factories import identity
from tests.yingshou.ui.axe import axe_violations
from yingshou.identity import factors
from yingshou.identity.models import Membership
from yingshou.tenancy.actor import Capability

WIDTHS = {"desktop": 1280, "phone": 375}
# Words of ours, not of the firms: in English none of them may be Chinese.
_OUR_WORDS = "nav a, h2, h3, th, label, button, .y-tag, .y-chip, .y-button, .y-help, .y-notice, dt, legend, option"
# 万 is a unit that amounts may be typed in, in English too.
_CHINESE = re.compile(r"(?!万)[\u4e00-\u9fff]")
# Shown in Chinese whatever the language: the switch to Chinese, and what is marked as Chinese.
_MAY_BE_CHINESE = {"中文", "中"}
STAFF = {Capability.PLATFORM_OPERATOR}
# What a check page may legitimately answer with: a form that is not complete yet.
_EXPECTED_STATUS = {422}


class Walker:
    """One person's browser: her page, the number of her clicks, and everything that was not as it should be."""

    def __init__(self, page: Page, address: str, language: str) -> None:
        self.page = page
        self.address = address
        self.language = language
        self.clicks = 0
        self.troubles: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"page error: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself reports an expected 422 as an error of loading.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            self.troubles.append(f"{self.page.url}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in _EXPECTED_STATUS:
            self.troubles.append(f"{response.status} {response.url}")

    def sign_in(self, who: Membership) -> None:
        """Sign in with user name and password, and as platform staff with the code of an app."""
        secret = identity.app(who.person) if who.organisation.capability_set & STAFF else ""
        self.page.goto(f"{self.address}/account/login/")
        self.page.locator("input[name=login]").fill(who.person.username)
        self.page.locator("input[name=password]").fill(identity.PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        if secret:
            self.page.locator("input[name=proof-code]").fill(factors.code_at(secret, time.time()))
            self.page.locator("input[name=proof-code]").press("Enter")
        self.page.wait_for_url(f"{self.address}/")

    def open(self, path: str) -> None:
        """Go to an address."""
        self.page.goto(f"{self.address}{path}")

    def click(self, selector: str) -> None:
        """Click what is meant, and count it."""
        self.clicks += 1
        self.page.locator(selector).locator("visible=true").first.click()

    def look(self, name: str) -> None:
        """Judge the page as it stands: readable by everybody, and no wider than the window."""
        self.page.wait_for_load_state("networkidle")
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        folder = os.environ.get("YINGSHOU_SHOTS")
        if folder:
            file = Path(folder) / f"{name}-{self.language}-{width}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=file, full_page=True)
        self.troubles += [f"{name} ({self.language}, {width}): {text}" for text in axe_violations(self.page)]
        if self.page.evaluate("document.documentElement.lang").lower() != self.language:
            self.troubles.append(f"{name}: not in {self.language}")
        if self.language == "en":
            self.troubles += [f"{name}: Chinese words “{text}”" for text in self._chinese_words()]
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            self.troubles.append(f"{name} ({self.language}): {wide} px wide in a window of {width}")

    def _chinese_words(self) -> list[str]:
        """Our words on an English page that are not English; names of firms stand in data, not in these."""
        texts = self.page.locator(_OUR_WORDS).evaluate_all(
            "found => found.filter(e => !e.closest('[lang]:not(html)') && !e.closest('[data-row]')).map(e => e.innerText)"
        )
        words = {text.strip() for text in texts}
        return sorted(word for word in words - _MAY_BE_CHINESE if _CHINESE.search(word))

    def see(self, text: str) -> None:
        """The page says this."""
        expect(self.page.locator("main")).to_contain_text(text)


@contextmanager
def walker(
    browser: Browser, address: str, who: Membership | None = None, *, language: str = "zh-hans", width: int = 1280,
    scripts: bool = True,
) -> Iterator[Walker]:  # fmt: skip
    """
    A browser of one person, signed in where one is named.

    :raises AssertionError: at the end, naming everything that axe, the console or the server complained about
    """
    context = browser.new_context(
        locale="zh-CN", viewport={"width": width, "height": 900}, java_script_enabled=scripts, accept_downloads=True
    )
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address}])
    # A busy machine is slow, not wrong.
    context.set_default_timeout(30_000)
    one = Walker(context.new_page(), address, language)
    try:
        if who is not None:
            one.sign_in(who)
        yield one
        assert not one.troubles, "\n".join(["", *one.troubles])
    finally:
        context.close()
