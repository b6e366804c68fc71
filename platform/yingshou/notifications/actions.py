"""Every write of messages: say something, mark as read, choose a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from yingshou.jobs.queue import enqueue_many
from yingshou.kernel.errors import NotVisible
from yingshou.notifications.channels import CHANNELS
from yingshou.notifications.drafts import MessageDraft, grouped
from yingshou.notifications.kinds import KINDS
from yingshou.notifications.models import ChannelChoice, Message
from yingshou.tenancy.actor import Actor

DELIVER = "notifications.deliver"
SEND = "notifications.send"
# One job carries this many messages: enough that ten thousand lines make few jobs, few enough that one ends within its lease.
CHUNK = 200


def notify(drafts: Sequence[MessageDraft], *, by: Actor, at: datetime) -> int:
    """
    Tell organisations what happened, in the caller's transaction.

    The rows are written after the commit by a job that works for each recipient in turn: an actor may not write into another
    organisation's rows. Drafts of one recipient, kind and counterpart become one message.

    :returns: how many messages there will be
    :raises NotRegistered: if a kind is unknown
    """
    messages = grouped(drafts)
    for kind in {message["kind"] for message in messages}:
        KINDS.get(kind)
    keys = [
        {"at": at.isoformat(), "request": by.request_id, "messages": messages[start : start + CHUNK]}
        for start in range(0, len(messages), CHUNK)
    ]
    if keys:
        enqueue_many(DELIVER, keys=keys, organisation_id=None, by=by, at=at)
    return len(messages)


@transaction.atomic
def deliver(messages: Sequence[dict[str, Any]], *, source: str, by: Actor, at: datetime) -> None:
    """
    Write the messages of one recipient and ask for what leaves by mail. Said again, it changes nothing.

    :param by: a system actor that works for the recipient
    :param source: what caused them; with the position it names each message once
    """
    rows = [_row(message, f"{source}:{message['position']}", at) for message in messages]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    choices = ChannelChoice.objects.filter(organisation_id=by.organisation_id or 0).values_list("person_id", "channel")
    chosen = [(person_id, channel) for person_id, channel in choices if channel in CHANNELS]
    if not chosen:
        return
    found = Message.objects.filter(organisation_id=by.organisation_id or 0, source__in=[row.source for row in rows])
    keys = [
        {"message": pk, "person": person_id, "channel": channel}
        for pk, for_person in found.values_list("pk", "person_id")
        for person_id, channel in chosen
        if for_person in (None, person_id)
    ]
    if keys:
        enqueue_many(SEND, keys=keys, organisation_id=by.organisation_id, by=by, at=at)


def _row(message: dict[str, Any], source: str, at: datetime) -> Message:
    return Message(
        organisation_id=message["organisation_id"],
        person_id=message["person_id"],
        kind=message["kind"],
        counterpart_id=message["counterpart_id"],
        counterpart=message["counterpart"],
        count=message["count"],
        amount=None if message["amount"] is None else Decimal(message["amount"]),
        params=message["params"],
        object_type=message["object_type"],
        object_id=message["object_id"],
        url=message["url"],
        source=source,
        at=at,
    )


@transaction.atomic
def open_message(message_id: int, *, by: Actor, at: datetime) -> str:
    """
    Mark a message as read by this person, once, and say where it leads.

    :raises NotVisible: if there is no such message for this actor
    """
    message = Message.objects.visible_to(by).select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NotVisible
    if not message.is_read:
        Message.objects.filter(pk=message.pk).update(read_at=at, read_by_id=by.person_id, read_by_label=by.label)
    return message.url


@transaction.atomic
def read_all(*, up_to: int, by: Actor, at: datetime) -> int:
    """
    Mark everything that concerns this actor as read.

    :param up_to: the newest message the reader had on the page; what came since stays unread
    :returns: how many were unread
    """
    unread = Message.objects.visible_to(by).unread().filter(pk__lte=up_to)
    return unread.update(read_at=at, read_by_id=by.person_id, read_by_label=by.label)


@transaction.atomic
def choose_channels(channels: Sequence[str], *, by: Actor, at: datetime) -> None:
    """
    Keep through which channels this person wants to hear of this organisation's messages.

    :raises NotRegistered: if a channel does not exist here
    """
    for channel in channels:
        CHANNELS.get(channel)
    assert by.organisation_id is not None
    assert by.person_id is not None
    mine = ChannelChoice.objects.filter(organisation_id=by.organisation_id, person_id=by.person_id)
    mine.exclude(channel__in=channels).delete()
    rows = [
        ChannelChoice(organisation_id=by.organisation_id, person_id=by.person_id, channel=channel, chosen_at=at)
        for channel in channels
    ]
    ChannelChoice.objects.bulk_create(rows, ignore_conflicts=True)
