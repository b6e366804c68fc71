"""What approvals of identity carry out once a second person has agreed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.handlers import Handler
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.lifecycle import Outcome
from yingshou.identity.actions import accounts, appointments, decisions, job_care, reference, requests, support
from yingshou.kernel.errors import DomainError, NotAllowed
from yingshou.tenancy.actor import Actor


class SecondPersonAlways(NotAllowed):
    """A policy was set that would let one person decide what always needs two."""

    code = "ORG-010"
    message = _("This always needs two persons, whatever the policy says.")
    cure = _("Set the policy of this action back to “always”.")


def _two_persons(approval: Approval) -> None:
    if approval.checker_id is None or approval.checker_id == approval.maker_id:
        raise SecondPersonAlways


class DecideOrganisation(Handler):
    """Verify or reject a registration; suspend or restore an organisation."""

    title = _("Decision about an organisation")
    maker_permission = "identity.review_organisation"
    checker_permission = "identity.approve_organisation"
    legal_effect = _(
        "From a verification on, the organisation's people can act for it; a rejection is shown to the applicant with its reason."
    )
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Carry the decision out for each organisation."""
        _two_persons(approval)
        return [
            decisions.decide(
                organisation_id=line.object_id, version=line.object_version, payload=line.payload, by=by, at=at
            )
            for line in lines
        ]

    def object_url(self, line: ApprovalLine) -> str:
        """The staff's page of the organisation."""
        return reverse("identity:review", args=[line.object_id])


class ChangeDuties(Handler):
    """Give a person a duty that binds the organisation."""

    title = _("Change of a person's duties")
    maker_permission = "identity.manage_people"
    checker_permission = "identity.manage_people"
    legal_effect = _("The person can act with the new duties from the next page on.")
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Write the duties; a membership that changed since is left out."""
        _two_persons(approval)
        return [_outcome(line, partial(appointments.carry_out, line, by=by, at=at)) for line in lines]

    def object_url(self, line: ApprovalLine) -> str:
        """The page where duties are set; the list of people for an invitation."""
        if line.object_type == appointments.INVITE:
            return reverse("identity:people")
        return reverse("identity:member", args=[line.object_id])


class GrantDuties(Handler):
    """Give, or refuse, a binding duty that an organisation's only administrator asked for."""

    title = _("Duties asked for by a lone administrator")
    maker_permission = "identity.review_organisation"
    checker_permission = "identity.approve_organisation"
    legal_effect = _("The person can bind the organisation with the duties from the next page on.")
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Grant or refuse each; a person whose duties changed since is left out."""
        _two_persons(approval)
        return [_outcome(line, partial(requests.carry_out, line, by=by, at=at)) for line in lines]

    def object_url(self, line: ApprovalLine) -> str:
        """The list of what waits for staff."""
        return reverse("identity:registrations")


class ChangeReferenceData(Handler):
    """Change a region or a calendar day."""

    title = _("Change of reference data")
    maker_permission = "identity.reference_data"
    checker_permission = "identity.approve_reference_data"
    legal_effect = _("Reference data count for every organisation from now on.")
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Write the rows."""
        _two_persons(approval)
        return [_outcome(line, partial(reference.carry_out, line, by=by, at=at)) for line in lines]


class AddAccount(Handler):
    """Open a bank account that a maker entered for use."""

    title = _("New bank account")
    maker_permission = "identity.propose_account"
    checker_permission = "identity.approve_account"
    legal_effect = _("The account can be named as the repayment account of receivables from now on.")
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Open each account."""
        _two_persons(approval)
        return [_outcome(line, partial(accounts.carry_out, line, by=by, at=at)) for line in lines]

    def object_url(self, line: ApprovalLine) -> str:
        """The list of accounts."""
        return reverse("identity:accounts")

    def rejected(self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime) -> None:
        """Forget the number, so that it can be entered again."""
        for line in lines:
            accounts.refuse(line, by=by)


class RetryJob(Handler):
    """Put a failed job back into the queue."""

    title = job_care.TITLE
    maker_permission = "identity.look_after_jobs"
    checker_permission = "identity.approve_job_retry"
    legal_effect = _("The job runs again with what it was asked for; what it did already, it does not do twice.")
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Queue each again; one that did not stay failed is left out."""
        _two_persons(approval)
        return [_outcome(line, partial(job_care.carry_out, line, by=by, at=at)) for line in lines]


class GrantSupport(Handler):
    """Open a support view of one organisation to a colleague."""

    title = _("Support view of an organisation")
    maker_permission = "identity.grant_support"
    checker_permission = "identity.approve_support"
    legal_effect = _(
        "The colleague can look at the organisation's pages for two hours; the organisation sees that on its own page."
    )
    second_person: ClassVar[str] = "ALWAYS"

    def apply(
        self, lines: Sequence[ApprovalLine], *, approval: Approval, by: Actor, at: datetime, signature_id: int | None
    ) -> list[Outcome]:
        """Open each view."""
        _two_persons(approval)
        maker_id = approval.maker_id
        return [_outcome(line, partial(support.carry_out, line, maker_id=maker_id, by=by, at=at)) for line in lines]


def _outcome(line: ApprovalLine, work: Callable[[], object]) -> Outcome:
    try:
        work()
    except DomainError as error:
        return Outcome(line.object_id, False, error, line.label)
    return Outcome(line.object_id, True, None, line.label)
