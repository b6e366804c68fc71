"""The app of form drafts."""

from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Forms that save themselves."""

    name = "yingshou.drafts"
    label = "drafts"
    default_auto_field = "django.db.models.BigAutoField"
