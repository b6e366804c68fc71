"""Replaces Django's default admin site by the one of the platform's staff."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """`django.contrib.admin.site` is the staff's site, so that every app registers with the ordinary decorator."""

    default_site = "yingshou.identity.admin_site.StaffAdminSite"
