"""
An import of receivables while worker, reader, database and Redis are killed: nothing lost, nothing doubled (G6).

The messages that this process would send are lost on purpose: only the sweeper brings the jobs to the worker.
"""

import io
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.crash.city import City, Progress, running_city
from tests.crash.sheet import Sheet, sheet
from tests.factories import receivables as make
from tests.harness.books import books_hold
from yingshou.documents import actions as documents
from yingshou.documents import files
from yingshou.jobs import queue
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

READ_ENDS = frozenset({"CHECKED", "FAILED", "QUESTION"})
SMALL = 16_000
LARGE = 100_000

FIGURES = """
select
    (select count(*) from documents_importrow where batch_id = %(batch)s and state = 'ACCEPTED'),
    (select count(*) from documents_importrow where batch_id = %(batch)s),
    (select count(*) from receivables_receivable where batch_id = %(batch)s),
    (select coalesce(sum(face_amount), 0) from receivables_receivable where batch_id = %(batch)s),
    (select count(distinct line_key) from receivables_receivable),
    (select count(distinct public_no) from receivables_receivable),
    (select count(*) from receivables_receivablebalance),
    (select count(*) from receivables_invoice),
    (select coalesce(sum(gross_amount), 0) from receivables_invoice),
    (select count(*) from receivables_invoiceuse),
    (select coalesce(sum(used_amount), 0) from receivables_invoiceuse),
    (select count(*) from receivables_evidence),
    (select count(*) from invoice_fingerprint),
    (select coalesce(sum(used_amount), 0) from invoice_fingerprint),
    (select count(*) from audit_auditevent where kind = 'receivables.receivable.create'),
    (select count(distinct object_id) from audit_auditevent where kind = 'receivables.receivable.create'),
    (select count(*) from receivables_receivable where version <> 1)
"""


@pytest.fixture
def city(redis_server: None, django_db_blocker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    """Servers of their own."""
    monkeypatch.setattr(queue, "send", lambda _name, _ids: None)
    with django_db_blocker.unblock(), running_city(tmp_path) as made:
        yield made


@dataclass
class Import:
    """One batch under way."""

    city: City
    by: Actor
    batch: int
    expected: Sheet

    def accept(self) -> None:
        """Accept what the dry run found new."""
        with acting_as(self.by), transaction.atomic():
            documents.accept(self.batch, by=self.by, at=clock.now())

    def figures(self) -> list[int]:
        """Every count and sum that a correct import fixes."""
        numbers = self.city.fetch(FIGURES.replace("%(batch)s", str(int(self.batch))))
        return [int(number) for number in numbers]

    def correct(self) -> list[int]:
        """What `figures` must be, from the file alone."""
        rows, total = self.expected.rows, int(self.expected.total * 100)
        return [rows, rows, rows, total, rows, rows, rows, rows, total, rows, total, rows, rows, total, rows, rows, 0]


def begun(city: City, rows: int) -> Import:
    """A supplier uploads its sheet."""
    seller = make.creditor()
    debtors = [(one.uscc, one.name) for one in (make.debtor() for _ in range(20))]
    at = clock.now()
    expected = sheet(rows, debtors, clock.business_date(at))
    by = make.maker(seller)
    with acting_as(by), transaction.atomic():
        stored = documents.store("claims.csv", io.BytesIO(expected.content), by=by, at=at, purpose=files.IMPORT)
        batch = documents.receive("receivables.claims", stored, by=by, at=at)
    return Import(city, by, batch.pk, expected)


def kill_on_the_way(
    work: Import, targets: list[str], draw: random.Random, done: Callable[[Progress], int], ends: frozenset[str]
) -> list[str]:
    """Kill each target once a random part of the rows is through; those that were hit before the end."""
    hit = []
    marks = sorted(draw.uniform(0.0, 0.9) * work.expected.rows for _ in targets)
    for target, mark in zip(targets, marks, strict=True):
        now = work.city.wait(work.batch, lambda now, mark=mark: done(now) >= mark or now.state in ends)
        if now.state in ends:
            break
        time.sleep(draw.uniform(0.0, 0.2))
        for _try in range(25):
            if work.city.kill(target):
                hit.append(target)
                break
            # A reader that is just being started, or a job between two backends.
            time.sleep(0.05)
    return hit


def brought_in(work: Import, reading: list[str], taking: list[str], seed: int) -> list[str]:
    """Import the sheet to its end while targets are killed; those that were hit."""
    draw = random.Random(seed)
    draw.shuffle(reading)
    draw.shuffle(taking)
    hit = kill_on_the_way(work, reading, draw, lambda now: now.read, READ_ENDS)
    checked = work.city.wait(work.batch, lambda now: now.state in READ_ENDS)
    assert (checked.state, checked.read) == ("CHECKED", work.expected.rows)
    work.accept()
    hit += kill_on_the_way(work, taking, draw, lambda now: now.taken, frozenset({"DONE"}))
    work.city.wait(work.batch, lambda now: now.state == "DONE")
    return hit


def jobs_left(city: City) -> int:
    """Jobs of imports that did not end well, once the last one had time to say so."""
    deadline = time.monotonic() + 20
    while True:
        (left,) = city.fetch("select count(*) from jobs_job where name like 'documents.%%' and state <> 'DONE'")
        if not left or time.monotonic() > deadline:
            return int(left)
        time.sleep(0.1)


def test_killed_import_loses_nothing_and_doubles_nothing(city: City) -> None:
    work = begun(city, SMALL)
    city.start_worker()

    hit = brought_in(work, ["reader", "child", "postgres"], ["backend", "worker", "redis"], seed=20261122)

    assert len(hit) >= 5, hit
    assert work.figures() == work.correct()
    assert jobs_left(city) == 0
    books_hold()


def test_progress_that_is_committed_apart_is_found(city: City) -> None:
    """The canary: a worker that moves its cursor in a transaction of its own loses rows, and the check sees it."""
    work = begun(city, SMALL)
    city.include = "tests.crash.broken"
    city.start_worker()
    city.wait(work.batch, lambda now: now.state == "CHECKED")
    work.accept()

    city.wait(work.batch, lambda now: now.taken > 0)
    city.kill("worker")
    city.wait(work.batch, lambda now: now.state == "DONE")

    figures, correct = work.figures(), work.correct()
    assert figures != correct
    assert figures[0] < correct[0], "rows are lost"


@pytest.mark.deep
def test_hundred_thousand_rows_under_forty_kills(city: City) -> None:
    work = begun(city, LARGE)
    city.start_worker()

    hit = brought_in(work, ["worker", "postgres"] * 10, ["worker", "postgres"] * 10, seed=1)

    assert (hit.count("worker"), hit.count("postgres")) == (20, 20)
    assert work.figures() == work.correct()
    assert jobs_left(city) == 0
    books_hold()
