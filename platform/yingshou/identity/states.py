"""Life of an organisation on the platform; pure, no queries (domain 16, F007)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


class OrganisationState(TextChoices):
    """Where an organisation stands in its registration."""

    PENDING_VERIFICATION = "PENDING_VERIFICATION", _("Waiting for verification")
    VERIFIED = "VERIFIED", _("Verified")
    REJECTED = "REJECTED", _("Registration rejected")
    SUSPENDED = "SUSPENDED", _("Suspended")


class RejectionReason(TextChoices):
    """Why a registration was sent back; each can be cured by the applicant."""

    LICENCE_UNREADABLE = "LICENCE_UNREADABLE", _("The licence cannot be read")
    LICENCE_EXPIRED = "LICENCE_EXPIRED", _("The licence has expired")
    NAME_DIFFERS = "NAME_DIFFERS", _("Name and credit code do not belong together")
    REPRESENTATIVE_DIFFERS = "REPRESENTATIVE_DIFFERS", _("The legal representative differs from the licence")
    CAPABILITY_NOT_SHOWN = "CAPABILITY_NOT_SHOWN", _("The licence does not show the capability asked for")
    OTHER = "OTHER", _("Another reason")


_STATES = OrganisationState

ORGANISATION = Lifecycle(
    "identity.organisation",
    (
        Transition("verify", frozenset({_STATES.PENDING_VERIFICATION}), _STATES.VERIFIED, "staff", second_person=True),
        Transition(
            "reject",
            frozenset({_STATES.PENDING_VERIFICATION}),
            _STATES.REJECTED,
            "staff",
            second_person=True,
            reason=True,
        ),
        Transition("resubmit", frozenset({_STATES.REJECTED}), _STATES.PENDING_VERIFICATION, "administrator"),
        Transition(
            "suspend", frozenset({_STATES.VERIFIED}), _STATES.SUSPENDED, "staff", second_person=True, reason=True
        ),
        Transition(
            "restore", frozenset({_STATES.SUSPENDED}), _STATES.VERIFIED, "staff", second_person=True, reason=True
        ),
    ),
    tuple(OrganisationState.values),
)
