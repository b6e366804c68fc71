"""The files of the project, for the tests that read the code itself."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from yingshou.runtime.places import PROJECT

_LEFT_OUT = {"__pycache__", "vendor", "node_modules"}


def _below(*names: str, suffix: str) -> list[Path]:
    found = []
    for name in names:
        top = PROJECT / name
        if top.is_file():
            found.append(top)
            continue
        found += [file for file in top.rglob(f"*{suffix}") if not _LEFT_OUT & set(file.relative_to(top).parts)]
    return sorted(found)


@functools.cache
def product() -> list[Path]:
    """Return the Python files that run in production."""
    return _below("platform", "receivables", suffix=".py")


@functools.cache
def code() -> list[Path]:
    """Return every Python file of ours."""
    return [*product(), *_below("manage.py", "tools", "tests", "simulators", "benchmarks", suffix=".py")]


@functools.cache
def templates() -> list[Path]:
    """Return every template."""
    return _below("templates", suffix=".html")


@functools.cache
def texts() -> list[Path]:
    """Return every text file of ours, vendored files aside."""
    found = [*code(), *templates()]
    for name in ("static", "locale", "docs", "deploy", ".ci", "tests"):
        found += [file for file in _below(name, suffix="") if file.is_file()]
    found += [file for file in PROJECT.iterdir() if file.is_file()]
    return sorted(
        {file for file in found if file.suffix not in {".png", ".mo", ".ttf", ".woff2", ".xlsx", ".zip", ".p12"}}
    )


@functools.cache
def parsed(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(file.read_text())


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods of a file, inner ones too."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def short(file: Path) -> str:
    """Return a file's path inside the project."""
    return str(file.relative_to(PROJECT))
