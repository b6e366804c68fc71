"""The main job from a spreadsheet to a signed confirmation, as two firms do it in their browsers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from python_calamine import CalamineWorkbook

from tests.e2e.steps import finish, select_all, sign, states, upload, wait_for_state
from tests.e2e.town import Town, line, town, workbook
from tests.e2e.walker import Walker, walker
from tests.harness.books import books_hold

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "report"])

GOOD = 100
# The most clicks from home that submitting or signing a hundred items may take; choosing the file and the PIN apart.
CLICKS = 4


@pytest.fixture
def place(web_server: str, celery_worker_process: subprocess.Popen[bytes], tmp_path: Path) -> Town:
    """The two firms, with web server and worker running."""
    return town(tmp_path)


def test_from_a_spreadsheet_to_a_signed_confirmation(
    browser: Browser, web_server: str, place: Town, tmp_path: Path
) -> None:
    rows = [line(place, number) for number in range(1, GOOD + 1)]
    bad = [
        line(place, 201, 价税合计="一千元"),
        line(place, 202, 债务人统一社会信用代码="91350200MA0000000X"),
        line(place, 203, 到期日="2026-13-45"),
    ]
    file = workbook(tmp_path / "十一月应收.xlsx", rows + bad)

    with walker(browser, web_server, place.maker) as maker:
        take_over(maker, file, tmp_path)
        submit_all(maker)
    assert states(place) == {"DRAFT": GOOD}
    with walker(browser, web_server, place.checker) as checker:
        approve_first(checker)
    assert states(place) == {"PENDING_CONFIRM": GOOD}
    with walker(browser, web_server, place.confirmer) as confirmer:
        confirm_all(confirmer)
    with walker(browser, web_server, place.signer) as signer:
        sign_first(signer, place)
    assert states(place) == {"CONFIRMED": GOOD}
    with walker(browser, web_server, place.maker) as maker:
        see_the_seal(maker)
        upload(maker, workbook(tmp_path / "again.xlsx", rows))
        assert maker.page.locator("form[action$='/accept/']").count() == 0, "the same rows again add nothing"
        maker.look("import-known")
    assert states(place) == {"CONFIRMED": GOOD}
    books_hold()


def take_over(maker: Walker, file: Path, folder: Path) -> None:
    """Dry run with errors in place, the file with the reasons, the good rows taken over."""
    maker.look("home-supplier-empty")
    upload(maker, file)
    maker.look("import-checked")
    maker.see("一千元")
    maker.click("form[action$='/annotated/'] button[type=submit]")
    ready = maker.page.locator(".y-card a[href^='/files/'][href$='/']").filter(has=maker.page.locator("svg")).first
    ready.wait_for()
    with maker.page.expect_download() as download:
        ready.click()
    kept = folder / "annotated.xlsx"
    download.value.save_as(kept)
    text = str(CalamineWorkbook.from_path(kept).get_sheet_by_index(0).to_python())
    assert "一千元" in text
    assert "91350200MA0000000X" in text
    maker.click("form[action$='/accept/'] button[type=submit]")
    wait_for_state(maker, "DONE")
    maker.look("import-done")


def submit_all(maker: Walker) -> None:
    """Submit all drafts to the debtor for checking."""
    maker.open("/")
    maker.look("home-supplier")
    maker.clicks = 0
    maker.click("main a[href*='/receivables/?']")
    maker.look("claims")
    select_all(maker)
    maker.click("[data-selection-bar] button[type=submit][data-needs]:not([formaction])")
    finish(maker)
    assert maker.clicks <= CLICKS
    maker.look("asked-submit")


def approve_first(checker: Walker) -> None:
    """The second person agrees."""
    checker.open("/approvals/")
    checker.look("approvals")
    checker.click("main a[href*='/approvals/']:not([href$='policies/'])")
    checker.look("approval")
    checker.click("form[action$='/approve/'] button[type=submit]")
    checker.page.wait_for_load_state("networkidle")


def confirm_all(confirmer: Walker) -> None:
    """The debtor's maker confirms a hundred in at most four clicks from home."""
    confirmer.look("home-debtor")
    confirmer.clicks = 0
    confirmer.click("main a[href*='/payables/confirm/']")
    confirmer.look("confirmations")
    select_all(confirmer)
    confirmer.click("[data-selection-bar] button[type=submit][data-needs]:not([formaction])")
    finish(confirmer)
    assert confirmer.clicks <= CLICKS
    confirmer.look("asked-confirm")


def sign_first(signer: Walker, of: Town) -> None:
    """The debtor's signer signs all of them at once, in at most four clicks from home."""
    signer.look("home-signer")
    signer.clicks = 0
    signer.click("main a[href*='/approvals/']:not([href$='policies/'])")
    if not signer.page.locator("a[href*='/signing/approvals/']").count():
        signer.click("main a[href*='/approvals/']:not([href$='policies/'])")
    signer.look("approval-to-sign")
    signer.click("a[href*='/signing/approvals/']")
    signer.look("sign")
    sign(signer, of)
    assert signer.clicks <= CLICKS
    signer.look("signed")


def see_the_seal(maker: Walker) -> None:
    """The supplier finds the confirmed receivable with the buyer's seal."""
    maker.look("home-supplier-confirmed")
    maker.open("/receivables/?state=confirmed")
    maker.look("claims-confirmed")
    maker.click("tbody a[href^='/receivables/AR']")
    maker.look("receivable-confirmed")
    seal = maker.page.locator("summary.y-seal-valid").first
    seal.click()
    expect(maker.page.locator(".y-seal-facts").first).to_contain_text("恒达")
