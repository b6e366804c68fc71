"""What tenancy registers of itself."""

from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("tenancy.AccessGrant", RowClass.OPERATION)
