"""The inbox of messages, opening one, and the choice of channels."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yingshou.notifications import actions, selectors
from yingshou.notifications.forms import ChannelForm
from yingshou.notifications.kinds import KINDS, kinds_for
from yingshou.tenancy.guards import AppRequest, page


@page("notifications.read")
def inbox(request: AppRequest) -> HttpResponse:
    """What happened, newest first; filters live in the address."""
    data = request.GET
    before = data.get("before", "")
    text = data.get("q", "").strip()[:100]
    found = selectors.inbox(
        request.actor,
        before=int(before) if before.isdecimal() and len(before) <= 18 else None,
        unread_only=data.get("unread") == "1",
        text=text,
        kind=data.get("kind", ""),
    )
    context = {
        "inbox": found,
        "text": text,
        "unread_only": data.get("unread") == "1",
        "kind": data.get("kind", ""),
        "kinds": [(name, KINDS.get(name).label) for name in kinds_for(request.actor)],
        "is_filtered": bool(text or data.get("unread") or data.get("kind")),
    }
    return render(request, "notifications/inbox.html", context)


@page("notifications.read", methods=["POST"])
def open_message(request: AppRequest, message_id: int) -> HttpResponse:
    """Mark a message as read and go where it leads."""
    return HttpResponseRedirect(actions.open_message(message_id, by=request.actor, at=request.at))


@page("notifications.read", methods=["POST"])
def read_all(request: AppRequest) -> HttpResponse:
    """Mark what stood on the page, and everything older, as read."""
    up_to = request.POST.get("up_to", "")
    known = up_to.isdecimal() and len(up_to) <= 18
    count = actions.read_all(up_to=int(up_to) if known else 0, by=request.actor, at=request.at)
    messages.info(
        request, ngettext("%(n)d message marked as read.", "%(n)d messages marked as read.", count) % {"n": count}
    )
    return redirect("notifications:inbox")


@page("notifications.read", methods=["GET", "POST"])
def settings(request: AppRequest) -> HttpResponse:
    """Through which channels one wants to hear of this organisation's messages."""
    if request.method == "POST":
        form = ChannelForm(request.POST)
        if form.is_valid():
            actions.choose_channels(form.cleaned_data["channels"], by=request.actor, at=request.at)
            messages.success(request, _("Your choice is kept. It counts for this organisation."))
            return redirect("notifications:settings")
    else:
        form = ChannelForm(initial={"channels": sorted(selectors.chosen_channels(request.actor))})
    return render(request, "notifications/settings.html", {"form": form}, status=422 if form.errors else 200)
