"""The app of durable work; it also loads every app's handlers."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Job rows, idempotency keys, schedules."""

    name = "yingshou.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Whoever asks for a job must know that it exists, not only the worker that runs it.
        autodiscover_modules("tasks")
