"""E-invoices dropped in a browser, asked about, checked and taken over, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Browser, expect

from receivables.models import Receivable
from tests.e2e.walker import Walker, walker
from tests.factories import einvoices as made
from tests.factories import identity
from tests.factories import receivables as make
from tests.receivables.test_einvoices import invoice
from yingshou.documents import steps
from yingshou.documents.models import ImportBatch
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.kernel import clock
from yingshou.tenancy.actor import Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def _job(who: Membership, step: str) -> None:
    """What the worker would do now."""
    by = actor_of(who, "test")
    with acting_as(by):
        with transaction.atomic():
            pk = ImportBatch.objects.latest("pk").pk
        (steps.read if step == "read" else steps.accept)(pk, by=by, at=clock.now())


def _drop(one: Walker, files: list[Path]) -> None:
    one.open("/receivables/einvoices/")
    one.look("einvoices-drop")
    one.page.locator("input[name=files]").set_input_files(files)
    one.page.locator("main form[enctype] button[type=submit]").click()
    one.page.wait_for_url("**/imports/*/")


@pytest.mark.parametrize(("width", "language"), [(1280, "zh-hans"), (375, "en")])
def test_einvoices_are_dropped_asked_about_and_taken_over(
    browser: Browser, web_server: str, transactional_db: None, tmp_path: Path, width: int, language: str
) -> None:
    # In English no word of ours may be Chinese, and the buyer's name is a heading.
    name = "恒达重工股份有限公司" if language == "zh-hans" else "Hengda Heavy Industries Co., Ltd."
    seller, buyer = make.creditor(name="厦门明泰汽车零部件有限公司"), make.debtor(name=name)
    who = identity.membership(seller, [Duty.MAKER])
    files = []
    for number, build in ((1, made.xml), (2, made.ofd), (3, made.pdf)):
        file = tmp_path / f"发票{number}.{build.__name__}"
        file.write_bytes(build(invoice((seller, buyer), number)))
        files.append(file)
    (tmp_path / "照片.xml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    with walker(browser, web_server, who, language=language, width=width) as one:
        _drop(one, [*files, tmp_path / "照片.xml"])
        one.look("einvoices-reading")
        _job(who, "read")
        one.page.reload()
        one.look("einvoices-question")
        one.click("a[href$='/mapping/']")
        one.look("einvoices-facts")
        one.page.locator("input[name=term_days]").fill("90")
        one.page.locator("input[name=buyer0-contract_no]").fill("HT-2026-0417")
        one.page.locator("main form button[type=submit]").first.click()
        one.page.wait_for_url("**/imports/*/")
        _job(who, "read")
        one.page.reload()
        one.look("einvoices-dry-run")
        expect(one.page.locator("main")).to_contain_text("INV-001")
        one.page.locator("form[action$='/accept/'] button").click()
        _job(who, "accept")
        one.page.reload()
        one.look("einvoices-result")
        with acting_as(make.job(seller)), transaction.atomic():
            rows = list(Receivable.objects.order_by("pk"))
        assert len(rows) == 3
        one.open(f"/receivables/{rows[0].public_no}/")
        one.page.locator("details summary", has_text=invoice((seller, buyer), 1).number).click()
        one.look("einvoices-receivable")
        one.open("/receivables/new/?kind=S1")
        one.page.locator("input[name=einvoice]").set_input_files(files[0])
        one.page.locator("button[formaction*='/new/read/']").click()
        expect(one.page.locator("input[name=contract_no]")).to_be_visible()
        expect(one.page.locator("input[name=invoices-0-number]")).to_have_value(invoice((seller, buyer), 1).number)
        one.look("einvoices-filled")
