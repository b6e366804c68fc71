"""What signing registers with the shared parts."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from yingshou.audit import wording
from yingshou.jobs.registry import schedule
from yingshou.signing import approvals, books, elicence_providers, elicence_tasks, presenters, purposes, registration
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

for model in (
    "Certificate",
    "SigningRequest",
    "WaitingSignature",
    "SignatureEvidence",
    "SignedLine",
    "LicenceRequest",
    "LicenceHolder",
):
    classes.register(f"signing.{model}", RowClass.TENANT)
for model in ("TrustAnchor", "RevocationList"):
    classes.register(f"signing.{model}", RowClass.REFERENCE)

books.register()

permissions.register(
    "signing.sign",
    Permission(sentence=_("Sign for the organisation with one's own certificate"), duties={Duty.SIGNER}),
)
permissions.register(
    "signing.read",
    Permission(
        sentence=_("Look at signatures and verify them"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR},
    ),
)
permissions.register(
    "signing.certificates",
    Permission(
        sentence=_("See the organisation's signing certificates and withdraw one's own"),
        duties={Duty.SIGNER, Duty.ADMINISTRATOR, Duty.AUDITOR},
    ),
)
permissions.register(
    "signing.withdraw_any",
    Permission(sentence=_("Withdraw a colleague's signing certificate"), duties={Duty.ADMINISTRATOR}),
)

purposes.register(approvals.PURPOSE, approvals.ApprovalPurpose())
purposes.register(registration.PURPOSE, registration.RegistrationPurpose())

for kind in presenters.HEADLINES:
    wording.register(kind, presenters.event_line)

schedule("signing.revocation_lists", every=timedelta(minutes=10))
schedule(elicence_tasks.GO_ON, every=timedelta(minutes=1))
schedule(elicence_tasks.FORGET, every=timedelta(days=1))
elicence_providers.PROVIDERS.register("sample", elicence_providers.SampleProvider())
schedule("signing.waiting_signatures", every=timedelta(minutes=15))

navigation.register(
    "signing",
    NavItem(
        label=_("Certificates"),
        url_name="signing:certificates",
        permission="signing.certificates",
        icon="key",
        order=85,
    ),
)
navigation.register(
    "signing.licence",
    NavItem(
        label=_("Electronic licence"),
        url_name="signing:licence_links",
        icon="building",
        order=86,
        count=presenters.licences_waiting,
    ),
)
