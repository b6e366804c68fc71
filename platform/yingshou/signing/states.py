"""The life of a registered certificate. Expired and revoked are read from the clock and the lists; they are not states."""

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
