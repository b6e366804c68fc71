"""The words for capabilities and duties, the same on every page."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from yingshou.tenancy.actor import Capability, Duty

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CAPABILITIES: dict[Capability, "StrOrPromise"] = {
    Capability.CREDITOR: _("Creditor"),
    Capability.DEBTOR: _("Debtor"),
    Capability.CORE_ENTERPRISE: _("Core enterprise"),
    Capability.BANK: _("Bank"),
    Capability.FACTORING_COMPANY: _("Factoring company"),
    Capability.FINANCE_DEPARTMENT: _("Finance department"),
    Capability.PBC_BRANCH: _("PBC branch"),
    Capability.GUARANTOR: _("Guarantor"),
    Capability.PLATFORM_OPERATOR: _("Platform operator"),
}

DUTIES: dict[Duty, "StrOrPromise"] = {
    Duty.ADMINISTRATOR: _("Administrator"),
    Duty.MAKER: _("Maker"),
    Duty.CHECKER: _("Checker"),
    Duty.SIGNER: _("Signer"),
    Duty.VIEWER: _("Viewer"),
    Duty.AUDITOR: _("Auditor"),
    Duty.SYSTEM_ADMINISTRATOR: _("System administrator"),
    Duty.SECURITY_ADMINISTRATOR: _("Security administrator"),
    Duty.AUDIT_ADMINISTRATOR: _("Audit administrator"),
}

DUTY_SENTENCES: dict[Duty, "StrOrPromise"] = {
    Duty.ADMINISTRATOR: _("Invites people and sets their duties; sees no business."),
    Duty.MAKER: _("Enters and prepares; submits for checking."),
    Duty.CHECKER: _("Checks what a maker submitted; approves or rejects it."),
    Duty.SIGNER: _("Approves with a signature that binds the organisation."),
    Duty.VIEWER: _("Reads everything of the organisation, changes nothing."),
    Duty.AUDITOR: _("Reads everything including who did what and when, changes nothing."),
    Duty.SYSTEM_ADMINISTRATOR: _("Keeps reference data and looks after jobs; sees no people."),
    Duty.SECURITY_ADMINISTRATOR: _("Manages the platform's own people and agrees to changes of reference data."),
    Duty.AUDIT_ADMINISTRATOR: _("Reads the trail of what staff did; changes nothing."),
}


def capability_labels(values: Iterable[str]) -> list["StrOrPromise"]:
    """Words for capabilities in the order of the enumeration."""
    wanted = set(values)
    return [label for capability, label in CAPABILITIES.items() if str(capability) in wanted]


def duty_labels(values: Iterable[str]) -> list["StrOrPromise"]:
    """Words for duties in the order of the enumeration."""
    wanted = set(values)
    return [label for duty, label in DUTIES.items() if str(duty) in wanted]
