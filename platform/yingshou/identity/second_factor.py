"""Nobody who must have a second factor does anything without one but set it up."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from yingshou.identity import factors
from yingshou.identity.proofs import FACTOR_KEY, owes_factor

# What stays open until the factor is proven: setting it up, leaving, reading in one's own language.
OPEN = frozenset(
    {
        "identity:security", "identity:add_app", "identity:add_passkey", "identity:prove", "identity:switch", "account_logout",
        "account_login", "mfa_authenticate", "ui:language", "ui:text_size", "ui:keepalive", "healthz", "readyz", "metrics",
    }
)  # fmt: skip


class SecondFactorMiddleware:
    """Sends whoever owes a second factor to the page where it is set up, or proven where there is one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Let pass who owes nothing or has proven it in this session; that it was lately is asked by the acts that bind."""
        if not owes_factor(request.membership) or FACTOR_KEY in request.session:
            return None
        match = request.resolver_match
        if match is not None and match.view_name in OPEN:
            return None
        if factors.has_any(request.actor.person_id):
            return HttpResponseRedirect(f"{reverse('identity:prove')}?{urlencode({'next': request.get_full_path()})}")
        return HttpResponseRedirect(reverse("identity:security"))
