"""Ask for work, in the transaction of the act that needs it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q
from kombu.exceptions import OperationalError
from psycopg2.extras import Json, execute_values

from yingshou.jobs.models import Job, JobState
from yingshou.jobs.registry import JOBS
from yingshou.kernel.canonical import canonical_json, sha256_hex
from yingshou.tenancy.actor import Actor, ActorKind

logger = logging.getLogger(__name__)

# What one sweep sends at most; the next one follows soon.
SWEEP_ROWS = 1_000
# A job sent this long ago and not yet started may have been lost with Redis.
RESEND_AFTER = timedelta(seconds=15)


def enqueue(
    name: str,
    *,
    key: Mapping[str, Any],
    organisation_id: int | None,
    by: Actor,
    at: datetime,
    run_at: datetime | None = None,
) -> int:
    """
    Ask for a job once per (name, key); asking again changes nothing.

    :returns: the job's id
    :raises NotRegistered: if no such job exists
    """
    return enqueue_many(name, keys=[key], organisation_id=organisation_id, by=by, at=at, run_at=run_at)[0]


def enqueue_many(
    name: str,
    *,
    keys: Sequence[Mapping[str, Any]],
    organisation_id: int | None,
    by: Actor,
    at: datetime,
    run_at: datetime | None = None,
) -> list[int]:
    """Ask for one job per key with one statement; the ids in the order of the keys."""
    JOBS.get(name)
    asked_by = by.organisation_id if by.kind is ActorKind.SYSTEM else by.organisation_id or -1
    hashes = [sha256_hex(canonical_json(dict(key))) for key in keys]
    rows = [
        (name, Json(dict(key)), digest, organisation_id, asked_by, by.person_id, by.request_id, at, run_at or at)
        for key, digest in zip(keys, hashes, strict=True)
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "insert into jobs_job (name, key, key_hash, organisation_id, asked_by_id, person_id, request_id, asked_at, run_at, "
            "state, attempts, done, note, error) values %s on conflict (name, key_hash) do nothing",
            rows,
            template="(%s,%s,%s,%s,%s,%s,%s,%s,%s,'QUEUED',0,0,'','')",
            page_size=5_000,
        )
        cursor.execute("select key_hash, id from jobs_job where name = %s and key_hash = any(%s)", [name, hashes])
        found = dict(cursor.fetchall())
    ids = [found[digest] for digest in hashes]
    if run_at is None or run_at <= at:
        transaction.on_commit(partial(send, name, ids))
    return ids


def send(name: str, ids: Sequence[int]) -> None:
    """Hand jobs to Celery by id. What is lost on the way, or while Redis is away, is sent again by the sweeper."""
    try:
        for one in ids:
            current_app.send_task(name, args=[one], retry=False)
    except OperationalError:
        logger.warning("broker_away", extra={"job": name, "count": len(ids)})


def due(at: datetime) -> list[tuple[int, str]]:
    """Ids and names of jobs whose time has come and that nobody is working on, oldest first."""
    not_sent = Q(sent_at__isnull=True) | Q(sent_at__lt=at - RESEND_AFTER)
    waiting = Job.objects.filter(not_sent, state=JobState.QUEUED, run_at__lte=at)
    rows = waiting.order_by("run_at", "id").values_list("pk", "name")[:SWEEP_ROWS]
    return [(pk, name) for pk, name in rows]
