"""What people hear of sign-ins to their account: identity stands below messages and says only that something happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.notifications.drafts import MessageDraft
from yingshou.notifications.kinds import MessageKind

KIND = "identity.unusual_sign_in"

UNUSUAL = MessageKind(
    label=_("Sign-in"),
    one=_("Sign-in from a new device and a new place: %(device)s, %(address)s. If it was not you, end it."),
    many=_("%(count)s sign-ins from new devices and new places"),
    body=_("The list of devices shows where you are signed in and ends what you do not know."),
    mail=_("Somebody signed in to your account from a new device and a new place."),
    permission="notifications.read",
)


def news(key: Mapping[str, Any], organisation_id: int) -> MessageDraft:
    """The message to the person whose account it is."""
    return MessageDraft(
        organisation_id=organisation_id,
        person_id=key["person"],
        kind=KIND,
        url=reverse("usersessions_list"),
        params={"device": key["device"] or "–", "address": key["address"] or "–"},
    )
