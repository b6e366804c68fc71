"""Steps that several journeys take."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from receivables.models import Receivable
from tests.e2e.town import Town
from tests.e2e.walker import Walker
from tests.factories import receivables as make
from tests.yingshou.signing.signer import PIN
from yingshou.tenancy.actor import acting_as


def states(of: Town) -> dict[str, int]:
    """How many receivables of the seller stand in each state."""
    found: dict[str, int] = {}
    with acting_as(make.job(of.seller)), transaction.atomic():
        for state in Receivable.objects.filter(creditor_id=of.seller.pk).values_list("state", flat=True):
            found[state] = found.get(state, 0) + 1
    return found


def upload(by: Walker, file: Path, state: str = "CHECKED") -> None:
    """Upload a sheet and wait for its dry run."""
    by.open("/receivables/")
    by.click("a[href*='/imports/receivables.claims/new/']")
    by.page.locator("input[type=file]").set_input_files(file)
    by.click("main form[enctype] button[type=submit]")
    wait_for_state(by, state)


def wait_for_state(by: Walker, state: str) -> None:
    """Wait until the import's page says this state."""
    by.page.locator(f"[data-state='{state}']").first.wait_for()


def sign(by: Walker, of: Town) -> None:
    """Choose the key file, type the PIN, sign."""
    by.page.locator("[data-key-file]").set_input_files(of.key_file.path)
    by.page.locator("[data-pin]").fill(PIN)
    by.click("[data-sign]")
    by.page.wait_for_url("**/result/")


def select_all(by: Walker) -> None:
    """Select every row that matches; where all are on the page, those of the page."""
    every = by.page.locator("[data-select-all]")
    by.click("[data-select-all]" if every.count() else "[data-select-page]")


def finish(by: Walker) -> None:
    """Where the step is shown once more before it goes, say yes."""
    by.page.wait_for_load_state("domcontentloaded")
    if "/asked/" not in by.page.url:
        by.page.locator("form#act, [data-once]").first.wait_for()
    if by.page.locator("form#act").count():
        by.look("check-step")
        by.click("form#act button.y-button-primary")
    by.page.wait_for_url("**/receivables/asked/**")


def approve(by: Walker) -> None:
    """The second person opens what waits for her and agrees, where no signature is asked."""
    by.open("/approvals/")
    by.click("main a[href*='/approvals/']:not([href$='policies/'])")
    by.click("form[action$='/approve/'] button[type=submit]")
    by.page.wait_for_load_state("networkidle")


def approve_and_sign(by: Walker, of: Town) -> None:
    """The signer opens what waits for her and signs it."""
    by.open("/approvals/")
    by.click("main a[href*='/approvals/']:not([href$='policies/'])")
    by.click("a[href*='/signing/approvals/']")
    sign(by, of)
