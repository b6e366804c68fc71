"""The app of the front pages."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    """Public pages, the to-do page, the search box."""

    name = "yingshou.home"
    label = "home"
    default_auto_field = "django.db.models.BigAutoField"
