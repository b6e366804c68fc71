"""The organisation directory in the search box. Identity stands below this app and cannot register it."""

from __future__ import annotations

from django.urls import reverse

from yingshou.home.search import SearchHit, SearchText
from yingshou.identity.models import Organisation
from yingshou.identity.selectors import find_organisation_ids
from yingshou.tenancy.actor import Actor


def find(actor: Actor, text: SearchText, limit: int) -> list[SearchHit]:
    """An organisation by its whole credit code, or those with a part of the name or the beginning of a code."""
    visible = Organisation.objects.visible_to(actor)
    if text.credit_code:
        found = list(visible.filter(uscc=text.credit_code))
    else:
        ids = find_organisation_ids(text.text, limit)
        rows = visible.in_bulk(ids) if ids else {}
        found = [rows[pk] for pk in ids if pk in rows]
    return [
        SearchHit(title=row.name, url=_page_of(actor, row), detail=row.uscc, exact=row.uscc == text.credit_code)
        for row in found
    ]


def _page_of(actor: Actor, organisation: Organisation) -> str:
    """Where this actor may look at it: staff its registration, its own people their page; others have none."""
    if actor.may("identity.read_registrations"):
        return reverse("identity:review", args=[organisation.pk])
    return reverse("identity:organisation") if organisation.pk == actor.organisation_id else ""
