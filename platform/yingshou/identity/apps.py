"""Application configuration of identity."""

from importlib import import_module
from typing import Any

from celery.signals import task_prerun
from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    """Organisations, people and sign-in."""

    name = "yingshou.identity"
    label = "identity"
    verbose_name = _("Organisations and people")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the workers of the sample city follow its clock."""
        if settings.YINGSHOU_CLOCK_MAY_MOVE:
            task_prerun.connect(_follow_clock, dispatch_uid="identity.sample_clock")


def _follow_clock(**_: Any) -> None:
    # Its models can be imported only once the apps are loaded.
    import_module("yingshou.identity.worker_clock").follow_as_worker()
