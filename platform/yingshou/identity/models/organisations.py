"""Organisations, what only they and staff may read of them, and their bank accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from yingshou.identity import crypto
from yingshou.identity.states import OrganisationState, RejectionReason
from yingshou.kernel.identifiers import account_no_normalise
from yingshou.kernel.names import bigrams, name_key
from yingshou.tenancy.actor import Actor, ActorKind, Capability


class OrganisationKind(models.TextChoices):
    """Party type of the movable-property registry (domain 1.5)."""

    FINANCIAL = "01", _("Financial institution")
    ENTERPRISE = "02", _("Enterprise")
    PUBLIC_BODY = "03", _("State organ or public institution")
    SOLE_TRADER = "06", _("Sole trader")
    OTHER = "09", _("Other")


class OrganisationSize(models.IntegerChoices):
    """Size by the 2017 classification of large, medium, small and micro enterprises (domain 1.5)."""

    LARGE = 10, _("Large")
    MEDIUM = 20, _("Medium")
    SMALL = 30, _("Small")
    MICRO = 40, _("Micro")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Reads of the directory."""

    def visible_to(self, actor: Actor) -> Self:
        """The directory is open to whoever is signed in; a registration not yet verified only to itself and to staff."""
        if actor.kind == ActorKind.ANONYMOUS:
            return self.none()
        if actor.is_staff_organisation or actor.kind == ActorKind.SYSTEM:
            return self
        return self.filter(
            Q(state__in=[OrganisationState.VERIFIED, OrganisationState.SUSPENDED]) | Q(pk=actor.organisation_id)
        )

    def by_uscc(self, uscc: str) -> Organisation | None:
        """The organisation of this credit code (already normalised), if it is registered."""
        return self.filter(uscc=uscc).first()

    def with_capability(self, *capabilities: Capability) -> Self:
        """Those that hold at least one of the capabilities."""
        return self.filter(capabilities__overlap=[str(capability) for capability in capabilities])

    def locked(self, ids: Sequence[int]) -> list[Organisation]:
        """The rows in id order, locked until the transaction ends."""
        return list(self.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))


