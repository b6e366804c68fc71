"""
The pages of a debtor without an account: the one-time link, its code, the one claim, the answer, the signature, the receipt.

The address with the token is opened once; from the code on, the browser's session knows which link it is, so that the token
stands in no further address.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from receivables import filters, presenters
from receivables.actions import by_link
from receivables.actions.by_link import LinkClosed, Visitor
from receivables.acts import DEBTORS_ACTS
from receivables.forms.answer_links import CodeForm
from receivables.models import AnswerLink, LinkAnswer, Receivable
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.signing import forms as encoding
from yingshou.signing import sources
from yingshou.signing.views import answering_json, trusted_types
from yingshou.tenancy.actor import Actor, acting_as
from yingshou.tenancy.guards import AppRequest, page

SESSION = "answer_link"
PROOF_LENGTH = 32
GONE = 410

View = Callable[Concatenate[AppRequest, Visitor, ...], HttpResponse]


@page(public=True, methods=["GET", "POST"])
@never_cache
def enter(request: AppRequest, token: str) -> HttpResponse:
    """Who asks, and the code that this supplier says by phone; nothing of the claim before it."""
    with transaction.atomic():
        link_id, actor = by_link.find(token, request_id=request.actor.request_id)
    # A wrong code raises nothing here, so that its count is committed.
    with acting_as(actor), transaction.atomic():
        form = CodeForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            problem = by_link.enter_code(link_id, form.cleaned_data["code"], by=actor, at=request.at)
            if problem is None:
                link = AnswerLink.objects.visible_to(actor).get(pk=link_id)
                request.session.cycle_key()
                request.session[SESSION] = [link.pk, link.receivable_id, link.token_hash[:PROOF_LENGTH]]
                return redirect("receivables:by_link_item")
            form.add_error("code", f"{problem.message_text} {problem.cure_text}".strip())
        found = AnswerLink.objects.visible_to(actor).select_related("receivable__creditor").filter(pk=link_id).first()
        if found is None:
            raise NotVisible
        _note_look(request, Visitor(found, actor))
        context = {"link": found, "creditor": found.receivable.creditor, "form": form}
        if not found.is_open(request.at):
            return _closed(request, found.receivable.creditor)
        return render(request, "receivables/by_link/enter.html", context, status=422 if form.errors else 200)


def visited(view: View) -> Callable[..., HttpResponse]:
    """Let in who entered the code in this browser, in one transaction as the actor that sees the one claim; nobody else."""

    @wraps(view)
    @never_cache
    def visit(request: AppRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with acting_as(_actor(request)) as actor, transaction.atomic():
            visitor = _visitor(request, actor)
            if visitor.link.used_at is None and not visitor.link.is_open(request.at):
                return _closed(request, visitor.link.receivable.creditor)
            if request.method == "GET":
                _note_look(request, visitor)
            return view(request, visitor, *args, **kwargs)

    return visit


def _actor(request: AppRequest) -> Actor:
    kept = request.session.get(SESSION)
    if not isinstance(kept, list) or len(kept) != 3:
        raise NotVisible
    return by_link.actor_of(kept[1], request.actor.request_id)


def _visitor(request: AppRequest, actor: Actor) -> Visitor:
    link_id, _receivable_id, proof = request.session[SESSION]
    rows = AnswerLink.objects.visible_to(actor).select_related("receivable__creditor")
    link = rows.filter(pk=link_id, token_hash__startswith=proof, entered_at__isnull=False).first()
    if link is None:
        raise NotVisible
    return Visitor(link, actor)


@page(public=True)
@visited
def item(request: AppRequest, visitor: Visitor) -> HttpResponse:
    """The one claim, and the four answers."""
    if visitor.link.used_at is not None:
        return redirect("receivables:by_link_receipt")
    return _item(request, visitor, "", None)


@page(public=True, methods=["POST"])
@visited
def choose(request: AppRequest, visitor: Visitor, name: str) -> HttpResponse:
    """Keep an answer and go on to its signature."""
    act = DEBTORS_ACTS.get(name)
    if act is None:
        raise Http404
    row = by_link.waiting_claim(visitor)
    form = act.form(request.POST, rows=[row], auto_id=f"{name}_%s")
    if form.is_valid():
        try:
            by_link.prepare_answer(visitor, act.event, form.answer_for(row), at=request.at)
        except LinkClosed:
            return _closed(request, row.creditor)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            return redirect("receivables:by_link_sign")
    return _item(request, visitor, name, form)


def _item(request: AppRequest, visitor: Visitor, name: str, bound: Any) -> HttpResponse:
    row = _with_papers(visitor)
    if not row.is_waiting_for_debtor:
        return _closed(request, visitor.link.receivable.creditor)
    forms = {
        key: bound if key == name and bound is not None else act.form(rows=[row], auto_id=f"{key}_%s")
        for key, act in DEBTORS_ACTS.items()
    }
    context = {"row": row, "link": visitor.link, "acts": DEBTORS_ACTS, "forms": forms, "chosen": name}
    return render(request, "receivables/by_link/item.html", context, status=422 if bound is not None else 200)


@page(public=True)
@visited
@trusted_types
def sign(request: AppRequest, visitor: Visitor) -> HttpResponse:
    """What is answered, in words, with its effect; then the key file of the debtor's certificate."""
    if visitor.link.used_at is not None:
        return redirect("receivables:by_link_receipt")
    answer = _answer(visitor)
    row = by_link.waiting_claim(visitor)
    act = _act(answer)
    subject = by_link.subject_of(answer, row, title=act.title, effect=act.effect)
    (total,) = subject.body["totals"]
    shown = {
        "root": subject.manifest_root.hex(),
        "total": f"{total['amount']} {total['currency']}",
        "uscc": row.debtor_uscc,
        "language": "en" if get_language() == "en" else "zh",
    }
    context = {
        "row": _with_papers(visitor),
        "act": act,
        "answer": answer,
        "amount": total["amount"],
        "subject": subject,
        "purpose": by_link.purpose_of(answer),
        "object_id": row.pk,
        "shown": shown,
        "back": reverse("receivables:by_link_item"),
        "prepare_url": reverse("receivables:by_link_prepare"),
        "complete_url": reverse("receivables:by_link_complete"),
        "verb": _("Sign"),
        **_words(answer),
    }
    return render(request, "receivables/by_link/sign.html", context)


