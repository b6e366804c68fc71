"""The app that binds actors to transactions; it also loads what the apps contribute."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TenancyConfig(AppConfig):
    """Loads every app's `contributions.py` once all models are known."""

    name = "yingshou.tenancy"
    label = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        autodiscover_modules("contributions")
