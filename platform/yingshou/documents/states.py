"""The life of an import batch, from the file to the rows it became."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


class State(TextChoices):
    """Where a batch is. QUESTION waits for a person's answer: which column is which, or which encoding."""

    RECEIVED = "RECEIVED", _("received")
    READING = "READING", _("being read")
    QUESTION = "QUESTION", _("needs an answer")
    CHECKED = "CHECKED", _("checked, waiting for acceptance")
    ACCEPTING = "ACCEPTING", _("being taken over")
    DONE = "DONE", _("taken over")
    FAILED = "FAILED", _("could not be read")
    CANCELLED = "CANCELLED", _("cancelled")
    UNDONE = "UNDONE", _("undone")


class RowState(TextChoices):
    """What became of a row."""

    READY = "READY", _("new")
    ERROR = "ERROR", _("with errors")
    KNOWN = "KNOWN", _("known already")
    DUPLICATE = "DUPLICATE", _("twice in this file")
    SKIPPED = "SKIPPED", _("left out")
    ACCEPTED = "ACCEPTED", _("taken over")
    UNDONE = "UNDONE", _("undone")


OPEN = frozenset({State.RECEIVED, State.READING, State.QUESTION, State.CHECKED, State.ACCEPTING})

LIFECYCLE = Lifecycle(
    "documents.importbatch",
    [
        Transition("read", frozenset({State.RECEIVED}), State.READING, "system"),
        Transition("ask", frozenset({State.READING}), State.QUESTION, "system"),
        Transition("answer", frozenset({State.QUESTION}), State.RECEIVED, "owner"),
        Transition("check", frozenset({State.READING}), State.CHECKED, "system"),
        Transition("fail", frozenset({State.RECEIVED, State.READING}), State.FAILED, "system"),
        Transition("accept", frozenset({State.CHECKED}), State.ACCEPTING, "owner"),
        Transition("finish", frozenset({State.ACCEPTING}), State.DONE, "system"),
        Transition("cancel", frozenset({State.QUESTION, State.CHECKED}), State.CANCELLED, "owner"),
        Transition("undo", frozenset({State.DONE}), State.UNDONE, "owner"),
    ],
    State,
)
