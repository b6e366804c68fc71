"""What documents registers of itself."""

from collections.abc import Collection
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from yingshou.audit import wording
from yingshou.documents import books, presenters, sorting, tasks
from yingshou.documents.models import ImportBatch
from yingshou.documents.references import Reference, references
from yingshou.documents.states import LIFECYCLE
from yingshou.jobs import registry as jobs
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

# The jobs are registered by importing them, in the web process too: what is asked for there must exist.
assert tasks.read is not None

classes.register("documents.StoredFile", RowClass.TENANT)
classes.register("documents.ImportBatch", RowClass.TENANT)
classes.register("documents.ImportRow", RowClass.TENANT)
classes.register("documents.Layout", RowClass.TENANT)
classes.register("documents.AnnotatedCopy", RowClass.TENANT)
books.register()

permissions.register(
    "documents.read",
    Permission(
        sentence=_("Read files and import batches of the organisation"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR},
    ),
)
permissions.register(
    "documents.import",
    Permission(sentence=_("Upload files, map their columns, accept and undo imports"), duties={Duty.MAKER}),
)

for event in ("create", *LIFECYCLE.events):
    wording.register(f"documents.importbatch.{event}", presenters.batch_line)

navigation.register(
    "imports",
    NavItem(label=_("Imports"), url_name="documents:imports", permission="documents.read", icon="upload", order=70),
)

jobs.schedule(sorting.JOB, every=timedelta(days=1))


def _imported(file_ids: Collection[int]) -> set[int]:
    """Files that were imported."""
    return set(ImportBatch.objects.filter(file_id__in=file_ids).values_list("file_id", flat=True))


references.register("documents.imports", Reference(_imported))
