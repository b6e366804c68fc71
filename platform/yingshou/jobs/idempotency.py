"""
One answer per key. The form carries the key as a hidden field, so that a double click, the back button and a repeated
message do once; the row is written first, in the transaction of the work (X8, G7).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.canonical import canonical_json, sha256_hex
from yingshou.kernel.errors import Invalid
from yingshou.tenancy.guards import AppRequest

FIELD = "idempotency_key"
# Fields that differ between two sendings of the same form.
NOT_BODY = frozenset({"csrfmiddlewaretoken", FIELD})


class KeyUsedForOtherContent(Invalid):
    """The same key came back with another body."""

    code = "MSG-004"
    message = _("This form was already sent with other content.")
    cure = _("Open the page again and repeat your change; nothing was changed by this attempt.")


class KeyUnusable(Invalid):
    """The key is missing or longer than 255 characters."""

    code = "MSG-001"
    message = _("This form has no usable key, so that sending it twice could not be told from sending it once.")
    cure = _("Open the page again and send the form from there.")


def idempotent(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """
    Answer a POST once per key: the work and its key commit together, and a repetition gets the first answer.

    Stands inside `@page`. A view that answers a POST with anything but a redirect has done nothing (a form with
    errors), so its transaction is rolled back and the key stays free.

    :raises KeyUsedForOtherContent: if the key was used with another body
    :raises KeyUnusable: if the POST carries no key, or one that is too long
    """

    @wraps(view)
    def once(request: AppRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        key = request.POST.get(FIELD, "")
        if not key or len(key) > 255:
            raise KeyUnusable
        with transaction.atomic():
            known = _claim(request, key)
            if known is not None:
                return HttpResponseRedirect(known)
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponseRedirect):
                _keep(request, key, response.url)
            else:
                transaction.set_rollback(True)
            return response

    return once


def _body_hash(request: AppRequest) -> str:
    fields = {name: request.POST.getlist(name) for name in request.POST if name not in NOT_BODY}
    files = {
        name: [sha256_hex(b"".join(one.chunks())) for one in request.FILES.getlist(name)] for name in request.FILES
    }
    for name in request.FILES:
        for one in request.FILES.getlist(name):
            one.seek(0)
    return sha256_hex(canonical_json({"path": request.path, "fields": fields, "files": files}))


def _owner(request: AppRequest) -> tuple[int, int]:
    return request.actor.organisation_id or 0, request.actor.person_id or 0


def _claim(request: AppRequest, key: str) -> str | None:
    """Write the key; where it is known, the answer of the first time. Waits for a twin that is still at work."""
    digest = _body_hash(request)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into jobs_idempotencykey (organisation_id, person_id, key, route, body_hash, location, at) "
            "values (%s, %s, %s, %s, %s, '', %s) on conflict do nothing",
            # The name, not the path: the path of an invitation carries its secret, and the digest covers the path.
            [
                *_owner(request),
                key,
                request.resolver_match.view_name if request.resolver_match else "",
                digest,
                request.at,
            ],
        )
        if cursor.rowcount:
            return None
        cursor.execute(
            "select body_hash, location from jobs_idempotencykey "
            "where organisation_id = %s and person_id = %s and key = %s",
            [*_owner(request), key],
        )
        known_hash, location = cursor.fetchone()
    if known_hash != digest:
        raise KeyUsedForOtherContent
    return str(location)


def _keep(request: AppRequest, key: str, location: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update jobs_idempotencykey set location = %s where organisation_id = %s and person_id = %s and key = %s",
            [location, *_owner(request), key],
        )
