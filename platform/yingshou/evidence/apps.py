"""The app of the sealed history."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Sealing, checkpoints, receipts."""

    name = "yingshou.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"
