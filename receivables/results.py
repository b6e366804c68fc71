"""What came of a submission: what was asked, line by line, and what stayed behind, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language

from receivables import acts
from receivables.acts import Act, Left
from receivables.links import receivable_url
from receivables.models import Receivable
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval, ApprovalLine

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 50
LEFT_SHOWN = 40


@dataclass(frozen=True)
class AskedLine:
    """A line that was asked for."""

    line: ApprovalLine
    url: str
    why: str


@dataclass(frozen=True)
class Result:
    """What the page after a submission says."""

    approval: Approval
    title: StrOrPromise
    lines: list[AskedLine]
    left: list[Left]
    back: str

    @property
    def hidden_count(self) -> int:
        """Lines beyond those shown."""
        return max(0, self.approval.line_count - len(self.lines))

    @property
    def refused_count(self) -> int:
        """Lines that the carrying out refused."""
        return self.approval.line_count - (self.approval.done_count or 0) if self.approval.done_count is not None else 0


def result_of(
    approval: Approval, rows: QuerySet[Receivable], left: Sequence[str], act: Act | None, *, at: datetime
) -> Result:
    """The submission and what was left out of it."""
    ids = [int(text) for text in left[:LEFT_SHOWN] if text.isascii() and text.isdecimal() and len(text) < 19]
    lines = approval.lines.order_by("-outcome", "position")[:SHOWN]
    is_debtors = act is not None and act.name in acts.DEBTORS_ACTS
    back = "receivables:confirmations" if is_debtors else "receivables:claims"
    if act is not None and act.name == "publish":
        back = "receivables:debts"
    if "_change" in approval.action:
        back = "receivables:debts" if approval.action.endswith("_of_debt") else "receivables:claims"
    return Result(
        approval=approval,
        title=HANDLERS.get(approval.action).title,
        lines=[AskedLine(one, receivable_url(one.label), _why(one)) for one in lines],
        left=acts.reasons(list(rows.filter(pk__in=ids)), act, at=at) if act is not None and ids else [],
        back=reverse(back),
    )


def _why(line: ApprovalLine) -> str:
    if not line.outcome_text:
        return ""
    said = json.loads(line.outcome_text)
    suffix = "en" if (get_language() or "").startswith("en") else "zh"
    return f"{said[f'message_{suffix}']} {said[f'cure_{suffix}']}".strip()
