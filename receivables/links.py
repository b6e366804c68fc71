"""Where receivables are shown; messages and search hits carry these addresses."""

from __future__ import annotations


def receivable_url(public_no: str) -> str:
    """The page of one receivable."""
    return f"/receivables/{public_no}/"


CLAIMS_URL = "/receivables/"
"""The creditor's list."""

CONFIRMATIONS_URL = "/payables/confirm/"
"""What waits for the debtor's answer."""
