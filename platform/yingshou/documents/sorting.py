"""Sorting what came with forms: files that were taken over are kept for good, files that nobody refers to are deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from yingshou.documents import files
from yingshou.documents.references import references
from yingshou.tenancy.actor import Actor, acting_as

JOB = "documents.sort_files"
# A form may stand open for a while between the choice of a file and the first saving that names it.
SETTLED_AFTER = timedelta(days=7)
CHUNK = 500


def sort_files(*, at: datetime) -> tuple[int, int]:
    """
    Look at every file of a form that is older than a week, organisation by organisation.

    :return: how many are kept for good from now on, how many were deleted
    """
    kept = dropped = last = 0
    while rows := _candidates(last, at - SETTLED_AFTER):
        last = rows[-1][0]
        for file_id, organisation_id, sha256 in rows:
            with acting_as(Actor.system(JOB, organisation_id=organisation_id)):
                fate = _decide(file_id, sha256)
            kept += fate == "kept"
            dropped += fate == "dropped"
    return kept, dropped


def _candidates(after: int, before: datetime) -> list[tuple[int, int, str]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select file_id, owner_id, content from documents_files_of_forms(%s, %s, %s)", [after, before, CHUNK]
        )
        return [(int(pk), int(owner), str(content)) for pk, owner, content in cursor.fetchall()]


@transaction.atomic
def _decide(file_id: int, sha256: str) -> str:
    """Under the lock of the content, which `actions.store` takes too: a file that is being chosen again is not deleted."""
    files.lock(sha256)
    found = [one for _name, one in references.items() if file_id in one.find([file_id])]
    with connection.cursor() as cursor:
        if any(one.lasts for one in found):
            cursor.execute("select documents_keep_file(%s)", [file_id])
            return "kept"
        if found:
            return "borrowed"
        cursor.execute("select documents_drop_file(%s)", [file_id])
        is_last = bool(cursor.fetchone()[0])
    if is_last:
        files.path_of(sha256).unlink(missing_ok=True)
    return "dropped"
