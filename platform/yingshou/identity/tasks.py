"""Durable work of identity."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from yingshou.identity import mail, places, signin
from yingshou.identity.models import Person
from yingshou.jobs.running import RunningJob, job

# What the limiter needs is an hour; what a person asks about after an attack is some weeks.
KEEP_ATTEMPTS = timedelta(days=30)


FORGET_ATTEMPTS = "identity.forget_attempts"


@job(FORGET_ATTEMPTS)
def forget_attempts(job: RunningJob) -> None:
    """Delete sign-in attempts that are older than the time we keep them."""
    signin.forget_attempts(before=job.at - KEEP_ATTEMPTS)


MAIL_UNUSUAL = "identity.mail_unusual_sign_in"


@job(MAIL_UNUSUAL, attempts=8)
def mail_unusual(job: RunningJob) -> None:
    """Write to the person that somebody signed in from where she never did, with the link that undoes it."""
    key = job.key
    with transaction.atomic():
        person = Person.objects.filter(pk=key["person"]).first()
    if person is not None:
        # Made here: a link that acts by itself is in the mail alone, not in the job.
        path = reverse("identity:not_me_link", args=[places.token_for(person)])
        mail.send_unusual(person, device=key["device"], address=key["address"], at=job.job.asked_at, path=path)
