"""Jobs of signing: keep the revocation lists fresh, fetch the proof of signatures that wait for it."""

from datetime import datetime, timedelta

from django.db import transaction

from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.jobs.running import RunningJob, job
from yingshou.signing import sources, waiting
from yingshou.signing.models import WaitingSignature
from yingshou.signing.waiting import JOB, SECONDS_IN_JOB, SignerGone
from yingshou.tenancy.actor import Actor, acting_as


class ProofMissing(Exception):
    """The services still do not answer; the job is tried again after a pause."""


@job("signing.revocation_lists", lease=timedelta(minutes=2), attempts=5)
def read_revocation_lists(job: RunningJob) -> None:
    """Read the revocation lists again; a list that is known already is not stored twice."""
    sources.fetch(at=job.at)
    sources.refresh(at=job.at, force=True)


# Pauses grow to ten minutes: this many attempts last longer than a signature waits.
@job(JOB, lease=timedelta(minutes=2), attempts=200)
def fetch_proof(job: RunningJob) -> None:
    """
    Fetch the proof of one waiting signature and let it take effect, as its signer.

    :raises ProofMissing: while the services do not answer
    """
    with transaction.atomic():
        row = WaitingSignature.objects.filter(pk=job.key["waiting"]).first()
        if row is None or row.ended_at is not None:
            return
        by = _signer(row, job)
    if by is None:
        waiting.give_back(row.pk, SignerGone(), by=job.by, at=job.at)
        return
    with acting_as(by):
        _attempt(row.pk, by=by, at=job.at)


@job("signing.waiting_signatures", lease=timedelta(minutes=5), attempts=3)
def look_after_waiting_signatures(job: RunningJob) -> None:
    """Give back what waited too long, should its own job have ended before."""
    with transaction.atomic():
        rows = list(WaitingSignature.objects.open().filter(due_at__lt=job.at).order_by("pk")[:1000])
    for row in rows:
        with acting_as(Actor.system(job.job.name, row.organisation_id)) as by:
            waiting.give_back(row.pk, waiting.WaitedTooLong(), by=by, at=job.at)


def _signer(row: WaitingSignature, job: RunningJob) -> Actor | None:
    """The signer as the organisation has them now."""
    live = Membership.objects.live(job.at).select_related("person", "organisation")
    membership = live.filter(person_id=row.person_id, organisation_id=row.organisation_id).first()
    if membership is None or not membership.person.is_active:
        return None
    return actor_of(membership, job.job.request_id)


def _attempt(waiting_id: int, *, by: Actor, at: datetime) -> None:
    found = waiting.attempt(waiting_id, by=by, at=at, seconds=SECONDS_IN_JOB)
    if isinstance(found, WaitingSignature) and found.ended_at is None:
        raise ProofMissing
