"""What every action of receivables does first: see, may, and how it answers for a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from receivables.models import Receivable
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel.errors import Conflict, DomainError, Invalid, NotAllowed, NotVisible
from yingshou.tenancy.actor import Actor, ActorKind


class NotAuthorised(NotAllowed):
    """The person may not do this, or not without a second one."""

    code = "RCV-014"
    message = _("Your duties do not cover this step, or it needs a second person.")
    cure = _("Submit it for checking, or ask an administrator of your organisation for the duty.")


class StaleReceivable(Conflict):
    """The receivable changed after it was read."""

    code = "RCV-013"
    message = _("Somebody has changed this receivable since you opened it.")
    cure = _("Open it again, look at what changed, and decide once more.")


class NotTheCreditor(NotAllowed):
    """The step belongs to the creditor."""

    code = "RCV-033"
    message = _("Only the creditor of this receivable can do this.")
    cure = _("Ask the creditor.")


class NotTheDebtor(NotAllowed):
    """The step belongs to the debtor."""

    code = "RCV-034"
    message = _("Only the debtor of this receivable can do this.")
    cure = _("Ask the debtor.")


class CommentMissing(Invalid):
    """The reason "other" says nothing by itself."""

    code = "RCV-035"
    message = _("This reason needs an explanation in words.")
    cure = _("Write what is wrong and what the other side should do.")


class ReasonUnknown(Invalid):
    """The reason code does not belong to this step."""

    code = "RCV-036"
    message = _("“%(reason)s” is not a reason for this step.")
    cure = _("Choose one of the reasons offered.")


@dataclass(frozen=True)
class Via:
    """
    How a decision came in.

    :param approval_id: the approval that carried it through a second person; only jobs act without one
    :param signature_id: the signature over the approval's manifest
    :param link_id: the one-time link by which a debtor without an account answered, with its signature
    """

    approval_id: int | None = None
    signature_id: int | None = None
    channel: str = "SINGLE"
    link_id: int | None = None


class Ledgered:
    """Collects an outcome per line of a list, in the order of the list."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)
        self.errors: dict[int, DomainError] = {}
        self.labels: dict[int, str] = {}

    def refuse(self, pk: int, error: DomainError) -> None:
        """Remember why a line does not go on; the first reason stays."""
        self.errors.setdefault(pk, error)

    def outcomes(self) -> list[Outcome]:
        """An outcome per line."""
        return [Outcome(pk, pk not in self.errors, self.errors.get(pk), self.labels.get(pk, "")) for pk in self.ids]


def may(by: Actor, *permissions: str, via: Via | None = None) -> None:
    """
    Whether the actor may take this step: a job may; a person needs the permission and, where `via` is given, an approval.

    :raises NotAuthorised: otherwise
    """
    if by.kind is ActorKind.SYSTEM or (by.kind is ActorKind.LINK and via is not None and via.link_id is not None):
        return
    if via is not None and via.approval_id is None:
        raise NotAuthorised
    if not any(by.may(permission) for permission in permissions):
        raise NotAuthorised


def see(by: Actor, ids: Iterable[int], answers: Ledgered) -> list[Receivable]:
    """Lock the visible receivables of a list in id order; the others answer like none."""
    rows = Receivable.objects.visible_to(by).locked(ids)
    found = {row.pk for row in rows}
    for row in rows:
        answers.labels[row.pk] = row.public_no
    for pk in answers.ids:
        if pk not in found:
            answers.refuse(pk, NotVisible())
    return rows


def of_party(rows: Sequence[Receivable], by: Actor, answers: Ledgered, *, side: str) -> list[Receivable]:
    """Keep the rows in which the actor's organisation is the creditor or the debtor."""
    kept = []
    for row in rows:
        if side == "creditor" and row.creditor_id != by.organisation_id:
            answers.refuse(row.pk, NotTheCreditor(place=row.public_no))
        elif side == "debtor" and row.debtor_id != by.organisation_id:
            answers.refuse(row.pk, NotTheDebtor(place=row.public_no))
        else:
            kept.append(row)
    return kept


def fresh(rows: Sequence[Receivable], seen: Mapping[int, int | None], answers: Ledgered) -> list[Receivable]:
    """Keep the rows that are still the version a person saw."""
    kept = []
    for row in rows:
        version = seen.get(row.pk)
        if version is not None and version != row.version:
            answers.refuse(row.pk, StaleReceivable(place=row.public_no))
        else:
            kept.append(row)
    return kept


def absorb(answers: Ledgered, refused: Iterable[Outcome]) -> None:
    """Take over the refusals of a lifecycle step."""
    for one in refused:
        if one.error is not None:
            answers.refuse(one.pk, one.error)


DIRECTLY = Via()
"""Without an approval: for jobs; a person's step is refused."""
