"""Messages by mail: one sentence and the address of the inbox, never an amount, an account or an object's number (G13)."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import override

from yingshou.notifications.channels import Parcel


def send(parcel: Parcel) -> None:
    """
    Hand one mail to the mail server.

    :raises OSError: if the server does not take it (smtplib's errors are OSError)
    """
    with override(parcel.language):
        EmailMessage(
            subject=_("Yingshou: something happened that concerns you"),
            body="\n\n".join(
                [
                    parcel.sentence,
                    _("Sign in to read it: %(url)s") % {"url": parcel.url},
                    _(
                        "You receive this because you asked for mails in your notification settings; switch them off there."
                    ),
                ]
            ),
            to=[parcel.address],
        ).send()
