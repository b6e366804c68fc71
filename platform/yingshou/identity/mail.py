"""Mails of identity. Links carry one-time secrets, so they leave by mail only and never enter a log, a job or an event."""

from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from yingshou.identity.models import Organisation, OrganisationInvite


def send_invite(invite: OrganisationInvite, organisation: Organisation, *, path: str, language: str) -> None:
    """Send the link of an invitation to the person invited, in the language of the page it was made on."""
    context = {
        "invite": invite,
        "organisation": organisation,
        "url": urljoin(settings.YINGSHOU_PUBLIC_URL, path),
    }
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("identity/mail/invite_subject.txt", context).split())
        body = render_to_string("identity/mail/invite_message.txt", context)
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [invite.email])
