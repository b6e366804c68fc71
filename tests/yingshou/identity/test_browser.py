"""The pages of identity in Chromium: no console error, nothing for axe to find, the code is checked while typing."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import identity as make
from yingshou.identity import factors
from yingshou.identity.models import Person
from yingshou.tenancy.actor import Capability, Duty

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(__file__).resolve().parents[2] / "vendor" / "axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
PUBLIC = ("/account/login/", "/account/password/reset/", "/organisation/register/", "/organisation/register/done/")
ADMINISTRATORS = ("people", "invite", "organisation", "profile", "security", "add_app", "add_passkey", "prove")


def findings(page: Any) -> Any:
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return [(one["id"], one["nodes"][0]["html"]) for one in page.evaluate(RULES)["violations"]]


def enter(page: Any, live_server: Any, person: Person, secret: str = "") -> None:
    page.goto(f"{live_server.url}/account/login/")
    page.fill("[name=login]", person.username)
    page.fill("[name=password]", make.PASSWORD)
    page.press("[name=password]", "Enter")
    if secret:
        page.fill("[name=proof-code]", factors.code_at(secret, time.time()))
        page.press("[name=proof-code]", "Enter")
    page.wait_for_url(f"{live_server.url}/")


def test_pages_are_accessible_and_quiet(live_server: Any, page: Any) -> None:
    operator = make.organisation(Capability.PLATFORM_OPERATOR, size=None)
    staff = make.membership(operator, [Duty.MAKER, Duty.CHECKER, Duty.SYSTEM_ADMINISTRATOR])
    row = make.organisation()
    administrator = make.membership(row, [Duty.ADMINISTRATOR])
    colleague = make.membership(row, [Duty.MAKER])
    waiting = make.organisation(state="PENDING_VERIFICATION", verified_at=None)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None)
    found = {}

    def look(path: str) -> None:
        page.goto(f"{live_server.url}{path}")
        found.update({path: problems} if (problems := findings(page)) else {})

    for path in PUBLIC:
        look(path)
    enter(page, live_server, administrator.person)
    for name in ADMINISTRATORS:
        look(reverse(f"identity:{name}"))
    for path in (reverse("identity:member", args=[colleague.pk]), "/account/sessions/", "/account/password/change/"):
        look(path)
    page.context.clear_cookies()
    enter(page, live_server, staff.person, make.app(staff.person))
    look(reverse("identity:registrations"))
    look(reverse("identity:review", args=[waiting.pk]))
    for path in ("/admin/", "/admin/identity/region/", "/admin/approvals/approval/"):
        look(path)

    assert found == {}
    assert [text for text in troubles if "favicon" not in text] == []


def test_credit_code_is_checked_while_typing(live_server: Any, page: Any) -> None:
    row = make.organisation()
    page.goto(f"{live_server.url}/organisation/register/")

    page.fill("#id_uscc", row.uscc)
    page.press("#id_uscc", "Tab")

    expect(page.locator("#code-answer .y-notice-amber")).to_be_visible()
    page.fill("#id_uscc", make.uscc(770001))
    page.press("#id_uscc", "Tab")
    expect(page.locator("#code-answer .y-notice-green")).to_be_visible()
