"""Application configuration of identity."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    """Organisations, people and sign-in."""

    name = "yingshou.identity"
    label = "identity"
    verbose_name = _("Organisations and people")
    default_auto_field = "django.db.models.BigAutoField"
