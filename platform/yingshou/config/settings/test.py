"""Settings of the tests: quick hashing, mail in memory, static files straight from their folders."""

import os

from yingshou.config.logs import logging_settings
from yingshou.config.settings.base import *  # noqa: F403

DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Argon2 with its cheapest parameters: the same code as in production, a hundredth of the time.
PASSWORD_HASHERS = ["yingshou.config.hashers.QuickArgon2PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http"
YINGSHOU_CLOCK_MAY_MOVE = True
# Tests knock at every door thousands of times; those of the limits switch them on.
LIMIT_FACTOR = 0
LOGGING = logging_settings(level=os.environ.get("YINGSHOU_LOG_LEVEL", "WARNING"), style="json")
# Persistent connections would outlive the databases that each test worker makes and drops.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
