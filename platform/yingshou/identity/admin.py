"""What the platform's staff see in the administration, by duty; everything else is not registered and so does not exist there."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval
from yingshou.audit.models import AccessEvent, AuditEvent
from yingshou.identity import labels
from yingshou.identity.actions import decisions, job_care, reference, support
from yingshou.identity.admin_site import StaffModelAdmin, actor_of
from yingshou.identity.models import (
    Membership,
    Organisation,
    OrganisationGrant,
    Person,
    Region,
    Workday,
)
from yingshou.identity.support_pages import OBJECTS
from yingshou.jobs.models import Job
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import Actor, Capability, acting_as
from yingshou.ui.forms import DateField


def _tell(request: HttpRequest, error: DomainError) -> None:
    messages.error(request, f"{error.place or ''} {error.message_text} {error.cure_text}".strip())


@admin.register(Organisation)
class OrganisationAdmin(StaffModelAdmin):
    """The directory, and the registrations that wait."""

    view_permission = "identity.read_registrations"
    list_display = ("name", "uscc", "state", "region", "registered_at", "review")
    list_filter = ("state", "size", "is_public_body")
    search_fields = ("uscc__startswith", "name_key__startswith")
    list_select_related = ("region",)
    ordering = ("registered_at", "pk")
    exclude = ("bigrams", "name_key")
    actions = ("propose_verification",)

    @admin.display(description=gettext_lazy("Review"))
    def review(self, row: Organisation) -> str:
        """Leads to the page where the decision is proposed."""
        return format_html('<a href="/organisation/registrations/{}/">{}</a>', row.pk, _("Open"))

    @admin.action(description=gettext_lazy("Propose to verify"), permissions=["propose"])
    def propose_verification(self, request: Any, queryset: QuerySet[Organisation]) -> None:
        """First of two for each selected registration."""
        done = 0
        for row in queryset:
            try:
                decisions.propose_decision(organisation_id=row.pk, event="verify", by=request.actor, at=request.at)
            except DomainError as error:
                _tell(request, error)
            else:
                done += 1
        if done:
            self.message_user(
                request,
                ngettext("%(count)s proposed.", "%(count)s proposed.", done) % {"count": done},
                messages.SUCCESS,
            )

    def has_propose_permission(self, request: HttpRequest) -> bool:
        """Whether the action is offered."""
        return actor_of(request).may("identity.review_organisation")


class RegionForm(forms.ModelForm[Region]):
    """A region as it shall be."""

    valid_from = DateField(label=gettext_lazy("Valid from"), required=False)
    valid_to = DateField(label=gettext_lazy("Valid until"), required=False)

    class Meta:
        model = Region
        fields = ("code", "name", "valid_from", "valid_to")

    def clean_code(self) -> str:
        """Six digits."""
        code = str(self.cleaned_data["code"])
        if len(code) != 6 or not code.isdecimal():
            raise forms.ValidationError(_("A region's code has six digits."))
        return code


@admin.register(Region)
class RegionAdmin(StaffModelAdmin):
    """Administrative divisions; codes are retired, never removed."""

    view_permission = "identity.staff_admin"
    change_permission = "identity.reference_data"
    form = RegionForm
    list_display = ("code", "name", "level", "parent", "valid_to")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("code__startswith", "name__contains")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The code of a known region stays."""
        return ("code",) if obj is not None else ()

    def propose(self, request: Any, form: Any, *, change: bool) -> None:
        """Submit the region for a second person."""
        values = form.cleaned_data
        reference.propose_region(
            code=values.get("code") or form.instance.code,
            name=values["name"],
            valid_from=values["valid_from"],
            valid_to=values["valid_to"],
            by=request.actor,
            at=request.at,
        )


