"""Read the books and keep the result as an event, so that it is sealed like every other."""

import logging
from datetime import datetime

from django.db import transaction

from yingshou.audit import books
from yingshou.audit.events import EventDraft, record
from yingshou.evidence.selectors import BOOKS_TYPE, BOOKS_VERIFIED
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Actor, Capability

logger = logging.getLogger(__name__)
# What the event names; the command names all. Without the figures: they are the parties' own.
_NAMED = 50


def verify_books(*, by: Actor, at: datetime) -> books.Report:
    """Read all books, record what was found for the platform's staff, raise the alarm if anything was."""
    report = books.verify(at=at)
    wrong = [read for read in report.read if read.violations]
    body = {
        "books": len(report.read),
        "violations": len(report.violations),
        "seconds": round(report.seconds, 1),
        "wrong": {read.book.code: len(read.violations) for read in wrong},
        "found": [[one.book, one.object_type, one.object_id] for one in report.violations[:_NAMED]],
    }
    with transaction.atomic():
        operators = Organisation.objects.with_capability(Capability.PLATFORM_OPERATOR)
        event = EventDraft(
            kind=BOOKS_VERIFIED,
            object_type=BOOKS_TYPE,
            object_id=1,
            object_version=None,
            audience=list(operators.values_list("pk", flat=True)),
            by=by,
            at=at,
            body=body,
        )
        record([event])
    for read in wrong:
        logger.error("book_wrong", extra={"book": read.book.code, "rows": len(read.violations)})
    return report
