"""The inbox of messages, opening one, and the choice of channels."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yingshou.notifications import actions, selectors
from yingshou.notifications.forms import ChannelForm
from yingshou.notifications.lists import MessageList, record_export
from yingshou.notifications.models import Message
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports


@page("notifications.read")
def inbox(request: AppRequest) -> HttpResponse:
    """What happened, newest first."""
    rows = Message.objects.visible_to(request.actor)
    list_ = MessageList.for_request(rows, request, export_url=reverse("notifications:export"))
    return render(request, "notifications/inbox.html", {"list": list_})


@page("notifications.read", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """The messages as a file."""
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    list_ = MessageList.from_post(Message.objects.visible_to(request.actor), request)
    return exports.respond(list_, form, at=request.at, record=record_export)


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
