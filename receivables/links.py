"""Where receivables are shown; messages and search hits carry these addresses."""

from __future__ import annotations

from django.urls import get_script_prefix


def receivable_url(public_no: str) -> str:
    """The page of one receivable; within a support view, the page as it shows it."""
    return f"{get_script_prefix()}receivables/{public_no}/"


CLAIMS_URL = "/receivables/"
"""The creditor's list."""

CONFIRMATIONS_URL = "/payables/confirm/"
"""What waits for the debtor's answer."""

APPEALS_URL = "/receivables/appeals/"
"""What was challenged."""

DUPLICATES_URL = "/receivables/duplicates/"
"""What looks as if it were entered twice."""
