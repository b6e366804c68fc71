"""Write events: one statement for any number of them."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from psycopg2 import sql
from psycopg2.extras import execute_values

from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor

# Rows of one INSERT: large enough to cost one round trip for most acts, small enough to keep statements readable.
PAGE_ROWS = 5_000


@dataclass(frozen=True)
class EventDraft:
    """
    An event about to be written.

    :param kind: `<object type>.<event>`
    :param object_version: the object's version after the change; None when nothing changed
    :param audience: the organisations that may read it
    :param at: the business instant, taken once per request or job
    """

    kind: str
    object_type: str
    object_id: int
    object_version: int | None
    audience: Sequence[int]
    by: Actor
    at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


def record(drafts: Sequence[EventDraft]) -> None:
    """Append events in the caller's transaction."""
    if not drafts:
        return
    rows = [
        (
            draft.by.organisation_id,
            draft.by.person_id,
            str(draft.by.kind),
            draft.by.label,
            draft.kind,
            draft.object_type,
            draft.object_id,
            draft.object_version,
            sorted(set(draft.audience)),
            draft.at,
            draft.by.request_id,
            json.dumps(dict(draft.body), cls=DjangoJSONEncoder, ensure_ascii=False),
        )
        for draft in drafts
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "insert into audit_auditevent (organisation_id, person_id, actor_kind, actor_label, kind, object_type, "
            "object_id, object_version, audience, at, request_id, body) values %s",
            rows,
            template="(%s,%s,%s,%s,%s,%s,%s,%s,%s::bigint[],%s,%s,%s::jsonb)",
            page_size=PAGE_ROWS,
        )


def record_selected(
    select: str,
    params: Mapping[str, Any],
    *,
    kind: str,
    object_type: str,
    object_version: int | None,
    audience: Sequence[int],
    by: Actor,
    at: datetime,
) -> int:
    """
    Append one event per row of a query, without bringing the rows here: for imports of many thousands.

    :param select: SQL of our own that yields `object_id` and `body` (jsonb); its values are parameters
    :returns: how many events were written
    """
    statement = sql.SQL(
        "insert into audit_auditevent (organisation_id, person_id, actor_kind, actor_label, kind, object_type, object_id, "
        "object_version, audience, at, request_id, body) "
        "select %(event_organisation)s, %(event_person)s, %(event_actor)s, %(event_label)s, %(event_kind)s, %(event_type)s, "
        "s.object_id, %(event_version)s, %(event_audience)s::bigint[], %(event_at)s, %(event_request)s, s.body "
        "from ({select}) s(object_id, body)"
    ).format(select=sql.SQL(select))
    facts = {
        "event_organisation": by.organisation_id,
        "event_person": by.person_id,
        "event_actor": str(by.kind),
        "event_label": by.label,
        "event_kind": kind,
        "event_type": object_type,
        "event_version": object_version,
        "event_audience": sorted(set(audience)),
        "event_at": at,
        "event_request": by.request_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**params, **facts})
        return int(cursor.rowcount)


def record_access(
    *,
    kind: str,
    by: Actor,
    at: datetime | None = None,
    object_type: str = "",
    object_id: int | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Append a denial or the showing of a protected value. Never call it inside a READ ONLY transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_accessevent (organisation_id, person_id, kind, object_type, object_id, at, request_id, "
            "body) values (%s,%s,%s,%s,%s,%s,%s,%s::jsonb)",
            [
                by.organisation_id,
                by.person_id,
                kind,
                object_type,
                object_id,
                at or clock.now(),
                by.request_id or uuid.uuid4().hex,
                json.dumps(dict(body or {}), cls=DjangoJSONEncoder, ensure_ascii=False),
            ],
        )
