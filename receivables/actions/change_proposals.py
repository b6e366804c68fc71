"""
The maker's steps around an agreed change, and the handlers that carry them out once a second person has agreed.

What binds the debtor follows its policy for confirmations; an amount that rises is always signed by the debtor, whoever
proposed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from receivables.actions import changes
from receivables.actions.changes import Reply, Wish, check_reply, check_wish, new_terms
from receivables.actions.common import Via
from receivables.actions.proposals import ReceivableHandler
from receivables.models import OBJECT_TYPE, ChangeRequest, Receivable
from receivables.rules.changes import (
    Terms,
    parsed,
    plain,
    raises_amount,
    term_changes,
    term_words,
    terms_of,
)
from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.lifecycle import Outcome
from yingshou.identity.models import Organisation
from yingshou.kernel.canonical import sha256_hex
from yingshou.tenancy.actor import Actor

SCHEMA = "yingshou.receivable-change/1"
EFFECT = _(
    "By agreement the terms of what was confirmed become the new ones, from the new version on; what is not named stays as it "
    "was, and what is agreed unclearly counts as unchanged (Civil Code, articles 543 and 544). Towards an assignee or pledgee "
    "the debtor stands by the new terms as by its first confirmation (Interpretation of the Contract Book, General Part, "
    "article 49)."
)
PROPOSE_EFFECT = _(
    "A proposal changes nothing: both sides have to agree (Civil Code, article 543). Without an answer it lapses after 30 "
    "days, because silence is no declaration (Civil Code, article 140)."
)
REFUSE_EFFECT = _(
    "Everything stays as it was confirmed; the other side reads your reason and may propose something else "
    "(Civil Code, article 543)."
)


@transaction.atomic
def ask_to_propose(wish: Wish, *, by: Actor, at: datetime) -> Approval:
    """
    Submit a proposal to the own checker; the other side sees it when that person has agreed.

    :raises DomainError: whatever `check_wish` refuses
    :raises DutyMissing: if the actor may not make this
    :raises ChangeAlreadyOpen: if a step about this receivable waits for a checker already
    """
    row = check_wish(wish, by=by)
    new = plain(wish.terms)
    payload = {
        "terms": new,
        "old": plain(terms_of(row)),
        "reason_code": wish.reason_code,
        "comment": wish.comment.strip(),
    }
    return approvals.submit(
        _action("propose_change", row, by),
        [_line("propose", row, payload)],
        by=by,
        at=at,
    )


@transaction.atomic
def ask_to_answer(event: str, reply: Reply, *, by: Actor, at: datetime) -> Approval:
    """
    Submit an answer to the own checker.

    :param event: accept or refuse
    :raises DomainError: whatever `check_reply` refuses
    :raises DutyMissing: if the actor may not make this
    :raises ChangeAlreadyOpen: if a step about this receivable waits for a checker already
    """
    row, one = check_reply(event, reply, by=by, at=at)
    payload = {
        "change_request_id": one.pk,
        "terms": plain(new_terms(one)),
        "old": plain(changes.old_terms(one)),
        "reason_code": reply.reason_code,
        "comment": reply.comment.strip(),
    }
    line = _line(event, row, payload, one)
    return approvals.submit(_action(f"{event}_change", row, by), [line], by=by, at=at)


def _action(event: str, row: Receivable, by: Actor) -> str:
    return f"receivables.{event}" + ("_of_debt" if row.debtor_id == by.organisation_id else "")


def _line(event: str, row: Receivable, payload: Mapping[str, Any], one: ChangeRequest | None = None) -> LineDraft:
    return LineDraft(
        object_type=OBJECT_TYPE,
        object_id=row.pk,
        object_version=row.version,
        label=row.public_no,
        amount=Decimal(payload["terms"]["amount"]),
        payload=payload,
        document=_document(event, row, payload, one),
    )


def _document(event: str, row: Receivable, payload: Mapping[str, Any], one: ChangeRequest | None) -> dict[str, Any]:
    """What is frozen and signed: who, which receivable in which version, every term as it was and as it will be."""
    parties = Organisation.objects.in_bulk([row.creditor_id, row.debtor_id or 0])
    creditor, debtor = parties[row.creditor_id], parties[row.debtor_id or 0]
    return {
        "schema": SCHEMA,
        "event": f"{event}_change",
        "receivable": row.public_no,
        "version": row.version,
        "change_request": one.pk if one else None,
        "creditor": {"uscc": creditor.uscc, "name": creditor.name},
        "debtor": {"uscc": debtor.uscc, "name": debtor.name},
        "currency": row.currency,
        "face_amount": str(row.face_amount),
        "old": payload["old"],
        "new": payload["terms"],
        "reason_code": payload["reason_code"],
        "comment": payload["comment"],
    }


class _Change(ReceivableHandler):
    maker_permission = "receivables.submit"
    checker_permission = "receivables.check_submit"

    def says(self, line: ApprovalLine) -> Sequence[str]:
        """What differs, term by term, and the proposal's page."""
        return [term_words(one) for one in term_changes(_terms(line, "old"), _terms(line, "terms"))]


