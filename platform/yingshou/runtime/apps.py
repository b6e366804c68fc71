"""The runtime as an app: it brings the command `database_roles`."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Embedded servers, supervisor and roles; no models."""

    name = "yingshou.runtime"
    label = "runtime"
