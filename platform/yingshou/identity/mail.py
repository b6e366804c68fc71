"""Mails of identity. Links carry one-time secrets, so they leave by mail only and never enter a log, a job or an event."""

from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy

from yingshou.identity.models import Organisation, OrganisationInvite, Person

FACTOR_CHANGES = {
    "app_added": gettext_lazy("An authenticator app was set up as second factor."),
    "passkey_added": gettext_lazy("A passkey was added as second factor."),
    "removed": gettext_lazy("A second factor was removed."),
    "codes_made": gettext_lazy("New recovery codes were made; the former ones no longer work."),
}


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


def send_factor_notice(person: Person, what: str, *, at: datetime) -> None:
    """Tell a person what changed about her second factor, so that a change by somebody else is noticed."""
    context = {
        "person": person,
        "at": at,
        "url": urljoin(settings.YINGSHOU_PUBLIC_URL, reverse("identity:security")),
    }
    with translation.override(person.language or settings.LANGUAGE_CODE):
        context["change"] = str(FACTOR_CHANGES[what])
        subject = " ".join(render_to_string("identity/mail/factor_subject.txt", context).split())
        body = render_to_string("identity/mail/factor_message.txt", context)
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [person.email])


def send_unusual(person: Person, *, device: str, address: str, at: datetime, path: str) -> None:
    """Tell a person of a sign-in from a device and a network that are new."""
    context = {
        "person": person,
        "device": device,
        "address": address,
        "at": at,
        "url": urljoin(settings.YINGSHOU_PUBLIC_URL, path),
    }
    with translation.override(person.language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("identity/mail/unusual_subject.txt", context).split())
        body = render_to_string("identity/mail/unusual_message.txt", context)
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [person.email])
