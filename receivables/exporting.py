"""The record of an export: who took which rows out, when."""

from __future__ import annotations

from datetime import datetime

from yingshou.audit.events import record_access
from yingshou.tenancy.actor import Actor
from yingshou.ui.exports import ExportFacts


def record_export(facts: ExportFacts, by: Actor, at: datetime) -> None:
    """Write the access event of an export, before its first byte leaves."""
    body = {
        "list": facts.list_name,
        "format": str(facts.format),
        "query": facts.query,
        "rows": facts.rows,
        "is_cut": facts.is_cut,
    }
    record_access(kind="receivables.export", by=by, at=at, body=body)
