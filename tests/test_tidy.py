"""
The house rules, as tests. A ratchet lists what may still break a rule, with the reason; it only ever gets shorter.
"""

import ast
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.template.utils import get_app_template_dirs

from tests.harness import tree
from yingshou.runtime.places import PROJECT

LONGEST_FUNCTION = 60
LONGEST_FILE = 500

# file -> reason
LONG_FILES: dict[str, str] = {}
# file:function -> reason
LONG_FUNCTIONS: dict[str, str] = {}

# Layers in which the moment is a parameter: a clock read inside them could not be tested or replayed.
CLOCKLESS = {"actions", "models", "rules", "states", "selectors", "presenters", "forms"}
CLOCKS = {"now", "today", "utcnow", "localdate", "localtime"}


def _report(found: Iterable[str]) -> None:
    lines = sorted(set(found))
    assert not lines, "\n" + "\n".join(lines)


def _is_migration(file: Path) -> bool:
    return "migrations" in file.parts


def test_files_stay_short() -> None:
    long = {
        tree.short(file): length
        for file in tree.code()
        if not _is_migration(file) and (length := len(file.read_text().splitlines())) > LONGEST_FILE
    }

    _report(f"{name}: {length} lines" for name, length in long.items() if name not in LONG_FILES)
    assert set(LONG_FILES) <= set(long), "the ratchet names a file that has become short"


def test_functions_stay_short() -> None:
    long = {}
    for file in tree.code():
        for function in tree.functions(file):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > LONGEST_FUNCTION:
                long[f"{tree.short(file)}:{function.name}"] = length

    _report(f"{name}: {length} lines" for name, length in long.items() if name not in LONG_FUNCTIONS)
    assert set(LONG_FUNCTIONS) <= set(long), "the ratchet names a function that has become short"


def test_no_import_inside_a_function() -> None:
    _report(
        f"{tree.short(file)}:{node.lineno}"
        for file in tree.code()
        for function in tree.functions(file)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    )


def test_state_changes_only_through_the_lifecycle() -> None:
    allowed = {"platform/yingshou/audit/lifecycle.py", "platform/yingshou/kernel/lifecycle.py"}
    found = []
    for file in tree.product():
        if tree.short(file) in allowed or _is_migration(file):
            continue
        for node in ast.walk(tree.parsed(file)):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            found += [
                f"{tree.short(file)}:{target.lineno}"
                for target in targets
                if isinstance(target, ast.Attribute) and target.attr == "state"
            ]
    _report(found)


def _lifecycle_models() -> set[str]:
    return {
        model.__name__
        for model in apps.get_models()
        if {"state", "version"} <= {field.name for field in model._meta.get_fields()}
    }


def test_models_with_a_lifecycle_are_never_saved_row_by_row() -> None:
    """In actions and tasks `.save()` is refused on such a model; a first insert, marked as such, is none."""
    found = []
    for file in tree.product():
        if not {"actions", "tasks", "ledger"} & {file.stem, *file.parts}:
            continue
        module = tree.parsed(file)
        names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)} & _lifecycle_models()
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "save":
                owner = ast.unparse(node.func.value).lower()
                if any(keyword.arg == "force_insert" for keyword in node.keywords):
                    continue
                found += [f"{tree.short(file)}:{node.lineno}" for name in names if name.lower() in owner]
    _report(found)


def test_moment_is_passed_down_not_read() -> None:
    found = []
    for file in tree.product():
        inside = set(file.relative_to(PROJECT).with_suffix("").parts)
        if not inside & CLOCKLESS or inside & {"migrations", "kernel"}:
            continue
        for node in ast.walk(tree.parsed(file)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in CLOCKS
                and ast.unparse(node.func.value).rpartition(".")[2] in {"timezone", "datetime", "date", "clock"}
            ):
                found.append(f"{tree.short(file)}:{node.lineno}: {ast.unparse(node)}")
    _report(found)


def test_tasks_are_sent_by_jobs_alone() -> None:
    found = []
    for file in tree.product():
        if "jobs" in file.parts:
            continue
        for node in ast.walk(tree.parsed(file)):
            if isinstance(node, ast.Attribute) and node.attr in {"delay", "apply_async", "send_task"}:
                found.append(f"{tree.short(file)}:{node.lineno}: {node.attr}")
    _report(found)


def test_owner_connection_is_never_used_by_the_product() -> None:
    allowed = {"platform/yingshou/runtime", "platform/yingshou/config"}
    _report(
        f"{tree.short(file)}:{node.lineno}"
        for file in tree.product()
        if not any(tree.short(file).startswith(folder) for folder in allowed) and not _is_migration(file)
        for node in ast.walk(tree.parsed(file))
        if isinstance(node, ast.Call)
        and any(isinstance(argument, ast.Constant) and argument.value == "owner" for argument in node.args)
        and ast.unparse(node.func).endswith((".using", "atomic"))
    )


