"""The life of the link between a licence's holder and a person of the organisation."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


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