@admin.register(Workday)
class WorkdayAdmin(StaffModelAdmin):
    """The working-day calendar."""

    view_permission = "identity.staff_admin"
    change_permission = "identity.reference_data"
    list_display = ("day", "is_workday", "note")
    list_filter = ("is_workday",)
    ordering = ("-day",)
    formfield_overrides = {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The day of a known entry stays."""
        return ("day",) if obj is not None else ()

    def propose(self, request: Any, form: Any, *, change: bool) -> None:
        """Submit the day for a second person."""
        values = form.cleaned_data
        reference.propose_workday(
            day=values.get("day") or form.instance.day,
            is_workday=values["is_workday"],
            note=values["note"],
            by=request.actor,
            at=request.at,
        )


@admin.register(Approval)
class ApprovalAdmin(StaffModelAdmin):
    """What colleagues proposed; the second person agrees or refuses here."""

    view_permission = "identity.staff_admin"
    list_display = ("title", "what", "maker_label", "submitted_at", "state", "checker_label", "decided_at")
    list_filter = ("state",)
    ordering = ("-pk",)
    actions = ("agree", "refuse")

    @admin.display(description=gettext_lazy("Act"))
    def title(self, row: Approval) -> str:
        """The name of the action."""
        return str(HANDLERS.get(row.action).title)

    @admin.display(description=gettext_lazy("What"))
    def what(self, row: Approval) -> str:
        """The objects concerned."""
        return "、".join(row.lines.values_list("label", flat=True)[:3])

    @admin.action(description=gettext_lazy("Agree as the second person"))
    def agree(self, request: Any, queryset: QuerySet[Approval]) -> None:
        """Carry out what a colleague proposed."""
        for row in queryset:
            try:
                outcomes = approvals.approve(row.pk, by=request.actor, at=request.at)
            except DomainError as error:
                _tell(request, error)
                continue
            for outcome in outcomes:
                if outcome.error is not None:
                    _tell(request, outcome.error)
                else:
                    self.message_user(request, _("Carried out: %(label)s") % {"label": outcome.label}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Refuse"))
    def refuse(self, request: Any, queryset: QuerySet[Approval]) -> None:
        """Leave things as they are."""
        for row in queryset:
            try:
                approvals.reject(row.pk, reason=_("Refused in the administration"), by=request.actor, at=request.at)
            except DomainError as error:
                _tell(request, error)
            else:
                self.message_user(request, _("Refused: %(label)s") % {"label": self.what(row)}, messages.SUCCESS)


@admin.register(Person)
class PersonAdmin(StaffModelAdmin):
    """People, without contact data."""

    view_permission = "identity.read_people"
    list_display = ("display_name", "username", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username__startswith",)
    fields = ("display_name", "username", "is_active", "is_staff", "date_joined", "last_login")


@admin.register(Membership)
class MembershipAdmin(StaffModelAdmin):
    """Who may do what for whom; changed by the organisations' own administrators."""

    view_permission = "identity.read_people"
    list_display = ("person", "organisation", "duty_names", "active", "since", "until")
    list_filter = ("active",)
    list_select_related = ("person", "organisation")
    search_fields = ("person__username__startswith", "organisation__uscc__startswith")
    ordering = ("organisation_id", "person_id")

    @admin.display(description=gettext_lazy("Duties"))
    def duty_names(self, row: Membership) -> str:
        """Duties in words."""
        return "、".join(str(label) for label in labels.duty_labels(row.duties))


class SupportForm(forms.ModelForm[OrganisationGrant]):
    """Who may look at whose pages, and why."""

    person = forms.ModelChoiceField(label=gettext_lazy("Colleague"), queryset=Person.objects.none())
    organisation = forms.ModelChoiceField(label=gettext_lazy("Organisation"), queryset=Organisation.objects.all())
    reason = forms.CharField(label=gettext_lazy("Reason and ticket"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Only this"), required=False)
    number = forms.CharField(label=gettext_lazy("Number of it"), required=False, max_length=40)

    class Meta:
        model = OrganisationGrant
        fields = ("reason",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = Person.objects.filter(
            memberships__active=True,
            memberships__organisation__capabilities__contains=[str(Capability.PLATFORM_OPERATOR)],
        )
        kinds = [(name, one.label) for name, one in OBJECTS.items()]
        self.fields["kind"].choices = [("", gettext_lazy("all pages of the organisation")), *kinds]  # type: ignore[attr-defined]  # a choice field
        self.fields["person"].queryset = staff.distinct()  # type: ignore[attr-defined]  # a model choice field

    def _post_clean(self) -> None:
        """Nothing: the row is written by the action that the second person sets off."""


@admin.register(OrganisationGrant)
class SupportAdmin(StaffModelAdmin):
    """Support views, each with its end."""

    view_permission = "identity.grant_support"
    change_permission = "identity.grant_support"
    form = SupportForm
    list_display = ("user", "content_object", "address", "reason", "granted_by", "approved_by", "starts_at", "ends_at")
    list_select_related = ("user", "content_object", "granted_by", "approved_by")
    ordering = ("-starts_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A view that was opened ends by itself; it is not changed."""
        return obj is None and super().has_change_permission(request)

    def propose(self, request: Any, form: Any, *, change: bool) -> None:
        """Submit the view for a second person."""
        values = form.cleaned_data
        support.propose_support(
            organisation_id=values["organisation"].pk,
            person_id=values["person"].pk,
            reason=values["reason"],
            kind=values["kind"],
            number=values["number"],
            by=request.actor,
            at=request.at,
        )


@admin.register(Job)
class JobAdmin(StaffModelAdmin):
    """Durable work of the whole platform: what runs, what failed; never what it is about."""

    view_permission = "identity.look_after_jobs"
    list_display = ("name", "state", "attempts", "asked_at", "started_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("name__startswith",)
    ordering = ("-pk",)
    fields = ("name", "state", "attempts", "done", "total", "asked_at", "run_at", "started_at", "finished_at", "error")
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All jobs: row-level security opens them to the worker that `_as_worker` binds for these pages alone."""
        return Job.objects.order_by("-pk")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, read as the worker that looks after jobs."""
        with acting_as(_worker(request)):
            response = super().changelist_view(request, extra_context)
            return _rendered(response)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One job, read as the worker that looks after jobs."""
        with acting_as(_worker(request)):
            response = super().change_view(request, object_id, form_url, extra_context)
            return _rendered(response)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One job's history, read as the worker that looks after jobs."""
        with acting_as(_worker(request)):
            return _rendered(super().history_view(request, object_id, extra_context))

    @admin.action(description=gettext_lazy("Propose to try again"))
    def try_again(self, request: Any, queryset: QuerySet[Job]) -> None:
        """First of two for each selected job."""
        for job_id in queryset.values_list("pk", flat=True):
            with acting_as(request.actor):
                try:
                    job_care.propose_retry(job_id=job_id, by=request.actor, at=request.at)
                except DomainError as error:
                    _tell(request, error)
                else:
                    self.message_user(
                        request,
                        _("Job %(id)s is tried again once a second member of staff agrees.") % {"id": job_id},
                        messages.SUCCESS,
                    )


def _worker(request: HttpRequest) -> Actor:
    return Actor.system(job_care.WORKER, request_id=actor_of(request).request_id)


def _rendered(response: Any) -> HttpResponse:
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    return response  # type: ignore[no-any-return]  # Django's stubs say Any


@admin.register(AuditEvent)
class AuditEventAdmin(StaffModelAdmin):
    """What staff did, and what happened to organisations; read by the audit administrator alone."""

    view_permission = "identity.read_trail"
    list_display = ("at", "kind", "actor_label", "object_type", "object_id")
    list_filter = ("object_type",)
    ordering = ("-at", "-pk")
    fields = (
        "at",
        "recorded_at",
        "kind",
        "actor_label",
        "actor_kind",
        "object_type",
        "object_id",
        "object_version",
        "body",
    )


@admin.register(AccessEvent)
class AccessEventAdmin(StaffModelAdmin):
    """Who was turned away or saw a protected value, among staff."""

    view_permission = "identity.read_trail"
    list_display = ("at", "kind", "person_id", "object_type", "object_id")
    ordering = ("-at", "-pk")
    fields = ("at", "kind", "person_id", "object_type", "object_id", "body")
