"""Challenge what a rule found, answer it, take it back (N15). Both sides of a double claim are seen by the staff alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from receivables import fingerprints
from receivables.actions import alike
from receivables.actions.common import CommentMissing, may
from receivables.links import APPEALS_URL
from receivables.models import APPEAL_TYPE, Appeal, LikenessFlag
from receivables.rules.flags import INVOICE_USED
from receivables.states import APPEAL_LIFECYCLE
from yingshou.audit.lifecycle import advance, created
from yingshou.identity.models import Organisation
from yingshou.identity.selectors import calendar
from yingshou.jobs.queue import enqueue
from yingshou.kernel import clock
from yingshou.kernel.calendar import Calendar, NoCalendarData, official_days
from yingshou.kernel.errors import Conflict, NotVisible
from yingshou.kernel.identifiers import parse_invoice_number
from yingshou.notifications.actions import notify
from yingshou.notifications.drafts import MessageDraft
from yingshou.tenancy.actor import Actor, Capability

WORKDAYS = 5
"""Within so many working days a person of the platform answers."""

LIFT_FLAG = "receivables.lift_flag"


class AppealOpen(Conflict):
    """The same finding is challenged already."""

    code = "DUP-003"
    message = _("You have challenged this already; the platform has not answered yet.")
    cure = _("Read the open appeal; you can withdraw it and write another.")


class NothingUsed(Conflict):
    """The invoice is free, so there is nothing to challenge."""

    code = "DUP-004"
    message = _("Invoice %(number)s is not in use on the platform.")
    cure = _("Enter your receivable; nothing stands against it.")


@transaction.atomic
def challenge_flag(flag_id: int, *, reason: str, by: Actor, at: datetime) -> Appeal:
    """
    Ask the platform to look at a finding.

    :raises NotVisible: if there is no such flag
    :raises CommentMissing: without a reason
    :raises AppealOpen: if it is challenged already
    """
    may(by, "receivables.appeal")
    flag = LikenessFlag.objects.visible_to(by).select_related("receivable").filter(pk=flag_id).first()
    if flag is None:
        raise NotVisible
    data = f"{flag.receivable.public_no}, {flag.score} %"
    return _raise(Appeal(rule=flag.rule, flag_id=flag.pk, data=data), reason, by=by, at=at)


@transaction.atomic
def challenge_invoice(code: str, number: str, *, reason: str, by: Actor, at: datetime) -> Appeal:
    """
    Say that an invoice that is in use elsewhere is one's own.

    :raises InvoiceNumberInvalid: if it is no invoice number
    :raises NothingUsed: if nobody uses it
    :raises CommentMissing: without a reason
    """
    may(by, "receivables.appeal")
    own = Organisation.objects.get(pk=by.organisation_id or 0)
    plain = parse_invoice_number(number, code)
    digest = fingerprints.digest(code, plain, own.uscc)
    if fingerprints.ask([digest])[digest] is fingerprints.Answer.FREE:
        raise NothingUsed(number=plain)
    one = Appeal(rule=INVOICE_USED, invoice_number=plain, fingerprint=digest, data=f"{code} {plain}".strip())
    return _raise(one, reason, by=by, at=at)


@transaction.atomic
def decide(appeal_id: int, *, lift: bool, outcome: str, by: Actor, at: datetime) -> Appeal:
    """
    Answer as the platform: the finding is lifted or stays, in words that the other side reads.

    :raises NotVisible: if there is no such appeal
    :raises CommentMissing: without words
    """
    may(by, "receivables.decide_appeal")
    one = _locked(appeal_id, by)
    words = outcome.strip()
    if not words:
        raise CommentMissing
    facts = {"outcome": words, "closed_at": at, "closed_by": by.person_id}
    advance(APPEAL_LIFECYCLE, [one], "lift" if lift else "uphold", by=by, at=at, reason=words, facts=facts).only()
    if lift and one.flag_id is not None:
        enqueue(LIFT_FLAG, key={"appeal": one.pk}, organisation_id=one.organisation_id, by=by, at=at)
    _tell(one, "appeal_decided", [one.organisation_id], by=by, at=at)
    return one


@transaction.atomic
def take_back(appeal_id: int, *, by: Actor, at: datetime) -> Appeal:
    """
    Withdraw one's own appeal.

    :raises NotVisible: if there is no such appeal of this organisation
    """
    may(by, "receivables.appeal")
    one = _locked(appeal_id, by)
    if one.organisation_id != by.organisation_id:
        raise NotVisible
    advance(APPEAL_LIFECYCLE, [one], "withdraw", by=by, at=at, facts={"closed_at": at}).only()
    return one


def lift_flag(appeal_id: int, *, by: Actor, at: datetime) -> None:
    """Close the flag of an appeal that was granted; a job of the organisation whose flag it is."""
    one = Appeal.objects.visible_to(by).get(pk=appeal_id)
    open_ = LikenessFlag.objects.visible_to(by).open().filter(pk=one.flag_id or 0)
    if open_.exists():
        alike.dismiss(one.flag_id or 0, comment=one.outcome[:500], by=by, at=at)


def _raise(one: Appeal, reason: str, *, by: Actor, at: datetime) -> Appeal:
    if not reason.strip():
        raise CommentMissing
    own = Organisation.objects.get(pk=by.organisation_id or 0)
    one.organisation_id, one.organisation_name = own.pk, own.name
    one.reason, one.raised_at, one.raised_by = reason.strip(), at, by.person_id
    one.due_on = _due(clock.business_date(at))
    try:
        with transaction.atomic():
            Appeal.objects.bulk_create([one])
    except IntegrityError as error:
        if "appeal_one_open" in str(error):
            raise AppealOpen from error
        raise
    created([one], by=by, at=at, event="raise", body=lambda row: {"rule": row.rule, "reason": row.reason})
    operators = Organisation.objects.filter(capabilities__contains=[str(Capability.PLATFORM_OPERATOR)])
    _tell(one, "appeal_raised", list(operators.values_list("pk", flat=True)), by=by, at=at)
    return one


def _due(day: date) -> date:
    """By the calendar that staff keep, else by the published one; beyond both, a week."""
    for days in (calendar(), Calendar(official_days())):
        try:
            return days.add_workdays(day, WORKDAYS)
        except NoCalendarData:
            continue
    return day + timedelta(days=7)


def _locked(appeal_id: int, by: Actor) -> Appeal:
    one = Appeal.objects.visible_to(by).select_for_update(no_key=True).filter(pk=appeal_id).first()
    if one is None:
        raise NotVisible
    return one


def _tell(one: Appeal, kind: str, organisations: list[int], *, by: Actor, at: datetime) -> None:
    drafts = [
        MessageDraft(organisation_id=pk, kind=f"receivables.{kind}", url=f"{APPEALS_URL}{one.pk}/", many_url=APPEALS_URL,
                     object_type=APPEAL_TYPE, object_id=one.pk, params={"data": one.data})
        for pk in organisations
    ]  # fmt: skip
    notify(drafts, by=by, at=at)
