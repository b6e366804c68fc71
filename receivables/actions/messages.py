"""What the parties are told when something happens to receivables; drafts of one counterpart become one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from receivables.links import CLAIMS_URL, CONFIRMATIONS_URL, receivable_url
from receivables.models import OBJECT_TYPE, Receivable
from yingshou.identity.models import Organisation
from yingshou.notifications.actions import notify
from yingshou.notifications.drafts import MessageDraft
from yingshou.tenancy.actor import Actor


def tell(
    kind: str,
    rows: Sequence[Receivable],
    *,
    to: str,
    by: Actor,
    at: datetime,
    persons: Mapping[int, Sequence[int]] | None = None,
) -> int:
    """
    Tell the other side of receivables what happened.

    :param to: "creditor" or "debtor"; a side that is not registered cannot be told
    :param persons: of a receivable, the people it is for; everyone whom the kind concerns where it names nobody
    """
    ids = {row.creditor_id for row in rows} | {row.debtor_id for row in rows if row.debtor_id}
    organisations = Organisation.objects.in_bulk(list(ids))
    drafts: list[MessageDraft] = []
    for row in rows:
        addressee = row.creditor_id if to == "creditor" else row.debtor_id
        sender = row.debtor_id if to == "creditor" else row.creditor_id
        if addressee is None:
            continue
        counterpart = organisations.get(sender or 0)
        drafts += [
            MessageDraft(
                organisation_id=addressee,
                person_id=person,
                kind=f"receivables.{kind}",
                url=receivable_url(row.public_no),
                many_url=CLAIMS_URL if to == "creditor" else CONFIRMATIONS_URL,
                counterpart_id=sender,
                counterpart=counterpart.name if counterpart else row.debtor_name,
                amount=row.face_amount,
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                params={"number": row.public_no},
            )
            for person in (persons or {}).get(row.pk) or (None,)
        ]
    return notify(drafts, by=by, at=at)
