"""
A customer's pages as platform staff see them under a grant of two colleagues: read only, for hours, each look on the customer's record.

The address is the customer's own page behind `/support/<grant>/`. Nothing of it exists in the URL tree: the middleware takes the prefix off
for the one person the grant names, and for everybody else the address is a 404 like any other. Each request asks the grant anew,
so that its end, by time or by a colleague, counts at once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import Resolver404, get_script_prefix, resolve, set_script_prefix

from yingshou.audit.events import EventDraft, record
from yingshou.identity import support_pages
from yingshou.identity.grants import SupportGrant
from yingshou.identity.models import Organisation
from yingshou.identity.support_pages import LOOKED, LOOKED_OBJECT, page_address
from yingshou.tenancy.actor import Actor, ActorKind, Duty, acting_as
from yingshou.tenancy.guards import READING

LEAVE = "/organisation/support/"
_PATH = re.compile(r"^/support/([1-9][0-9]{0,17})(/.*)$", re.ASCII)
# The frame's buttons are the colleague's own; they work as if there were no view around them.
PERSONAL = frozenset({"account_logout", "ui:language", "ui:text_size", "ui:keepalive", "identity:profile"})


@dataclass(frozen=True)
class SupportView:
    """What the frame shows of the view in use."""

    grant: SupportGrant

    @property
    def organisation(self) -> Organisation:
        """Whose pages they are."""
        return self.grant.organisation

    @property
    def leave_url(self) -> str:
        """Back to the colleague's own pages: not a page of the customer, so without the prefix."""
        return LEAVE

    def opens(self, url_name: str, address: str) -> bool:
        """Whether the view shows a page; one that is limited to an object shows its page alone."""
        if self.grant.address:
            return address == self.grant.address
        return support_pages.opens(url_name)


class SupportViewMiddleware:
    """Stands inside the middleware that records denials, so that those are told of the person, not of the customer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known: Any = request
        known.support_view = None
        found = _PATH.match(request.path_info)
        if found is None or not known.actor.is_staff_organisation:
            return self.get_response(request)
        grant, inner = known.grants.support.get(int(found[1])), found[2]
        name = _name(inner)
        if grant is None:
            return self.get_response(request)
        if name in PERSONAL:
            if request.method in READING:
                return HttpResponseRedirect(inner)
            request.path_info = inner
            return self.get_response(request)
        view = SupportView(grant)
        if request.method not in READING or not view.opens(name, inner):
            return self.get_response(request)
        return self._looked(known, view, inner)

    def _looked(self, request: Any, view: SupportView, inner: str) -> HttpResponseBase:
        own, prefix, path = request.actor, get_script_prefix(), request.path_info
        request.support_view, request.path_info = view, inner
        request.actor = _looking(own, view.organisation)
        set_script_prefix(page_address(view.grant.pk, "/"))
        try:
            with acting_as(request.actor):
                response = self.get_response(request)
        finally:
            set_script_prefix(prefix)
            request.actor, request.path_info = own, path
        if response.status_code == HTTPStatus.OK:
            # Before the page leaves: what cannot be recorded is not shown.
            with acting_as(own), transaction.atomic():
                _record(view, inner, by=own, request=request)
        return response


def _looking(own: Actor, organisation: Organisation) -> Actor:
    """The colleague as a reader of the customer: the kind makes every transaction READ ONLY."""
    return Actor(
        kind=ActorKind.SUPPORT,
        person_id=own.person_id,
        organisation_id=organisation.pk,
        duties=frozenset({Duty.VIEWER}),
        capabilities=organisation.capability_set,
        request_id=own.request_id,
        label=own.label,
    )


def _record(view: SupportView, inner: str, *, by: Actor, request: Any) -> None:
    record(
        [
            EventDraft(
                kind=LOOKED,
                object_type=LOOKED_OBJECT,
                object_id=view.organisation.pk,
                object_version=None,
                audience=[view.organisation.pk, by.scope_id],
                by=by,
                at=request.at,
                body={
                    "address": inner,
                    "reason": view.grant.reason,
                    "granted_by": list(view.grant.granted_by),
                    "until": view.grant.ends_at,
                    "grant": view.grant.pk,
                },
            )
        ]
    )


def _name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""
