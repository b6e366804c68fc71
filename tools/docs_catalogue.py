"""The parts of the documentation that list sentences: errors, findings of imports, reasons, columns of the sheets."""

import ast
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext

import receivables
import yingshou
from receivables.states import REASONS
from tools.docs_structure import CHINESE, ENGLISH, in_language, table
from yingshou.documents import findings
from yingshou.documents.einvoice_findings import EINVOICE
from yingshou.documents.kinds import Effect, import_kinds
from yingshou.kernel.errors import DomainError

ROOT = Path(__file__).resolve().parents[1]
_HEAD = ["code", "status", "English", "中文", "cure", "怎么办"]
_NOT_IMPORTED = ("yingshou.config.settings", "yingshou.config.wsgi", "yingshou.documents.reader.__main__")


def _import_everything() -> None:
    """Import the modules of the product, so that every error class exists."""
    for package in (yingshou, receivables):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith(_NOT_IMPORTED) or module.name.endswith("__main__"):
                continue
            importlib.import_module(module.name)


def _subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def error_classes() -> list[type[DomainError]]:
    """Return every error class of the product, by code and name."""
    _import_everything()
    every: set[type[DomainError]] = {DomainError, *_subclasses(DomainError)}
    ours = [one for one in every if one.__module__.split(".")[0] in {"yingshou", "receivables"}]
    return sorted(ours, key=lambda one: (one.code, one.__module__, one.__name__))


def _own(one: type[DomainError]) -> bool:
    """Whether a class has a code or a sentence of its own, and is no mere parent."""
    return bool({"code", "message"} & vars(one).keys())


def _texts(message: object, cure: object) -> tuple[str, str, str, str]:
    found = []
    for text in (message, cure):
        for language in (ENGLISH, CHINESE):
            with translation.override(language):
                found.append(" ".join(str(text).split()))
    return found[0], found[1], found[2] or "–", found[3] or "–"


def _found_in_code() -> Iterator[tuple[str, str, str]]:
    """Yield code, message and cure of the warnings that are written as values in the code."""
    sources = [*(ROOT / "platform").rglob("*.py"), *(ROOT / "receivables").rglob("*.py")]
    for file in sorted(sources):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"):
                continue
            given = {word.arg: _msgid(word.value) for word in node.keywords if word.arg}
            if given.get("code") and given.get("message"):
                yield str(given["code"]), str(given["message"]), given.get("cure") or ""


def _msgid(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Call) and node.args:
        return _msgid(node.args[0])
    return None


def errors() -> str:
    """List every anticipated error, in both languages."""
    rows = [(f"`{one.code}`", one.status, *_texts(one.message, one.cure)) for one in error_classes() if _own(one)]
    warnings = []
    for code, message, cure in _found_in_code():
        with translation.override(CHINESE):
            chinese = gettext(message), gettext(cure) if cure else "–"
        warnings.append((f"`{code}`", "finding", message, chinese[0], cure or "–", chinese[1]))
    return table(_HEAD, _once(sorted([*rows, *warnings], key=lambda row: str(row[0]))))


def _once(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(dict.fromkeys(rows))


def import_errors() -> str:
    """List what the import engine and the two sheets say of a file, a cell or a row."""
    rows: list[tuple[object, ...]] = []
    for group, sentences in (
        ("file", findings.FILE),
        ("note", findings.NOTES),
        ("cell", findings.CELL),
        ("e-invoice", EINVOICE),
    ):
        rows += [(f"`{said.code}`", group, *_texts(said.message, said.cure)) for said in sentences.values()]
    effects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _name, kind in import_kinds.items():
        for check in kind.checks:
            texts = _texts(check.message, check.cure)
            rows.append((f"`{check.code}`", _EFFECTS[check.effect], *texts))
            effects[check.code, texts[0]].add(check.effect)
    return table(["code", "about", *_HEAD[2:]], _once(sorted(rows, key=lambda row: (str(row[0]), str(row[2])))))


_EFFECTS = {
    Effect.ERROR: "row",
    Effect.WARNING: "row, warning",
    Effect.KNOWN: "row, known already",
    Effect.LEFT: "row, left out",
}


def reasons() -> str:
    """List the coded reasons of a negative answer."""
    rows = []
    for reason in REASONS.values():
        english, chinese, cure, cure_zh = _texts(reason.sentence, reason.cure)
        events = ", ".join(f"`{event}`" for event in sorted(reason.events))
        rows.append(
            (f"`{reason.code}`", events, english, chinese, cure, cure_zh, "yes" if reason.needs_comment else "")
        )
    return table(["code", "for", "English", "中文", "what the other side does", "对方怎么办", "comment required"], rows)


def _sheet(name: str, language: str, head: list[str], yes: str) -> str:
    def make() -> str:
        kind = import_kinds.get(name)
        rows = [
            (str(column.label), yes if column.required else "", column.example or "–", str(column.help) or "–")
            for column in kind.columns
        ]
        return table(head, rows)

    return in_language(language, make)


def sheet_claims_en() -> str:
    """List the columns of the supplier's sheet, in English."""
    return _sheet("receivables.claims", ENGLISH, ["column", "required", "example", "note"], "yes")


def sheet_claims_zh() -> str:
    """List the columns of the supplier's sheet, in Chinese."""
    return _sheet("receivables.claims", CHINESE, ["列名", "必填", "示例", "说明"], "是")


def sheet_payables_en() -> str:
    """List the columns of the debtor's sheet, in English."""
    return _sheet("receivables.payables", ENGLISH, ["column", "required", "example", "note"], "yes")


def sheet_payables_zh() -> str:
    """List the columns of the debtor's sheet, in Chinese."""
    return _sheet("receivables.payables", CHINESE, ["列名", "必填", "示例", "说明"], "是")
