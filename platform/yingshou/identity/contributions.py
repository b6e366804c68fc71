"""What identity registers with the shared parts."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from yingshou.approvals import handlers
from yingshou.audit import wording
from yingshou.documents.references import Reference, references
from yingshou.identity import approval_handlers, books, places, presenters, proofs, selectors, support_pages, tasks
from yingshou.identity.actions import accounts, decisions, duties, job_care, reference, requests, support
from yingshou.jobs import domain_events
from yingshou.jobs import registry as jobs
from yingshou.tenancy import classes, permissions, standing, step_up
from yingshou.tenancy.actor import Capability, Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.frame import identities
from yingshou.ui.navigation import NavItem

for model in ("OrganisationDetails", "BankAccount"):
    classes.register(f"identity.{model}", RowClass.TENANT)
for model in ("Organisation", "Region", "Workday"):
    classes.register(f"identity.{model}", RowClass.REFERENCE)
for model in (
    "Person",
    "Membership",
    "OrganisationInvite",
    "DutyRequest",
    "SignInAttempt",
    "SignInNetwork",
    "LimitCount",
    "OrganisationGrant",
    "RegionGrant",
):
    classes.register(f"identity.{model}", RowClass.SIGN_IN)
classes.register("identity.ClockOffset", RowClass.OPERATION)
books.register()

_STAFF = {Capability.PLATFORM_OPERATOR}
_STAFF_DUTIES = {
    Duty.MAKER,
    Duty.CHECKER,
    Duty.SYSTEM_ADMINISTRATOR,
    Duty.SECURITY_ADMINISTRATOR,
    Duty.AUDIT_ADMINISTRATOR,
}

permissions.register(
    "identity.manage_people",
    Permission(
        sentence=_("Invite people, set their duties and end their work for the organisation"),
        duties={Duty.ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR},
    ),
)
permissions.register(
    "identity.sign_in_policy",
    Permission(
        sentence=_("Say who in the organisation needs a second factor"),
        duties={Duty.ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR},
    ),
)
permissions.register(
    "identity.edit_organisation",
    Permission(sentence=_("Correct the registration of the own organisation"), duties={Duty.ADMINISTRATOR}),
)
permissions.register(
    "identity.read_accounts",
    Permission(
        sentence=_("See the organisation's bank accounts"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR},
    ),
)
permissions.register(
    "identity.reveal_account",
    Permission(
        sentence=_("See a bank account number whole; each time is recorded"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER},
    ),
)
permissions.register(
    "identity.propose_account", Permission(sentence=_("Enter a bank account of the organisation"), duties={Duty.MAKER})
)
permissions.register(
    "identity.approve_account",
    Permission(sentence=_("Check a bank account that a colleague entered"), duties={Duty.CHECKER, Duty.SIGNER}),
)
permissions.register(
    "identity.review_organisation",
    Permission(
        sentence=_("Review registrations and propose to verify, reject, suspend or restore"),
        duties={Duty.MAKER},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.approve_organisation",
    Permission(
        sentence=_("Agree, as the second person, to a decision about an organisation"),
        duties={Duty.CHECKER},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.read_registrations",
    Permission(sentence=_("Read registrations"), duties={Duty.MAKER, Duty.CHECKER}, capabilities=_STAFF),
)
permissions.register(
    "identity.staff_admin",
    Permission(sentence=_("Open the staff's administration"), duties=_STAFF_DUTIES, capabilities=_STAFF),
)
permissions.register(
    "identity.reference_data",
    Permission(
        sentence=_("Propose changes of reference data"), duties={Duty.SYSTEM_ADMINISTRATOR}, capabilities=_STAFF
    ),
)
permissions.register(
    "identity.approve_reference_data",
    Permission(
        sentence=_("Agree, as the second person, to a change of reference data"),
        duties={Duty.SECURITY_ADMINISTRATOR, Duty.CHECKER},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.look_after_jobs",
    Permission(
        sentence=_("See jobs and propose that a failed one is tried again"),
        duties={Duty.SYSTEM_ADMINISTRATOR},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.approve_job_retry",
    Permission(
        sentence=_("Agree, as the second person, that a failed job is tried again"),
        duties={Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR, Duty.CHECKER},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.read_trail",
    Permission(
        sentence=_("Read who did what in the administration"), duties={Duty.AUDIT_ADMINISTRATOR}, capabilities=_STAFF
    ),
)
permissions.register(
    "identity.grant_support",
    Permission(
        sentence=_("Open a support view of one organisation to a colleague for some hours"),
        duties={Duty.SECURITY_ADMINISTRATOR},
        capabilities=_STAFF,
    ),
)

permissions.register(
    "identity.use_support",
    Permission(
        sentence=_("Look at a customer's pages under a support view that two colleagues granted"),
        duties=_STAFF_DUTIES,
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.approve_support",
    Permission(
        sentence=_("Agree, as the second person, to a support view"),
        duties={Duty.SECURITY_ADMINISTRATOR, Duty.CHECKER},
        capabilities=_STAFF,
    ),
)
permissions.register(
    "identity.read_people",
    Permission(
        sentence=_("See who works for which organisation, without contact data"),
        duties={Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR},
        capabilities=_STAFF,
    ),
)

# Reading pages of a customer that staff may see under a support view; never one's own account, files or keys.
support_pages.PAGES.register(
    "identity",
    frozenset({"identity:organisation", "approvals:inbox", "approvals:detail", "documents:imports", "documents:batch"}),
)

handlers.register(decisions.DECIDE, approval_handlers.DecideOrganisation())
handlers.register(duties.CHANGE_DUTIES, approval_handlers.ChangeDuties())
handlers.register(job_care.RETRY_JOB, approval_handlers.RetryJob())
handlers.register(requests.GRANT_DUTIES, approval_handlers.GrantDuties())
handlers.register(accounts.ADD_ACCOUNT, approval_handlers.AddAccount())
handlers.register(support.GRANT_SUPPORT, approval_handlers.GrantSupport())
handlers.register(reference.CHANGE, approval_handlers.ChangeReferenceData())

for _verb in presenters.HEADLINES:
    _about = "reference" if _verb in ("changed", "job_retried") else "organisation"
    _kind = f"identity.{_about}.{_verb}"
    wording.register(_kind, presenters.organisation_line)

wording.register(support_pages.LOOKED, presenters.looked_line)

identities.register("identity", presenters.frame_identity)
step_up.ASKERS.register("identity", proofs.ask)
standing.CHECKS.register("identity.membership", selectors.membership_holds)

navigation.register(
    "identity.people",
    NavItem(label=_("People"), url_name="identity:people", permission="identity.manage_people", icon="users", order=85),
)
navigation.register(
    "identity.organisation",
    NavItem(label=_("Organisation"), url_name="identity:organisation", icon="building", order=90),
)
navigation.register(
    "identity.registrations",
    NavItem(
        label=_("Registrations"),
        url_name="identity:registrations",
        permission="identity.read_registrations",
        icon="checks",
        order=10,
        count=presenters.registrations_waiting,
    ),
)
navigation.register(
    "identity.support",
    NavItem(
        label=_("Support views"),
        url_name="identity:support_views",
        permission="identity.use_support",
        icon="search",
        order=20,
    ),
)
navigation.register(
    "identity.admin",
    NavItem(
        label=_("Administration"), url_name="admin:index", permission="identity.staff_admin", icon="settings", order=95
    ),
)

domain_events.subscribe(places.UNUSUAL, tasks.MAIL_UNUSUAL)
jobs.schedule(tasks.FORGET_ATTEMPTS, every=timedelta(days=1))

references.register("identity.licences", Reference(selectors.licences_among))
