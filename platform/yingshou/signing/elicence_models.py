"""Requests to the service of electronic licences, and who of an organisation holds its licence."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from yingshou.signing.states import HolderState
from yingshou.tenancy.actor import Actor


class AskedFor(models.TextChoices):
    """What a confirmed request does."""

    SIGN_IN = "SIGN_IN", _("sign in")
    LINK = "LINK", _("link the licence to one's account")
    SIGN = "SIGN", _("sign")


class AnswerState(models.TextChoices):
    """What became of a request, as far as the platform knows."""

    NONE = "", _("waiting")
    CONFIRMED = "CONFIRMED", _("confirmed")
    REFUSED = "REFUSED", _("refused")
    EXPIRED = "EXPIRED", _("run out")
    FAILED = "FAILED", _("not accepted")


class LicenceRequestQuerySet(models.QuerySet["LicenceRequest"]):
    """Requests, scoped. One made before signing in belongs to nobody yet: the system alone reaches it, by its reference."""

    def visible_to(self, actor: Actor) -> "LicenceRequestQuerySet":
        """Those of the one person who asked."""
        return self.filter(organisation_id=actor.organisation_id or 0, person_id=actor.person_id or 0)


class LicenceRequest(models.Model):
    """
    One question to the holder of a licence, good for one browser, once, and for minutes.

    :ivar browser: SHA-256 of a secret that the asking browser's session holds
    :ivar failure: the error object of what was not accepted, in both languages
    """

    reference = models.TextField(unique=True)
    provider = models.TextField()
    asked_for = models.TextField(choices=AskedFor.choices)
    browser = models.TextField()
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    purpose = models.TextField(blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    object_type = models.TextField(blank=True, default="")
    object_version = models.IntegerField(null=True)
    manifest_root = models.BinaryField(default=b"")
    manifest_size = models.IntegerField(default=0)
    nonce = models.TextField(unique=True)
    payload = models.BinaryField()
    device = models.TextField(blank=True, default="")
    ip = models.GenericIPAddressField(null=True)
    provider_no = models.TextField(blank=True, default="")
    code = models.TextField(blank=True, default="")
    link = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answer = models.TextField(choices=AnswerState.choices, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    assertion = models.BinaryField(default=b"")
    assertion_signature = models.BinaryField(default=b"")
    signature = models.BinaryField(default=b"")
    certificate_der = models.BinaryField(default=b"")
    chain = ArrayField(models.BinaryField(), default=list)
    uscc = models.TextField(blank=True, default="")
    organisation_name = models.TextField(blank=True, default="")
    holder_no = models.TextField(blank=True, default="")
    holder_name = models.TextField(blank=True, default="")
    licence_serial = models.TextField(blank=True, default="")
    failure = models.JSONField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = LicenceRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="") | Q(answered_at__isnull=False), name="licence_answer_has_time"
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(answer="CONFIRMED"), name="only_confirmed_licence_is_used"
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_no"], condition=~Q(provider_no=""), name="one_request_per_provider_no"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(used_at__isnull=True), name="licence_requests_open"),
        ]

    def __str__(self) -> str:
        return f"{self.asked_for} {self.reference}"

    def is_over(self, at: datetime) -> bool:
        """Whether nobody can confirm it any more."""
        return at >= self.expires_at


class LicenceHolderQuerySet(models.QuerySet["LicenceHolder"]):
    """Links, scoped."""

    def visible_to(self, actor: Actor) -> "LicenceHolderQuerySet":
        """Those of the organisation for who looks after its people; one's own for everybody else."""
        own = self.filter(organisation_id=actor.organisation_id or 0)
        return own if actor.may("identity.manage_people") else own.filter(person_id=actor.person_id or 0)

    def locked(self, ids: Iterable[int]) -> list["LicenceHolder"]:
        """Lock rows for a change, in id order."""
        return list(self.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True, of=("self",)))

    def linked(self, *, organisation_id: int, person_id: int) -> "LicenceHolderQuerySet":
        """The living links of one person in one organisation."""
        return self.filter(organisation_id=organisation_id, person_id=person_id, state=HolderState.LINKED)


class LicenceHolder(models.Model):
    """Who of an organisation holds its electronic licence: the holder as the service names her, and the person here."""

    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    provider = models.TextField()
    holder_no = models.TextField()
    holder_name = models.TextField()
    licence_serial = models.TextField()
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    state = models.TextField(choices=HolderState.choices, default=HolderState.ASKED)
    version = models.IntegerField(default=1)

    objects = LicenceHolderQuerySet.as_manager()

    class Meta:
        constraints = [
            # One holder is one person of an organisation, as long as a link lives or waits.
            models.UniqueConstraint(
                fields=["organisation", "provider", "holder_no"],
                condition=Q(state__in=["ASKED", "LINKED"]),
                name="one_person_per_licence_holder",
            ),
            models.CheckConstraint(
                condition=Q(state="ASKED") | Q(decided_at__isnull=False), name="decided_holder_has_time"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="licence_holders_by_org")]

    def __str__(self) -> str:
        return f"{self.holder_name} {self.licence_serial}"

    def audience(self) -> list[int]:
        """The organisation alone."""
        return [self.organisation_id]
