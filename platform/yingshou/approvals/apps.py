"""The app of maker-checker."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Approvals, their lines and policies."""

    name = "yingshou.approvals"
    label = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
