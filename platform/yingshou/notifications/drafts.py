"""What an action wants said; drafts are grouped before anything is stored, so that ten thousand lines make one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class MessageDraft:
    """
    One thing to tell one organisation, or one of its people.

    :param organisation_id: whom to tell
    :param kind: a registered kind
    :param url: the page of the single thing
    :param many_url: the list to open when several were grouped; `url` of the first where not given
    :param person_id: the one person it is for; None for everyone of the organisation whom the kind concerns
    :param counterpart_id: whose act it was, by id; drafts of one counterpart are grouped
    :param counterpart: the counterpart's name
    :param amount: what it is about; sums up in a group
    :param object_type: the single thing's type
    :param object_id: the single thing's id
    :param params: facts of the single thing for the subject: numbers and short texts
    """

    organisation_id: int
    kind: str
    url: str
    many_url: str = ""
    person_id: int | None = None
    counterpart_id: int | None = None
    counterpart: str = ""
    amount: Decimal | None = None
    object_type: str = ""
    object_id: int | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)


def grouped(drafts: Iterable[MessageDraft]) -> list[dict[str, Any]]:
    """One message per recipient, kind and counterpart, as plain values for a job's key; in order of first appearance."""
    groups: dict[tuple[int, int | None, str, int | None], list[MessageDraft]] = {}
    for draft in drafts:
        key = (draft.organisation_id, draft.person_id, draft.kind, draft.counterpart_id)
        groups.setdefault(key, []).append(draft)
    return [_message(group) for group in groups.values()]


def _message(group: list[MessageDraft]) -> dict[str, Any]:
    first = group[0]
    single = len(group) == 1
    amounts = [draft.amount for draft in group if draft.amount is not None]
    return {
        "organisation_id": first.organisation_id,
        "person_id": first.person_id,
        "kind": first.kind,
        "counterpart_id": first.counterpart_id,
        "counterpart": first.counterpart,
        "count": len(group),
        "amount": str(sum(amounts)) if amounts else None,
        "object_type": first.object_type,
        "object_id": first.object_id if single else None,
        "url": first.url if single else first.many_url or first.url,
        "params": dict(first.params) if single else {},
    }
