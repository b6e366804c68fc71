"""Reads of messages: the inbox's pages, and how a person is reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.notifications.kinds import KINDS
from yingshou.notifications.models import ChannelChoice, Message
from yingshou.tenancy.actor import Actor

# What one page of messages shows.
ROWS = 30


@dataclass(frozen=True)
class Inbox:
    """One page of messages, newest first; addresses are empty where there is no such page."""

    rows: list[Message]
    older_url: str
    first_url: str
    newest_pk: int


def inbox(actor: Actor, *, before: int | None, unread_only: bool, text: str, kind: str) -> Inbox:
    """
    A page of the messages that concern the actor, one query.

    :param before: messages older than this one; None for the newest
    :param text: part of a counterpart's name
    """
    found = Message.objects.visible_to(actor)
    if unread_only:
        found = found.unread()
    if text:
        found = found.filter(counterpart__icontains=text)
    if kind in KINDS:
        found = found.filter(kind=kind)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: ROWS + 1])
    shown = rows[:ROWS]
    filters = {"unread": "1" if unread_only else "", "q": text, "kind": kind}
    kept = {name: value for name, value in filters.items() if value}
    return Inbox(
        rows=shown,
        older_url="?" + urlencode({**kept, "before": shown[-1].pk}) if len(rows) > ROWS else "",
        first_url="?" + urlencode(kept) if before is not None else "",
        newest_pk=shown[0].pk if shown else 0,
    )


def chosen_channels(actor: Actor) -> set[str]:
    """Through which channels this person wants to hear of this organisation's messages."""
    mine = ChannelChoice.objects.filter(organisation_id=actor.organisation_id or 0, person_id=actor.person_id or 0)
    return set(mine.values_list("channel", flat=True))


@dataclass(frozen=True)
class Reader:
    """A person to whom a message may leave the platform."""

    person_id: int
    address: str
    language: str


def reader_of(message: Message, person_id: int, channel: str, at: datetime) -> Reader | None:
    """
    How a person is reached about a message; None if the message does not concern her any more, or she chose otherwise.

    Asked when the parcel leaves, not when it was put aside: a duty withdrawn meanwhile counts.
    """
    wanted = ChannelChoice.objects.filter(
        organisation_id=message.organisation_id, person_id=person_id, channel=channel
    ).exists()
    memberships = Membership.objects.live(at).filter(organisation_id=message.organisation_id, person_id=person_id)
    membership = memberships.select_related("person", "organisation").first()
    if not wanted or membership is None or not membership.person.is_active:
        return None
    if not actor_of(membership, "").may(KINDS.get(message.kind).permission):
        return None
    person = membership.person
    return Reader(person_id=person.pk, address=person.email, language=person.language)
