"""Near-duplicates: look at what is new and flag it, decide that they are two, or merge what was entered twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from receivables import alike
from receivables.actions.common import CommentMissing, may
from receivables.actions.invoices import free_invoices, share_files
from receivables.links import DUPLICATES_URL
from receivables.models import FLAG_TYPE, Evidence, LikenessFlag, Origin, Receivable
from receivables.models.alike import ClaimTrait
from receivables.rules.likeness import Alike
from receivables.states import FLAG_LIFECYCLE, LIFECYCLE, TAKEN_BACK, FlagState, State
from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import advance, created
from yingshou.jobs.queue import enqueue
from yingshou.kernel.errors import Conflict, NotVisible
from yingshou.notifications.actions import notify
from yingshou.notifications.drafts import MessageDraft
from yingshou.tenancy.actor import Actor

LOOK_SHOWN = "receivables.look_at_shown"
OBJECT_TYPE = "receivables.receivable"
# So many claims of one sheet are looked at in one transaction.
AT_ONCE = 500


class NotMergeable(Conflict):
    """The later item is not the actor's to take back any more."""

    code = "DUP-001"
    message = _("These items cannot be merged: the later one is confirmed already, or belongs to the other side.")
    cure = _("Agree with the debtor on a credit note or a change; or say why they are two items.")


class TakenBackAlready(Conflict):
    """One of the items was taken back; there is nothing left to decide."""

    code = "DUP-002"
    message = _("One of these items was taken back meanwhile, so there is nothing left to decide.")
    cure = _("Open the list of possible duplicates again.")


def flag(receivable_ids: Sequence[int], *, by: Actor, at: datetime, again: bool = True) -> list[LikenessFlag]:
    """
    Compare claims with what is there and say to the actor's organisation what looks alike. It blocks nothing.

    :param again: also write the traits of claims anew that have some already
    """
    alike.keep_traits(receivable_ids, again=again)
    return _write(alike.look(receivable_ids), by=by, at=at)


