"""Reference data (regions, workdays), what staff grant on single objects, and the sample city's clock."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from yingshou.identity.models.organisations import Organisation


class RegionLevel(models.IntegerChoices):
    """How many of the six digits count."""

    PROVINCE = 1, _("Province")
    PREFECTURE = 2, _("Prefecture")
    COUNTY = 3, _("County")


class RegionQuerySet(models.QuerySet["Region"]):
    """Reads of regions."""

    def on(self, day: date) -> Self:
        """Those whose code was in use on the day; a region without an end is in use still."""
        return self.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=day)).filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=day)
        )


class Region(models.Model):
    """An administrative division by its GB/T 2260 code; retired codes stay, because old credit codes carry them."""

    code = models.CharField(_("code"), max_length=6, primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    level = models.PositiveSmallIntegerField(_("level"), choices=RegionLevel)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"), null=True, blank=True)

    objects = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        default_permissions = ()
        permissions = [("work_in_region", "May work on the matters of this region")]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Workday(models.Model):
    """Whether a calendar day is a working day in mainland China: make-up days cannot be derived from the weekday (X5)."""

    day = models.DateField(_("day"), primary_key=True)
    is_workday = models.BooleanField(_("working day"))
    note = models.CharField(_("note"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("working-day calendar")
        default_permissions = ()
        ordering = ["day"]

    def __str__(self) -> str:
        return self.day.isoformat()


class GrantQuerySet(models.QuerySet["OrganisationGrant"]):
    """Reads of support grants."""

    def live(self, at: datetime) -> Self:
        """Those that have begun and not ended."""
        return self.filter(starts_at__lte=at, ends_at__gt=at)


class OrganisationGrant(UserObjectPermissionBase):
    """
    django-guardian's row for a support view of one organisation, with an end that is always set.

    Break-glass of domain 16: granted by two members of staff to a third, with a reason, for at most some hours. With an `address` it
    opens that page alone; guardian's own question about the organisation then answers yes although the rest stays closed, so that
    pages ask `request.grants`.
    """

    content_object = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    reason = models.CharField(_("reason"), max_length=200)
    address = models.CharField(_("the one page"), max_length=120, blank=True, default="")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    objects = UserObjectPermissionManager.from_queryset(GrantQuerySet)()  # type: ignore[misc]  # guardian declares a class variable

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = _("support grant")
        verbose_name_plural = _("support grants")
        default_permissions = ()
        unique_together = [["user", "permission", "content_object", "address"]]
        constraints = [
            models.CheckConstraint(
                name="support_grant_two_others",
                condition=~Q(granted_by=models.F("approved_by"))
                & ~Q(user=models.F("granted_by"))
                & ~Q(user=models.F("approved_by")),
            ),
            models.CheckConstraint(name="support_grant_ends", condition=Q(ends_at__gt=models.F("starts_at"))),
        ]


class RegionGrant(UserObjectPermissionBase):
    """django-guardian's row for work in one region, for people of a branch whose jurisdiction is divided."""

    content_object = models.ForeignKey(Region, on_delete=models.CASCADE)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = _("region grant")
        verbose_name_plural = _("region grants")
        default_permissions = ()


class ClockOffset(models.Model):
    """The one row by which the sample city's clock is ahead of the real one; empty everywhere else."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(name="clock_offset_single", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.seconds} s"
