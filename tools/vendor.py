"""Fetch the vendored static files from their npm packages; run by hand when a version changes, the result is committed.

Users need no Node: what the pages load lies in ``static/``. Each file's source package and SHA-256 stand in
``static/vendor/MANIFEST.json``, which a test compares with the files. ``npm`` is needed only to run this script.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
MANIFEST = VENDOR / "MANIFEST.json"

TABLER = "@tabler/core@1.6.1"
ICONS = "@tabler/icons@3.51.0"
AXE = "axe-core@4.14.1"

# Left: the name used in templates; right: the icon's file in the package (outline style).
ICON_NAMES = {
    "alert": "alert-triangle",
    "archive": "archive",
    "arrow-left": "arrow-left",
    "arrow-right": "arrow-right",
    "adjustments": "adjustments",
    "bank": "building-bank",
    "bell": "bell",
    "building": "building",
    "calendar": "calendar",
    "chart": "chart-bar",
    "check": "check",
    "checklist": "checklist",
    "checks": "checks",
    "chevron-down": "chevron-down",
    "chevron-left": "chevron-left",
    "chevron-right": "chevron-right",
    "circle-check": "circle-check",
    "circle-x": "circle-x",
    "clock": "clock",
    "coin": "coin",
    "copy": "copy",
    "download": "download",
    "database": "database",
    "edit": "edit",
    "exchange": "arrows-exchange",
    "external": "external-link",
    "eye": "eye",
    "file": "file-text",
    "filter": "filter",
    "folder": "folder",
    "gavel": "gavel",
    "help": "help-circle",
    "history": "history",
    "home": "home",
    "inbox": "inbox",
    "info": "info-circle",
    "invoice": "file-invoice",
    "key": "key",
    "language": "language",
    "link": "link",
    "list": "list-check",
    "lock": "lock",
    "logout": "logout",
    "mail": "mail",
    "menu": "menu-2",
    "minus": "minus",
    "plug": "plug-connected",
    "plus": "plus",
    "print": "printer",
    "receipt": "receipt",
    "refresh": "refresh",
    "scale": "scale",
    "send": "send",
    "route": "route",
    "search": "search",
    "settings": "settings",
    "shield": "shield-check",
    "signature": "writing-sign",
    "sort": "arrows-sort",
    "spreadsheet": "file-spreadsheet",
    "star": "star",
    "text-size": "text-size",
    "trash": "trash",
    "undo": "arrow-back-up",
    "upload": "upload",
    "user": "user",
    "users": "users",
    "wallet": "wallet",
    "x": "x",
}


def main() -> int:
    """Write every vendored file and the manifest."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        files = _tabler(work) | _icons(work) | _axe(work)
    MANIFEST.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {}
    MANIFEST.write_text(json.dumps(known | files, indent=2, sort_keys=True) + "\n")
    return 0


def _tabler(work: Path) -> dict[str, dict[str, str]]:
    package = _unpack(TABLER, work)
    css = (package / "dist/css/tabler.min.css").read_text()
    # A map comment would make the manifest storage look for a file that is not shipped.
    css = re.sub(r"/\*# sourceMappingURL=[^*]*\*/\s*", "", css)
    target = VENDOR / "tabler-1.6.1"
    target.mkdir(parents=True, exist_ok=True)
    (target / "tabler.min.css").write_text(css)
    # The package holds no licence file; its stylesheet's header names the terms and the copyright.
    notice = css[css.index("/*!") : css.index("*/") + 2] + "\n\n" + _licence(_unpack(ICONS, work))
    (target / "LICENSE").write_text(notice)
    return _entries(TABLER, target / "tabler.min.css", target / "LICENSE")


def _icons(work: Path) -> dict[str, dict[str, str]]:
    package = _unpack(ICONS, work)
    symbols = []
    for name, source in sorted(ICON_NAMES.items()):
        svg = (package / f"icons/outline/{source}.svg").read_text()
        body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
        body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", body)
        body = re.sub(r"\s*\n\s*", "", body)
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{body}</symbol>'
        )
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    target = VENDOR / "tabler-icons-3.51.0"
    target.mkdir(parents=True, exist_ok=True)
    (target / "LICENSE").write_text(_licence(package))
    (ROOT / "static" / "icons.svg").write_text(sprite)
    return _entries(ICONS, ROOT / "static" / "icons.svg", target / "LICENSE")


def _axe(work: Path) -> dict[str, dict[str, str]]:
    package = _unpack(AXE, work)
    target = ROOT / "tests" / "vendor"
    target.mkdir(parents=True, exist_ok=True)
    (target / "axe.min.js").write_text((package / "axe.min.js").read_text())
    (target / "axe-LICENSE").write_text((package / "LICENSE").read_text())
    return _entries(AXE, target / "axe.min.js", target / "axe-LICENSE")


def _unpack(package: str, work: Path) -> Path:
    target = work / re.sub(r"\W", "-", package)
    if not target.exists():
        command = ["npm", "pack", "--silent", package]
        done = subprocess.run(command, cwd=work, check=True, capture_output=True, text=True)
        with tarfile.open(work / done.stdout.split()[-1]) as archive:
            archive.extractall(target, filter="data")
    return target / "package"


def _licence(package: Path) -> str:
    return (package / "LICENSE").read_text()


def _entries(package: str, *paths: Path) -> dict[str, dict[str, str]]:
    return {
        path.relative_to(ROOT).as_posix(): {
            "package": package,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in paths
    }


if __name__ == "__main__":
    sys.exit(main())
