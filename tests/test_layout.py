"""The tree: what must never be there, what must be, and which way imports may not go."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness import tree
from yingshou.runtime.places import PROJECT

PLATFORM = PROJECT / "platform"


def test_platform_is_no_package() -> None:
    """With an `__init__.py` or a module of its own it would hide the standard library's `platform`."""
    assert not (PLATFORM / "__init__.py").exists()
    assert list(PLATFORM.glob("*.py")) == []
    assert sorted(entry.name for entry in PLATFORM.iterdir() if entry.name != "__pycache__") == ["yingshou"]
    assert not (PROJECT / "tests" / "platform").exists()
    assert (PROJECT / "tests" / "__init__.py").exists()


def test_standard_library_keeps_its_name() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.python_version())"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == ".".join(str(part) for part in sys.version_info[:3])


def test_tests_mirror_the_import_paths() -> None:
    own = {
        "harness",
        "factories",
        "e2e",
        "walk",
        "crash",
        "races",
        "simulation",
        "vendor",
        "data",
        "snapshots",
        "__pycache__",
    }
    for parent, code in ((PROJECT / "tests" / "yingshou", PLATFORM / "yingshou"), (PROJECT / "tests", PROJECT)):
        for folder in parent.iterdir():
            if folder.is_dir() and folder.name not in own | {"yingshou"}:
                assert (code / folder.name).is_dir(), f"{folder} tests nothing that exists"


def test_every_test_folder_is_a_package() -> None:
    for file in (PROJECT / "tests").rglob("test_*.py"):
        assert (file.parent / "__init__.py").exists(), file.parent


def test_every_app_of_the_tree_is_installed_and_ordered() -> None:
    config = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    found = {f"yingshou.{entry.parent.name}" for entry in (PLATFORM / "yingshou").glob("*/__init__.py")}

    assert found <= named
    assert {name for name in named if name.startswith("yingshou.")} <= found


@pytest.mark.parametrize("simulator", ["simulators", "benchmarks", "tests"])
def test_product_never_imports_what_stands_beside_it(simulator: str) -> None:
    for file in tree.product():
        for node in ast.walk(tree.parsed(file)):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] != simulator, f"{file}:{node.lineno}"
            elif isinstance(node, ast.Import):
                assert all(alias.name.split(".")[0] != simulator for alias in node.names), f"{file}:{node.lineno}"


def test_requirements_are_pinned_with_hashes_and_name_no_host() -> None:
    for name in ("build", "base", "dev"):
        text = (PROJECT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        assert "--index" not in text
        for line in text.splitlines():
            if line and not line.startswith((" ", "#")):
                assert "==" in line, line
                assert line.rstrip().endswith("\\"), line


def test_requirements_hold_every_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = {
        "base": [*project["dependencies"], *project["optional-dependencies"]["embedded"]],
        "dev": [*project["dependencies"], *project["optional-dependencies"]["dev"]],
    }
    for name, dependencies in wanted.items():
        pinned = {
            line.split("==")[0].split("[")[0].lower().replace("_", "-"): line.split("==")[1].split()[0]
            for line in (PROJECT / "requirements" / f"{name}.txt").read_text().splitlines()
            if line and line[0].isalnum()
        }
        for dependency in dependencies:
            bare, _, version = dependency.partition("==")
            found = pinned.get(bare.split("[")[0].lower().replace("_", "-"))
            assert found is not None, dependency
            assert version in {"", found}, dependency


def test_nothing_of_this_machine_is_ignored_by_accident() -> None:
    ignored = (PROJECT / ".gitignore").read_text().splitlines()

    assert {"/.venv/", "/.data/"} <= set(ignored)
    assert not Path(PROJECT / "uv.lock").exists()
