"""Settings of the worker that is killed: the sweeper runs every second, not every fifteen."""

import os

from yingshou.config.settings.test import *  # noqa: F403

CELERY_BEAT_SCHEDULE = {"sweep-jobs": {"task": "jobs.sweep", "schedule": 1.0, "options": {"expires": 5}}}
# Where a test plants a fault, the worker imports it.
CELERY_IMPORTS = os.environ.get("CRASH_TEST_INCLUDE", "").split()
# Connections are kept from request to request, as in production: a restart of the server breaks them.
DATABASES["default"]["CONN_MAX_AGE"] = 300  # noqa: F405  # from the settings of the tests
