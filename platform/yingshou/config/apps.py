"""The configuration app: it has no models; it registers the system checks of a deployment."""

from django.apps import AppConfig

from yingshou.config import celery


class ConfigConfig(AppConfig):
    """Configuration of the project itself."""

    name = "yingshou.config"
    label = "config"
    # Loaded with Django, so that whoever sends a task, in whatever thread, sends it with these settings.
    celery = celery.app
