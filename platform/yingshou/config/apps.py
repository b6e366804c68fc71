"""The configuration app: it has no models; it registers the system checks of a deployment."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Configuration of the project itself."""

    name = "yingshou.config"
    label = "config"
