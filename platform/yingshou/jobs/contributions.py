"""What jobs registers of itself."""

from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("jobs.Job", RowClass.TENANT)
classes.register("jobs.IdempotencyKey", RowClass.TENANT)
