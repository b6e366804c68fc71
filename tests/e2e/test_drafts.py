"""Forms that save themselves, in a browser: typed, saved, found again; a file chosen once; the end of a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser, expect

from receivables.models import Evidence, Receivable
from tests.e2e.walker import Walker, walker
from tests.factories import identity
from tests.factories import receivables as make
from yingshou.drafts.models import FormDraft
from yingshou.identity.models import Membership
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/receivables/new/?kind=S1"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def maker(transactional_db: None) -> Membership:
    """A supplier's maker."""
    return identity.membership(make.creditor(name="厦门明泰汽车零部件有限公司"), [Duty.MAKER])


def _saved(by: Walker) -> None:
    expect(by.page.locator("[data-draft-status]")).to_contain_text("Saved")


def _drafts() -> int:
    with acting_as(Actor.system("test")), transaction.atomic():
        return FormDraft.objects.count()


@pytest.mark.parametrize("width", [1280, 375])
def test_what_is_typed_saves_itself_and_is_there_after_reloading(
    browser: Browser, web_server: str, maker: Membership, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "合同.pdf"
    file.write_bytes(PDF)
    with walker(browser, web_server, maker, language="en", width=width) as one:
        one.open(NEW)
        one.page.get_by_label("Contract number").fill("HT-2026-0417")
        _saved(one)
        one.page.locator("input[name=files-0-file]").set_input_files(file)
        expect(one.page.locator("[data-draft-kept=files-0-file]")).to_be_visible()
        expect(one.page.locator("input[name=files-0-file]")).to_be_hidden()
        one.look("draft-saved")
        one.page.reload()

        expect(one.page.get_by_label("Contract number")).to_have_value("HT-2026-0417")
        expect(one.page.get_by_text("Your draft of")).to_be_visible()
        expect(one.page.locator("[data-draft-kept=files-0-file]")).to_contain_text("合同.pdf")
        one.look("draft-restored")
        one.open("/")
        one.see("Go on with entries begun")
        one.page.get_by_role("link", name="Continue").first.click()
        one.look("drafts-begun")
        one.page.get_by_role("link", name="Continue").first.click()
        expect(one.page.get_by_label("Contract number")).to_have_value("HT-2026-0417")
        one.page.get_by_role("button", name="Discard").click()
        expect(one.page.get_by_label("Contract number")).to_have_value("")
    assert _drafts() == 0


def test_an_entry_is_left_by_a_link_and_sent_later_with_its_file(
    browser: Browser, web_server: str, maker: Membership, tmp_path: Path
) -> None:
    buyer = make.debtor()
    file = tmp_path / "合同.pdf"
    file.write_bytes(PDF)
    with walker(browser, web_server, maker, language="en") as one:
        one.open(NEW)
        one.page.locator("input[name=files-0-file]").set_input_files(file)
        expect(one.page.locator("[data-draft-kept=files-0-file]")).to_be_visible()
        one.page.locator("input[name=contract_no]").fill("HT-1")
        # Without waiting: leaving the field saves, and Enter in a field must not press a button that takes something off.
        one.page.locator("input[name=contract_no]").press("Enter")
        expect(one.page.locator("[data-focus-first]")).to_be_focused()
        expect(one.page.locator("[data-draft-kept=files-0-file]")).to_contain_text("合同.pdf")
        for name, value in {
            "other_uscc": buyer.uscc, "face_amount": "113000", "delivery_date": "2026-11-01", "due_date": "2027-01-30",
            "invoices-0-number": "00123456", "invoices-0-code": "3502261130", "invoices-0-issue_date": "2026-11-01",
            "invoices-0-net_amount": "100000", "invoices-0-tax_amount": "13000", "invoices-0-gross_amount": "113000",
        }.items():  # fmt: skip
            one.page.locator(f"input[name={name}]").fill(value)
        one.page.get_by_role("button", name="Keep as draft and check").dblclick()
        one.page.wait_for_url("**/check/")

    with acting_as(make.job(maker.organisation)), transaction.atomic():
        row = Receivable.objects.get()
        assert Evidence.objects.filter(receivable=row).count() == 1
    assert _drafts() == 0


def test_the_end_of_a_session_keeps_the_form(browser: Browser, web_server: str, maker: Membership) -> None:
    with walker(browser, web_server, maker, language="en") as one:
        one.open(NEW)
        one.page.locator("input[name=contract_no]").fill("HT-7")
        _saved(one)
        # Signed out and in again in another tab, as after a time-out.
        other = one.page.context.new_page()
        other.goto(f"{web_server}/")
        other.evaluate("document.querySelector('form[action=\"/account/logout/\"]').submit()")
        other.wait_for_load_state()
        one.page.locator("input[name=contract_name]").fill("Rahmenvertrag")
        expect(one.page.locator("[data-draft-status]")).to_contain_text("your session has ended")
        link = one.page.locator("#timeout-gone a").get_attribute("href")
        assert link is not None
        other.goto(f"{web_server}{link}")
        other.locator("input[name=login]").fill(maker.person.username)
        other.locator("input[name=password]").fill(identity.PASSWORD)
        other.locator("input[name=password]").press("Enter")
        other.wait_for_url(f"{web_server}{NEW}")
        expect(other.locator("input[name=contract_no]")).to_have_value("HT-7")
        # The old tab goes on where it was: its token is renewed by itself.
        one.page.locator("input[name=project_name], input[name=contract_date]").first.fill("2026-11-01")
        _saved(one)
        other.reload()
        expect(other.locator("input[name=contract_name]")).to_have_value("Rahmenvertrag")
        one.troubles[:] = [text for text in one.troubles if "403" not in text]


def test_without_a_connection_it_says_so_and_saves_when_it_is_back(
    browser: Browser, web_server: str, maker: Membership
) -> None:
    with walker(browser, web_server, maker, language="en") as one:
        one.open(NEW)
        one.page.context.set_offline(True)
        one.page.locator("input[name=contract_no]").fill("HT-8")
        expect(one.page.locator("[data-draft-status]")).to_contain_text("no connection")
        one.page.context.set_offline(False)
        _saved(one)
        one.page.reload()
        expect(one.page.locator("input[name=contract_no]")).to_have_value("HT-8")
        one.troubles[:] = [text for text in one.troubles if "ERR_INTERNET_DISCONNECTED" not in text]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_registration_saves_itself_in_the_browsers_session(browser: Browser, web_server: str, language: str) -> None:
    with walker(browser, web_server, language=language, width=375) as one:
        one.open("/organisation/register/")
        one.page.locator("input[name=name]").fill("厦门明泰汽车零部件有限公司")
        expect(one.page.locator("[data-draft-status]")).not_to_be_empty()
        with one.page.expect_response(lambda answer: "13800138000" in (answer.request.post_data or "")):
            one.page.locator("input[name=phone]").fill("13800138000")
        one.page.reload()
        expect(one.page.locator("input[name=phone]")).to_have_value("13800138000")
        one.look("register-restored")
