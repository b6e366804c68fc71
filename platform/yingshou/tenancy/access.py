"""Open one object to another organisation because of an event, and close it when the event ends."""

from datetime import datetime

from django.db import connection


def grant_access(
    *,
    object_type: str,
    object_id: int,
    organisation_id: int,
    reason_type: str,
    reason_id: int,
    at: datetime,
    ends_at: datetime | None = None,
) -> None:
    """
    Open an object to an organisation. Granting again for the same reason reopens it.

    :param reason_type: the type of the event that opens it (a demand's recipient, a notice)
    :param ends_at: when it closes by itself; None while the event decides
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select app_grant_access(%s, %s, %s, %s, %s, %s, %s)",
            [object_type, object_id, organisation_id, reason_type, reason_id, at, ends_at],
        )


def end_access(*, reason_type: str, reason_id: int, at: datetime) -> int:
    """Close every grant that one event made; returns how many were open."""
    with connection.cursor() as cursor:
        cursor.execute("select app_end_access(%s, %s, %s)", [reason_type, reason_id, at])
        row = cursor.fetchone()
    return int(row[0])
