"""The debtor's confirmation in a real browser, at a desk and on a phone, and axe on every page of receivables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Page, expect

from receivables.models import Receivable
from tests.factories import receivables as make
from tests.receivables.city import Desk, booked, desk
from tests.yingshou.ui.axe import assert_no_axe_violations
from yingshou.approvals.models import Approval
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import acting_as

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
DESK, PHONE = 1440, 375


@dataclass(frozen=True)
class Town:
    """A buyer, two of its suppliers and five claims: three agree with its book, one differs, one is not in it."""

    seller: Organisation
    buyer: Organisation
    agreeing: list[Receivable]
    differing: Receivable
    unknown: Receivable
    draft: Receivable
    done: Receivable
    creditor: Desk
    debtor: Desk


@pytest.fixture
def town(transactional_db: None) -> Town:
    """The town, a few days old."""
    now = clock.now()
    seller, buyer = make.creditor(name="明泰零部件有限公司"), make.debtor(name="恒川机械制造股份有限公司")
    rows = [make.pending(seller, buyer, face=face, at=now - timedelta(days=days)) for face, days in
            (("113000.00", 6), ("48000.00", 5), ("36720.00", 1), ("250000.00", 2), ("88400.00", 0))]  # fmt: skip
    for row in rows[:3]:
        booked(buyer, seller, row)
    booked(buyer, seller, rows[3], less="10000.00", later=5)
    return Town(
        seller=seller,
        buyer=buyer,
        agreeing=rows[:3],
        differing=rows[3],
        unknown=rows[4],
        draft=make.drafted(seller, buyer, at=now),
        done=make.confirmed(seller, buyer, at=now - timedelta(days=2)),
        creditor=desk(seller),
        debtor=desk(buyer),
    )


Open = Callable[..., Page]


@pytest.fixture
def open_page(web_server: str, browser: Browser) -> Iterator[Open]:
    """Return a function that opens a page as somebody: `open_page(desk, path, width=375, language="en")`."""
    contexts = []

    def opened(who: Desk, path: str, *, width: int = DESK, language: str = "zh-hans") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        session = who.client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": web_server},
                {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": web_server},
            ]
        )
        page = context.new_page()
        answer = page.goto(web_server + path)
        assert answer is not None
        assert answer.status == 200, path
        return page

    yield opened
    for context in contexts:
        context.close()


def test_the_bar_says_count_sum_words_and_what_is_true(town: Town, open_page: Open) -> None:
    page = open_page(town.debtor, "/payables/confirm/", language="en")
    bar = page.locator("[data-selection-bar]")
    confirm = bar.get_by_role("button", name="Confirm and submit for checking")

    expect(page.locator("tr[data-row]").first).to_contain_text("113,000.00")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    for row in town.agreeing:
        page.get_by_label(f"Select {row.public_no}").check()
    expect(bar).to_contain_text("197,720.00")
    expect(bar).to_contain_text("壹拾玖万柒仟柒佰贰拾元整")
    expect(bar).to_contain_text("All agree with our book")
    page.get_by_label(f"Select {town.differing.public_no}").check()
    expect(bar).not_to_contain_text("All agree with our book")
    page.get_by_label(f"Select {town.differing.public_no}").uncheck()
    confirm.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Confirm receivables")
    expect(page.get_by_text("Submitted for checking")).to_be_visible()
    with acting_as(make.job(town.buyer)), transaction.atomic():
        assert Approval.objects.get().line_count == 3


def test_a_thumb_on_a_phone_returns_a_claim_with_a_reason(town: Town, open_page: Open) -> None:
    page = open_page(town.debtor, "/payables/confirm/", width=PHONE, language="en")
    box = page.get_by_label(f"Select {town.differing.public_no}")
    size = box.bounding_box()

    assert size is not None
    assert min(size["width"], size["height"]) >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    box.check()
    page.locator("[data-selection-bar]").get_by_role("button", name="Return for correction").click()
    page.get_by_role("button", name="Return and submit for checking").click()
    expect(page.locator("[data-focus-first]")).to_be_focused()
    expect(page.locator("[data-focus-first]")).to_contain_text("Choose a reason.")
    page.locator("select[name=reason_code]").select_option("AMOUNT")
    page.locator("textarea[name=reason_text]").fill("收货 480 件")
    page.get_by_role("button", name="Return and submit for checking").click()

    expect(page.get_by_text("waits for the checker")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    with acting_as(make.job(town.buyer)), transaction.atomic():
        assert Approval.objects.get().action == "receivables.return"


@pytest.mark.parametrize(("width", "language"), [(DESK, "zh-hans"), (PHONE, "en")])
def test_axe_finds_nothing_and_nothing_overflows(town: Town, open_page: Open, width: int, language: str) -> None:
    paths = [
        (town.debtor, "/payables/confirm/"),
        (town.debtor, f"/payables/confirm/item/{town.differing.public_no}/"),
        (town.debtor, "/payables/"),
        (town.debtor, "/payables/book/"),
        (town.debtor, f"/receivables/{town.done.public_no}/dispute/"),
        (town.creditor, "/receivables/"),
        (town.creditor, "/receivables/new/?kind=S3"),
        (town.creditor, f"/receivables/{town.done.public_no}/"),
        (town.creditor, f"/receivables/{town.draft.public_no}/check/"),
        (town.creditor, "/receivables/disputes/"),
    ]
    for who, path in paths:
        page = open_page(who, path, width=width, language=language)
        assert_no_axe_violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page = open_page(town.debtor, "/payables/confirm/", width=width, language=language)
    page.locator("tr[data-row] input[name=id]").nth(2).check()
    page.locator(".y-bar-buttons button").nth(1).click()
    page.wait_for_url("**/payables/confirm/part/")
    assert_no_axe_violations(page)