@page(public=True, methods=["POST"])
@answering_json
@visited
def prepare(request: AppRequest, visitor: Visitor) -> HttpResponse:
    """Take a certificate; answer the document and the attributes to sign."""
    sources.refresh(at=request.at)
    answer = _answer(visitor)
    row = by_link.waiting_claim(visitor)
    act = _act(answer)
    found = by_link.offer_signature(
        visitor,
        by_link.subject_of(answer, row, title=act.title, effect=act.effect),
        encoding.decoded(request.POST.get("certificate", "")),
        encoding.decoded_all(request.POST.getlist("chain")),
        at=request.at,
    )
    return JsonResponse(
        {
            "request": visitor.link.pk,
            "payload": encoding.encoded(found.payload),
            "attributes": encoding.encoded(found.attributes),
            "digest": found.digest,
        }
    )


@page(public=True, methods=["POST"])
@answering_json
def complete(request: AppRequest) -> HttpResponse:
    """Take the signature; verify, keep, carry out. In no transaction of its own: the proof of time is fetched between two."""
    value = encoding.decoded(request.POST.get("signature", ""))
    with acting_as(_actor(request)) as actor:
        with transaction.atomic():
            visitor = _visitor(request, actor)
        sources.refresh(at=request.at)
        by_link.sign(visitor, value, at=request.at)
    return JsonResponse({"url": reverse("receivables:by_link_receipt")})


@page(public=True)
@visited
def receipt(request: AppRequest, visitor: Visitor) -> HttpResponse:
    """What was answered, signed with what, when; to print."""
    if visitor.link.used_at is None:
        raise NotVisible
    answer = _answer(visitor)
    row = _with_papers(visitor)
    context = {"row": row, "link": visitor.link, "answer": answer, "act": _act(answer), **_words(answer)}
    return render(request, "receivables/by_link/receipt.html", context)


def _with_papers(visitor: Visitor) -> Receivable:
    """The claim with its invoices."""
    return filters.with_papers(Receivable.objects.visible_to(visitor.actor).select_related("creditor")).get()


def _answer(visitor: Visitor) -> LinkAnswer:
    answer = LinkAnswer.objects.filter(pk=visitor.link.pk).first()
    if answer is None:
        raise NotVisible
    return answer


def _act(answer: LinkAnswer) -> Any:
    return next(act for act in DEBTORS_ACTS.values() if act.event == answer.event)


def _words(answer: LinkAnswer) -> dict[str, Any]:
    """The answer's reason and statements, in words."""
    said = answer.said
    code = str(said.get("reason_code") or "")
    statements = []
    if said.get("delivery_accepted") is not None:
        statements.append(_("Delivery accepted") if said["delivery_accepted"] else _("Delivery not wholly accepted"))
    if said.get("set_off_known") is not None:
        statements.append(
            _("we have counter-claims that may be set off") if said["set_off_known"] else _("no set-off is known")
        )
    return {
        "reason": presenters.reason_words(code) if code else "",
        "comment": said.get("comment", ""),
        "statements": statements,
    }


def _note_look(request: AppRequest, visitor: Visitor) -> None:
    """Ask for the note of a look; it is written after this reading, in a transaction of its own."""
    note = partial(by_link.note_look, visitor.link.pk, by=visitor.actor, at=request.at)
    request.afterwards = (visitor.actor, note)


def _closed(request: AppRequest, creditor: Organisation) -> HttpResponse:
    context = {"creditor": creditor, "error": LinkClosed()}
    return render(request, "receivables/by_link/closed.html", context, status=GONE)
