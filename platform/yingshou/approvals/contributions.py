"""What approvals registers of itself."""

from django.utils.translation import gettext_lazy as _

from yingshou.approvals import books, presenters
from yingshou.audit import wording
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

classes.register("approvals.ApprovalPolicy", RowClass.TENANT)
classes.register("approvals.Approval", RowClass.TENANT)
classes.register("approvals.ApprovalLine", RowClass.TENANT)
books.register()

permissions.register(
    "approvals.read",
    Permission(
        sentence=_("Read what waits for checking and what was decided"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR},
    ),
)
permissions.register(
    "approvals.decide",
    Permission(
        sentence=_("Check what a colleague submitted: approve it or reject it with a reason"),
        duties={Duty.CHECKER, Duty.SIGNER},
    ),
)
permissions.register(
    "approvals.withdraw",
    Permission(sentence=_("Take one's own submission back"), duties={Duty.MAKER}),
)
permissions.register(
    "approvals.policy",
    Permission(
        sentence=_("Set from which amount a second person or a signature is required"),
        duties={Duty.ADMINISTRATOR},
    ),
)

for event in ("submit", "sign", "give_back", "approve", "reject", "withdraw"):
    wording.register(f"approvals.approval.{event}", presenters.approval_line)
wording.register("approvals.approvalpolicy.set", presenters.approval_line)

navigation.register(
    "policies",
    NavItem(
        label=_("Second person and signature"),
        url_name="approvals:policies",
        permission="approvals.policy",
        icon="checklist",
        order=82,
    ),
)
navigation.register(
    "approvals",
    NavItem(
        label=_("Checking"),
        url_name="approvals:inbox",
        permission="approvals.read",
        icon="checklist",
        order=80,
        count=presenters.waiting_count,
    ),
)
