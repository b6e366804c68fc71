"""kill -9 in the middle of reading and of taking over: nothing lost, nothing doubled (G6)."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.conftest import MakeActor
from tests.yingshou.documents import books, sample
from yingshou.documents import actions, files
from yingshou.documents.models import ImportBatch, ImportRow
from yingshou.documents.states import State
from yingshou.jobs.models import Job
from yingshou.jobs.running import run_job, take_back_lost
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ROWS = 12_000
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def maker(actor: MakeActor, settings: Any) -> Actor:
    """A maker; files go where the child process looks for them."""
    assert str(settings.MEDIA_ROOT).startswith(os.environ["YINGSHOU_DATA_DIR"])
    return actor(organisation_id=7, person_id=70, duties=[Duty.MAKER])


def killed(job_id: int, after: float) -> bool:
    """Run a job in a process of its own and kill it; whether it was still alive then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.yingshou.documents.worker", str(job_id)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(after)
    alive = child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return alive


def once(batch_id: int, by: Actor) -> ImportBatch:
    """The batch as it stands."""
    with acting_as(by), transaction.atomic():
        return ImportBatch.objects.get(pk=batch_id)


def to_the_end(job_id: int, draw: random.Random, times: int) -> int:
    """Kill the job at random moments, then let it finish; how often it was really interrupted."""
    hits = sum(killed(job_id, draw.uniform(0.05, 0.9)) for _ in range(times))
    system = Actor.system("jobs.sweep")
    for _ in range(200):
        with acting_as(system), transaction.atomic():
            take_back_lost()
        with acting_as(system):
            run_job(job_id)
        with acting_as(system), transaction.atomic():
            if Job.objects.get(pk=job_id).is_over:
                break
        time.sleep(0.1)
    return hits


def test_an_import_that_is_killed_again_and_again_takes_over_every_row_once(maker: Actor) -> None:
    draw = random.Random(20261120)
    content = books.delimited(sample.rows(ROWS))
    with acting_as(maker), transaction.atomic():
        stored = actions.store("a.csv", io.BytesIO(content), by=maker, at=AT, purpose=files.IMPORT)
        batch = actions.receive("sample", stored, by=maker, at=AT)
    assert batch.job_id is not None

    hits = to_the_end(batch.job_id, draw, 3)
    batch = once(batch.pk, maker)
    assert (batch.state, batch.counts) == (State.CHECKED, {"READY": ROWS})

    with acting_as(maker), transaction.atomic():
        batch = actions.accept(batch.pk, by=maker, at=AT)
    assert batch.job_id is not None
    hits += to_the_end(batch.job_id, draw, 3)
    batch = once(batch.pk, maker)

    assert hits >= 3
    assert (batch.state, batch.counts) == (State.DONE, {"ACCEPTED": ROWS})
    with acting_as(maker), transaction.atomic():
        assert sample.count() == ROWS
        rows = ImportRow.objects.filter(batch_id=batch.pk)
        assert rows.values("result_id").distinct().count() == ROWS
