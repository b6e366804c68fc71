"""The electronic licence with two browsers: the desktop that shows the code, and the holder's phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as project
from django.db import transaction
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.factories import identity
from tests.yingshou.signing import flow
from tests.yingshou.signing.licences import PIN, Firm, LicenceService, connect, firm, new_service
from tests.yingshou.signing.test_elicence import submitted
from tests.yingshou.ui.axe import assert_no_axe_violations
from yingshou.approvals.models import Approval
from yingshou.identity.models import Person
from yingshou.signing import selectors
from yingshou.signing.elicence_models import LicenceRequest
from yingshou.signing.models import SignatureEvidence
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 375, "height": 740}
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicenceService]:
    found = new_service(tmp_path_factory.mktemp("elicence"))
    yield found
    found.stop()


@pytest.fixture
def service(running: LicenceService, settings: Any, live_server: Any) -> LicenceService:
    flow.stale.clear()
    flow.parties.clear()
    settings.YINGSHOU_PUBLIC_URL = live_server.url
    connect(running, settings)
    return running


@pytest.fixture
def opened(browser: Browser, live_server: Any) -> Iterator[Opened]:
    """Pages in browsers of their own."""
    contexts: list[BrowserContext] = []

    def new(language: str = "zh-hans", **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        context.add_cookies([{"name": project.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()


def with_password(page: Page, person: Person) -> None:
    page.locator("input[name=login]").fill(person.username)
    page.locator("input[name=password]").fill(identity.PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("nav").first).to_be_visible()


def confirm(phone: Page, link: str, of: Firm, *, decision: str = "confirm") -> None:
    phone.goto(link)
    phone.locator("select").select_option(of.held)
    phone.locator("input[type=password]").fill(PIN)
    phone.locator(f"button[value={decision}]").click()
    expect(phone.locator("[data-state]")).to_be_visible()


def link_of(desktop: Page) -> str:
    """Where the code on the screen leads; the picture says the same."""
    desktop.locator("[data-licence=waiting] img").wait_for()
    return desktop.locator("[data-licence=waiting] a[target=_blank]").get_attribute("href") or ""


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_desktop_shows_the_code_and_the_phone_signs(service: LicenceService, opened: Opened) -> None:
    of = firm(service, linked=True)
    approval = submitted(of, 3)
    desktop, phone = opened(), opened(viewport=PHONE)
    desktop.goto(f"/account/login/?next=/signing/approvals/{approval.pk}/")
    with_password(desktop, of.membership.person)
    desktop.locator(f"form[action$='/licence/sign/{approval.pk}/'] button").click()
    link = link_of(desktop)
    assert_no_axe_violations(desktop)

    phone.goto(link)
    expect(phone.locator("dl")).to_contain_text("300.30 CNY")
    assert fits(phone)
    confirm(phone, link, of)
    desktop.wait_for_url("**/result/")

    expect(desktop.locator("main")).to_contain_text("3")
    with flow.acting(of.signer):
        evidence = SignatureEvidence.objects.get()
        assert evidence.format == "ELICENSE"
        assert selectors.judge(evidence) is None
        assert Approval.objects.get(pk=approval.pk).signature_id == evidence.pk
    desktop.goto(f"/signing/evidence/{evidence.pk}/")
    expect(desktop.locator("main")).to_contain_text("证照管理员")
    for name in ("signature.bin", "certificate.pem", "assertion.json", "assertion.bin"):
        assert desktop.request.get(f"/signing/evidence/{evidence.pk}/{name}/").ok


def test_without_scripts_a_button_looks_again(service: LicenceService, opened: Opened) -> None:
    of = firm(service, linked=True)
    approval = submitted(of, 1)
    desktop, phone = opened("en", java_script_enabled=False, viewport=PHONE), opened(viewport=PHONE)
    desktop.goto(f"/account/login/?next=/signing/approvals/{approval.pk}/")
    with_password(desktop, of.membership.person)
    desktop.locator(f"form[action$='/licence/sign/{approval.pk}/'] button").click()
    link = link_of(desktop)

    desktop.get_by_role("button", name="Look again").click()
    expect(desktop.locator("[data-licence=waiting]")).to_be_visible()
    confirm(phone, link, of)
    desktop.get_by_role("button", name="Look again").click()

    desktop.wait_for_url("**/result/")
    with flow.acting(of.signer):
        assert SignatureEvidence.objects.get().format == "ELICENSE"


def test_signing_in_the_first_time_the_leave_and_then_without_a_password(
    service: LicenceService, opened: Opened
) -> None:
    of = firm(service)
    desktop, phone, administrator = opened("en"), opened(viewport=PHONE), opened("en", viewport=PHONE)
    desktop.goto("/account/login/")
    desktop.get_by_role("link", name="Sign in with the electronic business licence").click()
    desktop.get_by_role("button", name="Show the code").click()
    confirm(phone, link_of(desktop), of)

    expect(desktop.locator("main")).to_contain_text("is not linked to a person of it here")
    desktop.get_by_role("link", name="Sign in with a password and link it").click()
    with_password(desktop, of.membership.person)
    desktop.get_by_role("button", name="Ask to link it").click()
    expect(desktop.locator("main")).to_contain_text("waits for an administrator")
    administrator.goto("/account/login/?next=/licence/links/")
    with_password(administrator, of.administrator.person)
    assert_no_axe_violations(administrator)
    assert fits(administrator)
    administrator.get_by_role("button", name="Agree").click()
    expect(administrator.locator("main")).to_contain_text("linked")
    again = opened("en", viewport=PHONE)
    again.goto("/licence/?next=/licence/links/")
    again.get_by_role("button", name="Show the code").click()
    link = link_of(again)
    assert_no_axe_violations(again)
    assert fits(again)
    confirm(phone, link, of)

    again.wait_for_url("**/licence/links/")
    expect(again.locator("main")).to_contain_text("linked")


def test_refused_run_out_and_away_say_why_and_what_next(service: LicenceService, opened: Opened) -> None:
    of = firm(service)
    desktop, phone = opened("en", viewport=PHONE), opened(viewport=PHONE)

    desktop.goto("/licence/")
    desktop.get_by_role("button", name="Show the code").click()
    confirm(phone, link_of(desktop), of, decision="refuse")
    expect(desktop.locator("[data-licence=failed]")).to_contain_text("refused on the phone")
    desktop.get_by_role("button", name="Get a new code").click()
    desktop.locator("[data-licence=waiting]").wait_for()
    run_out()
    expect(desktop.locator("[data-licence=over]")).to_contain_text("The code has run out")
    service.faults("down")
    desktop.get_by_role("button", name="Get a new code").click()

    away = desktop.locator("[data-licence=away]")
    expect(away).to_contain_text("does not answer")
    assert_no_axe_violations(desktop)
    service.faults()
    away.get_by_role("button", name="Try again").click()
    expect(desktop.locator("[data-licence=waiting]")).to_be_visible()
    assert fits(desktop)


def run_out() -> None:
    """Two minutes pass for every open request."""
    with acting_as(Actor.system("test")), transaction.atomic():
        for row in LicenceRequest.objects.filter(answer=""):
            LicenceRequest.objects.filter(pk=row.pk).update(expires_at=row.created_at)
