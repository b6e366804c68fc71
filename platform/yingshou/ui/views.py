"""The frame's own switches, saved views and the gallery of components."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import actions
from yingshou.ui.context_processors import TEXT_SIZES
from yingshou.ui.gallery import samples

YEAR = 365 * 24 * 3600


@page(public=True, methods=["POST"])
def language(request: AppRequest) -> HttpResponse:
    """Remember the language the reader chose and return to the page."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@page(public=True, methods=["POST"])
def text_size(request: AppRequest) -> HttpResponse:
    """Remember the size of text the reader chose and return to the page."""
    response = _back(request)
    chosen = request.POST.get("size", "")
    if chosen in TEXT_SIZES:
        response.set_cookie(
            settings.TEXT_SIZE_COOKIE_NAME,
            chosen,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@page(public=True, methods=["POST"])
def keepalive(request: AppRequest) -> HttpResponse:
    """Say whether the session still lives; the request itself has renewed it. 204 alive, 401 ended."""
    return HttpResponse(status=204 if request.actor.is_signed_in else 401)


@page(signed_in=True, methods=["POST"])
def save_view(request: AppRequest) -> HttpResponse:
    """Keep a list's filters under a name."""
    data = request.POST
    try:
        view = actions.save_view(
            list_name=data.get("list", ""), name=data.get("name", ""), query=data.get("query", ""), by=request.actor
        )
    except DomainError as error:
        messages.error(request, f"{error.message_text} {error.cure_text}".strip())
    else:
        messages.info(request, _("The view “%(name)s” is kept.") % {"name": view.name})
    return _back(request)


@page(signed_in=True, methods=["POST"])
def delete_view(request: AppRequest) -> HttpResponse:
    """Forget a saved view."""
    identifier = request.POST.get("view", "")
    actions.delete_view(view_id=int(identifier) if identifier.isdecimal() else 0, by=request.actor)
    messages.info(request, _("The view is deleted."))
    return _back(request)


@page(signed_in=True)
def gallery(request: AppRequest) -> HttpResponse:
    """Every component in every state; nothing on it is real."""
    return render(request, "ui/gallery.html", samples(request))


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """The page the form stood on, if it is one of ours."""
    target = request.POST.get("next", "/")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if ours else "/")
