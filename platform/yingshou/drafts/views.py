"""Saving, discarding and finding drafts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from yingshou.drafts import actions, selectors
from yingshou.drafts.actions import Form, Saved
from yingshou.drafts.kinds import address_of
from yingshou.jobs.idempotency import FIELD
from yingshou.kernel.clock import SHANGHAI
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page


@page(signed_in=True, methods=["POST"])
def save(request: AppRequest) -> HttpResponse:
    """Keep the form as it is: asked by its script after each change, and by its button without scripts."""
    if request.headers.get("Accept") != "application/json":
        return _by_button(request, _save(request))
    try:
        saved = _save(request)
    except DomainError as error:
        return JsonResponse({"words": f"{error.message_text} {error.cure_text}".strip()}, status=error.status)
    answer = {
        "words": _("Saved %(time)s") % {"time": f"{saved.draft.saved_at.astimezone(SHANGHAI):%H:%M}"},
        "revision": saved.draft.revision,
        "files": {name: one.name for name, one in saved.files.items()},
        "problems": {name: f"{one.message_text} {one.cure_text}".strip() for name, one in saved.problems.items()},
    }
    return JsonResponse(answer)


@page(signed_in=True, methods=["POST"])
def discard(request: AppRequest) -> HttpResponse:
    """Forget a draft of one's own."""
    if actions.discard(request.POST.get("draft_key", ""), by=request.actor):
        messages.info(request, _("The draft is discarded."))
    return _back(request)


@page(signed_in=True)
def begun(request: AppRequest) -> HttpResponse:
    """Everything one has begun and not sent."""
    return render(request, "drafts/begun.html", {"entries": selectors.entries(request.actor)})


def _save(request: AppRequest) -> Saved:
    data = request.POST
    form = Form(
        data.get("draft_kind", ""), data.get(FIELD, ""), data.get("draft_subject", ""), data.get("draft_variant", "")
    )
    shown = data.get("draft_revision", "")
    return actions.save(
        form,
        {name: data.getlist(name) for name in data},
        by=request.actor,
        at=request.at,
        uploads=actions.uploads_of(request),
        removed=data.getlist("draft_remove"),
        revision=int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 9 else None,
    )


def _by_button(request: AppRequest, saved: Saved) -> HttpResponseRedirect:
    """Back to the form after a file was taken off or refused; else away, to go on later."""
    for problem in saved.problems.values():
        messages.error(request, f"{problem.message_text} {problem.cure_text}".strip())
    if saved.problems or "draft_remove" in request.POST:
        return HttpResponseRedirect(address_of(saved.draft))
    kind = Form(saved.draft.kind, saved.draft.key).registered
    ends = saved.draft.ends_at.astimezone(SHANGHAI)
    messages.info(request, _("Your draft is kept until %(day)s; only you see it.") % {"day": f"{ends:%Y-%m-%d}"})
    return redirect(kind.later)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """The page the button stood on, if it is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target) if ours else redirect("drafts:begun")
