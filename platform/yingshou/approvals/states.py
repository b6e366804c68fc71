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


class Waits(TextChoices):
    """Which proof of a signature is still to come."""

    STARTED = "STARTED", _("the proof is being fetched")
    TIMESTAMP = "TIMESTAMP", _("the timestamp service does not answer")
    REVOCATION = "REVOCATION", _("the certificate authority does not say whether the certificate was revoked")


OPEN = frozenset({State.SUBMITTED, State.SIGNED_WAITING_PROOF})

LIFECYCLE = Lifecycle(
    "approvals.approval",
    [
        Transition("sign", frozenset({State.SUBMITTED}), State.SIGNED_WAITING_PROOF, who="checker", signature=True),
        Transition("give_back", frozenset({State.SIGNED_WAITING_PROOF}), State.SUBMITTED, who="platform", reason=True),
        Transition("approve", OPEN, State.APPROVED, who="checker", second_person=True, signature=True),
        Transition("reject", OPEN, State.REJECTED, who="checker", second_person=True, reason=True),
        Transition("withdraw", frozenset({State.SUBMITTED}), State.WITHDRAWN, who="maker"),
    ],
    State,
)
