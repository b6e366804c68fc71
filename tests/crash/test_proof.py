"""A worker that is killed while it fetches the proof of a signature: nothing is confirmed, nothing is lost."""

import os
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulators.authority.authority import Authority
from simulators.timestamp.authority import TimestampAuthority
from tests.harness import servers
from tests.yingshou.runtime.test_supervisor import until
from tests.yingshou.signing import flow, services
from tests.yingshou.signing.services import Simulated
from tests.yingshou.signing.signer import World, to_der
from yingshou.approvals.models import Approval
from yingshou.jobs import http
from yingshou.jobs.models import Job
from yingshou.kernel import clock
from yingshou.signing import actions, waiting
from yingshou.signing.keeping import Origin
from yingshou.signing.models import AnchorKind, SignatureEvidence, WaitingSignature
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = [pytest.mark.deep, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stamping(tmp_path: Path) -> Iterator[Simulated]:
    with services.running("timestamp", tmp_path / "timestamp", tmp_path, 0) as one:
        yield one


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Simulated]:
    with services.running("authority", tmp_path / "authority", tmp_path, 0) as one:
        yield one


def test_worker_killed_while_it_fetches_is_followed_by_another(
    stamping: Simulated, asking: Simulated, settings: Any, tmp_path: Path
) -> None:
    settings.SIGNING_TSA_URL, settings.SIGNING_OCSP_URL = f"{stamping.address}timestamp/", f"{asking.address}ocsp/"
    settings.SIGNING_TIMESTAMP_REQUIRED = True
    settings.OUTGOING_PRIVATE = [stamping.address, asking.address]
    http.forget_failures()
    world, at = World(Authority(asking.folder), tmp_path), clock.now()
    with acting_as(Actor.system("test")):
        actions.trust_authority(to_der(world.authority.root), at=at)
        root = TimestampAuthority(stamping.folder).identity().root
        actions.trust_authority(to_der(root), at=at, kind=AnchorKind.TIMESTAMP)
    city = flow.debtor(world)
    approval = _signed_without_proof(city, stamping, at)
    job = _due_now(city)
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
        # The action that is approved here exists in tests alone.
        "CRASH_TEST_INCLUDE": "tests.yingshou.signing.flow",
        "YINGSHOU_TSA_URL": settings.SIGNING_TSA_URL,
        "YINGSHOU_OCSP_URL": settings.SIGNING_OCSP_URL,
        "YINGSHOU_OUTGOING_PRIVATE": f"{stamping.address},{asking.address}",
    }
    stamping.misbehave("slow")

    with servers.running_worker(tmp_path, environment) as worker:
        until(lambda: _job_state(city, job) == "RUNNING", 90)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    assert _standing(city, approval) == ("SIGNED_WAITING_PROOF", 0)
    stamping.misbehave()
    with servers.running_worker(tmp_path, environment):
        until(lambda: _standing(city, approval) == ("APPROVED", 1), 90)
        until(lambda: _job_state(city, job) == "DONE", 30)


def _signed_without_proof(city: flow.Debtor, stamping: Simulated, at: datetime) -> Approval:
    approval = flow.submitted(city, 2, at)
    stamping.misbehave("down")
    with acting_as(city.signer):
        ready = flow.prepared(city, approval.pk, at)
        value = flow.signed_value(city, ready)
        found = waiting.sign(ready.request.pk, value, by=city.signer, at=at, origin=Origin("test browser"))
    assert isinstance(found, WaitingSignature)
    return approval


def _due_now(city: flow.Debtor) -> int:
    with flow.acting(Actor.system("test", city.organisation.pk)):
        job = Job.objects.get(name=waiting.JOB)
        Job.objects.filter(pk=job.pk).update(run_at=job.run_at - timedelta(minutes=1))
        return int(job.pk)


def _job_state(city: flow.Debtor, job: int) -> str:
    with flow.acting(Actor.system("test", city.organisation.pk)):
        return str(Job.objects.get(pk=job).state)


def _standing(city: flow.Debtor, approval: Approval) -> tuple[str, int]:
    with flow.acting(city.signer):
        return str(Approval.objects.get(pk=approval.pk).state), SignatureEvidence.objects.count()
