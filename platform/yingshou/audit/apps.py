"""The app of append-only events."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Events and the timeline."""

    name = "yingshou.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
