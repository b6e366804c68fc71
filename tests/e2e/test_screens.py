"""The main screens in both languages, on a desktop and on a phone: readable, nothing wider than the window, no complaint."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from receivables.models import Receivable
from tests.e2e import town as place_
from tests.e2e.town import Town
from tests.e2e.walker import WIDTHS, Walker, walker
from tests.receivables.city import booked

pytestmark = pytest.mark.django_db(transaction=True)

WAYS = [("zh-hans", "phone"), ("en", "desktop"), ("en", "phone")]


@pytest.fixture
def place(web_server: str, tmp_path: Path) -> Town:
    """The two firms, with a web server running."""
    return place_.town(tmp_path)


def _visit(by: Walker, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        by.open(path)
        by.look(name)


def _suppliers(draft: Receivable, waiting: Receivable, done: Receivable) -> dict[str, str]:
    return {
        "home-supplier": "/",
        "claims": "/receivables/",
        "receivable-draft": f"/receivables/{draft.public_no}/",
        "receivable-waiting": f"/receivables/{waiting.public_no}/",
        "receivable-confirmed": f"/receivables/{done.public_no}/",
        "check-answers": f"/receivables/{draft.public_no}/check/",
        "edit": f"/receivables/{draft.public_no}/edit/",
        "new": "/receivables/new/",
        "upload": "/imports/receivables.claims/new/",
        "imports": "/imports/",
        "open-dispute": f"/receivables/{done.public_no}/dispute/",
        "search": f"/search/?q={draft.contract_no}",
        "messages": "/notifications/",
    }


def _debtors(waiting: Receivable) -> dict[str, str]:
    return {
        "home-debtor": "/",
        "confirmations": "/payables/confirm/",
        "answer": f"/payables/confirm/item/{waiting.public_no}/",
        "payables": "/payables/",
        "book": "/payables/book/",
        "approvals": "/approvals/",
    }


@pytest.mark.parametrize(("language", "device"), WAYS)
def test_screens(browser: Browser, web_server: str, place: Town, language: str, device: str) -> None:
    draft, done = place_.drafted(place), place_.confirmed(place, "88000.00")
    agreeing, differing = place_.pending(place), place_.pending(place, "56500.00")
    booked(place.buyer, place.seller, agreeing)
    booked(place.buyer, place.seller, differing, less="6500.00", later=3)
    width = WIDTHS[device]

    with walker(browser, web_server, place.maker, language=language, width=width) as maker:
        _visit(maker, _suppliers(draft, agreeing, done))
    with walker(browser, web_server, place.confirmer, language=language, width=width) as confirmer:
        _visit(confirmer, _debtors(differing))
        confirmer.open("/payables/confirm/")
        confirmer.page.locator("tbody input[name=id]").first.check()
        confirmer.look("confirmations-selected")
        confirmer.click("[data-selection-bar] button[type=submit][data-needs]:not([formaction])")
        confirmer.page.wait_for_load_state("networkidle")
        if confirmer.page.locator("form#act").count():
            confirmer.look("check-step")
            confirmer.click("form#act button.y-button-primary")
        confirmer.page.wait_for_url("**/receivables/asked/**")
        confirmer.look("asked")
    with walker(browser, web_server, place.signer, language=language, width=width) as signer:
        signer.look("home-signer")
        signer.open("/approvals/")
        signer.click("main a[href*='/approvals/']:not([href$='policies/'])")
        signer.look("approval")
        signer.click("a[href*='/signing/approvals/']")
        signer.look("sign")
