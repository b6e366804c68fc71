"""
Translations: `collect` new texts, `compile` them, `check` that nothing is missing.

Texts in code and templates are English; `locale/zh_Hans/LC_MESSAGES/django.po` has the Chinese. The compiled file is
committed too, so that running the platform needs no gettext tools.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import django
import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
CODE = ("platform/yingshou", "receivables")
KEYWORDS = (
    "_", "gettext_noop", "gettext_lazy", "ngettext_lazy:1,2", "pgettext:1c,2", "npgettext:1c,2,3",
    "pgettext_lazy:1c,2", "npgettext_lazy:1c,2,3",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-zA-Z]|\{\w*\}|%[sd]")


def _sources(folder: Path) -> list[str]:
    """Write what xgettext reads below the folder, templates turned into Python-like text; return the paths."""
    names = []
    for code in CODE:
        for file in sorted((ROOT / code).rglob("*.py")):
            names.append(str(file.relative_to(ROOT)))
            target = folder / names[-1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text())
    for file in sorted((ROOT / "templates").rglob("*")):
        if file.suffix not in {".html", ".txt"}:
            continue
        names.append(f"{file.relative_to(ROOT)}.py")
        target = folder / names[-1]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(templatize(file.read_text(), origin=str(file.relative_to(ROOT))))
    return names


def extract() -> polib.POFile:
    """Return every translatable text of code and templates."""
    with tempfile.TemporaryDirectory() as folder:
        names = _sources(Path(folder))
        done = subprocess.run(
            [
                "xgettext", "--language=Python", "--from-code=UTF-8", "--output=-", "--no-wrap", "--add-location=file",
                *(f"--keyword={keyword}" for keyword in KEYWORDS), "--files-from=-",
            ],
            input="\n".join(names), text=True, capture_output=True, check=False, cwd=folder,
        )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"xgettext failed: {done.stderr.strip()}")
    return polib.pofile(done.stdout)


def _translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _problem(wanted: polib.POEntry, found: polib.POEntry | None) -> str | None:
    """Say what is wrong with one text's translation, or None."""
    if found is None or found.obsolete:
        return "is not in the catalogue"
    if found.fuzzy:
        return "is marked fuzzy"
    if bool(found.msgid_plural) != bool(wanted.msgid_plural):
        return "is plural in one place and singular in the other"
    allowed = set(_PLACEHOLDER.findall(wanted.msgid)) | set(_PLACEHOLDER.findall(wanted.msgid_plural or ""))
    for text in _translations(found):
        if not text.strip():
            return "has no Chinese"
        if not set(_PLACEHOLDER.findall(text)) <= allowed:
            return "has a placeholder in Chinese that the English has not"
        if not wanted.msgid_plural and set(_PLACEHOLDER.findall(text)) != allowed:
            return "lacks a placeholder in Chinese"
    return None


def problems() -> list[str]:
    """Return what `check` finds: texts without Chinese, placeholders that differ, a compiled file that is old."""
    if not CATALOGUE.exists():
        return [f"{CATALOGUE.relative_to(ROOT)} is missing"]
    catalogue = polib.pofile(str(CATALOGUE))
    known = {(entry.msgctxt, entry.msgid): entry for entry in catalogue}
    found = []
    for entry in extract():
        problem = _problem(entry, known.get((entry.msgctxt, entry.msgid)))
        if problem:
            places = ", ".join(sorted({name.removesuffix(".py") if "templates/" in name else name
                                       for name, _line in entry.occurrences})[:3])  # fmt: skip
            found.append(f"{entry.msgid!r} {problem} ({places})")
    compiled = CATALOGUE.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != catalogue.to_binary():
        found.append(f"{compiled.relative_to(ROOT)} is older than the catalogue: run make messages")
    return found


def collect() -> None:
    """Add new texts to the catalogue, without Chinese as yet, and drop those that nobody uses any more."""
    catalogue = polib.pofile(str(CATALOGUE)) if CATALOGUE.exists() else polib.POFile()
    known = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
    fresh = polib.POFile()
    fresh.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for entry in sorted(extract(), key=lambda one: (one.msgid, one.msgctxt or "")):
        old = known.get((entry.msgctxt, entry.msgid))
        if old is not None:
            entry.msgstr, entry.msgstr_plural = old.msgstr, dict(old.msgstr_plural)
        if entry.msgid_plural and not entry.msgstr_plural:
            entry.msgstr_plural = {0: ""}
        entry.msgstr_plural = {0: entry.msgstr_plural[0]} if entry.msgid_plural else {}
        entry.occurrences = [(name.removesuffix(".py") if "templates/" in name else name, "")
                             for name in sorted({name for name, _line in entry.occurrences})]  # fmt: skip
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        fresh.append(entry)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(CATALOGUE))


def compile_catalogue() -> None:
    """Write the compiled file beside the catalogue."""
    CATALOGUE.with_suffix(".mo").write_bytes(polib.pofile(str(CATALOGUE)).to_binary())


def main(arguments: list[str]) -> int:
    """Run `collect`, `compile` or `check`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.test")
    django.setup()
    chosen = arguments[0] if arguments else ""
    if chosen == "collect":
        collect()
    elif chosen == "compile":
        compile_catalogue()
    elif chosen == "check":
        found = problems()
        for line in found:
            print(line, file=sys.stderr)
        return 1 if found else 0
    else:
        raise SystemExit("tools/messages.py knows collect, compile and check.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
