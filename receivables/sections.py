"""In which list an organisation finds a receivable: a debtor's debt is nobody's claim on its own page."""

from __future__ import annotations

from django.urls import reverse

from receivables.models import Receivable
from receivables.states import State


def section_of(row: Receivable, organisation_id: int | None) -> str:
    """The address of the list it belongs to for this organisation."""
    if organisation_id is None or row.debtor_id != organisation_id:
        return reverse("receivables:claims")
    waits = row.state == State.PENDING_CONFIRM
    return reverse("receivables:confirmations" if waits else "receivables:debts")
