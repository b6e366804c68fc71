"""People, what they may do for whom, invitations and the trail of sign-in attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from yingshou.identity import crypto
from yingshou.identity.models.organisations import Organisation
from yingshou.tenancy.actor import Duty


class PersonManager(BaseUserManager["Person"]):
    """Creates people; sign-in names and addresses are kept in lower case."""

    def create_user(self, username: str, email: str, password: str | None = None, **fields: Any) -> Person:
        """A person with a hashed password; without one the person cannot sign in until a password is set by mail."""
        person = self.model(username=username.strip().lower(), email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        """Found by sign-in name whatever its case."""
        return self.get(username=(username or "").lower())


class TextSize(models.TextChoices):
    """Text sizes of F193."""

    SMALL = "small", _("Small")
    MEDIUM = "medium", _("Middle")
    LARGE = "large", _("Big")


class Person(AbstractBaseUser, PermissionsMixin):
    """
    A human being who signs in; what she may do comes from her memberships alone.

    `is_superuser` exists because Django's permission mix-in brings it; a constraint keeps it false.
    """

    PHONE = "identity.person.phone"
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "display_name"]

    username = models.CharField(_("sign-in name"), max_length=60, unique=True)
    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(_("name"), max_length=60)
    phone_cipher = models.TextField(blank=True, editable=False)
    phone_hmac = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    phone_last4 = models.CharField(max_length=4, blank=True, editable=False)
    language = models.CharField(
        _("language"), max_length=10, blank=True, choices=[("zh-hans", "简体中文"), ("en", "English")]
    )
    text_size = models.CharField(_("text size"), max_length=10, blank=True, choices=TextSize)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("platform staff"), default=False)
    date_joined = models.DateTimeField(_("since"), null=True)

    objects = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="person_username_lower", condition=Q(username=Lower("username"))),
            models.CheckConstraint(name="person_email_lower", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="person_no_superuser", condition=Q(is_superuser=False)),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        """The name shown beside what this person did."""
        return self.display_name

    def get_short_name(self) -> str:
        """Same as the full name: Chinese names are not shortened."""
        return self.display_name

    def set_phone(self, phone: str) -> None:
        """Keep the phone number encrypted, found by its blind index."""
        plain = normalise_phone(phone)
        self.phone_cipher = crypto.encrypt(plain, field=self.PHONE)
        self.phone_hmac = crypto.blind_index(plain, field=self.PHONE)
        self.phone_last4 = crypto.last_four(plain)

    @property
    def phone_masked(self) -> str:
        """The last four digits, the rest hidden."""
        return crypto.masked(self.phone_last4)


def normalise_phone(phone: str) -> str:
    """Digits and a leading plus only, so that one number has one blind index."""
    kept = "".join(character for character in phone if character.isdigit())
    return f"+{kept}" if phone.strip().startswith("+") else kept


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Reads of memberships; reached from identity alone."""

    def live(self, at: datetime) -> Self:
        """Those that count at this instant."""
        return self.filter(active=True, since__lte=at).filter(Q(until__isnull=True) | Q(until__gt=at))


class Membership(models.Model):
    """What one person may do for one organisation."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    duties = ArrayField(
        models.TextField(choices=[(str(d), str(d)) for d in Duty]), default=list, verbose_name=_("duties")
    )
    active = models.BooleanField(_("active"), default=True)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["person", "organisation"]),
            models.CheckConstraint(
                name="membership_duties_known", condition=Q(duties__contained_by=[str(d) for d in Duty])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.organisation_id}"

    @property
    def duty_set(self) -> frozenset[Duty]:
        """Duties as members of the enumeration."""
        return frozenset(Duty(value) for value in self.duties)


class OrganisationInvite(models.Model):
    """A one-time link by mail that lets a person join an organisation; only the hash of its secret is kept."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invites")
    email = models.EmailField(_("e-mail"))
    display_name = models.CharField(_("name"), max_length=60)
    duties = ArrayField(models.TextField(), default=list, verbose_name=_("duties"))
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        indexes = [models.Index(fields=["organisation", "-created_at"], name="invite_by_organisation")]

    def __str__(self) -> str:
        return f"{self.pk}"

    def is_open(self, at: datetime) -> bool:
        """Whether the link still works."""
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at


class DutyRequestQuerySet(models.QuerySet["DutyRequest"]):
    """Reads of requests for duties."""

    def open(self) -> Self:
        """Those that wait for the platform's staff."""
        return self.filter(decided_at=None).select_related("membership__person", "invite")


class DutyRequest(models.Model):
    """
    Duties that an organisation's only administrator asked two of the platform's staff for; kept with the answer.

    `outcome` is granted, refused, or empty for a request that was taken back.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="duty_requests")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    invite = models.ForeignKey(OrganisationInvite, on_delete=models.PROTECT, null=True, related_name="+")
    duties = ArrayField(models.TextField(), default=list)
    membership_version = models.PositiveIntegerField(default=0)
    asked_by_id = models.BigIntegerField()
    asked_by_label = models.TextField(blank=True, default="")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")

    objects = DutyRequestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="duty_request_about_one",
                condition=Q(membership__isnull=False, invite__isnull=True)
                | Q(membership__isnull=True, invite__isnull=False),
            ),
            models.UniqueConstraint(
                name="duty_request_once", fields=["membership"], condition=Q(decided_at__isnull=True)
            ),
            models.CheckConstraint(name="duty_request_outcome", condition=Q(outcome="") | Q(decided_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def person_name(self) -> str:
        """Whom the duties are for."""
        if self.membership is not None:
            return self.membership.person.display_name
        return self.invite.display_name if self.invite is not None else ""


class SignInNetwork(models.Model):
    """A network a person has signed in from, as a keyed hash: it can be recognised, not read back."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="networks")
    network_hmac = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="network_once", fields=["person", "network_hmac"])]

    def __str__(self) -> str:
        return f"{self.pk}"


class LimitCount(models.Model):
    """Calls of the sign-in class in one minute, counted here while Redis is away; the key is a hash."""

    key = models.CharField(max_length=64)
    minute = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="limit_once", fields=["key", "minute"])]

    def __str__(self) -> str:
        return f"{self.pk}"


class SignInAttempt(models.Model):
    """
    One try to sign in, written before the password is tested so that parallel tries are counted too.

    Holds keyed hashes only: neither the name that was typed nor the address it came from can be read back.
    """

    login_hmac = models.CharField(max_length=64)
    device_hmac = models.CharField(max_length=64, blank=True)
    ip_hmac = models.CharField(max_length=64)
    at = models.DateTimeField()
    ok = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("sign-in attempt")
        verbose_name_plural = _("sign-in attempts")
        default_permissions = ()
        indexes = [
            models.Index(fields=["login_hmac", "at"], name="attempt_by_login"),
            models.Index(fields=["ip_hmac", "at"], name="attempt_by_ip"),
            models.Index(fields=["at"], name="attempt_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
