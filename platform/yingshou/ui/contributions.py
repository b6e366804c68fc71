"""What the shared package must know of this app."""

from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("ui.SavedView", RowClass.TENANT)
