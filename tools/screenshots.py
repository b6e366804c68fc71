"""
`python -m tools.screenshots`: the pictures of the documentation, from a running sample city, in Chinese and English.

Start a city of its own beforehand: `YINGSHOU_INSTANCE=docs YINGSHOU_DATA_DIR=/some/folder make run PORT=8421`, and
start this with the same variables: platform staff sign in with a code that the city prints. Every picture is reduced to a palette; one that stays larger than 150 kB is an error. Only `debtor-asked` changes anything: it
submits five claims for checking.
"""

import argparse
import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.harness.browser import ARGUMENTS, chromium

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
LARGEST = 150_000
LANGUAGES = {"zh": "zh-hans", "en": "en"}
PASSWORD = "Yingshou-2026-demo"


@dataclass(frozen=True)
class Shot:
    """
    One picture.

    :param who: the sign-in name; empty for the public pages
    :param where: the address, or a function that brings the page there
    :param height: of the window, in pixels
    """

    name: str
    who: str
    where: str | Callable[[Page], None]
    height: int = 800


def _first(list_address: str, pattern: str) -> Callable[[Page], None]:
    """Open a list and follow its first link whose address fits the pattern."""

    def go(page: Page) -> None:
        page.goto(list_address)
        for link in page.locator("main a[href]").all():
            address = link.get_attribute("href") or ""
            if re.search(pattern, address):
                page.goto(address)
                return
        raise LookupError(f"{list_address} has no link like {pattern}")

    return go


def _signed_receivable(page: Page) -> None:
    """Open a receivable whose confirmation carries a signature."""
    page.goto("/receivables/?state=CONFIRMED")
    numbers = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/receivables/AR']").all()]
    for address in numbers:
        page.goto(address)
        if page.locator("a[href*='/signing/evidence/']").count():
            return
    raise LookupError("no receivable on the first page is signed")


def _evidence(page: Page) -> None:
    _signed_receivable(page)
    page.goto(page.locator("a[href*='/signing/evidence/']").first.get_attribute("href") or "")


def _submit(page: Page) -> None:
    """As the debtor's maker: submit some claims that agree with the book."""
    page.goto("/payables/confirm/?match=AGREES")
    for box in page.locator("tbody input[type=checkbox]").all()[:5]:
        box.check()
    page.locator("button[data-needs]").first.click()
    page.wait_for_url("**/receivables/asked/**")


def _signing(page: Page) -> None:
    """Open the signing page of the oldest confirmation that waits for a signature."""
    page.goto("/approvals/")
    for address in [link.get_attribute("href") or "" for link in page.locator("main a[href*='/approvals/']").all()]:
        page.goto(address)
        link = page.locator("a[href*='/signing/approvals/']")
        if link.count():
            page.goto(link.first.get_attribute("href") or "")
            return
    raise LookupError("nothing waits for a signature")


SHOTS = (
    Shot("introduction", "", "/introduction/"),
    Shot("supplier-home", "ludao.maker", "/"),
    Shot("supplier-list", "ludao.maker", "/receivables/"),
    Shot("supplier-entry", "ludao.maker", "/receivables/new/"),
    Shot("supplier-upload", "ludao.maker", "/imports/receivables.claims/new/"),
    Shot("receivable", "ludao.maker", _signed_receivable, 900),
    Shot("evidence", "ludao.maker", _evidence, 1000),
    Shot("debtor-home", "jinghe.maker", "/"),
    Shot("debtor-list", "jinghe.maker", "/payables/confirm/"),
    Shot("debtor-answer", "jinghe.maker", _first("/payables/confirm/?match=DIFFERS", r"/payables/confirm/item/")),
    Shot("debtor-book", "jinghe.maker", "/payables/book/"),
    Shot("debtor-asked", "jinghe.maker", _submit),
    Shot("debtor-sign", "jinghe.checker", _signing, 900),
    Shot("staff-registrations", "staff.first", "/organisation/registrations/"),
    Shot("staff-review", "staff.first", _first("/organisation/registrations/", r"/organisation/registrations/\d+/")),
    Shot("staff-administration", "staff.system", "/admin/", 700),
)


def _small(picture: bytes) -> bytes:
    """Reduce a picture to a palette; fewer colours until it is small enough."""
    with Image.open(io.BytesIO(picture)) as opened:
        flat = opened.convert("RGB")
    for colours in (128, 64, 32):
        out = io.BytesIO()
        flat.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise ValueError("the picture stays too large")


def _sign_in(context: BrowserContext, who: str) -> None:
    page = context.new_page()
    page.goto("/account/login/")
    page.fill("input[name=login]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/account/login" not in address)
    if "/account/second-factor/" in page.url:
        page.fill("input[name=proof-code]", _code(who))
        page.press("input[name=proof-code]", "Enter")
        page.wait_for_url(lambda address: "/account/" not in address)
    page.close()


def _code(who: str) -> str:
    """The present code of a member of staff, who needs a second factor; asked of the city itself."""
    told = subprocess.run(
        [sys.executable, "manage.py", "present_code", who],
        cwd=FOLDER.parents[1], check=True, capture_output=True, text=True,
    )  # fmt: skip
    return told.stdout.split()[0]


def _take(browser: Browser, address: str, language: str, wanted: list[Shot]) -> None:
    for who in dict.fromkeys(shot.who for shot in wanted):
        context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800}, locale="zh-CN")
        context.add_cookies([{"name": "language", "value": LANGUAGES[language], "url": address}])
        if who:
            _sign_in(context, who)
        page = context.new_page()
        for shot in (one for one in wanted if one.who == who):
            page.set_viewport_size({"width": 1280, "height": shot.height})
            if isinstance(shot.where, str):
                answer = page.goto(shot.where)
                if answer is None or not answer.ok:
                    raise LookupError(f"{shot.where} cannot be shown")
            else:
                shot.where(page)
            page.wait_for_load_state("networkidle")
            file = FOLDER / f"{shot.name}.{language}.png"
            file.write_bytes(_small(page.screenshot()))
            print(f"{file.name} {file.stat().st_size // 1000} kB", flush=True)
        context.close()


def main(arguments: list[str]) -> int:
    """Take all pictures, or those named."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--address", default="http://localhost:8421", help="of the running sample city")
    parser.add_argument("names", nargs="*", help="only these pictures")
    chosen = parser.parse_args(arguments)
    wanted = [shot for shot in SHOTS if not chosen.names or shot.name in chosen.names]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for language in LANGUAGES:
            _take(browser, chosen.address, language, wanted)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
