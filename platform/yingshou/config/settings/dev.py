"""Settings of `make run`: one machine, plain HTTP, the same code paths as production."""

from yingshou.config import environment
from yingshou.config.settings.base import *  # noqa: F403
from yingshou.config.settings.base import TEMPLATES, template_loaders

DEBUG = environment.DEBUG
ALLOWED_HOSTS = environment.ALLOWED_HOSTS or ["*"]
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http"
YINGSHOU_CLOCK_MAY_MOVE = True
TEMPLATES[0]["OPTIONS"]["loaders"] = template_loaders(cached=not DEBUG)
if DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = True
