"""A supplier's pages of one-time links: make one, see what became of it, take it back, read the signed answer."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from receivables import sheets
from receivables.actions.answer_links import Made, make_link, revoke_link
from receivables.forms.answer_links import LinkForm
from receivables.models import AnswerLink, LinkAnswer, LinkState, Receivable
from receivables.sections import section_of
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to

PARTS = {
    "document.json": "application/json",
    "signed.json": "application/json",
    "signature.p7s": "application/pkcs7-signature",
}
SHOWN = 20


@page("receivables.submit", methods=["GET", "POST"])
@never_cache
def link(request: AppRequest, public_no: str) -> HttpResponse:
    """The links to one claim; a new one is shown once, with its code, its letter and its mail."""
    with transaction.atomic():
        return _link(request, public_no)


def _link(request: AppRequest, public_no: str) -> HttpResponse:
    own = request.actor.organisation_id
    row = get_object_or_404(sheets.rows(request.actor).filter(creditor_id=own), public_no=public_no)
    belongs_to(request, section_of(row, own))
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        language = get_language() or ""
        try:
            made = make_link(row.pk, **said, language=language, by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            # Shown in this very answer, because its address is kept nowhere: a redirect would have to store it.
            return _made(request, row, made)
    rows = list(AnswerLink.objects.visible_to(request.actor).filter(receivable=row).order_by("-pk")[:SHOWN])
    known = [(one, LinkState(one.state(request.at)), one.is_open(request.at)) for one in rows]
    context = {
        "row": row,
        "form": form,
        "links": known,
        "alive": next((one for one, _s, alive in known if alive), None),
    }
    return render(request, "receivables/link.html", context, status=422 if form.errors else 200)


def _made(request: AppRequest, row: Receivable, made: Made) -> HttpResponse:
    picture = segno.make(made.url, error="m").svg_data_uri(scale=4, border=4, light="#fff")
    return render(request, "receivables/link_made.html", {"row": row, "made": made, "picture": picture})


@page("receivables.submit", methods=["POST"])
@idempotent
def revoke(request: AppRequest, link_id: int) -> HttpResponse:
    """Take a link back."""
    found = revoke_link(link_id, by=request.actor, at=request.at)
    messages.success(request, _("Withdrawn. The address leads nowhere from now on."))
    return redirect("receivables:link", found.receivable.public_no)


@page("receivables.view")
def answer_file(request: AppRequest, link_id: int, part: str) -> HttpResponse:
    """A part of a signed answer: what was decided, the bytes that were signed, the signature."""
    rows = LinkAnswer.objects.filter(link__in=AnswerLink.objects.visible_to(request.actor), signed_at__isnull=False)
    answer = get_object_or_404(rows, pk=link_id)
    if part not in PARTS:
        raise Http404
    content = {
        "document.json": answer.document.encode(),
        "signed.json": bytes(answer.payload),
        "signature.p7s": bytes(answer.cms),
    }[part]
    response = HttpResponse(content, content_type=PARTS[part])
    response["Content-Disposition"] = f'attachment; filename="answer-{link_id}-{part}"'
    return response
