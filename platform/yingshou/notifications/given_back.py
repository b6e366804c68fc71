"""What a signer hears of a signature that came to nothing while it waited for its proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.notifications.drafts import MessageDraft
from yingshou.notifications.kinds import MessageKind

KIND = "signing.given_back"

GIVEN_BACK = MessageKind(
    label=_("Signature given back"),
    one=_("Your signature got no proof and did not take effect (%(code)s). It can be signed again."),
    many=_("%(count)s of your signatures got no proof and did not take effect. They can be signed again."),
    body=_("The page of the submission says why. Nothing was changed by the signature."),
    mail=_("A signature of yours got no proof and did not take effect."),
    permission="notifications.read",
)


def news(key: Mapping[str, Any], organisation_id: int) -> MessageDraft:
    """The message to the one who signed."""
    is_approval = key["object_type"] == "approvals.approval"
    return MessageDraft(
        organisation_id=organisation_id,
        person_id=key["person"],
        kind=KIND,
        url=reverse("approvals:detail", args=[key["object"]]) if is_approval else reverse("signing:certificates"),
        many_url=reverse("approvals:inbox"),
        params={"code": key["code"]},
    )
