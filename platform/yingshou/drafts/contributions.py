"""What drafts registers of itself."""

from collections.abc import Collection
from datetime import timedelta

from yingshou.audit import books
from yingshou.documents.references import Reference, references
from yingshou.drafts import tasks
from yingshou.drafts.models import FormDraft
from yingshou.jobs import registry as jobs
from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("drafts.FormDraft", RowClass.TENANT)
books.accounted("drafts.FormDraft", "nothing was sent yet")
jobs.schedule(tasks.EXPIRE, every=timedelta(days=1))


def _held(file_ids: Collection[int]) -> set[int]:
    """Files that a draft still holds."""
    rows = FormDraft.objects.exclude(files={}).values_list("files", flat=True)
    return {pk for files in rows for pk in files.values()} & set(file_ids)


references.register("drafts", Reference(_held, lasts=False))
