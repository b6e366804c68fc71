"""
The planted fault of the crash tests: progress is committed apart from the rows.

A worker that imports this module takes rows over as the product must not; the check after a kill has to find it.
"""

import time
from datetime import datetime

from django.db import transaction

from yingshou.documents import engine, steps
from yingshou.documents.models import ImportBatch
from yingshou.documents.states import State
from yingshou.documents.steps import Progress, silent
from yingshou.tenancy.actor import Actor

# As long as the moment between two commits may be on a busy machine.
BETWEEN = 0.4
_accept = steps.accept


def accept(batch_id: int, *, by: Actor, at: datetime, progress: Progress = silent) -> ImportBatch:
    """Take over chunk by chunk, the cursor first and the rows in a transaction of their own."""
    while True:
        with transaction.atomic():
            batch = ImportBatch.objects.get(pk=batch_id)
            before = batch.accept_cursor
            if batch.state != State.ACCEPTING or before >= batch.rows_read:
                break
            after = min(before + batch.import_kind.chunk_size, batch.rows_read)
            ImportBatch.objects.filter(pk=batch_id).update(accept_cursor=after)
        time.sleep(BETWEEN)
        with transaction.atomic():
            engine.accept_chunk(batch, batch.import_kind, at=batch.accepted_at or at, by=by)
    return _accept(batch_id, by=by, at=at, progress=progress)


steps.accept = accept
