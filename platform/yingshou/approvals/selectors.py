"""Reads for the pages of a submission and of the policies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import get_language

from yingshou.approvals.handlers import HANDLERS, Handler
from yingshou.approvals.models import Approval, ApprovalLine, ApprovalPolicy
from yingshou.kernel.errors import NotVisible
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.permissions import PERMISSIONS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What one page of lines shows.
LINE_ROWS = 50


@dataclass(frozen=True)
class Line:
    """A line with where its object is shown, what it says and, if refused, why."""

    line: ApprovalLine
    url: str
    says: Sequence[str]
    why: str
    cure: str


@dataclass(frozen=True)
class Lines:
    """One page of lines; `after` leads to the next, None on the last."""

    rows: list[Line]
    after: int | None


@dataclass(frozen=True)
class PolicyRow:
    """An action, its name and the policy in force."""

    action: str
    title: "StrOrPromise"
    policy: ApprovalPolicy


def policy(organisation_id: int, action: str) -> ApprovalPolicy:
    """
    The organisation's policy for an action, else that of the action it follows, else the handler's default.

    `second_person` and `signature` answer it.
    """
    found = ApprovalPolicy.objects.filter(organisation_id=organisation_id, action=action).first()
    if found is not None:
        return found
    handler = HANDLERS.get(action)
    if handler.follows:
        return policy(organisation_id, handler.follows)
    return ApprovalPolicy(
        organisation_id=organisation_id,
        action=action,
        second_person=handler.second_person,
        signature=handler.signature,
    )


def lines(approval: Approval, handler: Handler, after: str | None) -> Lines:
    """A page of an approval's lines by position."""
    start = int(after) if after and after.isdecimal() else -1
    found = list(approval.lines.filter(position__gt=start).order_by("position")[: LINE_ROWS + 1])
    shown = found[:LINE_ROWS]
    return Lines(
        rows=[Line(line, handler.object_url(line), handler.says(line), *_why(line)) for line in shown],
        after=shown[-1].position if len(found) > LINE_ROWS else None,
    )


def says(approval: Approval) -> Sequence[str]:
    """What a submission of a single line asks beyond object and amount; of many lines each says it on its own page."""
    if approval.line_count != 1:
        return ()
    return HANDLERS.get(approval.action).says(approval.lines.get())


def own_handler(action: str, actor: Actor) -> Handler:
    """
    The handler of an action that the actor's organisation can perform at all.

    :raises NotVisible: if there is no such action, or none for this kind of organisation
    """
    handler = dict(HANDLERS.items()).get(action)
    if handler is None or not _concerns(handler, actor):
        raise NotVisible
    return handler


def policies(actor: Actor) -> list[PolicyRow]:
    """Every action this kind of organisation can perform, with its policy."""
    return [
        PolicyRow(action, handler.title, policy(actor.scope_id, action))
        for action, handler in HANDLERS.items()
        if _concerns(handler, actor)
    ]


def _concerns(handler: Handler, actor: Actor) -> bool:
    needed = PERMISSIONS.get(handler.maker_permission).capabilities
    return not needed or not needed.isdisjoint(actor.capabilities)


def _why(line: ApprovalLine) -> tuple[str, str]:
    if not line.outcome_text:
        return "", ""
    said = json.loads(line.outcome_text)
    suffix = "en" if (get_language() or "").startswith("en") else "zh"
    return said[f"message_{suffix}"], said[f"cure_{suffix}"]
