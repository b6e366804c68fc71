"""The URL tree. Every app's `urls` module writes its own full paths, so that a path is found by one search."""

from allauth.account import views as account
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from yingshou.config import health
from yingshou.identity.views import factors, sessions

_APPS = [
    "yingshou.home",
    "yingshou.ui",
    "yingshou.identity",
    "yingshou.approvals",
    "yingshou.signing",
    "yingshou.documents",
    "yingshou.drafts",
    "yingshou.jobs",
    "yingshou.notifications",
    "yingshou.evidence",
    "receivables",
]

# Sign-in, sign-out and passwords of allauth, one by one: its sign-up and its e-mail pages are not ours.
_ACCOUNT: list[URLPattern] = [
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    # The name is the one allauth's sign-in asks for between password and session.
    path("account/second-factor/", factors.second_factor, name="mfa_authenticate"),
    path("account/confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^account/confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/password/reset/", account.password_reset, name="account_reset_password"),
    path("account/password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/reset/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("account/sessions/", sessions.list_sessions, name="usersessions_list"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    *_ACCOUNT,
    *[path("", include(f"{name}.urls")) for name in _APPS],
]

handler400 = "yingshou.ui.errors.bad_request"
handler403 = "yingshou.ui.errors.forbidden"
handler404 = "yingshou.ui.errors.not_found"
handler500 = "yingshou.ui.errors.server_error"
