"""The signing app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SigningConfig(AppConfig):
    """Certificates, signature evidence and trust lists."""

    name = "yingshou.signing"
    label = "signing"
    verbose_name = _("Signatures")
    default_auto_field = "django.db.models.BigAutoField"
