"""Vendored files are the ones the manifest names, and a first visit stays light."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = json.loads((ROOT / "static/vendor/MANIFEST.json").read_text())
FIRST_VISIT = 150_000
MODULE = 10_000


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_vendored_file_is_what_the_manifest_says(name: str) -> None:
    assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == MANIFEST[name]["sha256"]


def test_no_stylesheet_names_a_map_that_is_not_shipped() -> None:
    for path in (ROOT / "static").rglob("*.css"):
        assert "sourceMappingURL" not in path.read_text()


def test_own_scripts_are_small() -> None:
    for path in (ROOT / "static/js").glob("*.js"):
        assert path.stat().st_size <= MODULE, path


def test_a_first_visit_is_light() -> None:
    head = (ROOT / "templates/ui/head.html").read_text()
    names = [*re.findall(r"static '([^']+)'", head), "icons.svg", "seals.svg"]
    weight = 0
    for name in names:
        found = finders.find(name)
        assert isinstance(found, str), name
        weight += len(brotli.compress(Path(found).read_bytes()))

    # The page itself is at most 100 kB before compression, about a fifth of that after it.
    assert weight + 20_000 <= FIRST_VISIT


def test_every_icon_used_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
    used = set()
    for path in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([^"]+)"', path.read_text()))
        used |= set(re.findall(r'<c-[a-z-]+[^>]*\bicon="([^"{]+)"', path.read_text()))
    assert used <= sprite, used - sprite


def test_vermilion_belongs_to_seals_alone() -> None:
    for path in (ROOT / "static/css").glob("*.css"):
        for line in path.read_text().splitlines():
            if "vermilion" in line.lower() and not line.strip().startswith(("/*", "--vermilion")):
                assert line.startswith(".y-seal"), line


def test_templates_have_no_inline_style_or_script() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"\son[a-z]+=", text), path
