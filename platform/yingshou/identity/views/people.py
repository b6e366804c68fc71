"""The administrator's pages: people, invitations, duties; and the page an invited person sees."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.identity import labels, selectors
from yingshou.identity.actions import appointments, people, requests
from yingshou.identity.actions.registration import AdministratorDraft
from yingshou.identity.errors import NotYours
from yingshou.identity.forms import AcceptForm, DutiesForm, InviteForm
from yingshou.identity.models import DutyRequest, Membership, Organisation
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page

_MANAGE = "identity.manage_people"
_ASKED = gettext_lazy(
    "You are the only administrator, so two of the platform's staff decide about these duties; nothing has changed yet."
)


@page(_MANAGE)
def list_people(request: AppRequest) -> HttpResponse:
    """Who works for the organisation, who was invited, which changes wait for another administrator."""
    organisation_id = request.actor.scope_id
    context = {
        "members": selectors.members(organisation_id),
        "invites": selectors.open_invites(organisation_id, request.at),
        "requests": selectors.open_duty_requests(organisation_id),
        "changes": [_change(approval) for approval in selectors.open_duty_changes(organisation_id)],
        "organisation": Organisation.objects.get(pk=organisation_id),
        "is_factor_always": request.actor.is_staff_organisation,
    }
    return render(request, "identity/people.html", context)


@page(_MANAGE, methods=["GET", "POST"], step_up=True)
@idempotent
def invite(request: AppRequest) -> HttpResponse:
    """Invite a person by mail."""
    form = InviteForm(request.POST or None, capabilities=request.actor.capabilities)
    if request.method == "POST" and form.is_valid():
        try:
            row = people.invite(**form.cleaned_data, language=get_language() or "", by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            messages.success(
                request, _("Invitation sent to %(email)s; it works for seven days.") % {"email": row.email}
            )
            if sorted(form.cleaned_data["duties"]) != row.duties:
                messages.info(request, _("Duties that need a second person count once that one has agreed; see below."))
            return redirect("identity:people")
    context = {"form": form, "sentences": _sentences(request)}
    return render(request, "identity/invite.html", context, status=422 if form.is_bound else 200)


@page(_MANAGE, methods=["POST"])
@idempotent
def revoke_invite(request: AppRequest, invite_id: int) -> HttpResponse:
    """Withdraw an invitation that was not used."""
    people.revoke_invite(invite_id=invite_id, by=request.actor, at=request.at)
    messages.success(request, _("Invitation withdrawn."))
    return redirect("identity:people")


@page(_MANAGE, methods=["GET", "POST"], step_up=True)
@idempotent
def member(request: AppRequest, membership_id: int) -> HttpResponse:
    """One person: duties, and the end of the work for the organisation."""
    row = _member(request, membership_id)
    form = DutiesForm(request.POST or None, initial={"duties": row.duties}, capabilities=request.actor.capabilities)
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            changed = appointments.set_duties(
                membership_id=row.pk,
                duties=form.cleaned_data["duties"],
                version=int(version) if version.isdecimal() else 0,
                by=request.actor,
                at=request.at,
            )
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            if isinstance(changed, Approval):
                messages.info(request, _("Another administrator has to agree before the duties count."))
            elif isinstance(changed, DutyRequest):
                messages.info(request, _ASKED)
            else:
                messages.success(request, _("Duties of %(name)s changed.") % {"name": row.person.display_name})
            return redirect("identity:people")
    context = {
        "form": form,
        "member": row,
        "sentences": _sentences(request),
        "own": row.person_id == request.actor.person_id,
    }
    return render(request, "identity/member.html", context, status=422 if form.is_bound else 200)


@page(_MANAGE, methods=["POST"], step_up=True)
@idempotent
def end_member(request: AppRequest, membership_id: int) -> HttpResponse:
    """End a person's work for the organisation; effective on the person's next request."""
    row = people.set_active(membership_id=membership_id, active=False, by=request.actor, at=request.at)
    messages.success(request, _("%(name)s can no longer act for the organisation.") % {"name": row.person.display_name})
    return redirect("identity:people")


@page(_MANAGE, methods=["POST"], step_up=True)
@idempotent
def return_member(request: AppRequest, membership_id: int) -> HttpResponse:
    """Take a person's work for the organisation up again."""
    row = people.set_active(membership_id=membership_id, active=True, by=request.actor, at=request.at)
    messages.success(request, _("%(name)s can act for the organisation again.") % {"name": row.person.display_name})
    return redirect("identity:people")


