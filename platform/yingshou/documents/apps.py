"""The app of files and imports."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Stored files, import batches, rows and layouts."""

    name = "yingshou.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"
