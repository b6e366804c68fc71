"""Jobs of electronic licences: go on with what was confirmed while nobody looked; forget what is old."""

from datetime import timedelta

from django.db import transaction

from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.jobs.running import RunningJob, job
from yingshou.kernel.errors import DomainError
from yingshou.signing import elicence_actions, elicence_providers
from yingshou.signing.elicence import ServiceAway
from yingshou.signing.elicence_models import AnswerState, LicenceRequest
from yingshou.signing.errors import RevocationUnknown
from yingshou.tenancy.actor import Actor, acting_as

GO_ON = "signing.licences"
FORGET = "signing.forget_licence_requests"
# The browser that asked comes first; the job takes what it left.
LEFT_ALONE = timedelta(seconds=20)


@job(GO_ON, lease=timedelta(minutes=5), attempts=3)
def go_on(job: RunningJob) -> None:
    """Fetch answers that did not come by themselves, and sign what was confirmed, in the name of who asked for it."""
    if not elicence_providers.is_set_up():
        return
    with transaction.atomic():
        waiting = elicence_actions.unfinished(at=job.at)
    for reference in waiting:
        try:
            row = elicence_actions.look(reference, by=job.by, at=job.at)
        except (ServiceAway, RevocationUnknown):
            # One service, one state: the others would not be answered either. The next minute asks again.
            return
        if row.answer == AnswerState.CONFIRMED and row.used_at is None and job.at >= row.created_at + LEFT_ALONE:
            _sign(row, job)


@job(FORGET)
def forget(job: RunningJob) -> None:
    """Delete requests to sign in that are older than the time we keep them."""
    with transaction.atomic():
        elicence_actions.forget(before=job.at - elicence_actions.KEEP)


def _sign(row: LicenceRequest, job: RunningJob) -> None:
    signer = _signer(row, job)
    if signer is None:
        return
    with acting_as(signer):
        try:
            elicence_actions.sign(row.reference, by=signer, at=job.at)
        except DomainError as error:
            elicence_actions.fail(row.reference, error, by=signer)


def _signer(row: LicenceRequest, job: RunningJob) -> Actor | None:
    """Who asked, with the duties of this moment; None where the work for the organisation has ended."""
    with transaction.atomic():
        living = Membership.objects.live(job.at).filter(
            person_id=row.person_id or 0, organisation_id=row.organisation_id or 0
        )
        membership = living.select_related("person", "organisation").first()
    if membership is None or not membership.person.is_active:
        return None
    return actor_of(membership, job.by.request_id)
