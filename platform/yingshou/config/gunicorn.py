"""Gunicorn's own lines in the same form as those of the application; read with `--config python:yingshou.config.gunicorn`."""

from typing import Any

from yingshou.config import environment
from yingshou.config.logs import logging_settings

_upwards: dict[str, Any] = {"level": environment.LOG_LEVEL, "handlers": [], "propagate": True}
logconfig_dict: dict[str, Any] = {
    **logging_settings(level=environment.LOG_LEVEL, style=environment.LOG_FORMAT),
    # Requests are told by the application, without their queries: Gunicorn's own account of them stays silent.
    "loggers": {"gunicorn.error": _upwards, "gunicorn.access": {**_upwards, "level": "WARNING"}},
}
