"""Jobs that write messages into their recipients' rows and hand them to channels."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from yingshou.documents.models import ImportBatch
from yingshou.jobs.running import RunningJob, job
from yingshou.notifications import actions, given_back, imports, sign_ins
from yingshou.notifications.channels import CHANNELS, Parcel
from yingshou.notifications.models import Message
from yingshou.notifications.selectors import reader_of
from yingshou.tenancy.actor import Actor, acting_as

OF_IMPORT = "notifications.of_import"
OF_SIGN_IN = "notifications.of_sign_in"
OF_GIVEN_BACK = "notifications.of_given_back"


@job(actions.DELIVER, lease=timedelta(minutes=5))
def deliver(running: RunningJob) -> None:
    """Write messages, recipient by recipient, each in a transaction of its own under that organisation's name."""
    recipients: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for position, message in enumerate(running.key["messages"]):
        recipients[message["organisation_id"]].append({**message, "position": position})
    at = datetime.fromisoformat(running.key["at"])
    for organisation_id, messages in recipients.items():
        with acting_as(Actor.system(actions.DELIVER, organisation_id, request_id=running.by.request_id)) as by:
            actions.deliver(messages, source=f"job:{running.job.pk}", by=by, at=at)


@job(OF_IMPORT, lease=timedelta(minutes=1))
def tell_of_import(running: RunningJob) -> None:
    """Tell the person who started an import what became of it."""
    key = running.key
    with transaction.atomic():
        batch = ImportBatch.objects.select_related("file").filter(pk=key["batch"]).first()
        if batch is not None:
            # The instant of the asking, so that a second run says the same thing and is not said twice.
            at = running.job.asked_at
            actions.notify([imports.news(batch, key["what"], key["person"])], by=running.by, at=at)


@job(OF_SIGN_IN, lease=timedelta(minutes=1))
def tell_of_sign_in(running: RunningJob) -> None:
    """Tell a person of a sign-in from where she never signed in; who acts for no organisation has no inbox and is written to alone."""
    key = running.key
    if key["organisation"] is None:
        return
    with transaction.atomic():
        draft = sign_ins.news(key, key["organisation"])
        actions.notify([draft], by=running.by, at=running.job.asked_at)


@job(OF_GIVEN_BACK, lease=timedelta(minutes=1))
def tell_of_given_back(running: RunningJob) -> None:
    """Tell a signer that a signature did not take effect."""
    assert running.organisation_id is not None, "a signer acts for an organisation"
    with transaction.atomic():
        draft = given_back.news(running.key, running.organisation_id)
        actions.notify([draft], by=running.by, at=running.job.asked_at)


@job(actions.SEND, lease=timedelta(minutes=2), attempts=8)
def send(running: RunningJob) -> None:
    """
    Hand one message to one person's channel, if it still concerns her.

    At least once: a worker that dies between the mail server's answer and its own note sends it again.
    """
    key = running.key
    with transaction.atomic():
        message = Message.objects.filter(organisation_id=running.organisation_id or 0, pk=key["message"]).first()
        reader = reader_of(message, key["person"], key["channel"], running.at) if message else None
    if message is None or reader is None:
        return
    language = reader.language or settings.LANGUAGE_CODE
    with override(language):
        sentence = message.mail_text
    CHANNELS.get(key["channel"]).send(
        Parcel(
            person_id=reader.person_id,
            address=reader.address,
            language=language,
            sentence=sentence,
            url=settings.YINGSHOU_PUBLIC_URL.rstrip("/") + reverse("notifications:inbox"),
        )
    )
