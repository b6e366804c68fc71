"""The organisation directory in the search box. Identity stands below this app and cannot register it."""

from __future__ import annotations

from django.urls import reverse

from yingshou.home.search import SearchHit, SearchText
from yingshou.identity.models import Organisation
from yingshou.identity.selectors import find_organisation_ids
from yingshou.tenancy.actor import Actor


def find(actor: Actor, text: SearchText, limit: int) -> list[SearchHit]:
    """Organisations by a part of the name or the beginning of the credit code; the directory's index, then its rows."""
    ids = find_organisation_ids(text.credit_code or text.text, limit)
    rows = Organisation.objects.visible_to(actor).in_bulk(ids) if ids else {}
    return [
        SearchHit(
            title=rows[pk].name,
            url=_page_of(actor, rows[pk]),
            detail=rows[pk].uscc,
            exact=bool(text.credit_code) and rows[pk].uscc == text.credit_code,
        )
        for pk in ids
        if pk in rows
    ]


def _page_of(actor: Actor, organisation: Organisation) -> str:
    """Where this actor may look at it: staff its registration, its own people their page; others have none."""
    if actor.may("identity.read_registrations"):
        return reverse("identity:review", args=[organisation.pk])
    return reverse("identity:organisation") if organisation.pk == actor.organisation_id else ""
