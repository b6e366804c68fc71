"""What the front pages register of themselves, and the organisation directory, whose app stands below this one."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from yingshou.home import directory, first_steps, search, tasks
from yingshou.jobs import registry as jobs
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

classes.register("home.DailyVisits", RowClass.REFERENCE)

permissions.register(
    "home.search",
    Permission(sentence=_("Search by number, name, credit code, amount or date"), duties=set(Duty)),
)

navigation.register("home", NavItem(label=_("To-do list"), url_name="home:front", icon="home", order=0))

search.register(
    "organisations",
    search.SearchProvider(label=_("Organisations"), find=directory.find, permission="home.search", order=90),
)

first_steps.register(
    "people",
    first_steps.FirstStep(
        sentence=_("Invite the colleagues who will enter, check and sign."),
        label=_("Invite colleagues"),
        url_name="identity:people",
        permission="identity.manage_people",
        order=10,
    ),
)

jobs.schedule(tasks.KEEP_VISITS, every=timedelta(minutes=10))
