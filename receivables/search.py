"""Finding receivables from the search box."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from receivables import selectors
from receivables.links import receivable_url
from yingshou.home.search import SearchHit, SearchProvider, SearchText
from yingshou.kernel.public_numbers import public_no_ok
from yingshou.tenancy.actor import Actor
from yingshou.ui.templatetags.ui import amount, day


def find(actor: Actor, text: SearchText, limit: int) -> Sequence[SearchHit]:
    """Receivables by number, invoice, contract, counterpart, amount or date."""
    rows = selectors.search(
        actor, text.text, amount=text.amount, day=text.day, credit_code=text.credit_code, limit=limit
    )
    is_number = public_no_ok(text.number)
    return [
        SearchHit(
            title=row.public_no,
            url=receivable_url(row.public_no),
            detail=f"{row.creditor.name} → {row.debtor_name or row.project_name} · ¥ {amount(row.face_amount)} · "
            f"{day(row.due_date)} · {row.get_state_display()}",
            exact=is_number and row.public_no == text.number,
        )
        for row in rows
    ]


def more_url(text: SearchText) -> str:
    """The creditor's list under the same words, as a counterpart."""
    return f"{reverse('receivables:claims')}?{urlencode({'party': text.text})}"


PROVIDER = SearchProvider(label=_("Receivables"), find=find, permission="receivables.view", order=10, more_url=more_url)