class Organisation(models.Model):
    """
    One legal person or public body on the platform, found by its unified social credit code.

    The row is the directory entry every signed-in user may read; what is private stands in `OrganisationDetails`.
    """

    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    name = models.CharField(_("name"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    name_en = models.CharField(_("English name"), max_length=200, blank=True)
    name_key = models.CharField(max_length=200, db_index=True, editable=False)
    bigrams = ArrayField(models.TextField(), default=list, editable=False)
    capabilities = ArrayField(
        models.TextField(choices=[(str(c), str(c)) for c in Capability]), default=list, verbose_name=_("capabilities")
    )
    kind = models.CharField(_("kind"), max_length=2, choices=OrganisationKind, default=OrganisationKind.ENTERPRISE)
    region = models.ForeignKey(
        "identity.Region", on_delete=models.PROTECT, related_name="+", verbose_name=_("region"), null=True
    )
    industry = models.CharField(_("industry"), max_length=8, blank=True)
    size = models.PositiveSmallIntegerField(_("size"), choices=OrganisationSize, null=True)
    is_public_body = models.BooleanField(_("public body"), default=False)
    requires_second_factor = models.BooleanField(_("second factor required"), default=False)
    state = models.CharField(
        _("state"), max_length=24, choices=OrganisationState, default=OrganisationState.PENDING_VERIFICATION
    )
    version = models.PositiveIntegerField(default=1)
    registered_at = models.DateTimeField(_("registered at"))
    verified_at = models.DateTimeField(_("verified at"), null=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        default_permissions = ()
        permissions = [("support_view", "May look at this organisation's pages to help it")]
        indexes = [GinIndex(fields=["bigrams"], name="organisation_bigrams")]
        constraints = [
            models.CheckConstraint(
                name="organisation_capabilities_known",
                condition=Q(capabilities__contained_by=[str(c) for c in Capability]),
            ),
            models.CheckConstraint(name="organisation_state_known", condition=Q(state__in=OrganisationState.values)),
            models.CheckConstraint(
                name="organisation_verified_has_time",
                condition=~Q(state__in=[OrganisationState.VERIFIED, OrganisationState.SUSPENDED])
                | Q(verified_at__isnull=False),
            ),
            models.CheckConstraint(name="organisation_version_positive", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name

    @property
    def is_verified(self) -> bool:
        """Whether its people may act for it."""
        return self.state == OrganisationState.VERIFIED

    @property
    def capability_set(self) -> frozenset[Capability]:
        """Capabilities as members of the enumeration."""
        return frozenset(Capability(value) for value in self.capabilities)

    def audience(self) -> list[int]:
        """Whose timeline shows what happens to this organisation: its own, and the platform operator's."""
        operators = Organisation.objects.with_capability(Capability.PLATFORM_OPERATOR)
        return [self.pk, *operators.values_list("pk", flat=True)]

    def index_name(self) -> None:
        """Derive the search columns from the name; called by whoever sets the name, before saving."""
        self.name_key = name_key(self.name)
        self.bigrams = sorted(set(bigrams(self.name)) | set(bigrams(self.short_name)))


class OrganisationDetails(models.Model):
    """What an organisation told the platform about itself; read by itself and by staff."""

    PHONE = "identity.organisation_details.phone"

    organisation = models.OneToOneField(
        Organisation, on_delete=models.PROTECT, primary_key=True, related_name="details"
    )
    legal_representative = models.CharField(_("legal representative"), max_length=60)
    address = models.CharField(_("address"), max_length=200, blank=True)
    contact_name = models.CharField(_("contact"), max_length=60, blank=True)
    phone_cipher = models.TextField(blank=True, editable=False)
    phone_last4 = models.CharField(max_length=4, blank=True, editable=False)
    licence_file_ids = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("licence files"))
    licence_expires_on = models.DateField(_("licence valid until"), null=True)
    size_declared_at = models.DateTimeField(_("size declared at"), null=True)
    size_declared_by_id = models.BigIntegerField(null=True)
    rejection_code = models.CharField(_("reason"), max_length=40, blank=True, choices=RejectionReason)
    rejection_text = models.CharField(_("explanation"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("details of an organisation")
        verbose_name_plural = _("details of organisations")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.pk}"

    def set_phone(self, phone: str) -> None:
        """Keep the contact's phone number encrypted."""
        self.phone_cipher = crypto.encrypt(phone, field=self.PHONE)
        self.phone_last4 = crypto.last_four(phone)

    @property
    def phone_masked(self) -> str:
        """The last four digits, the rest hidden."""
        return crypto.masked(self.phone_last4)


class BankAccountQuerySet(models.QuerySet["BankAccount"]):
    """Reads of bank accounts."""

    def visible_to(self, actor: Actor) -> Self:
        """An organisation's accounts are its own."""
        if actor.organisation_id is None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class BankAccount(models.Model):
    """An organisation's own account; the number is encrypted, found by its blind index, shown by its last four digits."""

    NUMBER = "identity.bank_account.number"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="bank_accounts")
    bank_code = models.CharField(_("bank code (CNAPS)"), max_length=12)
    bank_name = models.CharField(_("bank"), max_length=120)
    account_name = models.CharField(_("account name"), max_length=200)
    number_cipher = models.TextField(editable=False)
    number_hmac = models.CharField(max_length=64, editable=False)
    number_last4 = models.CharField(max_length=4, editable=False)
    is_default = models.BooleanField(_("used unless another is chosen"), default=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = BankAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="bank_account_once",
                fields=["organisation", "bank_code", "number_hmac"],
                condition=~Q(number_hmac=""),
            ),
            models.UniqueConstraint(
                name="bank_account_one_default", fields=["organisation"], condition=Q(is_default=True, active=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bank_name} {self.masked}"

    def set_number(self, number: str) -> None:
        """Keep the account number encrypted; spaces and hyphens are dropped first."""
        plain = account_no_normalise(number)
        self.number_cipher = crypto.encrypt(plain, field=self.NUMBER)
        self.number_hmac = crypto.blind_index(plain, field=self.NUMBER)
        self.number_last4 = plain[-4:]

    @property
    def masked(self) -> str:
        """The last four digits, the rest hidden."""
        return crypto.masked(self.number_last4)
