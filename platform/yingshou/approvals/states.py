"""The life of an approval."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


class State(TextChoices):
    """Where an approval stands."""

    SUBMITTED = "SUBMITTED", _("waiting for checking")
    SIGNED_WAITING_PROOF = "SIGNED_WAITING_PROOF", _("signed, proof being fetched")
    APPROVED = "APPROVED", _("approved")
    REJECTED = "REJECTED", _("rejected")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


OPEN = frozenset({State.SUBMITTED, State.SIGNED_WAITING_PROOF})

LIFECYCLE = Lifecycle(
    "approvals.approval",
    [
        Transition("sign", frozenset({State.SUBMITTED}), State.SIGNED_WAITING_PROOF, who="checker", signature=True),
        Transition("approve", OPEN, State.APPROVED, who="checker", second_person=True, signature=True),
        Transition("reject", OPEN, State.REJECTED, who="checker", second_person=True, reason=True),
        Transition("withdraw", frozenset({State.SUBMITTED}), State.WITHDRAWN, who="maker"),
    ],
    State,
)
