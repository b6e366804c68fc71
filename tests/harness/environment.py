"""
The addresses of this test process, set before Django reads its settings.

Loaded with `-p` from `pyproject.toml`: pytest-django imports the settings before any `conftest.py` is read.
"""

import os
from pathlib import Path

from yingshou.runtime.places import Places, embedded_environment, places

PROCESS = os.getpid()
CLUSTER: Places = places("test")
DATABASE = f"test_{PROCESS}"
REDIS = Places(
    home=Path(f"/tmp/yingshou-test-{PROCESS}"), sockets=Path(f"/tmp/yingshou-test-{PROCESS}"), binaries=None, user=None
)
DATA = REDIS.home / "data"


def variables(database: str = DATABASE, cluster: Places = CLUSTER) -> dict[str, str]:
    """Return the variables that lead a process to this test process's database, Redis and files."""
    return {
        **embedded_environment(cluster),
        "DATABASE_URL": cluster.database_url("yingshou_app", database),
        "DATABASE_OWNER_URL": cluster.database_url("yingshou_owner", database),
        "DATABASE_SEAL_URL": cluster.database_url("yingshou_seal", database),
        "DATABASE_REPORT_URL": cluster.database_url("yingshou_report", database),
        "REDIS_URL": REDIS.redis_url,
        "YINGSHOU_DATA_DIR": str(DATA),
        "DJANGO_SETTINGS_MODULE": "yingshou.config.settings.test",
    }


for _name in (
    "YINGSHOU_SECRET_KEY",
    "YINGSHOU_FIELD_KEYS",
    "YINGSHOU_HMAC_KEY",
    "YINGSHOU_NUMBER_KEY",
    "YINGSHOU_SEAL_KEY",
):
    os.environ.pop(_name, None)
os.environ.update(variables())
# Playwright's synchronous interface runs an event loop in the test's thread; the queries there are synchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
