"""The signing page and its two calls, the certificates of an organisation, the details behind a seal."""

import json
from collections.abc import Callable
from functools import wraps
from typing import cast

from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval
from yingshou.approvals.selectors import says
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.signing import actions, elicence_providers, forms, presenters, selectors, sources, waiting
from yingshou.signing.approvals import PURPOSE as APPROVAL
from yingshou.signing.errors import SignatureRefused
from yingshou.signing.keeping import Origin
from yingshou.signing.models import (
    Certificate,
    RevocationList,
    SignatureEvidence,
    SignatureFormat,
    SignedLine,
    TrustAnchor,
    trusted_at,
)
from yingshou.signing.purposes import PURPOSES
from yingshou.signing.registration import PURPOSE as REGISTRATION
from yingshou.tenancy.addresses import client_address
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to

LINES_SHOWN = 50


def trusted_types(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """No string may become script on the pages that handle a key file."""
    update = csp_update({"require-trusted-types-for": ["'script'"], "trusted-types": ["'none'"]})
    return cast("Callable[..., HttpResponse]", update(view))


@page("signing.sign", step_up=True)
@trusted_types
def sign(request: AppRequest, approval_id: int) -> HttpResponse:
    """What would be signed, with its sum and its effect; choose the key file, type the PIN, sign."""
    approval = get_object_or_404(Approval.objects.visible_to(request.actor), pk=approval_id)
    if approval.waits_for_proof:
        return redirect("signing:result", approval_id)
    subject = PURPOSES.get(APPROVAL).subject(approval_id, by=request.actor, at=request.at)
    context = {
        "subject": subject,
        "approval": approval,
        "says": says(approval),
        "purpose": APPROVAL,
        "object_id": approval_id,
        "shown": presenters.shown(subject, organisation_id=approval.organisation_id),
        "licences": elicence_providers.is_set_up(),
    }
    belongs_to(request, reverse("approvals:inbox"))
    return render(request, "signing/sign.html", context)


@page("signing.sign", step_up=True)
@trusted_types
def register(request: AppRequest) -> HttpResponse:
    """Register a certificate by signing with it."""
    object_id = request.actor.person_id or 0
    subject = PURPOSES.get(REGISTRATION).subject(object_id, by=request.actor, at=request.at)
    context = {
        "subject": subject,
        "purpose": REGISTRATION,
        "object_id": object_id,
        "shown": presenters.shown(subject, organisation_id=request.actor.organisation_id or 0),
    }
    return render(request, "signing/register.html", context)


def answering_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer anticipated errors as the error object, for the script of the signing page."""

    @wraps(view)
    def answer(request: AppRequest) -> HttpResponse:
        try:
            return view(request)
        except DomainError as error:
            return JsonResponse(error.as_dict(), status=error.status)

    return answer


@page("signing.sign", methods=["POST"], step_up=True)
@answering_json
def prepare(request: AppRequest) -> HttpResponse:
    """Take a certificate; answer the document and the attributes to sign."""
    purpose = request.POST.get("purpose", "")
    if purpose not in dict(PURPOSES.items()):
        raise NotVisible
    sources.refresh(at=request.at)
    prepared = actions.prepare(
        purpose,
        forms.identifier(request.POST.get("object", "")),
        forms.decoded(request.POST.get("certificate", "")),
        forms.decoded_all(request.POST.getlist("chain")),
        by=request.actor,
        at=request.at,
    )
    row = prepared.request
    return JsonResponse(
        {
            "request": row.pk,
            "payload": forms.encoded(bytes(row.payload)),
            "attributes": forms.encoded(bytes(row.attributes)),
            "digest": prepared.algorithm.digest.replace("sha", "SHA-"),
        }
    )


@page("signing.sign", methods=["POST"], step_up=True)
@answering_json
def complete(request: AppRequest) -> HttpResponse:
    """Take the signature; verify, fetch its proof, store, carry out; answer where the result is shown."""
    request_id = forms.identifier(request.POST.get("request", ""))
    value = forms.decoded(request.POST.get("signature", ""))
    sources.refresh(at=request.at)
    origin = Origin(device=request.headers.get("User-Agent", ""), ip=client_address(request))
    try:
        found = waiting.sign(request_id, value, by=request.actor, at=request.at, origin=origin)
    except SignatureRefused as error:
        actions.keep_refusal(request_id, error, by=request.actor, at=request.at)
        raise
    if found.purpose == APPROVAL:
        return JsonResponse({"url": reverse("signing:result", args=[found.object_id])})
    if isinstance(found, SignatureEvidence):
        messages.success(request, _("Certificate registered. You can sign with it now."))
    return JsonResponse({"url": reverse("signing:certificates")})


@page("signing.read")
def result(request: AppRequest, approval_id: int) -> HttpResponse:
    """What became of a signed batch: done, not done with reasons, the seal."""
    approval = get_object_or_404(Approval.objects.visible_to(request.actor), pk=approval_id)
    belongs_to(request, reverse("approvals:inbox"))
    if approval.waits_for_proof:
        row = selectors.waiting_for_proof("approvals.approval", approval.pk, by=request.actor)
        handler = HANDLERS.get(approval.action)
        return render(request, "signing/waiting.html", {"approval": approval, "handler": handler, "row": row})
    if approval.signature_id is None or approval.done_count is None:
        raise Http404
    context = {
        "approval": approval,
        "handler": HANDLERS.get(approval.action),
        "refused_count": approval.line_count - approval.done_count,
        "refused": presenters.refused_lines(approval),
        "seal": selectors.seal_of_evidence(approval.signature_id, by=request.actor, at=request.at),
    }
    return render(request, "signing/result.html", context)


@page("signing.sign")
def manifest(request: AppRequest, approval_id: int) -> HttpResponse:
    """Every document the Merkle root stands for, to read before signing."""
    approval = get_object_or_404(Approval.objects.visible_to(request.actor), pk=approval_id)
    documents = approval.lines.order_by("position").values_list("document", flat=True)
    listed = {
        "root": bytes(approval.manifest_root).hex(),
        "tree": "RFC 6962, SHA-256",
        "count": approval.line_count,
        "documents": [json.loads(document) for document in documents],
    }
    content = json.dumps(listed, ensure_ascii=False, indent=1).encode()
    return _download(content, f"manifest-{approval_id}.json", "application/json")


@page("signing.certificates")
def certificates(request: AppRequest) -> HttpResponse:
    """The signing certificates of the organisation, where each stands, and the authorities the platform trusts."""
    rows = Certificate.objects.visible_to(request.actor).select_related("person").order_by("-pk")
    context = {
        "standings": selectors.standings(list(rows[:200]), at=request.at),
        "anchors": TrustAnchor.objects.filter(trusted_at(request.at)).order_by("pk"),
        "registering": selectors.waiting_for_proof("identity.person", request.actor.person_id or 0, by=request.actor),
        "given_back": presenters.given_back(selectors.last_waiting("identity.person", by=request.actor)),
        "may_sign": request.actor.may("signing.sign"),
        "may_withdraw_any": request.actor.may("signing.withdraw_any"),
    }
    return render(request, "signing/certificates.html", context)


@page("signing.certificates", methods=["POST"], step_up=True)
@idempotent
def withdraw(request: AppRequest, certificate_id: int) -> HttpResponse:
    """Take a certificate out of use here."""
    certificate = actions.withdraw_certificate(certificate_id, by=request.actor, at=request.at)
    messages.success(request, _("Certificate %(serial)s withdrawn.") % {"serial": certificate.serial})
    return redirect("signing:certificates")


@page("signing.read")
def evidence(request: AppRequest, evidence_id: int) -> HttpResponse:
    """Who signed what, when, with which certificate; verified again now."""
    found = get_object_or_404(SignatureEvidence.objects.visible_to(request.actor), pk=evidence_id)
    problem = selectors.judge(found)
    lines = list(
        SignedLine.objects.visible_to(request.actor).filter(evidence=found).order_by("leaf_index")[: LINES_SHOWN + 1]
    )
    document = json.loads(bytes(found.payload))
    language = presenters.reader_language()
    context = {
        "evidence": found,
        "title": document["purpose"][language],
        "legal_effect": document["legal_effect"][language],
        "seal": selectors.seal_of(found, problem, at=request.at),
        "problem": problem,
        "chain": presenters.chain_links(found),
        "lists": presenters.list_rows(found),
        "statuses": presenters.status_rows(found),
        "timestamp": presenters.stamp_row(found),
        "lines": [(line, selectors.judge_line(line) is None) for line in lines[:LINES_SHOWN]],
        "more_lines": len(lines) > LINES_SHOWN,
        "own": found.organisation_id == request.actor.organisation_id,
        "total": presenters.total_of(found),
        "root": bytes(found.manifest_root).hex(),
        "command": presenters.openssl_command(found),
        "licence": presenters.licence_facts(found),
    }
    return render(request, "signing/evidence.html", context)


@page("signing.read")
def evidence_file(request: AppRequest, evidence_id: int, part: str) -> HttpResponse:
    """One file of the evidence: signature, signed document, chain, revocation lists and answers, timestamp."""
    found = get_object_or_404(SignatureEvidence.objects.visible_to(request.actor), pk=evidence_id)
    licence = {
        "certificate.pem": presenters.pem([bytes(found.certificate_der)]),
        "assertion.json": bytes(found.assertion),
        "assertion.bin": bytes(found.assertion_signature),
    }
    if found.format == SignatureFormat.ELICENSE and part in licence:
        return _download(licence[part], part, "application/octet-stream")
    if part == "signature.p7s" and found.format == SignatureFormat.CMS:
        return _download(bytes(found.cms), part, "application/pkcs7-signature")
    if part == "document.json":
        return _download(bytes(found.payload), part, "application/json")
    if part == "timestamp.tst" and found.timestamp_token:
        return _download(bytes(found.timestamp_token), part, "application/timestamp-token")
    if part == "signature.bin":
        return _download(bytes(found.value), part, "application/octet-stream")
    if part == "timestamp-authority.pem" and found.timestamp_token:
        return _download(presenters.pem(selectors.timestamp_roots(found)), part, "application/x-pem-file")
    for number, der in enumerate(found.ocsp_responses, start=1):
        if part == f"status-{number}.ors":
            return _download(bytes(der), part, "application/ocsp-response")
    if part == "chain.pem":
        return _download(presenters.pem([bytes(der) for der in found.chain]), part, "application/x-pem-file")
    for number, pk in enumerate(found.revocation_list_ids, start=1):
        if part == f"revocation-{number}.crl":
            return _download(bytes(get_object_or_404(RevocationList, pk=pk).der), part, "application/pkix-crl")
    raise Http404


@page("signing.read")
def line_file(request: AppRequest, line_id: int, part: str) -> HttpResponse:
    """One file of a signed line: its document, or its inclusion proof."""
    line = get_object_or_404(SignedLine.objects.visible_to(request.actor).select_related("evidence"), pk=line_id)
    if part == "line.json":
        return _download(line.document.encode(), part, "application/json")
    if part == "proof.json":
        return _download(presenters.proof_file(line), part, "application/json")
    raise Http404


def _download(content: bytes, name: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
