"""What goes otherwise than planned: taking back, returning, correcting, confirming in part, disputing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser

from receivables.models import Dispute, Receivable
from tests.e2e import town as place_
from tests.e2e.steps import approve, approve_and_sign, states, upload, wait_for_state
from tests.e2e.town import Town, line, workbook
from tests.e2e.walker import Walker, walker
from tests.factories import receivables as make
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(web_server: str, tmp_path: Path) -> Town:
    """The two firms, with a web server running."""
    return place_.town(tmp_path)


def present(of: Town, row: Receivable) -> Receivable:
    """The receivable as it stands."""
    with acting_as(make.job(of.seller)), transaction.atomic():
        return Receivable.objects.get(pk=row.pk)


def test_an_import_is_undone(
    browser: Browser, web_server: str, place: Town, tmp_path: Path, celery_worker_process: subprocess.Popen[bytes]
) -> None:
    file = workbook(tmp_path / "a.xlsx", [line(place, number) for number in (1, 2)])

    with walker(browser, web_server, place.maker) as maker:
        upload(maker, file)
        maker.click("form[action$='/accept/'] button[type=submit]")
        wait_for_state(maker, "DONE")
        assert states(place) == {"DRAFT": 2}
        maker.click("form[action$='/undo/'] button[type=submit]")
        for _look in range(60):
            if maker.page.locator("[data-state='UNDONE']").count():
                break
            maker.page.wait_for_timeout(250)
            maker.page.reload()
        maker.look("import-undone")
        assert states(place) == {"UNDONE": 2}
        upload(maker, file)
        assert maker.page.locator("form[action$='/accept/']").count() == 1, "what was undone may come again"


def test_returned_corrected_confirmed_in_part_and_disputed(browser: Browser, web_server: str, place: Town) -> None:
    row = place_.pending(place)

    with walker(browser, web_server, place.confirmer) as confirmer, walker(browser, web_server, place.signer) as signer:
        send_back(confirmer, row)
        approve(signer)
        assert present(place, row).state == "RETURNED"
        with walker(browser, web_server, place.maker) as maker, walker(browser, web_server, place.checker) as checker:
            correct(maker, row)
            approve(checker)
        assert present(place, row).state == "PENDING_CONFIRM"
        confirm_part(confirmer, row)
        approve_and_sign(signer, place)
        now = present(place, row)
        assert (now.state, str(now.face_amount), str(now.confirmed_amount)) == ("CONFIRMED", "113000.00", "100000.00")
        with walker(browser, web_server, place.maker) as maker:
            dispute(maker, row)
        confirmer.open("/receivables/disputes/")
        confirmer.look("disputes")
    with acting_as(make.job(place.seller)), transaction.atomic():
        assert [str(one.disputed_amount) for one in Dispute.objects.all()] == ["5000.00"]
    assert present(place, row).state == "CONFIRMED", "a dispute takes no confirmation back"


def send_back(confirmer: Walker, row: Receivable) -> None:
    """Return for correction: without a reason nothing happens, with one it goes to the second person."""
    confirmer.open(f"/payables/confirm/item/{row.public_no}/")
    confirmer.look("answer")
    form = "form[action$='/confirm/return/']"
    confirmer.click(f"{form} button[type=submit]")
    confirmer.page.locator(".y-error-summary, [role=alert]").first.wait_for()
    confirmer.look("return-without-reason")
    confirmer.page.locator("[name=reason_code]").select_option("AMOUNT")
    confirmer.page.locator("[name=reason_text]").fill("数量 480，与贵司申报 500 不符")
    confirmer.click("form#act button[type=submit]")
    confirmer.page.wait_for_url("**/receivables/asked/**")


def correct(maker: Walker, row: Receivable) -> None:
    """Read the reason, correct, submit again under the same number."""
    maker.look("home-supplier-returned")
    maker.open(f"/receivables/{row.public_no}/")
    maker.see("480")
    maker.look("receivable-returned")
    maker.click(f"a[href$='/receivables/{row.public_no}/edit/']")
    maker.look("edit")
    maker.page.locator("[name$=contract_no]").first.fill("HT-2026-CORRECTED")
    maker.click("form[enctype] button[type=submit]")
    maker.page.wait_for_url("**/check/")
    maker.look("check-answers")
    maker.click("form[action$='/act/resubmit/'] button[type=submit]")
    maker.page.wait_for_url("**/receivables/asked/**")


def confirm_part(confirmer: Walker, row: Receivable) -> None:
    """Confirm a part, with the reason for the rest."""
    confirmer.open(f"/payables/confirm/item/{row.public_no}/")
    confirmer.see("HT-2026-CORRECTED")
    form = "form[action$='/confirm/part/']"
    confirmer.page.locator(f"{form} [name=amount_{row.pk}]").fill("100,000.00")
    confirmer.page.locator(f"{form} [name=reason_code]").select_option("PARTLY_DISPUTED")
    confirmer.click(f"{form} button[type=submit]")
    confirmer.page.wait_for_url("**/receivables/asked/**")


def dispute(maker: Walker, row: Receivable) -> None:
    """Open a dispute about a part of what was confirmed."""
    maker.open(f"/receivables/{row.public_no}/")
    maker.look("receivable-confirmed-in-part")
    maker.click(f"a[href$='/receivables/{row.public_no}/dispute/']")
    maker.look("open-dispute")
    maker.page.locator("[name=amount]").fill("5000")
    maker.page.locator("[name=reason_code]").select_option("QUALITY")
    maker.page.locator("[name=reason_text]").fill("质量异议")
    maker.click("main form[method=post]:has([name=reason_code]) button[type=submit]")
    maker.page.wait_for_url(f"**/receivables/{row.public_no}/")
    maker.look("receivable-disputed")
