"""What evidence registers of itself."""

from django.utils.translation import gettext_lazy as _

from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission

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
