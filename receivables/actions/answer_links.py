"""A supplier's writes of one-time links: make one, send it, take it back (N37, F010)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from receivables.actions.common import Ledgered, NotTheCreditor, may, see
from receivables.models import OBJECT_TYPE, AnswerLink, Receivable
from yingshou.audit.events import EventDraft, record
from yingshou.kernel.errors import Conflict, NotVisible
from yingshou.tenancy.actor import Actor

LIFE = timedelta(days=14)
CODE_DIGITS = 6


class NotByLink(Conflict):
    """Only an unregistered debtor answers by link."""

    code = "RCV-086"
    message = _("A link is for a claim that waits for a debtor without an account here; this one does not.")
    cure = _("Look at its state. A debtor with an account answers there, with its own second person and signature.")


@dataclass(frozen=True)
class Made:
    """A new link with its two secrets, which are shown once: the address, and the code that is said by phone."""

    link: AnswerLink
    url: str
    code: str


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_link(
    receivable_id: int, *, contact_name: str, contact_email: str, language: str, by: Actor, at: datetime
) -> Made:
    """
    Make a link for a contact of an unregistered debtor; an earlier one stops working. By mail goes the address, never the code.

    :raises NotAuthorised: if the actor may not submit to debtors
    :raises NotVisible: if there is no such receivable
    :raises NotTheCreditor: if it is not the actor's claim
    :raises NotByLink: if it does not wait for a debtor without an account
    """
    may(by, "receivables.submit")
    row = _locked(receivable_id, by)
    if not row.is_waiting_for_debtor:
        raise NotByLink(place=row.public_no)
    AnswerLink.objects.filter(receivable=row).alive().update(revoked_at=at, revoked_by_id=by.person_id)
    token = secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    link = AnswerLink(
        receivable=row,
        creditor_id=row.creditor_id,
        contact_name=contact_name.strip(),
        contact_email=contact_email.strip().lower(),
        token_hash=token_hash(token),
        created_at=at,
        created_by_id=by.person_id,
        expires_at=at + LIFE,
    )
    link.set_code(code)
    link.save(force_insert=True)
    url = urljoin(settings.YINGSHOU_PUBLIC_URL, reverse("receivables:by_link", args=[token]))
    _note(row, "link_made", {"contact": link.contact_name, "mailed": bool(link.contact_email)}, by=by, at=at)
    if link.contact_email:
        transaction.on_commit(partial(_mail, link, row.creditor.name, row.debtor_name, url, language))
    return Made(link, url, code)


def _mail(link: AnswerLink, creditor: str, debtor: str, url: str, language: str) -> None:
    """Mail the address; called after the commit, when nothing may be read any more."""
    context = {"link": link, "creditor": creditor, "debtor": debtor, "url": url}
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("receivables/mail/link_subject.txt", context).split())
        body = render_to_string("receivables/mail/link_message.txt", context)
    send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [link.contact_email])


@transaction.atomic
def revoke_link(link_id: int, *, by: Actor, at: datetime) -> AnswerLink:
    """
    Take a link back; its address leads nowhere from now on.

    :raises NotAuthorised: if the actor may not submit to debtors
    :raises NotVisible: if there is no such link of the actor's that works
    """
    may(by, "receivables.submit")
    rows = AnswerLink.objects.visible_to(by).filter(creditor_id=by.scope_id).alive()
    link = rows.select_for_update(no_key=True, of=("self",)).select_related("receivable").filter(pk=link_id).first()
    if link is None:
        raise NotVisible
    AnswerLink.objects.filter(pk=link.pk).update(revoked_at=at, revoked_by_id=by.person_id)
    _note(link.receivable, "link_revoked", {"contact": link.contact_name}, by=by, at=at)
    return link


def _locked(receivable_id: int, by: Actor) -> Receivable:
    rows = see(by, [receivable_id], Ledgered([receivable_id]))
    if not rows:
        raise NotVisible
    if rows[0].creditor_id != by.organisation_id:
        raise NotTheCreditor(place=rows[0].public_no)
    return rows[0]


def _note(row: Receivable, event: str, body: dict[str, object], *, by: Actor, at: datetime) -> None:
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.{event}",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=None,
                audience=[row.creditor_id],
                by=by,
                at=at,
                body={"public_no": row.public_no, **body},
            )
        ]
    )
