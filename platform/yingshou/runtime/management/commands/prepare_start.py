"""`manage.py prepare_start`: all that must be done before the first page, in one process, each step only if due."""

import hashlib
import io
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

_SAMPLE_CITY = "load_sample_city"


class Command(BaseCommand):
    """Migrate as the owner, collect static files if they changed, load the sample city."""

    help = "Migrate as the owner, collect static files if they changed, load the sample city where it is wanted."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps, each with its time; compressing static files needs no database and goes on beside the rest."""
        with ThreadPoolExecutor(max_workers=1) as beside:
            static = beside.submit(self._timed, "static files", self._collect_static)
            self._timed("migrations", self._migrate)
            self._timed("sample city", self._load_sample_city)
            static.result()

    def _timed(self, name: str, step: Callable[[], None]) -> None:
        begun = time.monotonic()
        step()
        self.stdout.write(f"{name}: {time.monotonic() - begun:.1f} s")

    def _load_sample_city(self) -> None:
        """Load the city where it is wanted; what it prints, the sign-ins, is kept for the one who starts it."""
        if os.environ.get("YINGSHOU_SAMPLE_CITY", "yes") != "yes" or _SAMPLE_CITY not in get_commands():
            return
        printed = io.StringIO()
        call_command(_SAMPLE_CITY, stdout=printed)
        self.stdout.write(printed.getvalue())
        (Path(settings.YINGSHOU_DATA_DIR) / "sign-ins.txt").write_text(printed.getvalue())

    def _migrate(self) -> None:
        executor = MigrationExecutor(connections["owner"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database="owner", interactive=False, verbosity=1, stdout=self.stdout)
        connections["owner"].close()

    def _collect_static(self) -> None:
        """Compression takes long: done only when a file's name, size or time differs from the last collection."""
        if settings.DEBUG:
            return
        root = Path(settings.STATIC_ROOT)
        mark = root.with_suffix(".sha256")
        now = _fingerprint()
        if root.is_dir() and mark.exists() and mark.read_text() == now:
            return
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, stdout=self.stdout)
        mark.write_text(now)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
