"""What notifications registers of itself, and the to-dos of the apps below it, which cannot register them."""

from django.utils.translation import gettext_lazy as _

from yingshou.audit import books
from yingshou.documents.steps import NEWS
from yingshou.identity.places import UNUSUAL
from yingshou.jobs import domain_events
from yingshou.notifications import (
    channels,
    given_back,
    imports,
    kinds,
    mail,
    presenters,
    sign_ins,
    standing,
    tasks,
    todo,
)
from yingshou.signing.waiting import GIVEN_BACK
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

classes.register("notifications.Message", RowClass.TENANT)
classes.register("notifications.ChannelChoice", RowClass.TENANT)
books.accounted("notifications.Message", "made from an event of the object it is about")
books.accounted("notifications.ChannelChoice", "a convenience of one person, without effect on anybody's rows")

permissions.register(
    "notifications.read",
    Permission(sentence=_("Read the messages that concern one's duties"), duties=set(Duty)),
)

for what, kind in imports.KINDS.items():
    kinds.register(f"documents.import_{what}", kind)
domain_events.subscribe(NEWS, tasks.OF_IMPORT)
kinds.register(sign_ins.KIND, sign_ins.UNUSUAL)
domain_events.subscribe(UNUSUAL, tasks.OF_SIGN_IN)
kinds.register(given_back.KIND, given_back.GIVEN_BACK)
domain_events.subscribe(GIVEN_BACK, tasks.OF_GIVEN_BACK)

channels.register("mail", channels.Channel(label=_("E-mail"), send=mail.send))

navigation.register(
    "notifications",
    NavItem(
        label=_("Messages"),
        url_name="notifications:inbox",
        permission="notifications.read",
        icon="bell",
        order=90,
        count=presenters.unread_count,
    ),
)

todo.register(
    "approvals.checking",
    todo.TodoProvider(
        groups=standing.checking,
        promise=_("What colleagues submit for your check"),
        permission="approvals.decide",
        order=10,
    ),
)
todo.register(
    "approvals.returned",
    todo.TodoProvider(
        groups=standing.returned,
        promise=_("What a checker sends back to you, with the reason"),
        permission="approvals.withdraw",
        order=20,
    ),
)
todo.register(
    "identity.registrations",
    todo.TodoProvider(
        groups=standing.registrations,
        promise=_("Organisations that have registered and wait to be verified"),
        permission="identity.review_organisation",
        order=30,
    ),
)
