"""Checks of the whole project that need no database: system checks, migrations, templates."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.template import TemplateSyntaxError, engines
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

ROOT = Path(__file__).resolve().parents[1]
_COMPONENT = re.compile(r"<c-([a-z][\w.-]*)")
_COMMENT = re.compile(
    r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|\{% cotton:verbatim %\}.*?\{% endcotton:verbatim %\}", re.DOTALL
)
_URL = re.compile(r"\{% url ['\"]([\w:.-]+)['\"]")


def migration_problems() -> list[str]:
    """Return models without a migration and apps with two last migrations."""
    loader = MigrationLoader(None)
    found = [f"{app} has forked migrations: {', '.join(names)}" for app, names in loader.detect_conflicts().items()]
    # Labels stand in migrations as they are written, not as they are translated.
    with translation.override(None):
        detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
        changes = detector.changes(graph=loader.graph)
    for app, migrations in changes.items():
        for migration in migrations:
            for operation in migration.operations:
                found.append(f"{app} lacks a migration: {operation.describe()}")
    return found


def _names(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


def template_problems() -> list[str]:
    """Compile every template; check that the components and the URL names that it uses exist."""
    folder = ROOT / "templates"
    known_urls = set(_names(get_resolver().url_patterns))
    engine = engines["django"]
    found = []
    for file in sorted(folder.rglob("*.html")):
        name = str(file.relative_to(folder))
        try:
            engine.get_template(name)
        except TemplateSyntaxError as error:
            found.append(f"templates/{name}: {error}")
            continue
        text = _COMMENT.sub("", file.read_text())
        for component in sorted(set(_COMPONENT.findall(text)) - {"vars", "slot"}):
            path = component.replace("-", "_").replace(".", "/")
            places = [folder / settings.COTTON_DIR / f"{path}.html", folder / settings.COTTON_DIR / path / "index.html"]
            if not any(place.exists() for place in places):
                found.append(f"templates/{name}: there is no component <c-{component}>")
        for url in sorted(set(_URL.findall(text)) - known_urls):
            found.append(f"templates/{name}: there is no URL named {url}")
    return found


def main(arguments: list[str]) -> int:
    """Run the checks named, `system`, `migrations`, `templates`, or all."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.test")
    django.setup()
    chosen = set(arguments) or {"system", "migrations", "templates"}
    found: list[str] = []
    if "system" in chosen:
        try:
            call_command("check", fail_level="WARNING", verbosity=0)
        except SystemCheckError as error:
            found.append(str(error))
    if "migrations" in chosen:
        found += migration_problems()
    if "templates" in chosen:
        found += template_problems()
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