def flag_batch(batch_id: int, *, by: Actor, at: datetime) -> int:
    """Compare what an import made, some hundred at a time; begun again it goes on where it was."""
    done = 0
    while True:
        with transaction.atomic():
            new = Receivable.objects.visible_to(by).filter(batch_id=batch_id, trait__isnull=True)
            ids = list(new.exclude(debtor_uscc="").order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
            if not ids:
                return done
            _tell(flag(ids, by=by, at=at), by=by, at=at)
            done += len(ids)


def show(rows: Sequence[Receivable], *, by: Actor, at: datetime) -> None:
    """Claims were sent: the other party's search sees them from now on, and looks at them in a job of its own."""
    alike.keep_traits([row.pk for row in rows])
    others = {row.creditor_id if row.origin == Origin.DEBTOR_UPLOAD else row.debtor_id for row in rows}
    for other in sorted(one for one in others if one):
        # The sender is part of the key: another sender's job of the same instant is none of its business, nor visible to it.
        key = {"organisation": other, "from": by.organisation_id, "at": at.isoformat(), "request": by.request_id}
        enqueue(LOOK_SHOWN, key=key, organisation_id=other, by=by, at=at)


def flag_shown(*, by: Actor, at: datetime) -> int:
    """Compare for an organisation what was sent to it and it has not looked at."""
    done = 0
    while True:
        with transaction.atomic():
            new = ClaimTrait.objects.filter(shown_to_id=by.organisation_id, other_has_looked=False)
            ids = list(new.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
            if not ids:
                return done
            _tell(_write(alike.look(ids), by=by, at=at), by=by, at=at)
            ClaimTrait.objects.filter(pk__in=ids).update(other_has_looked=True)
            done += len(ids)


@transaction.atomic
def dismiss(flag_id: int, *, comment: str, by: Actor, at: datetime) -> LikenessFlag:
    """
    Say why they are different items; the flag is closed, the reason stays.

    :raises NotVisible: if there is no such flag
    :raises CommentMissing: without a reason in words
    """
    may(by, "receivables.compare")
    one = _locked(flag_id, by)
    if not comment.strip():
        raise CommentMissing
    said = comment.strip()
    advance(
        FLAG_LIFECYCLE, [one], "dismiss", by=by, at=at, reason=said, facts={"comment": said, "closed_at": at}
    ).only()
    return one


@transaction.atomic
def merge(flag_id: int, *, by: Actor, at: datetime) -> LikenessFlag:
    """
    Take the later item back, because it is the earlier one entered again; its papers go over, both say so in their story.

    :raises NotVisible: if there is no such flag
    :raises NotMergeable: if the later item is not the actor's own to take back
    :raises TakenBackAlready: if one of them was taken back meanwhile
    """
    may(by, "receivables.compare")
    one = _locked(flag_id, by)
    may(by, "receivables.enter")
    rows = {row.pk: row for row in Receivable.objects.visible_to(by).locked([one.receivable_id, *one.other_ids])}
    if len(rows) != 1 + len(one.other_ids) or any(row.state in TAKEN_BACK for row in rows.values()):
        raise TakenBackAlready
    later, kept = rows[one.receivable_id], [rows[pk] for pk in one.other_ids]
    if not can_merge(one, later, kept, by):
        raise NotMergeable(place=later.public_no)
    event = "undo" if later.state == State.DRAFT else "withdraw"
    facts = {"closed_at": at, "reason_code": "MERGED"}
    advance(LIFECYCLE, [later], event, by=by, at=at, reason_code="MERGED", facts=facts).only()
    free_invoices([later])
    _move_papers(later, kept[0], by=by, at=at)
    numbers = ", ".join(row.public_no for row in kept)
    record([_merged(row, other=later.public_no, by=by, at=at) for row in kept])
    record([_merged(later, other=numbers, by=by, at=at)])
    advance(FLAG_LIFECYCLE, [one], "merge", by=by, at=at, facts={"closed_at": at}).only()
    return one


def can_merge(one: LikenessFlag, later: Receivable, kept: Sequence[Receivable], by: Actor) -> bool:
    """Whether all items are the actor's own claims and the later one can still be taken back; parts are never merged."""
    own = all(row.creditor_id == by.organisation_id for row in (later, *kept))
    open_ = one.state == FlagState.OPEN and later.state in (State.DRAFT, State.PENDING_CONFIRM, State.RETURNED)
    return own and open_ and one.rule != "SPLIT"


def _merged(row: Receivable, *, other: str, by: Actor, at: datetime) -> EventDraft:
    return EventDraft(
        kind=f"{OBJECT_TYPE}.merge",
        object_type=OBJECT_TYPE,
        object_id=row.pk,
        object_version=None,
        audience=row.audience(),
        by=by,
        at=at,
        body={"other": other},
    )


def _move_papers(later: Receivable, kept: Receivable, *, by: Actor, at: datetime) -> None:
    """Give the files of the later item to the earlier one; the debtor sees them where it sees the earlier one."""
    shown_to = None if kept.state == State.DRAFT else kept.debtor_id
    have = set(Evidence.objects.filter(receivable=kept).values_list("file_id", "kind"))
    moved = [
        Evidence(receivable=kept, creditor_id=kept.creditor_id, debtor_id=shown_to, file_id=paper.file_id,
                 kind=paper.kind, note=paper.note, added_at=at, added_by=by.person_id)
        for paper in Evidence.objects.filter(receivable=later).order_by("pk")
        if (paper.file_id, paper.kind) not in have
    ]  # fmt: skip
    Evidence.objects.bulk_create(moved)
    if shown_to is not None:
        share_files([kept], by=by)


def _locked(flag_id: int, by: Actor) -> LikenessFlag:
    one = LikenessFlag.objects.visible_to(by).select_for_update(no_key=True).filter(pk=flag_id).first()
    if one is None:
        raise NotVisible
    return one


def _write(found: dict[int, list[Alike]], *, by: Actor, at: datetime) -> list[LikenessFlag]:
    """New flags only: what was said once, and perhaps dismissed, is not said again."""
    wanted = {(pk, hit.ids): hit for pk, hits in found.items() for hit in hits[:3]}
    known = LikenessFlag.objects.visible_to(by).filter(receivable_id__in=found)
    for pk, others in known.values_list("receivable_id", "other_ids"):
        wanted.pop((pk, tuple(others)), None)
    flags = [
        LikenessFlag(
            organisation_id=by.organisation_id or 0,
            receivable_id=pk,
            other_ids=list(hit.ids),
            rule=hit.rule,
            score=hit.score,
            reasons=[list(reason) for reason in hit.reasons],
            found_at=at,
        )
        for (pk, _ids), hit in sorted(wanted.items())
    ]
    LikenessFlag.objects.bulk_create(flags)
    created(flags, by=by, at=at, event="find", body=lambda one: {"rule": one.rule, "score": one.score})
    return flags


def _tell(flags: Sequence[LikenessFlag], *, by: Actor, at: datetime) -> None:
    """What a job noticed becomes a message, one for many; at entry the page says it."""
    rows = Receivable.objects.in_bulk([one.receivable_id for one in flags])
    drafts = [
        MessageDraft(
            organisation_id=one.organisation_id,
            kind="receivables.alike",
            url=f"{DUPLICATES_URL}{one.pk}/",
            many_url=f"{DUPLICATES_URL}?state=open",
            object_type=FLAG_TYPE,
            object_id=one.pk,
            params={"number": rows[one.receivable_id].public_no, "score": one.score},
        )
        for one in flags
    ]
    notify(drafts, by=by, at=at)
