"""Both sides change what was confirmed: proposed, checked, compared, signed; in a browser from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser

from receivables.models import ChangeRequest, Receivable
from tests.e2e import town as place_
from tests.e2e.steps import approve, approve_and_sign
from tests.e2e.town import Town
from tests.e2e.walker import Walker, walker
from tests.factories import receivables as make
from yingshou.signing.models import SignedLine
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(web_server: str, tmp_path: Path) -> Town:
    """The two firms, with a web server running."""
    return place_.town(tmp_path)


def test_a_change_is_proposed_compared_and_signed(browser: Browser, web_server: str, place: Town) -> None:
    row = place_.confirmed(place)

    with walker(browser, web_server, place.maker) as maker, walker(browser, web_server, place.checker) as checker:
        propose(maker, row)
        approve(checker)
    with walker(browser, web_server, place.confirmer) as confirmer, walker(browser, web_server, place.signer) as signer:
        agree(confirmer)
        approve_and_sign(signer, place)
        signer.look("change-signed")
    with walker(browser, web_server, place.maker) as maker:
        maker.open(f"/receivables/{row.public_no}/")
        maker.see("113,000.00 → 100,000.00")
        maker.look("receivable-changed")

    with acting_as(make.job(place.seller)), transaction.atomic():
        now = Receivable.objects.get(pk=row.pk)
        one = ChangeRequest.objects.get(receivable=row)
        assert (str(now.confirmed_amount), now.version, one.state) == ("100000.00", row.version + 1, "ACCEPTED")
        assert SignedLine.objects.filter(evidence_id=one.answer_signature_id, object_id=row.pk).count() == 1


def propose(maker: Walker, row: Receivable) -> None:
    """Overwrite the amount, look at old and new, submit."""
    maker.open(f"/receivables/{row.public_no}/")
    maker.click(f"a[href$='/receivables/{row.public_no}/change/']")
    maker.look("propose-change")
    maker.page.locator("[name=amount]").fill("100,000.00")
    maker.page.locator("[name=reason_code]").select_option("PRICE_OR_QUANTITY")
    maker.page.locator("[name=reason_text]").fill("按最终结算单")
    maker.click("main form:has([name=reason_code]) button[type=submit]")
    maker.page.locator("input[name=checked]").wait_for(state="attached")
    maker.look("check-change")
    maker.click("main form:has([name=checked]) button.y-button-primary")
    maker.page.wait_for_url("**/receivables/asked/**")


def agree(confirmer: Walker) -> None:
    """Find it in the to-do list, compare, agree."""
    confirmer.open("/")
    confirmer.look("home-change-to-answer")
    confirmer.click("main a[href*='/receivables/changes/']")
    confirmer.see("113,000.00")
    confirmer.look("answer-change")
    confirmer.click("form[action$='/accept/'] button[type=submit]")
    confirmer.page.wait_for_url("**/receivables/asked/**")
