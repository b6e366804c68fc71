"""What platform staff can open of receivables under a support view (domain 16): reading pages, or one receivable."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from receivables.links import receivable_url
from yingshou.identity import support_pages
from yingshou.kernel.public_numbers import public_no_normalise, public_no_ok


def _address(number: str) -> str | None:
    return receivable_url(public_no_normalise(number)) if public_no_ok(number) else None


def register() -> None:
    """Name the pages and the object."""
    support_pages.PAGES.register(
        "receivables",
        frozenset(
            {
                "receivables:claims",
                "receivables:detail",
                "receivables:debts",
                "receivables:confirmations",
                "receivables:disputes",
                "receivables:dispute",
            }
        ),
    )
    support_pages.OBJECTS.register(
        "receivables.receivable", support_pages.SupportObject(label=_("one receivable"), address=_address)
    )
