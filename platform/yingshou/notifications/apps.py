"""The app of to-dos and messages."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """To-dos, messages to people, and how they leave the platform."""

    name = "yingshou.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
