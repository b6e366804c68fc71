"""What evidence registers of itself."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from yingshou.audit import wording
from yingshou.evidence import presenters, selectors, tasks
from yingshou.jobs import registry as jobs
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Capability, Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

classes.register("evidence.SealedEvent", RowClass.OPERATION)
classes.register("evidence.TreeNode", RowClass.OPERATION)
classes.register("evidence.Checkpoint", RowClass.OPERATION)

permissions.register(
    "evidence.read",
    Permission(
        sentence=_("Read the sealed form of an event and download its receipt"),
        duties={Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR},
    ),
)
permissions.register(
    "evidence.read_books",
    Permission(
        sentence=_("Read what the daily check of the books found"),
        duties={Duty.AUDIT_ADMINISTRATOR, Duty.SYSTEM_ADMINISTRATOR},
        capabilities={Capability.PLATFORM_OPERATOR},
    ),
)

navigation.register(
    "evidence.books",
    NavItem(label=_("Books"), url_name="evidence:books", permission="evidence.read_books", icon="checks", order=30),
)
wording.register(selectors.BOOKS_VERIFIED, presenters.books_line)
jobs.schedule(tasks.VERIFY_BOOKS, every=timedelta(days=1))
