"""The front page in its two forms, the public pages, help, and search."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from yingshou.home import first_steps, search, visits
from yingshou.home.diagrams import diagram_of
from yingshou.home.figures import figures_for, picture_for
from yingshou.home.modes import BY_SLUG, MODES, WHO_LABELS
from yingshou.home.presenters import starts_of, todo_page
from yingshou.notifications.todo import groups_for, providers_for
from yingshou.tenancy.guards import AppRequest, page


@page(public=True)
def front(request: AppRequest) -> HttpResponse:
    """Signed in: what waits for me. Otherwise: what this platform is."""
    if request.actor.is_signed_in:
        return _todo(request)
    return _introduction(request)


@page(public=True)
def introduction(request: AppRequest) -> HttpResponse:
    """What the platform is, the six modes, today's visits (F001, F002)."""
    return _introduction(request)


@page(public=True)
def mode(request: AppRequest, slug: str) -> HttpResponse:
    """One mode: its steps as a diagram and in words, who does what, what it is good for, where to start."""
    found = BY_SLUG.get(slug)
    if found is None:
        raise Http404
    context = {
        "mode": found,
        "modes": MODES,
        "diagram": diagram_of(found),
        "steps": [(WHO_LABELS[step.who], step) for step in found.steps],
        "gains": [(WHO_LABELS[gain.who] if gain.who else "", gain.sentence) for gain in found.gains],
        "starts": starts_of(found, is_signed_in=request.actor.is_signed_in),
    }
    return _public(request, "home/mode.html", context)


@page(public=True)
def help_page(request: AppRequest) -> HttpResponse:
    """Accessibility, and help for the first minutes."""
    return _public(request, "home/help.html", {})


@page(public=True)
def keys(request: AppRequest) -> HttpResponse:
    """What can be done from the keyboard."""
    return _public(request, "home/keys.html", {})


@page("home.search")
def search_page(request: AppRequest) -> HttpResponse:
    """What was typed, found: the one object at once, else everything that fits, by kind."""
    text = search.SearchText.read(request.GET.get("q", ""))
    groups = search.find(request.actor, text) if text.text else []
    hit = search.only_exact_hit(groups)
    if hit is not None and hit.url:
        return HttpResponseRedirect(hit.url)
    labels = [provider.label for provider in search.providers_for(request.actor)]
    return render(request, "home/search.html", {"text": text, "groups": groups, "labels": labels})


def _todo(request: AppRequest) -> HttpResponse:
    actor, at = request.actor, request.at
    groups = groups_for(actor, at)
    context = {
        "todo": todo_page(groups),
        "figures": figures_for(actor, at),
        "picture": picture_for(actor, at),
        "promises": [] if groups else [provider.promise for provider in providers_for(actor)],
        "first_steps": [] if groups else first_steps.steps_for(actor),
        "membership": getattr(request, "membership", None),
    }
    return render(request, "home/todo.html", context)


def _introduction(request: AppRequest) -> HttpResponse:
    return _public(request, "home/introduction.html", {"modes": MODES, "visits": visits.shown(request.at)})


def _public(request: AppRequest, template: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, template, context)
    visits.count(request, response)
    return response