class _ForDebtor(_Change):
    """What binds the debtor, as a confirmation does."""

    maker_permission = "receivables.confirm"
    checker_permission = "receivables.check_confirm"
    follows = "receivables.confirm"
    signs_raises: ClassVar[bool] = True

    def must_sign(self, lines: Sequence[LineDraft]) -> bool:
        """More than was confirmed is owed by the debtor's signature alone."""
        return self.signs_raises and any(
            raises_amount(parsed(dict(line.payload["old"])), parsed(dict(line.payload["terms"]))) for line in lines
        )


class _Propose(_Change):
    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Put the proposals before the other side."""
        wishes = [
            Wish(
                receivable_id=line.object_id,
                version=line.object_version,
                terms=_terms(line, "terms"),
                reason_code=line.payload["reason_code"],
                comment=line.payload["comment"],
                document_hash=sha256_hex(line.document.encode()),
            )
            for line in lines
        ]
        return changes.propose_change(wishes, by=by, at=at, via=via)


class ProposeChange(_Propose):
    """The creditor proposes."""

    title = _("Propose a change of what was confirmed")
    event = "propose_change"
    legal_effect = PROPOSE_EFFECT


class ProposeChangeOfDebt(_ForDebtor, _Propose):
    """The debtor proposes; its signature stands for the new terms once the creditor agrees."""

    title = _("Propose a change of what we confirmed")
    event = "propose_change_of_debt"
    legal_effect = PROPOSE_EFFECT


class _Answer(_Change):
    def carry_out(self, lines: Sequence[ApprovalLine], *, by: Actor, at: datetime, via: Via) -> list[Outcome]:
        """Answer the proposals; an outcome per receivable."""
        replies = [
            Reply(
                change_request_id=line.payload["change_request_id"],
                version=line.object_version,
                reason_code=line.payload["reason_code"],
                comment=line.payload["comment"],
                document_hash=sha256_hex(line.document.encode()),
            )
            for line in lines
        ]
        verb = changes.refuse_change if self.event.startswith("refuse") else changes.accept_change
        found = verb(replies, by=by, at=at, via=via)
        return [Outcome(line.object_id, one.ok, one.error, line.label) for line, one in zip(lines, found, strict=True)]


class AcceptChange(_Answer):
    """The creditor agrees to what the debtor proposed."""

    title = _("Agree to a change of what was confirmed")
    event = "accept_change"
    legal_effect = EFFECT


class AcceptChangeOfDebt(_ForDebtor, _Answer):
    """The debtor agrees to what the creditor proposed."""

    title = _("Agree to a change of what we confirmed")
    event = "accept_change_of_debt"
    legal_effect = EFFECT


class RefuseChange(_Answer):
    """The creditor does not agree."""

    title = _("Refuse a change of what was confirmed")
    event = "refuse_change"
    legal_effect = REFUSE_EFFECT


class RefuseChangeOfDebt(_Answer):
    """The debtor does not agree: nothing binds it, so its policy for confirmations does not count."""

    title = _("Refuse a change of what we confirmed")
    event = "refuse_change_of_debt"
    legal_effect = REFUSE_EFFECT
    maker_permission = "receivables.confirm"
    checker_permission = "receivables.check_confirm"


def _terms(line: ApprovalLine, name: str) -> Terms:
    return parsed(line.payload[name])


CHANGE_HANDLERS: tuple[type[ReceivableHandler], ...] = (
    ProposeChange,
    ProposeChangeOfDebt,
    AcceptChange,
    AcceptChangeOfDebt,
    RefuseChange,
    RefuseChangeOfDebt,
)
