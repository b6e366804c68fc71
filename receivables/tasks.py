"""Jobs of receivables: reservations that expire, reminders and "no answer", debtors that registered, proposals that lapse."""

from __future__ import annotations

from datetime import timedelta

from receivables import ledger, reminders
from receivables.actions import alike, appeals, changes
from yingshou.jobs.running import RunningJob, job

EXPIRE = "receivables.expire_reservations"
REMIND = "receivables.remind"
REMIND_DEBTOR = "receivables.remind_debtor"
LINK_DEBTOR = "receivables.link_debtor"
LAPSE = "receivables.lapse_changes"
LAPSE_OF = changes.LAPSE_JOB
LOOK_SHOWN = alike.LOOK_SHOWN
LIFT_FLAG = appeals.LIFT_FLAG
LOOK_IMPORTED = "receivables.look_at_import"
BATCH = 1_000


@job(EXPIRE, lease=timedelta(minutes=5))
def expire_reservations(running: RunningJob) -> None:
    """End reservations whose time is over, batch by batch."""
    done = 0
    while ended := ledger.expire_reservations(by=running.by, at=running.at, limit=BATCH):
        done += ended
        running.progress(done)


@job(REMIND, lease=timedelta(minutes=5))
def remind(running: RunningJob) -> None:
    """Ask for one reminder job per debtor that owes an answer today."""
    running.progress(reminders.ask_for_debtors(by=running.by, at=running.at))


@job(REMIND_DEBTOR, lease=timedelta(minutes=5))
def remind_debtor(running: RunningJob) -> None:
    """Remind one debtor, and mark what was never answered."""
    running.progress(reminders.remind_debtor(by=running.by, at=running.at))


@job(LINK_DEBTOR, lease=timedelta(minutes=5))
def link_debtor(running: RunningJob) -> None:
    """Show a debtor that registered what was claimed from it before."""
    running.progress(reminders.link_debtor(by=running.by, at=running.at))
    alike.flag_shown(by=running.by, at=running.at)


@job(LAPSE, lease=timedelta(minutes=5))
def lapse_changes(running: RunningJob) -> None:
    """Ask for one job per organisation whose proposed changes have waited too long."""
    running.progress(changes.ask_for_proposers(by=running.by, at=running.at))


@job(LAPSE_OF, lease=timedelta(minutes=5))
def lapse_changes_of(running: RunningJob) -> None:
    """Close one organisation's proposals that nobody answered in time."""
    running.progress(changes.lapse_changes(by=running.by, at=running.at))


@job(LOOK_IMPORTED, lease=timedelta(minutes=30))
def look_at_import(running: RunningJob) -> None:
    """After an import: look whether what is new looks like something that is there."""
    if running.key["what"] == "finish":
        running.progress(alike.flag_batch(int(running.key["batch"]), by=running.by, at=running.at))


@job(LOOK_SHOWN, lease=timedelta(minutes=30))
def look_at_shown(running: RunningJob) -> None:
    """After a submission: look at it in the name of the party that it was sent to."""
    running.progress(alike.flag_shown(by=running.by, at=running.at))


@job(LIFT_FLAG, lease=timedelta(minutes=5))
def lift_flag(running: RunningJob) -> None:
    """After an appeal was granted: close the flag in the name of the organisation whose flag it is."""
    appeals.lift_flag(int(running.key["appeal"]), by=running.by, at=running.at)
