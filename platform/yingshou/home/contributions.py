"""What the front pages register of themselves."""

from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("home.DailyVisits", RowClass.REFERENCE)
