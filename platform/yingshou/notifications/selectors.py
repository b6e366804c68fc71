"""Reads of messages: how a person is reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.notifications.kinds import KINDS
from yingshou.notifications.models import ChannelChoice, Message
from yingshou.tenancy.actor import Actor


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
