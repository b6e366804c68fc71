"""The Celery application: its settings are Django's `CELERY_*`; tasks are found in each app's `tasks.py`."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.prod")
app = Celery("yingshou")
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Keep Django's logging: connecting this signal stops Celery from installing its own handlers."""
    assert settings.configured
