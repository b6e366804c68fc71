"""In Chromium: an organisation registers, two members of staff verify it, its administrator signs in and can invite people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import Browser

from tests.e2e.walker import WIDTHS, Walker, walker
from tests.factories import identity
from tests.yingshou.identity.test_registration import PNG, first_page
from yingshou.tenancy.actor import Capability, Duty

pytestmark = pytest.mark.django_db(transaction=True)

USCC = identity.uscc(990077)


@pytest.fixture
def address(live_server: Any) -> str:
    """The address of a server in this process, so that its mails can be read."""
    return str(live_server.url)


def speak(one: Walker, language: str) -> None:
    """Choose the language, as the switch in the frame does."""
    one.page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": one.address}])


def register(one: Walker, licence: Path) -> None:
    """Both pages of the form."""
    one.open("/organisation/register/")
    one.look("register")
    for name, value in first_page(
        uscc=USCC, name="厦门鹭江验收有限公司", username="lujiang-admin", email="admin@lujiang.example.com"
    ).items():
        box = one.page.locator(f"main [name={name}]")
        if name == "capabilities":
            for capability in value:
                one.page.locator(f"main [name=capabilities][value={capability}]").check()
        elif box.first.evaluate("field => field.tagName") == "SELECT":
            box.select_option(value)
        else:
            box.fill(value)
    one.click("main form button[type=submit]")
    one.page.wait_for_url("**/organisation/register/check/")
    one.look("register-check")
    one.page.locator("[name=licence]").set_input_files(licence)
    one.page.locator("[name=password1]").fill(identity.PASSWORD)
    one.page.locator("[name=password2]").fill(identity.PASSWORD)
    one.page.locator("[name=agreed]").check()
    one.click("main form button[type=submit]")
    one.page.wait_for_url("**/organisation/register/done/")
    one.look("register-done")


def confirm_address(one: Walker) -> None:
    """Open the link of the mail and say yes."""
    link = re.search(r"/account/confirm-email/\S+", str(mail.outbox[-1].body))
    assert link is not None, mail.outbox[-1].body
    one.open(link[0])
    one.look("confirm-address")
    one.click("main form button[type=submit]")
    one.page.wait_for_load_state("networkidle")


def sign_in(one: Walker) -> None:
    """The new administrator."""
    one.open("/account/login/")
    one.look("sign-in")
    one.page.locator("[name=login]").fill("lujiang-admin")
    one.page.locator("[name=password]").fill(identity.PASSWORD)
    one.page.locator("[name=password]").press("Enter")
    one.page.wait_for_url(f"{one.address}/")


@pytest.mark.parametrize("width", sorted(WIDTHS))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_registration_to_verified(browser: Browser, address: str, tmp_path: Path, language: str, width: str) -> None:
    operator = identity.organisation(Capability.PLATFORM_OPERATOR, kind="09", size=None)
    first = identity.membership(operator, [Duty.MAKER])
    second = identity.membership(operator, [Duty.CHECKER])
    licence = tmp_path / "licence.png"
    licence.write_bytes(PNG)
    view: dict[str, Any] = {"language": language, "width": WIDTHS[width]}

    with walker(browser, address, **view) as applicant:
        speak(applicant, language)
        register(applicant, licence)
        confirm_address(applicant)
        sign_in(applicant)
        applicant.open("/organisation/")
        applicant.look("waiting")
        assert applicant.page.locator("html").get_attribute("lang") == {"zh-hans": "zh-Hans", "en": "en"}[language]
        assert applicant.page.locator("[data-state=VERIFIED]").count() == 0

        with walker(browser, address, first, **view) as reviewer:
            speak(reviewer, language)
            reviewer.open("/organisation/registrations/")
            reviewer.look("registrations")
            reviewer.click("main a[href*='/organisation/registrations/']")
            reviewer.look("review")
            reviewer.page.locator("[name=event][value=verify]").check()
            reviewer.click("form[action$='/propose/'] button[type=submit]")
            reviewer.page.wait_for_url("**/organisation/registrations/")

        with walker(browser, address, second, **view) as decider:
            speak(decider, language)
            decider.open("/approvals/")
            decider.look("inbox")
            decider.click("main a[href*='/approvals/']:not([href$='policies/'])")
            decider.look("decision")
            decider.click("form[action$='/approve/'] button[type=submit]")
            decider.page.wait_for_load_state("networkidle")

        applicant.open("/organisation/")
        applicant.look("verified")
        applicant.open("/organisation/people/invite/")
        assert applicant.page.locator("[name=duties][value=signer]").count() == 1, "a verified organisation has people"
        applicant.look("invite")
