"""Embedded servers of the benchmarks' own, made before Django reads its settings, removed at the end."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yingshou.runtime import binaries
from yingshou.runtime.places import PROJECT, embedded_environment, local_keys, places
from yingshou.runtime.postgres import PostgresServer
from yingshou.runtime.redis_server import RedisServer

INSTANCE = "bench"


@contextmanager
def servers() -> Iterator[Path]:
    """Start PostgreSQL and Redis, migrate, collect static files; yields a folder for logs and files."""
    where = places(INSTANCE)
    folder = Path(tempfile.mkdtemp(prefix="yingshou-bench-"))
    found = binaries.find(where)
    postgres, redis = PostgresServer(where, found), RedisServer(where, found)
    if where.home.exists():
        postgres.stop_stray()
        shutil.rmtree(where.home)
    try:
        postgres.initialise()
        postgres.start()
        postgres.prepare()
        redis.start()
        os.environ.update(embedded_environment(where))
        os.environ.update(local_keys(folder))
        os.environ.update(
            {
                "YINGSHOU_DATA_DIR": str(folder),
                "DJANGO_SETTINGS_MODULE": "yingshou.config.settings.dev",
                # Counted as always, and never too often.
                "YINGSHOU_LIMIT_FACTOR": "1000000",
                "YINGSHOU_SAMPLE_CITY": "no",
            }
        )
        subprocess.run(
            [sys.executable, str(PROJECT / "manage.py"), "prepare_start"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield folder
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(where.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
