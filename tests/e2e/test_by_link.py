"""A debtor without an account, on a phone: the link from the letter, the code from the telephone, the answer, the signature."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, expect

from receivables.actions.answer_links import make_link
from receivables.models import AnswerLink, AnswerRouting, Receivable
from receivables.states import State
from simulators.authority.authority import Authority
from tests.e2e.walker import walker
from tests.factories import identity
from tests.factories import receivables as make
from tests.yingshou.signing import flow
from tests.yingshou.signing.signer import PIN, World
from yingshou.tenancy.actor import Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_way_on_a_phone(live_server: Any, browser: Browser, tmp_path: Path, language: str) -> None:
    present = datetime.now(UTC).replace(microsecond=0)
    world = World(Authority(tmp_path / "sample", present), tmp_path)
    flow.trusted(world, present)
    # Names of firms stand in sentences; on an English page the test looks for Chinese words of ours.
    creditor, uscc = make.creditor(name="Ludao Test Ltd", short_name="Ludao"), identity.uscc()
    row = make.pending(creditor, other_uscc=uscc, other_name="Unregistered Ltd")
    by = make.maker(creditor)
    with acting_as(by):
        made = make_link(row.pk, contact_name="Payables clerk", contact_email="", language="", by=by, at=present)
    file = world.key_file(f"phone-{uscc}", uscc=uscc)
    with walker(browser, live_server.url, language=language, width=375) as visitor:
        page = visitor.page
        visitor.open("/answer/link/" + made.url.rsplit("/", 2)[1] + "/")
        page.locator("input[name=code]").fill("12")
        visitor.click("main form button[type=submit]")
        expect(page.locator("input[name=code]")).to_have_attribute("aria-invalid", "true")
        visitor.look("link-code")
        page.locator("input[name=code]").fill(f"{made.code[:3]} {made.code[3:]}")
        visitor.click("main form button[type=submit]")
        page.wait_for_url("**/answer/claim/")
        visitor.see("113,000.00")
        visitor.look("link-claim")
        visitor.click("form[action$='/say/confirm/'] button[type=submit]")
        page.wait_for_url("**/answer/claim/sign/")
        visitor.look("link-sign")
        page.locator("[data-key-file]").set_input_files(file.path)
        page.locator("[data-pin]").fill(PIN)
        visitor.click("[data-sign]")
        page.wait_for_url("**/answer/claim/receipt/")
        visitor.see(file.certificate.serial)
        visitor.look("link-receipt")
        visitor.open("/answer/claim/")
        page.wait_for_url("**/answer/claim/receipt/")

    with acting_as(make.job(creditor)), transaction.atomic():
        assert Receivable.objects.get(pk=row.pk).state == State.CONFIRMED
        assert AnswerLink.objects.get(pk=made.link.pk).used_at is not None


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1280), ("en", 375)])
def test_both_sides_of_the_ladder_and_the_suppliers_link(
    live_server: Any, browser: Browser, language: str, width: int
) -> None:
    creditor, debtor = (of(name="Ludao Test Ltd", short_name="Ludao") for of in (make.creditor, make.debtor))
    row, unknown = (
        make.pending(creditor, debtor),
        make.pending(creditor, other_uscc=identity.uscc(), other_name="Unregistered Ltd"),
    )
    chief = identity.membership(
        debtor, [Duty.ADMINISTRATOR, Duty.MAKER], identity.person(display_name="Chief of payables")
    )
    colleague = identity.membership(debtor, [Duty.MAKER], identity.person(display_name="Buyer"))
    with walker(browser, live_server.url, chief, language=language, width=width) as one:
        one.open("/payables/reminders/")
        one.look("ladder-empty")
        one.open("/payables/reminders/departments/")
        one.page.locator("input[name=name]").fill("Purchasing")
        one.page.locator("select[name=contact]").select_option(str(colleague.person_id))
        one.click("main form button[type=submit]")
        one.page.wait_for_url("**/payables/reminders/")
        one.open("/payables/reminders/substitutes/")
        one.page.locator("select[name=person]").select_option(str(chief.person_id))
        one.page.locator("select[name=substitute]").select_option(str(colleague.person_id))
        one.page.locator("input[name=until_date]").fill("2027-01-10")
        one.look("ladder-substitute")
        one.click("main form button[type=submit]")
        one.page.wait_for_url("**/payables/reminders/")
        one.look("ladder")
        one.open("/payables/reminders/rules/")
        one.look("ladder-rules")
        one.open(f"/payables/confirm/item/{row.public_no}/pass-on/")
        one.page.locator("select[name=to]").select_option(index=1)
        one.page.locator("select[name=reason_code]").select_option("PRICE_UNKNOWN")
        one.look("ladder-pass-on")
        one.click("main form button[type=submit]")
        one.page.wait_for_url(f"**/item/{row.public_no}/")
        one.look("ladder-answer")
    with walker(
        browser, live_server.url, identity.membership(creditor, [Duty.MAKER]), language=language, width=width
    ) as one:
        one.open(f"/receivables/{row.public_no}/")
        one.see("Purchasing")
        one.look("ladder-supplier")
        one.open(f"/receivables/{unknown.public_no}/link/")
        one.page.locator("input[name=contact_name]").fill("Payables clerk")
        one.look("link-make")
        one.click("main form button[type=submit]")
        one.page.locator("[data-code]").wait_for()
        one.look("link-made")
        one.open(f"/receivables/{unknown.public_no}/link/")
        one.look("link-made-list")
        one.open(f"/receivables/{unknown.public_no}/")
        one.look("link-on-receivable")
    with acting_as(make.job(creditor)), transaction.atomic():
        assert AnswerLink.objects.filter(receivable=unknown).count() == 1

    with acting_as(make.job(debtor)), transaction.atomic():
        assert AnswerRouting.objects.get(receivable=row).person_id == colleague.person_id
    with acting_as(make.job(creditor)), transaction.atomic():
        assert AnswerLink.objects.filter(receivable=unknown).count() == 1