@page(_MANAGE, methods=["POST"], step_up=True)
@idempotent
def decide_change(request: AppRequest, approval_id: int) -> HttpResponse:
    """Agree to a change of duties that another administrator proposed, or refuse it; its maker can take it back."""
    waiting = {approval.pk for approval in selectors.open_duty_changes(request.actor.scope_id)}
    if approval_id not in waiting:
        raise NotYours
    decision = request.POST.get("decision", "")
    if decision == "approve":
        for outcome in approvals.approve(approval_id, by=request.actor, at=request.at):
            if outcome.error is not None:
                raise outcome.error
        messages.success(request, _("Agreed; the duties count from the person's next page on."))
    elif decision == "withdraw":
        approvals.withdraw(approval_id, by=request.actor, at=request.at)
        messages.success(request, _("Taken back."))
    else:
        approvals.reject(approval_id, reason=_("Refused by another administrator"), by=request.actor, at=request.at)
        messages.success(request, _("Refused; the duties stay as they were."))
    return redirect("identity:people")


@page(_MANAGE, methods=["POST"])
@idempotent
def take_back_request(request: AppRequest, request_id: int) -> HttpResponse:
    """Take a request to the platform's staff back."""
    requests.take_back(request_id=request_id, by=request.actor, at=request.at)
    messages.success(request, _("Taken back."))
    return redirect("identity:people")


@page(public=True, methods=["GET", "POST"])
@idempotent
def accept_invite(request: AppRequest, token: str) -> HttpResponse:
    """Join an organisation by the link of an invitation."""
    row = people.open_invite(token, at=request.at)
    own_account = request.actor.is_signed_in
    form = AcceptForm(request.POST or None, email=row.email, initial={"display_name": row.display_name})
    if request.method == "POST" and (own_account or form.is_valid()):
        draft = None if own_account else _person_draft(form, row.email)
        try:
            people.accept_invite(token=token, draft=draft, by=request.actor, at=request.at)
        except DomainError as error:
            messages.error(request, f"{error.message_text} {error.cure_text}")
        else:
            messages.success(request, _("You now belong to the organisation."))
            return redirect("identity:organisation" if own_account else "account_login")
    context = {"form": form, "invite": row, "own_account": own_account, "duties": labels.duty_labels(row.duties)}
    return render(request, "identity/accept_invite.html", context, status=422 if form.is_bound else 200)


def _person_draft(form: AcceptForm, email: str) -> AdministratorDraft:
    cleaned = form.cleaned_data
    return AdministratorDraft(
        username=cleaned["username"],
        display_name=cleaned["display_name"],
        email=email,
        phone=cleaned["phone"],
        password=cleaned["password1"],
    )


def _member(request: AppRequest, membership_id: int) -> Membership:
    rows = Membership.objects.filter(organisation_id=request.actor.scope_id).select_related("person")
    row = rows.filter(pk=membership_id).first()
    if row is None:
        raise NotYours
    return row


def _sentences(request: AppRequest) -> list[tuple[object, object]]:
    known = {value for value, _label in DutiesForm(capabilities=request.actor.capabilities).fields["duties"].choices}  # type: ignore[attr-defined]  # a choice field
    return [(labels.DUTIES[duty], sentence) for duty, sentence in labels.DUTY_SENTENCES.items() if str(duty) in known]


def _change(approval: Approval) -> dict[str, object]:
    line = approval.lines.all()[0]
    return {
        "approval": approval,
        "line": line,
        "before": labels.duty_labels(line.payload["before"]),
        "after": labels.duty_labels(line.payload["after"]),
    }
