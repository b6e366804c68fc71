"""What people hear of their imports: documents stands below messages and says only that something happened."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.documents.models import ImportBatch
from yingshou.notifications.drafts import MessageDraft
from yingshou.notifications.kinds import MessageKind

PERMISSION = "documents.read"
LONGEST_NAME = 60

KINDS = {
    "check": MessageKind(
        label=_("Import checked"),
        one=_("“%(file)s” was read: %(good)s new rows, %(wrong)s with errors; now you decide"),
        many=_("%(count)s files were read; now you decide"),
        body=_("Nothing is taken over before you say so."),
        mail=_("A file you uploaded was read and waits for your decision."),
        permission=PERMISSION,
    ),
    "ask": MessageKind(
        label=_("Question about an import"),
        one=_("“%(file)s” cannot be read without your answer"),
        many=_("%(count)s files cannot be read without your answer"),
        body=_("Say which column is which, or how the text is written; the answer is remembered."),
        mail=_("A file you uploaded cannot be read without your answer."),
        permission=PERMISSION,
    ),
    "fail": MessageKind(
        label=_("Import failed"),
        one=_("“%(file)s” could not be read"),
        many=_("%(count)s files could not be read"),
        body=_("The page says why and how to cure it. Nothing was taken over."),
        mail=_("A file you uploaded could not be read."),
        permission=PERMISSION,
    ),
    "finish": MessageKind(
        label=_("Import done"),
        one=_("“%(file)s” is done: %(taken)s rows were taken over"),
        many=_("%(count)s imports are done"),
        mail=_("An import you started is done."),
        permission=PERMISSION,
    ),
    "copy": MessageKind(
        label=_("File with reasons"),
        one=_("“%(file)s” with the reasons is ready to download"),
        many=_("%(count)s files with the reasons are ready to download"),
        mail=_("The file with the reasons that you asked for is ready."),
        permission=PERMISSION,
    ),
}


def news(batch: ImportBatch, what: str, person_id: int | None) -> MessageDraft:
    """The message to the person who started it; without one, to all whom imports concern."""
    name = batch.file.name
    params: dict[str, Any] = {
        "file": name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…",
        "good": f"{batch.ready_count:,}",
        "wrong": f"{batch.error_count:,}",
        "taken": f"{batch.accepted_count:,}",
    }
    return MessageDraft(
        organisation_id=batch.organisation_id,
        person_id=person_id,
        kind=f"documents.import_{what}",
        url=reverse("documents:batch", args=[batch.pk]),
        object_type="documents.importbatch",
        object_id=batch.pk,
        params=params,
    )
