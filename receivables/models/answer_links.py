"""One-time links by which a debtor without an account answers one claim (N37), and the signed answer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from receivables.models.receivable import OBJECT_TYPE, Receivable
from yingshou.identity import crypto
from yingshou.tenancy.actor import Actor

LINK_TYPE = "receivables.answerlink"
MOST_WRONG_CODES = 5


class LinkState(models.TextChoices):
    """Where a link stands; read from its moments, not stored."""

    SENT = "SENT", _("Sent, not opened yet")
    OPENED = "OPENED", _("Opened")
    ENTERED = "ENTERED", _("Opened, code entered")
    USED = "USED", _("Answered")
    REVOKED = "REVOKED", _("Withdrawn")
    LOCKED = "LOCKED", _("Locked after five wrong codes")
    EXPIRED = "EXPIRED", _("Expired")


class AnswerLinkQuerySet(models.QuerySet["AnswerLink"]):
    """Scopes of links."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's own claims, or debts; of a link visitor those of the one claim."""
        if actor.organisation_id is None:
            return self.filter(receivable_id=actor.linked(OBJECT_TYPE))
        return self.filter(Q(creditor_id=actor.organisation_id) | Q(debtor_id=actor.organisation_id))

    def alive(self) -> Self:
        """Those that were neither used nor withdrawn."""
        return self.filter(used_at__isnull=True, revoked_at__isnull=True)


class AnswerLink(models.Model):
    """
    A link to one claim for one contact of its debtor. Of its token only the hash is kept; the code, which the supplier says by
    phone, is kept encrypted and shown to the supplier's makers alone.
    """

    CODE = "receivables.answer_link.code"

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="links")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    contact_name = models.CharField(max_length=60)
    contact_email = models.EmailField(blank=True, default="")
    token_hash = models.CharField(max_length=64, unique=True)
    code_cipher = models.TextField(editable=False)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    look_count = models.IntegerField(default=0)
    wrong_codes = models.IntegerField(default=0)
    entered_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_id = models.BigIntegerField(null=True, blank=True)

    objects = AnswerLinkQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["receivable", "-id"], name="link_of_receivable")]
        constraints = [
            models.UniqueConstraint(
                fields=["receivable"], condition=Q(used_at__isnull=True, revoked_at__isnull=True), name="link_one_alive"
            ),
            models.CheckConstraint(
                condition=Q(wrong_codes__gte=0) & Q(wrong_codes__lte=MOST_WRONG_CODES), name="link_tries_limited"
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(entered_at__isnull=False), name="link_used_with_code"
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.pk} to {self.receivable_id}"

    def state(self, at: datetime) -> LinkState:
        """Where it stands at a moment."""
        for state, holds in (
            (LinkState.USED, self.used_at is not None),
            (LinkState.REVOKED, self.revoked_at is not None),
            (LinkState.LOCKED, self.wrong_codes >= MOST_WRONG_CODES),
            (LinkState.EXPIRED, at >= self.expires_at),
            (LinkState.ENTERED, self.entered_at is not None),
            (LinkState.OPENED, self.opened_at is not None),
        ):
            if holds:
                return state
        return LinkState.SENT

    def is_open(self, at: datetime) -> bool:
        """Whether it still leads to the claim."""
        return self.state(at) in (LinkState.SENT, LinkState.OPENED, LinkState.ENTERED)

    @property
    def code(self) -> str:
        """The six digits, in the clear."""
        return crypto.decrypt(self.code_cipher, field=self.CODE)

    def set_code(self, code: str) -> None:
        """Keep the six digits encrypted."""
        self.code_cipher = crypto.encrypt(code, field=self.CODE)


class LinkAnswer(models.Model):
    """
    What was answered by a link: prepared, then signed with a certificate of the debtor, with all that a later check needs.

    `payload` are the very bytes that were signed; `document` is the canonical decision that their Merkle root stands for.
    """

    link = models.OneToOneField(AnswerLink, models.PROTECT, primary_key=True, related_name="answer")
    receivable_id = models.BigIntegerField()
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    event = models.CharField(max_length=16)
    version = models.IntegerField()
    said = models.JSONField(default=dict)
    document = models.TextField()
    prepared_at = models.DateTimeField()
    nonce = models.CharField(max_length=64, blank=True, default="")
    payload = models.BinaryField(default=b"")
    attributes = models.BinaryField(default=b"")
    certificate_der = models.BinaryField(default=b"")
    chain = ArrayField(models.BinaryField(), default=list)
    offered_at = models.DateTimeField(null=True, blank=True)
    value = models.BinaryField(default=b"")
    cms = models.BinaryField(default=b"")
    algorithm = models.CharField(max_length=60, blank=True, default="")
    serial = models.CharField(max_length=80, blank=True, default="")
    subject = models.TextField(blank=True, default="")
    issuer = models.TextField(blank=True, default="")
    signer_name = models.CharField(max_length=200, blank=True, default="")
    revocation_list_ids = ArrayField(models.BigIntegerField(), default=list)
    ocsp_responses = ArrayField(models.BinaryField(), default=list)
    timestamp_token = models.BinaryField(default=b"")
    timestamp_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[LinkAnswer]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["receivable_id"], name="link_answer_of_receivable")]
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | (~Q(cms=b"") & ~Q(payload=b"") & ~Q(certificate_der=b"")),
                name="link_answer_signed_has_proof",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} by link {self.pk}"
