"""The app of durable work."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Job rows, idempotency keys, schedules."""

    name = "yingshou.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
