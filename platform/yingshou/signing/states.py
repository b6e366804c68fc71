"""
The life of a registered certificate, and of the link between a licence's holder and a person.

Expired and revoked are read from the clock and the lists; they are not states.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


class CertificateState(TextChoices):
    """Whether the holder still uses a certificate here."""

    REGISTERED = "REGISTERED", _("registered")
    WITHDRAWN = "WITHDRAWN", _("taken out of use")


LIFECYCLE = Lifecycle(
    "signing.certificate",
    [
        Transition(
            "withdraw",
            frozenset({CertificateState.REGISTERED}),
            CertificateState.WITHDRAWN,
            who="holder or administrator",
        )
    ],
    CertificateState,
)


class HolderState(TextChoices):
    """Where a link stands."""

    ASKED = "ASKED", _("waits for an administrator")
    LINKED = "LINKED", _("linked")
    DECLINED = "DECLINED", _("declined")
    ENDED = "ENDED", _("ended")


_OPEN = frozenset({HolderState.ASKED})

HOLDER = Lifecycle(
    "signing.licenceholder",
    [
        Transition("link", _OPEN, HolderState.LINKED, who="administrator"),
        Transition("decline", _OPEN, HolderState.DECLINED, who="administrator"),
        Transition(
            "end", frozenset({HolderState.ASKED, HolderState.LINKED}), HolderState.ENDED, who="holder or administrator"
        ),
    ],
    HolderState,
)
