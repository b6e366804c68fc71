"""Models of identity, by subject."""

from yingshou.identity.models.organisations import (
    BankAccount,
    Organisation,
    OrganisationDetails,
    OrganisationKind,
    OrganisationSize,
)
from yingshou.identity.models.people import (
    DutyRequest,
    LimitCount,
    Membership,
    OrganisationInvite,
    Person,
    SignInAttempt,
    SignInNetwork,
)
from yingshou.identity.models.reference import ClockOffset, OrganisationGrant, Region, RegionGrant, RegionLevel, Workday

__all__ = [
    "BankAccount",
    "ClockOffset",
    "DutyRequest",
    "LimitCount",
    "Membership",
    "Organisation",
    "OrganisationDetails",
    "OrganisationGrant",
    "OrganisationInvite",
    "OrganisationKind",
    "OrganisationSize",
    "Person",
    "Region",
    "RegionGrant",
    "RegionLevel",
    "SignInAttempt",
    "SignInNetwork",
    "Workday",
]
