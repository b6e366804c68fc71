"""Addresses of organisations and people."""

from django.urls import path

from yingshou.identity.views import factors, own, people, registration, sessions, staff

app_name = "identity"

urlpatterns = [
    path("organisation/register/", registration.register, name="register"),
    path("organisation/register/keep/", registration.keep_registration, name="keep_registration"),
    path("organisation/register/discard/", registration.discard_registration, name="discard_registration"),
    path("organisation/register/check/", registration.register_check, name="register_check"),
    path("organisation/register/done/", registration.register_done, name="register_done"),
    path("organisation/register/code/", registration.check_code, name="check_code"),
    path("organisation/", own.organisation, name="organisation"),
    path("organisation/correct/", own.correct, name="correct"),
    path("organisation/switch/", own.switch, name="switch"),
    path("organisation/find/", own.find, name="find"),
    path("organisation/profile/", own.profile, name="profile"),
    path("organisation/sessions/<int:session_id>/end/", own.end_session, name="end_session"),
    path("account/not-me/", sessions.not_me, name="not_me"),
    path("account/not-me/<str:token>/", sessions.not_me_link, name="not_me_link"),
    path("account/security/", factors.security, name="security"),
    path("account/security/app/", factors.add_app, name="add_app"),
    path("account/security/passkey/", factors.add_passkey, name="add_passkey"),
    path("account/security/<int:factor_id>/remove/", factors.remove_factor, name="remove_factor"),
    path("account/security/codes/", factors.recovery_codes, name="recovery_codes"),
    path("account/prove/", factors.prove, name="prove"),
    path("account/login/passkey/", factors.passkey_sign_in, name="passkey_sign_in"),
    path("organisation/people/second-factor/", factors.second_factor_policy, name="second_factor_policy"),
    path("organisation/accounts/", own.list_accounts, name="accounts"),
    path("organisation/accounts/new/", own.add_account, name="add_account"),
    path("organisation/accounts/<int:account_id>/reveal/", own.reveal_account, name="reveal_account"),
    path("organisation/people/", people.list_people, name="people"),
    path("organisation/people/invite/", people.invite, name="invite"),
    path("organisation/people/<int:membership_id>/", people.member, name="member"),
    path("organisation/people/<int:membership_id>/end/", people.end_member, name="end_member"),
    path("organisation/people/<int:membership_id>/return/", people.return_member, name="return_member"),
    path("organisation/people/invites/<int:invite_id>/withdraw/", people.revoke_invite, name="revoke_invite"),
    path("organisation/people/changes/<int:approval_id>/", people.decide_change, name="decide_change"),
    path("organisation/people/requests/<int:request_id>/withdraw/", people.take_back_request, name="take_back_request"),
    path("organisation/invite/<str:token>/", people.accept_invite, name="accept_invite"),
    path("organisation/registrations/duties/<int:request_id>/", staff.propose_duties, name="propose_duties"),
    path("organisation/support/", staff.support_views, name="support_views"),
    path("organisation/support/<int:grant_id>/end/", staff.end_support, name="end_support"),
    path("organisation/registrations/", staff.registrations, name="registrations"),
    path("organisation/registrations/<int:organisation_id>/", staff.review, name="review"),
    path("organisation/registrations/<int:organisation_id>/propose/", staff.propose, name="propose"),
]