def test_no_leftover_marks() -> None:
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
    _report(
        f"{tree.short(file)}:{number}: {line.strip()}"
        for file in tree.texts()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if file.suffix != ".txt" and marks.search(line)
    )


# Written in two parts, so that this file does not find itself.
_FORBIDDEN = {
    "a path of the machine it was written on": r"(?<![\w.])/wo" + r"rk/|/ro" + r"ot/\.|/bri" + r"ef/",
    "a tool's name": r"\b(Cl" + r"aude|Chat" + r"GPT|Co" + r"pilot|Anth" + r"ropic|Open" + r"AI|LL" + r"M)\b",
    "the number of a task": r"\b[Ii]ss" + r"ue #?\d+\b|\bcloses #\d+",
    "a package index": r"--index-" + r"url|--extra-ind" + r"ex|https?://[\w.-]*pypi[\w.-]*/simple",
}


@pytest.mark.parametrize("what", sorted(_FORBIDDEN))
def test_no_forbidden_words(what: str) -> None:
    pattern = re.compile(_FORBIDDEN[what])
    _report(
        f"{tree.short(file)}:{number}: {line.strip()[:120]}"
        for file in tree.texts()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    )


def test_templates_hold_no_script_and_no_style() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)[^>]*>|\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|hx-on|hx-vals=[\"']js:",
        re.I,
    )
    comment = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
    found = []
    for file in tree.templates():
        if "mail" in file.parts or "pdf" in file.parts:
            continue
        text = comment.sub(lambda match: "\n" * match[0].count("\n"), file.read_text())
        for match in inline.finditer(text):
            # Data for a script, as json_script writes it, is no script.
            if "application/json" not in match[0]:
                found.append(f"{tree.short(file)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}")
    _report(found)


def _named_templates() -> set[str]:
    pattern = re.compile(r"[\"']([\w./-]+\.(?:html|txt))(?:#[\w-]+)?[\"']")
    return {name for file in [*tree.product(), *tree.templates()] for name in pattern.findall(file.read_text())}


def _used_components() -> set[str]:
    pattern = re.compile(r"<c-([a-z][\w.-]*)")
    sources = [*tree.templates(), *tree.product()]
    names = {name for file in sources for name in pattern.findall(file.read_text())}
    return {name.replace("-", "_").replace(".", "/") for name in names}


def test_every_template_is_used() -> None:
    folder = PROJECT / "templates"
    named, components = _named_templates(), _used_components()
    built = {name.rpartition("/")[0] for name in named}
    found = []
    for file in tree.templates():
        name = str(file.relative_to(folder))
        if name in named or name in {"400.html", "403.html", "404.html", "429.html", "500.html", "503.html"}:
            continue
        if name.startswith(f"{settings.COTTON_DIR}/"):
            bare = name.removeprefix(f"{settings.COTTON_DIR}/").removesuffix(".html").removesuffix("/index")
            if bare in components:
                continue
        # It replaces a template of a library.
        if any((Path(other) / name).exists() for other in get_app_template_dirs("templates")):
            continue
        found.append(name)
    assert built
    _report(found)


def _asserts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if re.search(r"raises|assert|expect|warns|check|verify|refus|must|_report|\.run$", called):
                return True
    return False


def test_every_test_asserts_something() -> None:
    _report(
        f"{tree.short(file)}:{function.lineno}: {function.name}"
        for file in tree.code()
        if file.name.startswith("test_")
        for function in tree.functions(file)
        if function.name.startswith("test_") and not _asserts(function)
    )


def test_no_test_is_skipped_and_nothing_is_mocked() -> None:
    found = []
    for file in tree.code():
        if "tests" not in file.parts or file.name == "test_tidy.py":
            continue
        for node in ast.walk(tree.parsed(file)):
            if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "importorskip", "xfail"}:
                found.append(f"{tree.short(file)}:{node.lineno}: {node.attr}")
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("unittest", "mock")):
                found.append(f"{tree.short(file)}:{node.lineno}: {node.module}")
    # The one exception: a run that names no folder of real data leaves those tests out by their mark.
    _report(line for line in found if not line.startswith("tests/realdata/"))


def test_deep_and_real_data_tests_carry_their_marks() -> None:
    for file in tree.code():
        if "tests" in file.parts and file.name.startswith("test_") and "YINGSHOU_REAL" + "_DATA" in file.read_text():
            assert "realdata" in file.read_text(), tree.short(file)


def test_commits_speak_of_the_product_only() -> None:
    done = subprocess.run(["git", "log", "--format=%s%n%b"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        for pattern in _FORBIDDEN.values():
            assert not re.search(pattern, done.stdout)
