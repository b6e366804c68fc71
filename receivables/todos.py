"""What waits for a person of a creditor or a debtor: one line an act, with deadline and what sets it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from receivables.filters import WAITING_AMBER
from receivables.models import Verdict
from receivables.selectors import Waiting, creditor_summary
from receivables.states import State
from yingshou.drafts import selectors as drafts
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import from_minor
from yingshou.notifications.todo import TodoGroup, TodoProvider
from yingshou.tenancy.actor import Actor

CAP = 1_001


def _tone(oldest_at: datetime | None, at: datetime) -> str:
    return "amber" if oldest_at is not None and (at - oldest_at).days >= WAITING_AMBER else ""


def _deadline(earliest: date | None, at: datetime) -> str:
    if earliest is None:
        return ""
    days = (earliest - business_date(at)).days
    if days < 0:
        return ngettext("%(n)d day over", "%(n)d days over", -days) % {"n": -days}
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days}


def _suppliers(count: int) -> str:
    return ngettext("%(n)d supplier", "%(n)d suppliers", count) % {"n": count}


def _debtors(count: int) -> str:
    return ngettext("%(n)d debtor", "%(n)d debtors", count) % {"n": count}


# Claims that a checker of ours has on the table already are not the maker's to-do any more.
ANSWERS = """
select coalesce(m.verdict, 'NOT_IN_BOOK'), count(*), sum(r.face_amount), min(r.confirm_requested_at),
       min(r.confirm_deadline), count(distinct r.creditor_id), bool_or(r.confirm_by_law)
from (select * from receivables_receivable where debtor_id = %(own)s and state = 'PENDING_CONFIRM'
      order by confirm_requested_at, id limit %(cap)s) r
left join receivables_bookmatch m on m.receivable_id = r.id
where not exists (select 1 from approvals_approvalline l
                  where l.object_type = 'receivables.receivable' and l.object_id = r.id and l.is_live)
  and not exists (select 1 from receivables_answerrouting a join identity_membership p on p.person_id = a.person_id
                  and p.organisation_id = a.organisation_id and p.active and 'maker' = any(p.duties)
                  where a.receivable_id = r.id)
group by 1
"""

# What was passed to this person, and what was passed to somebody she stands in for today.
PASSED = """
select a.person_id, count(*), sum(r.face_amount), min(r.confirm_requested_at), min(r.confirm_deadline),
       count(distinct r.creditor_id), bool_or(r.confirm_by_law), min(r.public_no)
from receivables_answerrouting a join receivables_receivable r on r.id = a.receivable_id
where a.organisation_id = %(own)s and r.debtor_id = %(own)s and r.state = 'PENDING_CONFIRM'
  and (a.person_id = %(person)s or exists (
      select 1 from receivables_substitute s where s.organisation_id = %(own)s and s.ended_at is null
      and s.person_id = a.person_id and s.substitute_id = %(person)s and %(day)s between s.from_date and s.until_date))
  and not exists (select 1 from approvals_approvalline l
                  where l.object_type = 'receivables.receivable' and l.object_id = r.id and l.is_live)
group by 1 order by a.person_id = %(person)s desc, 1
"""


def answers_open(organisation_id: int) -> dict[str, Waiting]:
    """What a debtor's makers still have to answer and nobody was asked for by name, by the verdict of its book; one query."""
    with connection.cursor() as cursor:
        cursor.execute(ANSWERS, {"own": organisation_id, "cap": CAP})
        return {
            verdict: Waiting(int(count), from_minor(int(total)), oldest, earliest, int(parties), bool(by_law))
            for verdict, count, total, oldest, earliest, parties, by_law in cursor.fetchall()
        }


