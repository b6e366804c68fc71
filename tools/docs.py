"""
`python -m tools.docs write`: the parts of the documentation that are made from the code. `check` says which are stale.

A generated part stands between `<!-- generated: name -->` and `<!-- end -->`; everything else in a file is written by
hand and left alone.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import django

from tools import docs_catalogue, docs_structure

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs"
_PART = re.compile(r"(?P<open><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<close><!-- end -->)", re.DOTALL)

PARTS: dict[str, Callable[[], str]] = {
    "layers": docs_structure.layers,
    "imports": docs_structure.imports,
    "inside": docs_structure.inside,
    "row-classes": docs_structure.row_classes,
    "permissions-en": docs_structure.permissions_en,
    "permissions-zh": docs_structure.permissions_zh,
    "jobs": docs_structure.jobs,
    "lifecycles": docs_structure.lifecycles,
    "reasons": docs_catalogue.reasons,
    "errors": docs_catalogue.errors,
    "import-errors": docs_catalogue.import_errors,
    "sheet-claims-en": docs_catalogue.sheet_claims_en,
    "sheet-claims-zh": docs_catalogue.sheet_claims_zh,
    "sheet-payables-en": docs_catalogue.sheet_payables_en,
    "sheet-payables-zh": docs_catalogue.sheet_payables_zh,
}


def files() -> list[Path]:
    """Return every page of the documentation, the README included."""
    return [ROOT / "README.md", *sorted(FOLDER.rglob("*.md"))]


def rendered(text: str) -> str:
    """
    Return a page with its generated parts as the code has them now.

    :raises LookupError: if the page names a part that nobody makes
    """

    def fill(found: re.Match[str]) -> str:
        if found["name"] not in PARTS:
            raise LookupError(f"no generated part is called {found['name']}")
        return f"{found['open']}\n{PARTS[found['name']]().strip()}\n\n{found['close']}"

    return _PART.sub(fill, text)


def used(text: str) -> Iterator[str]:
    """Yield the names of a page's generated parts."""
    for found in _PART.finditer(text):
        yield found["name"]


def stale() -> list[str]:
    """Return the pages whose generated parts differ from the code."""
    return [str(file.relative_to(ROOT)) for file in files() if rendered(text := file.read_text()) != text]


def main(arguments: list[str]) -> int:
    """Run `write` or `check`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.test")
    django.setup()
    if arguments == ["check"]:
        found = stale()
        for name in found:
            print(f"{name} is older than the code: run python -m tools.docs write", file=sys.stderr)
        return 1 if found else 0
    if arguments != ["write"]:
        raise SystemExit("python -m tools.docs knows write and check.")
    for file in files():
        text = file.read_text()
        fresh = rendered(text)
        if fresh != text:
            file.write_text(fresh)
            print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
