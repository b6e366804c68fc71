"""The app's place in Django."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Frame, components, lists, forms, charts."""

    name = "yingshou.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"