def to_answer(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """Claims that wait for the debtor's answer: those that agree together, those that differ one by one."""
    found = answers_open(actor.organisation_id or 0)
    groups = []
    for verdict, act, label, why in (
        (
            Verdict.AGREES,
            _("Confirm receivables"),
            _("Confirm together"),
            _("All agree with our book; one submission can take them all"),
        ),
        (
            Verdict.DIFFERS,
            _("Check differences"),
            _("Check one by one"),
            _("Amount, due date or invoices differ from our book"),
        ),
        (
            Verdict.NOT_IN_BOOK,
            _("Check claims that are not in our book"),
            _("Verify"),
            _("Ask purchasing, or upload the newest payables book"),
        ),
    ):
        one = found.get(str(verdict))
        if one is None:
            continue
        groups.append(
            TodoGroup(
                act=act,
                count=one.count,
                url=f"{reverse('receivables:confirmations')}?match={verdict}",
                url_label=label,
                why=why,
                counterpart=_suppliers(one.counterparts),
                amount=one.amount,
                oldest_at=one.oldest_at,
                deadline=_deadline(one.earliest_deadline, at),
                basis=_("30 days by law (Regulation on payments to SMEs, article 16)")
                if one.by_law
                else _("30 days, platform rule"),
                tone=_tone(one.oldest_at, at),
                primary=verdict == Verdict.AGREES,
            )
        )
    return groups


def passed_on(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """What colleagues passed to this person, and to whom she stands in for: a group for each person asked; one query."""
    with connection.cursor() as cursor:
        facts = {"own": actor.organisation_id, "person": actor.person_id, "day": business_date(at)}
        cursor.execute(PASSED, facts)
        rows = cursor.fetchall()
    return [
        TodoGroup(
            act=_("Answer what was passed to you")
            if person == actor.person_id
            else _("Answer for a colleague you stand in for"),
            count=min(int(count), CAP),
            url=reverse("receivables:answer", args=[first])
            if int(count) == 1
            else f"{reverse('receivables:confirmations')}?step=mine",
            url_label=_("Compare and answer"),
            why=_("A colleague asked you by name; the time to answer goes on")
            if person == actor.person_id
            else _("Your colleague is away and named you; she sees it too"),
            counterpart=_suppliers(int(parties)),
            amount=from_minor(int(total)),
            oldest_at=oldest,
            deadline=_deadline(earliest, at),
            basis=_("30 days by law (Regulation on payments to SMEs, article 16)")
            if by_law
            else _("30 days, platform rule"),
            tone=_tone(oldest, at),
            primary=person == actor.person_id,
        )
        for person, count, total, oldest, earliest, parties, by_law, first in rows
    ]


def creditors(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """Drafts, what came back for correction, and what waits for debtors."""
    found = creditor_summary(actor.organisation_id or 0)
    claims = reverse("receivables:claims")
    groups = []
    for state, act, label, why, query in (
        (
            State.RETURNED,
            _("Correct what was returned"),
            _("Correct"),
            _("The debtor says what is wrong; the number stays the same"),
            "returned",
        ),
        (
            State.DRAFT,
            _("Submit drafts"),
            _("Check and submit"),
            _("Nobody else sees a draft; no time runs before it is submitted"),
            "draft",
        ),
    ):
        one = found.get(str(state))
        if one is not None:
            groups.append(
                TodoGroup(
                    act=act,
                    count=one.count,
                    url=f"{claims}?state={query}",
                    url_label=label,
                    why=why,
                    counterpart=_debtors(one.counterparts),
                    amount=one.amount,
                    oldest_at=one.oldest_at,
                    tone="red" if state == State.RETURNED else "",
                )
            )
    return groups


def waiting_for_debtors(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """What debtors have not answered: nothing to do but to look, and to call."""
    one = creditor_summary(actor.organisation_id or 0).get(str(State.PENDING_CONFIRM))
    if one is None:
        return []
    return [
        TodoGroup(
            act=_("Waiting for debtors' answers"),
            count=one.count,
            url=f"{reverse('receivables:claims')}?state=waiting",
            url_label=_("Look"),
            why=_("The platform reminds them; silence is never a confirmation"),
            counterpart=_debtors(one.counterparts),
            amount=one.amount,
            oldest_at=one.oldest_at,
            deadline=_deadline(one.earliest_deadline, at),
            basis=_("30 days by law (Regulation on payments to SMEs, article 16)")
            if one.by_law
            else _("30 days, platform rule"),
            tone=_tone(one.oldest_at, at),
        )
    ]


PUBLISHED = """
select count(*), coalesce(sum(face_amount), 0), min(confirmed_at), count(distinct debtor_id) from (
    select * from receivables_receivable where creditor_id = %(own)s and state = 'CONFIRMED'
    and basis = 'DEBTOR_UPLOAD' and acknowledged_at is null order by id desc limit %(cap)s) r
"""


def to_acknowledge(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """What debtors published and the creditor has not acknowledged."""
    with connection.cursor() as cursor:
        cursor.execute(PUBLISHED, {"own": actor.organisation_id, "cap": CAP})
        count, total, oldest, parties = cursor.fetchone()
    return [
        TodoGroup(
            act=_("Acknowledge what debtors published"),
            count=int(count),
            url=f"{reverse('receivables:claims')}?state=published",
            url_label=_("Compare and acknowledge"),
            why=_("The debtor's publication already counts as its confirmation; you say whether its figures are yours"),
            counterpart=_debtors(int(parties)),
            amount=from_minor(int(total)),
            oldest_at=oldest,
            tone=_tone(oldest, at),
        )
    ]


DISPUTES = """
select count(*), coalesce(sum(disputed_amount), 0), min(opened_at) from receivables_dispute
where state = 'OPEN' and %(own)s in (creditor_id, debtor_id) and opened_by_id <> %(own)s and answered_at is null
"""


def disputes(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """Disputes that the other side opened and nobody has answered."""
    with connection.cursor() as cursor:
        cursor.execute(DISPUTES, {"own": actor.organisation_id})
        count, total, oldest = cursor.fetchone()
    return [
        TodoGroup(
            act=_("Answer disputes"),
            count=min(int(count), CAP),
            url=f"{reverse('receivables:disputes')}?state=open",
            url_label=_("Answer"),
            why=_("The disputed amount cannot be newly financed until the dispute ends"),
            amount=from_minor(int(total)),
            oldest_at=oldest,
            tone=_tone(oldest, at),
        )
    ]


def begun(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """Forms that this person began and has not sent."""
    moments = list(drafts.begun(actor).values_list("saved_at", flat=True)[:CAP])
    return [
        TodoGroup(
            act=_("Go on with entries begun"),
            count=len(moments),
            url=reverse("drafts:begun"),
            url_label=_("Continue"),
            why=_("Only you see them; nothing of them is sent yet"),
            oldest_at=min(moments, default=None),
        )
    ]


CHANGES = """
select count(*), coalesce(sum(c.new_amount), 0), min(c.proposed_at), min(c.expires_on), count(distinct c.proposed_by_id),
       min(c.id)
from receivables_changerequest c
where c.state = 'OPEN' and %(own)s in (c.creditor_id, c.debtor_id) and c.proposed_by_id <> %(own)s
and not exists (select 1 from approvals_approvalline l
                where l.object_type = 'receivables.receivable' and l.object_id = c.receivable_id and l.is_live)
"""


def changes(actor: Actor, at: datetime) -> Sequence[TodoGroup]:
    """Changes of confirmed terms that the other side proposed and nobody has answered."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGES, {"own": actor.organisation_id})
        count, total, oldest, earliest, parties, first = cursor.fetchone()
    only = int(count) == 1
    return [
        TodoGroup(
            act=_("Answer proposed changes"),
            count=min(int(count), CAP),
            url=reverse("receivables:change", args=[first]) if only else f"{reverse('receivables:changes')}?state=open",
            url_label=_("Compare and answer"),
            why=_("What was confirmed changes only if you agree; silence is never agreement"),
            counterpart=ngettext("%(n)d organisation", "%(n)d organisations", int(parties)) % {"n": int(parties)},
            amount=from_minor(int(total)),
            oldest_at=oldest,
            deadline=_deadline(earliest, at),
            basis=_("a proposal lapses after 30 days"),
            tone=_tone(oldest, at),
        )
    ]


PROVIDERS = {
    "receivables.answer": TodoProvider(
        to_answer, _("Receivables your suppliers ask you to confirm"), "receivables.confirm", 10
    ),
    "receivables.passed_on": TodoProvider(
        passed_on, _("Claims that colleagues pass to you by name"), "receivables.confirm", 9
    ),
    "receivables.own": TodoProvider(
        creditors, _("Drafts of yours, and what debtors returned for correction"), "receivables.submit", 20
    ),
    "receivables.acknowledge": TodoProvider(
        to_acknowledge, _("Payables that debtors published to you"), "receivables.acknowledge", 25
    ),
    "receivables.disputes": TodoProvider(disputes, _("Disputes to answer"), "receivables.dispute", 30),
    "receivables.begun": TodoProvider(begun, _("Entries you began and have not sent"), "receivables.begin", 50),
    "receivables.changes": TodoProvider(
        changes, _("Changes of confirmed terms that the other side proposes"), "receivables.change", 28
    ),
    "receivables.waiting": TodoProvider(waiting_for_debtors, _("Answers you wait for"), "receivables.submit", 60),
}
