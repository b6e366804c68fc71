"""Writes of the frame: saved views of lists."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Conflict, Invalid, NotVisible
from yingshou.tenancy.actor import Actor
from yingshou.ui.models import NAME_LENGTH, QUERY_LENGTH, SavedView

# What belongs to one look at the list, not to the view.
NOT_SAVED = frozenset({"after", "before", "view"})
VIEWS_PER_LIST = 20


class SavedViewUnnamed(Invalid):
    """The view has no name, or one that is too long."""

    code = "UI-001"
    message = _("Give the view a name of at most %(length)s characters.")


class TooManySavedViews(Conflict):
    """The person keeps as many views of this list as a menu can hold."""

    code = "UI-002"
    message = _("You already keep %(limit)s views of this list.")
    cure = _("Delete one that you no longer need, then save this one.")


@transaction.atomic
def save_view(*, list_name: str, name: str, query: str, by: Actor) -> SavedView:
    """
    Keep a list's filters and order under a name; the same name again replaces the view.

    :raises SavedViewUnnamed: if the name is empty or too long
    :raises TooManySavedViews: if the person keeps the highest number already
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise SavedViewUnnamed(length=NAME_LENGTH)
    kept = [(key, value) for key, value in parse_qsl(query.lstrip("?")) if key not in NOT_SAVED]
    others = SavedView.objects.visible_to(by).filter(list_name=list_name).exclude(name=name)
    if others.count() >= VIEWS_PER_LIST:
        raise TooManySavedViews(limit=VIEWS_PER_LIST)
    assert by.organisation_id is not None, "the page is for signed-in people"
    assert by.person_id is not None, "the page is for signed-in people"
    view, _created = SavedView.objects.update_or_create(
        organisation_id=by.organisation_id,
        person_id=by.person_id,
        list_name=list_name[:80],
        name=name,
        defaults={"query": urlencode(kept)[:QUERY_LENGTH]},
    )
    return view


@transaction.atomic
def delete_view(*, view_id: int, by: Actor) -> None:
    """
    Forget one of the person's own views.

    :raises NotVisible: if the person has no such view
    """
    deleted, _by_model = SavedView.objects.visible_to(by).filter(pk=view_id).delete()
    if not deleted:
        raise NotVisible
