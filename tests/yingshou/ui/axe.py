"""The accessibility check of browser tests: axe-core, run inside the page past its content policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parents[2] / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now: one sentence a violation with the elements concerned."""
    session = page.context.new_cdp_session(page)
    # Strict policy forbids foreign scripts; only the test's own session may run one.
    session.send("Runtime.enable")
    expression = (
        SOURCE.read_text() + f"; axe.run(document, {{runOnly: {RULES!r}}}).then(r => JSON.stringify(r.violations))"
    )
    answer = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
    session.detach()
    if "exceptionDetails" in answer:
        raise AssertionError(f"axe could not run: {answer['exceptionDetails']}")
    violations: list[dict[str, Any]] = page.evaluate("text => JSON.parse(text)", answer["result"]["value"])
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']} at "
        + "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:5])
        for violation in violations
    ]


def assert_no_axe_violations(page: Page) -> None:
    """
    The page meets WCAG 2.2 AA as far as a machine can tell.

    :raises AssertionError: naming each violation and where it is
    """
    violations = axe_violations(page)
    assert not violations, "\n".join([page.url, *violations])
