"""What audit registers of itself."""

from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("audit.AuditEvent", RowClass.TENANT)
classes.register("audit.AccessEvent", RowClass.TENANT)
