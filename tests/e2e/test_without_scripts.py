"""Without JavaScript: a supplier uploads its sheet, and a debtor confirms a receivable."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import town as place_
from tests.e2e.steps import approve_and_sign, states
from tests.e2e.town import Town, line, workbook
from tests.e2e.walker import Walker, walker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(web_server: str, celery_worker_process: subprocess.Popen[bytes], tmp_path: Path) -> Town:
    """The two firms, with web server and worker running."""
    return place_.town(tmp_path)


def _until(by: Walker, state: str) -> None:
    """Load the page again, as a person without scripts does, until it says so."""
    for _look in range(120):
        if by.page.locator(f"[data-state='{state}']").count():
            return
        by.page.wait_for_timeout(250)
        by.page.reload()
    raise TimeoutError(state)


def test_upload_and_take_over(browser: Browser, web_server: str, place: Town, tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [line(place, number) for number in (1, 2, 3)])

    with walker(browser, web_server, place.maker, scripts=False) as maker:
        maker.open("/imports/receivables.claims/new/")
        maker.page.locator("input[type=file]").set_input_files(file)
        maker.click("main form[enctype] button[type=submit]")
        _until(maker, "CHECKED")
        maker.click("form[action$='/accept/'] button[type=submit]")
        _until(maker, "DONE")

    assert states(place) == {"DRAFT": 3}


def test_confirm_one(browser: Browser, web_server: str, place: Town) -> None:
    row = place_.pending(place)
    place_.pending(place, "22600.00")

    with walker(browser, web_server, place.confirmer, scripts=False) as confirmer:
        confirmer.open("/payables/confirm/")
        confirmer.page.locator(f"input[name=id][value='{row.pk}']").check()
        confirmer.click("[data-selection-bar] button[type=submit]:not([formaction])")
        if "/asked/" not in confirmer.page.url:
            confirmer.click("form#act button.y-button-primary")
        confirmer.page.wait_for_url("**/receivables/asked/**")
    # Signing alone needs scripts: the key must not leave the browser.
    with walker(browser, web_server, place.signer) as signer:
        approve_and_sign(signer, place)

    assert states(place) == {"CONFIRMED": 1, "PENDING_CONFIRM": 1}
