"""The parts of the documentation that show how the code is built: imports, rows, permissions, jobs, lives."""

import ast
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.utils import translation

from receivables.states import APPEAL_LIFECYCLE, CHANGE_LIFECYCLE, DISPUTE_LIFECYCLE, FLAG_LIFECYCLE
from receivables.states import LIFECYCLE as RECEIVABLE
from yingshou.approvals.states import LIFECYCLE as APPROVAL
from yingshou.documents.states import LIFECYCLE as IMPORT_BATCH
from yingshou.identity.labels import capability_labels, duty_labels
from yingshou.identity.states import ORGANISATION
from yingshou.jobs.registry import JOBS, SCHEDULES
from yingshou.kernel.lifecycle import Lifecycle
from yingshou.signing.states import HOLDER as LICENCE_HOLDER
from yingshou.signing.states import LIFECYCLE as CERTIFICATE
from yingshou.tenancy.classes import ROW_CLASSES, RowClass
from yingshou.tenancy.permissions import PERMISSIONS

ROOT = Path(__file__).resolve().parents[1]
CHINESE, ENGLISH = "zh-hans", "en"
LIFECYCLES: tuple[Lifecycle, ...] = (
    RECEIVABLE,
    CHANGE_LIFECYCLE,
    DISPUTE_LIFECYCLE,
    FLAG_LIFECYCLE,
    APPEAL_LIFECYCLE,
    APPROVAL,
    IMPORT_BATCH,
    ORGANISATION,
    CERTIFICATE,
    LICENCE_HOLDER,
)
_CLASS_SENTENCES = {
    RowClass.TENANT: "row-level security, enabled and forced",
    RowClass.REFERENCE: "read by everyone, written by platform staff",
    RowClass.SIGN_IN: "reached from identity only, before an actor is known",
    RowClass.OPERATION: "the platform's own bookkeeping, reached through functions or scopes of its own",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def in_language(language: str, make: Callable[[], str]) -> str:
    """Return what a function makes while a language is active."""
    with translation.override(language):
        return make()


def _contracts() -> list[dict[str, Any]]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = read["tool"]["importlinter"]["contracts"]
    return found


def layers() -> str:
    """Draw the contract between packages as a diagram, the top may import everything below it."""
    rows = [layer.split(" | ") for layer in _contracts()[0]["layers"]]
    lines = ["```mermaid", "flowchart TB"]
    lines += [f'    l{number}["{" · ".join(row)}"]' for number, row in enumerate(rows)]
    lines += [f"    l{number} --> l{number + 1}" for number in range(len(rows) - 1)]
    return "\n".join([*lines, "```"])


def imports() -> str:
    """List which package imports which, read from the code."""
    order = [name for layer in _contracts()[0]["layers"] for name in layer.split(" | ")]
    found: dict[str, set[str]] = {name: set() for name in order}
    for name in order:
        folder = ROOT / name if "." not in name else ROOT / "platform" / name.replace(".", "/")
        for file in folder.rglob("*.py"):
            found[name] |= {other for module in _imported(file) for other in order if _inside(module, other)} - {name}
    rows = [
        (
            f"`{name}`",
            ", ".join(f"`{other.removeprefix('yingshou.')}`" for other in order if other in found[name]) or "–",
        )
        for name in order
    ]
    return table(["package", "imports"], rows)


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _imported(file: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside() -> str:
    """Draw the contract inside an app."""
    rows = _contracts()[1]["layers"]
    cleaned = [row.replace("(", "").replace(")", "").replace(" | ", " · ") for row in rows]
    return "```text\n" + "\n   ↓\n".join(cleaned) + "\n```"


def row_classes() -> str:
    """List every model of ours with the class of its table."""
    rows = []
    for row_class in RowClass:
        names = sorted(name for name, registered in ROW_CLASSES.items() if registered is row_class)
        shown = ", ".join(f"`{apps.get_model(name)._meta.label}`" for name in names)
        rows.append((f"**{row_class.value}**", _CLASS_SENTENCES[row_class], shown or "–"))
    return table(["class", "protection", "models"], rows)


def _permissions(language: str, head: Sequence[str], everyone: str) -> str:
    def make() -> str:
        rows = []
        for name, permission in sorted(PERMISSIONS.items()):
            duties = duty_labels(sorted(map(str, permission.duties)))
            capabilities = capability_labels(sorted(map(str, permission.capabilities)))
            shown = "、" if language == CHINESE else ", "
            rows.append(
                (
                    f"`{name}`",
                    permission.sentence,
                    shown.join(map(str, duties)) or "–",
                    shown.join(map(str, capabilities)) or everyone,
                )
            )
        return table(head, rows)

    return in_language(language, make)


def permissions_en() -> str:
    """List what each duty may do, in English."""
    return _permissions(ENGLISH, ["permission", "allows to", "duty (any one)", "organisation (any one)"], "any")


def permissions_zh() -> str:
    """List what each duty may do, in Chinese."""
    return _permissions(CHINESE, ["权限", "允许", "职责（任一）", "机构资格（任一）"], "不限")


def jobs() -> str:
    """List every kind of job with its lease and attempts, and those that run by the clock."""
    every = {schedule.job: schedule.every for schedule in SCHEDULES.values()}
    rows = [
        (
            f"`{name}`",
            f"{kind.lease.total_seconds():.0f} s",
            kind.attempts,
            f"every {every[name].total_seconds():.0f} s" if name in every else "asked for by an act",
        )
        for name, kind in sorted(JOBS.items())
    ]
    return table(["job", "lease", "attempts", "when"], rows)


def lifecycles() -> str:
    """Draw every life, and list its states and events."""
    return "\n\n".join(_life(life) for life in LIFECYCLES)


def _life(life: Lifecycle) -> str:
    labels = {}
    for language in (ENGLISH, CHINESE):
        with translation.override(language):
            labels[language] = {state: str(life.labels[state]) for state in life.states}
    states = [(f"`{state}`", labels[ENGLISH][state], labels[CHINESE][state]) for state in life.states]
    events = [
        (
            f"`{step.event}`",
            ", ".join(f"`{source}`" for source in life.states if source in step.sources) or "–",
            f"`{step.target}`",
            step.who,
            _yes(step.second_person),
            _yes(step.signature),
            _yes(step.reason),
        )
        for step in life.transitions
    ]
    return "\n\n".join(
        [
            f"## `{life.name}`",
            f"```mermaid\n{life.mermaid().rstrip()}\n```",
            table(["state", "English", "中文"], states),
            table(["event", "from", "to", "who", "second person", "signature", "reason"], events),
        ]
    )


def _yes(value: bool) -> str:
    return "may be asked" if value else ""
