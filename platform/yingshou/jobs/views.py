"""The progress of a job, as a fragment that a page follows."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from yingshou.jobs.models import Job
from yingshou.tenancy.guards import AppRequest, page

# HTMX stops polling on this status.
STOP_POLLING = 286


@page(signed_in=True)
def progress(request: AppRequest, job_id: int) -> HttpResponse:
    """How far a job of the actor's organisation is."""
    job = get_object_or_404(Job.objects.visible_to(request.actor), pk=job_id)
    return render(request, "jobs/progress.html", {"job": job}, status=STOP_POLLING if job.is_over else 200)
