"""
The platform staff's administration: Django's own pages, behind our sign-in, inside a transaction with the actor bound.

It shows what is registered with a `StaffModelAdmin` and nothing else: business tables have no such class, so staff never see customers'
business here. Nothing is deleted; every change is a proposal that a second member of staff decides on (`yingshou.approvals`).
"""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.guards import READING, Guard, reading


def actor_of(request: Any) -> Actor:
    """The actor that the middleware bound to the request."""
    actor: Actor = request.actor
    return actor


class StaffAdminSite(AdminSite):
    """One site for the operator's staff; customers get the same refusal as on any page that is not theirs."""

    site_header = gettext_lazy("Yingshou: platform administration")
    site_title = gettext_lazy("Platform administration")
    index_title = gettext_lazy("What may be seen and proposed here")
    site_url = "/"
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take models with a staff class only; what libraries register by themselves stays out."""
        if admin_class is not None and issubclass(admin_class, StaffModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def unregister(self, model_or_iterable: Any) -> None:
        """Libraries unregister each other's models; those never got in here."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        super().unregister([model for model in models if self.is_registered(model)])

    def has_permission(self, request: HttpRequest) -> bool:
        """The operator's staff alone, by duty; Django's own flags are not asked."""
        actor = actor_of(request)
        return actor.is_signed_in and actor.may("identity.staff_admin")

    def get_urls(self) -> list[Any]:
        """Django's pages without "view on site": it asks any model by number, and its answer tells what exists."""
        return [one for one in super().get_urls() if getattr(one, "name", "") != "view_on_site"]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Run a page of the administration in one transaction: READ ONLY for reading, as everywhere."""
        checked = super().admin_view(view, cacheable)

        def with_transaction(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return self._refused(request)
            with reading() if request.method in READING else transaction.atomic():
                response: HttpResponseBase = checked(request, *args, **kwargs)
                if isinstance(response, TemplateResponse) and not response.is_rendered:
                    response.render()
            return response

        with_transaction.guard = Guard(permission="identity.staff_admin", methods=frozenset({"GET", "HEAD", "POST"}))  # type: ignore[attr-defined]  # read by the middleware
        return with_transaction

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in page."""
        return HttpResponseRedirect(reverse("account_login"))

    def _refused(self, request: HttpRequest) -> HttpResponse:
        if not actor_of(request).is_signed_in:
            return HttpResponseRedirect(f"{reverse('account_login')}?next={quote(request.get_full_path())}")
        raise StaffOnly


class StaffOnly(DomainError):
    """Somebody who is not the platform's staff opened the administration."""

    code = "ORG-012"
    message = gettext_lazy("This part belongs to the platform's staff.")
    cure = gettext_lazy("Go back to your to-do list.")
    status = 403


class StaffModelAdmin(ModelAdmin[Any]):
    """Read-only unless a subclass proposes changes; who sees and who proposes is said by permissions of our own."""

    view_permission: ClassVar[str]
    change_permission: ClassVar[str] = ""
    actions_on_bottom = False
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the model stands on the first page."""
        return actor_of(request).may(self.view_permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether rows may be read."""
        return actor_of(request).may(self.view_permission)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a new row may be proposed."""
        return self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a change may be proposed."""
        return bool(self.change_permission) and actor_of(request).may(self.change_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows in the staff's scope, where the model has one."""
        queryset = super().get_queryset(request)
        scope = getattr(queryset, "visible_to", None)
        return scope(actor_of(request)) if scope is not None else queryset

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """
        The rows Django would list; whether a row exists is not told to those who may not look at any.

        :raises PermissionDenied: before the row is looked for
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def propose(self, request: Any, form: Any, *, change: bool) -> None:
        """Submit what the form asks for as a proposal; a subclass with a change permission says how."""
        raise AssertionError("a model that can be changed says how")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Propose instead of saving."""
        self.propose(request, form, change=change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: a proposal has no inline rows."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Our own events are the record."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Our own events are the record."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Say that a second person decides."""
        return self._proposed(request)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say that a second person decides."""
        return self._proposed(request)

    def _proposed(self, request: HttpRequest) -> HttpResponse:
        messages.success(request, _("Proposed; it counts once a second member of staff agrees."))
        meta = self.model._meta
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_changelist"))
