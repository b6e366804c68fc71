"""The public log of checkpoints, the receipt of one event for those who may see it, and the books for staff."""

import base64
import json

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from yingshou.audit import wording
from yingshou.audit.models import AuditEvent
from yingshou.evidence import selectors
from yingshou.kernel.errors import NotVisible
from yingshou.tenancy.guards import AppRequest, page


@page(public=True)
def log(request: AppRequest) -> HttpResponse:
    """What the sealed history is, its newest checkpoint and the key, for whoever wants to keep a copy."""
    return render(request, "evidence/log.html", {"checkpoint": selectors.latest(), "key": selectors.public_key()})


@page(public=True)
def checkpoint(request: AppRequest) -> HttpResponse:
    """The newest signed note, as text."""
    newest = selectors.latest()
    if newest is None:
        raise Http404
    return HttpResponse(newest.note, content_type="text/plain; charset=utf-8")


@page(public=True)
def consistency(request: AppRequest) -> HttpResponse:
    """The proof that the tree only grew between two sizes."""
    first, second = request.GET.get("first", ""), request.GET.get("second", "")
    if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in (first, second)):
        raise Http404
    proof = selectors.consistency(int(first), int(second))
    if proof is None:
        raise Http404
    return HttpResponse(
        json.dumps(
            {"first": int(first), "second": int(second), "proof": [base64.b64encode(one).decode() for one in proof]}
        ),
        content_type="application/json",
    )


@page("evidence.read_books")
def books(request: AppRequest) -> HttpResponse:
    """The last readings of the books, and what each book states."""
    readings = selectors.readings(request.actor)
    newest = readings[0] if readings else None
    context = {"readings": readings, "newest": newest, "statements": selectors.statements(newest)}
    return render(request, "evidence/books.html", context)


@page("evidence.read")
def event(request: AppRequest, event_id: int) -> HttpResponse:
    """One event as it was sealed: its fields, its place, whether it still leads to the signed root."""
    row = _event(request, event_id)
    found = selectors.receipt(row)
    return render(
        request,
        "evidence/event.html",
        {
            "line": wording.line(row),
            "event": row,
            "receipt": found,
            "fields": found.row.ordered if found else [],
            "verdict": _verdict(found),
        },
    )


@page("evidence.read")
def receipt(request: AppRequest, event_id: int) -> HttpResponse:
    """The receipt as a file that anybody can check without us."""
    found = selectors.receipt(_event(request, event_id))
    if found is None:
        raise NotVisible
    answer = HttpResponse(
        json.dumps(found.document(), ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="receipt-{event_id}.json"'
    return answer


def _event(request: AppRequest, event_id: int) -> AuditEvent:
    return get_object_or_404(AuditEvent.objects.visible_to(request.actor), pk=event_id)


def _verdict(found: selectors.Receipt | None) -> tuple[str, str]:
    """Tone and sentence."""
    if found is None:
        return "wait", _("This event waits to be sealed; it happens within a minute.")
    if found.intact:
        return "good", _("Unchanged since it was sealed: it leads to the signed root of checkpoint %(size)s.") % {
            "size": found.checkpoint.size
        }
    return "bad", _("This event does not fit the sealed history any more. Tell the platform's audit administrator.")
