"""Anticipated refusals of identity, with their stable codes."""

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Conflict, Invalid, NotAllowed, NotVisible


class AlreadyRegistered(Conflict):
    """The credit code belongs to an organisation that is registered already."""

    code = "ORG-001"
    message = _("An organisation with this credit code is already registered.")
    cure = _("Ask an administrator of your organisation for an invitation, or check the code.")


class SignInNameTaken(Invalid):
    """The sign-in name or the e-mail address is in use."""

    code = "ORG-002"
    message = _("This sign-in name or e-mail address cannot be used.")
    cure = _("Choose another sign-in name, or sign in with the account you already have.")


class NotAnAdministrator(NotAllowed):
    """The act belongs to an administrator of the very organisation."""

    code = "ORG-003"
    message = _("Only an administrator of this organisation can do this.")
    cure = _("Ask an administrator of the organisation.")


class InviteClosed(NotVisible):
    """The link was used, withdrawn or is too old; all three answer alike."""

    code = "ORG-004"
    message = _("This invitation cannot be used any more.")
    cure = _("Ask the administrator who invited you for a new one.")


class StaffActsForCustomer(NotAllowed):
    """Platform staff would become a member of a customer, or the other way round."""

    code = "ORG-005"
    message = _("Platform staff cannot act for a customer, nor a customer's people for the platform.")
    cure = _("Use a separate person for the other organisation.")


class LastAdministrator(Conflict):
    """An organisation would be left without anybody who can manage its people."""

    code = "ORG-006"
    message = _("This is the last administrator of the organisation.")
    cure = _("Make somebody else an administrator first.")


class DutyNotForThisOrganisation(Invalid):
    """The platform's administrators exist in the operator's organisation alone."""

    code = "ORG-007"
    message = _("The duty %(duty)s does not exist in this organisation.")
    cure = _("Choose among the duties shown.")


class OwnDuties(NotAllowed):
    """Nobody changes what she herself may do."""

    code = "ORG-008"
    message = _("Nobody changes her or his own duties.")
    cure = _("Ask another administrator of the organisation.")


class CapabilityNotOpen(Invalid):
    """The capability cannot be asked for by registration."""

    code = "ORG-009"
    message = _("This capability cannot be asked for here.")
    cure = _("Choose among the capabilities shown.")


class NotYours(NotVisible):
    """The membership, invitation or account is not one this actor may know of."""

    code = "ORG-404"


class AccountKnown(Conflict):
    """The organisation has entered this account before."""

    code = "ORG-011"
    message = _("This bank account is already on the list, or waits for its check.")
    cure = _("Use the entry that is there.")


class LastFactor(Conflict):
    """A person who must have a second factor would be left without one."""

    code = "ACC-003"
    message = _("This is your only second factor, and your work here needs one.")
    cure = _("Add another one first, then remove this one.")


class ProofNeeded(NotAllowed):
    """An act that binds was sent by a script, or with a file, and the second factor was proven too long ago."""

    code = "ACC-002"
    message = _("This binds your organisation, and you proved who you are more than %(minutes)s minutes ago.")
    cure = _("Open the page again; you are asked for your second factor there.")


class LinkClosed(NotVisible):
    """The link of the mail is forged, too old, or the password was changed since."""

    code = "ACC-004"
    message = _("This link cannot be used any more.")
    cure = _("If somebody else uses your account, set a new password from the sign-in page.")
