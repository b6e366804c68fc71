"""The two tasks that the scheduler itself sends: the sweep, and the tick that turns the clock into job rows."""

from celery import shared_task
from django.db import transaction

from yingshou.jobs.models import Job
from yingshou.jobs.queue import due, enqueue, send
from yingshou.jobs.registry import SCHEDULES
from yingshou.jobs.running import take_back_lost
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as


@shared_task(name="jobs.sweep", ignore_result=True)
def sweep() -> None:
    """Send again what Redis or a dead worker lost."""
    at = clock.now()
    with acting_as(Actor.system("jobs.sweep")):
        with transaction.atomic():
            take_back_lost()
            found = due(at)
            Job.objects.filter(pk__in=[pk for pk, _name in found]).update(sent_at=at)
        for pk, name in found:
            send(name, [pk])


@shared_task(name="jobs.tick", ignore_result=True)
def tick() -> None:
    """Ask for every scheduled job of the present slot; the key makes a second tick harmless."""
    at = clock.now()
    by = Actor.system("jobs.tick")
    with acting_as(by):
        for name, schedule in SCHEDULES.items():
            enqueue(name, key={"slot": schedule.slot(at)}, organisation_id=None, by=by, at=at)
