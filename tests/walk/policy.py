"""
Who may call what: written by hand from the rule book, without a look at the permissions that the apps register.

`POLICY[url name][method]` says who passes the door, and who of those may touch an object of the own house or one that a counterpart
shares. A method that is not listed is refused to everyone. An address that is not listed makes the walk fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.walk.world import Principal
from yingshou.home.modes import MODES

Who = Callable[[Principal], bool]


def everyone(_principal: Principal) -> bool:
    """Also without signing in."""
    return True


def signed_in(principal: Principal) -> bool:
    """Every person with a living session."""
    return principal.signed_in


def nobody(_principal: Principal) -> bool:
    """No one."""
    return False


def duty(*names: str, of: tuple[str, ...] = ()) -> Who:
    """Persons with one of the duties, in an organisation with one of the capabilities if some are named."""

    def who(principal: Principal) -> bool:
        return principal.signed_in and not principal.duties.isdisjoint(names) and (not of or principal.capability in of)

    return who


MAKER, CHECKER, SIGNER, VIEWER, AUDITOR, ADMINISTRATOR = (
    "maker",
    "checker",
    "signer",
    "viewer",
    "auditor",
    "administrator",
)
READERS = (MAKER, CHECKER, SIGNER, VIEWER, AUDITOR)
CREDITORS = ("creditor", "core_enterprise")
DEBTORS = ("debtor", "core_enterprise")
PARTIES = ("creditor", "debtor", "core_enterprise")
OPERATOR = ("platform_operator",)
SYSTEM, SECURITY, AUDIT = "system_administrator", "security_administrator", "audit_administrator"

readers = duty(*READERS)
makers = duty(MAKER)
administrators = duty(ADMINISTRATOR)
# The operator's security administrator looks after its people (separation of powers).
people_managers = duty(ADMINISTRATOR, SECURITY)
anyone_with_a_duty = duty(*READERS, ADMINISTRATOR, SYSTEM, SECURITY, AUDIT)
staff = duty(MAKER, CHECKER, SYSTEM, SECURITY, AUDIT, of=OPERATOR)

# Classes of answers.
OK = frozenset({200, 204, 286, 302, 409, 422})
SIGN_IN = frozenset({"sign-in"})
FORBIDDEN = frozenset({403})
NOT_FOUND = frozenset({404})
NOT_ALLOWED = frozenset({405})


@dataclass(frozen=True)
class Rule:
    """
    One method of one address.

    :param who: who passes the door; others are sent to sign in, or get 403
    :param objects: whether the address names an object of somebody
    :param own: who of those may touch an object of the own house
    :param shared: who may touch one that a counterpart shares; None where such objects are not shared (404)
    :param refused: what those get who pass the door but may not touch
    :param ok: what a success looks like
    :param absent: what an object gives that does not exist or is somebody else's
    :param everywhere: who of those may touch everybody's objects; None where nobody reaches beyond the own house
    :param early: whether those who may not touch are refused before any object is looked for
    """

    who: Who
    objects: bool = False
    own: Who = everyone
    shared: Who | None = None
    refused: frozenset[Any] = FORBIDDEN
    ok: frozenset[Any] = OK
    absent: frozenset[Any] = NOT_FOUND
    everywhere: Who | None = None
    early: bool = False


def page(who: Who, **options: Any) -> dict[str, Rule]:
    """A page that is only read."""
    return {"GET": Rule(who, **options)}


def form(who: Who, **options: Any) -> dict[str, Rule]:
    """A page with a form that is sent to the same address."""
    return {"GET": Rule(who, **options), "POST": Rule(who, **options)}


def post(who: Who, **options: Any) -> dict[str, Rule]:
    """A button."""
    return {"POST": Rule(who, **options)}


disputing = duty(MAKER, of=PARTIES)
entering = duty(MAKER, of=CREDITORS)
publishing = duty(MAKER, of=DEBTORS)

OWN: dict[str, dict[str, Rule]] = {
    "healthz": page(everyone),
    "readyz": page(everyone),
    "metrics": page(everyone, own=duty(SYSTEM)),
    "home:front": page(everyone),
    "home:introduction": page(everyone),
    "home:mode": page(everyone),
    "home:help": page(everyone),
    "home:keys": page(everyone),
    "home:search": page(anyone_with_a_duty),
    "ui:language": post(everyone),
    "ui:text_size": post(everyone),
    "ui:keepalive": post(everyone, ok=OK | {401}),
    "ui:save_view": post(signed_in),
    "ui:delete_view": post(signed_in, ok=OK | NOT_FOUND),
    "ui:gallery": page(signed_in),
    "drafts:begun": page(signed_in),
    "drafts:save": post(signed_in),
    "drafts:discard": post(signed_in),
    "jobs:progress": page(signed_in, objects=True),
    "evidence:books": page(duty(AUDIT, SYSTEM, of=OPERATOR)),
    "evidence:log": page(everyone),
    "evidence:checkpoint": page(everyone, ok=NOT_FOUND),
    "evidence:consistency": page(everyone, ok=NOT_FOUND),
    "evidence:event": page(readers, objects=True),
    "evidence:receipt": page(readers, objects=True, ok=NOT_FOUND),
    "notifications:inbox": page(anyone_with_a_duty),
    "notifications:export": post(anyone_with_a_duty),
    "notifications:read_all": post(anyone_with_a_duty),
    "notifications:settings": form(anyone_with_a_duty),
    "notifications:open": post(anyone_with_a_duty, objects=True, own=readers, refused=NOT_FOUND),
}
IDENTITY: dict[str, dict[str, Rule]] = {
    "identity:register": form(everyone),
    "identity:register_check": form(everyone),
    "identity:keep_registration": post(everyone),
    "identity:discard_registration": post(everyone),
    "identity:register_done": page(everyone),
    "identity:check_code": page(everyone),
    "identity:accept_invite": form(everyone, ok=NOT_FOUND),
    "identity:organisation": page(signed_in),
    "identity:correct": form(administrators),
    "identity:switch": post(signed_in, ok=NOT_FOUND),
    "identity:find": page(signed_in),
    "identity:profile": form(signed_in),
    "identity:security": page(signed_in),
    "identity:not_me": post(signed_in),
    "identity:not_me_link": form(everyone, ok=NOT_FOUND),
    "identity:add_app": form(signed_in),
    "identity:add_passkey": form(signed_in),
    "identity:remove_factor": post(signed_in, ok=NOT_FOUND),
    "identity:recovery_codes": post(signed_in, ok=NOT_FOUND),
    "identity:prove": form(signed_in),
    "identity:passkey_sign_in": form(everyone, ok=SIGN_IN | OK),
    "identity:second_factor_policy": post(people_managers),
    "mfa_authenticate": form(everyone, ok=SIGN_IN | OK),
    "identity:end_session": post(signed_in, objects=True),
    "identity:accounts": page(readers),
    "identity:add_account": form(makers),
    "identity:reveal_account": post(duty(MAKER, CHECKER, SIGNER), objects=True),
    "identity:people": page(people_managers),
    "identity:invite": form(people_managers),
    "identity:member": form(people_managers, objects=True),
    "identity:end_member": post(people_managers, objects=True),
    "identity:return_member": post(people_managers, objects=True),
    "identity:revoke_invite": post(people_managers, objects=True),
    "identity:decide_change": post(people_managers, objects=True),
    "identity:support_views": page(staff),
    # Ended by the colleague who looks, and by those who grant and agree; a stranger to it does not learn that it exists.
    "identity:end_support": post(staff, ok=NOT_FOUND),
    "identity:take_back_request": post(people_managers, ok=NOT_FOUND),
    "identity:propose_duties": post(duty(MAKER, of=OPERATOR), ok=OK | NOT_FOUND),
    "identity:registrations": page(duty(MAKER, CHECKER, of=OPERATOR)),
    "identity:review": page(duty(MAKER, CHECKER, of=OPERATOR), objects=True),
    "identity:propose": post(duty(MAKER, of=OPERATOR), objects=True),
}
SHARED: dict[str, dict[str, Rule]] = {
    "approvals:inbox": page(readers),
    "approvals:export": post(readers),
    "approvals:policies": page(administrators),
    # Each organisation has the policies of what it can do; this one belongs to debtors.
    "approvals:policy": form(administrators, own=duty(ADMINISTRATOR, of=DEBTORS), refused=NOT_FOUND),
    "approvals:detail": page(readers, objects=True),
    "approvals:approve": post(duty(CHECKER, SIGNER), objects=True),
    "approvals:reject": post(duty(CHECKER, SIGNER), objects=True),
    "approvals:withdraw": post(makers, objects=True),
    "signing:sign": page(duty(SIGNER), objects=True),
    "signing:manifest": page(duty(SIGNER), objects=True),
    "signing:result": page(readers, objects=True, ok=NOT_FOUND),
    "signing:prepare": post(duty(SIGNER), ok=NOT_FOUND | OK),
    "signing:complete": post(duty(SIGNER), ok=NOT_FOUND | OK),
    "signing:certificates": page(duty(SIGNER, ADMINISTRATOR, AUDITOR)),
    "signing:register": page(duty(SIGNER)),
    "signing:withdraw": post(duty(SIGNER, ADMINISTRATOR, AUDITOR), objects=True, own=duty(SIGNER, ADMINISTRATOR)),
    "signing:evidence": page(readers, objects=True, shared=everyone),
    "signing:evidence_file": page(readers, objects=True, shared=everyone),
    "signing:line_file": page(readers, objects=True, shared=everyone),
    # No service of electronic licences stands behind the walk: what begins with one answers that there is none.
    "signing:licence_sign_in": form(everyone, ok=OK | NOT_FOUND),
    "signing:licence_links": page(signed_in, ok=OK | NOT_FOUND),
    "signing:licence_link": post(signed_in, ok=NOT_FOUND),
    "signing:licence_use_identified": post(signed_in, ok=NOT_FOUND),
    "signing:licence_decide": post(signed_in, ok=NOT_FOUND),
    "signing:licence_sign": post(duty(SIGNER), objects=True, ok=NOT_FOUND),
    "signing:licence_call": post(everyone, ok=NOT_FOUND),
    "signing:licence_wait": form(everyone, ok=NOT_FOUND),
    "documents:download": page(readers, objects=True, shared=everyone),
    "documents:imports": page(readers),
    "documents:upload": form(makers, own=entering),
    "documents:template": page(makers, own=entering),
    "documents:batch": page(readers, objects=True),
    "documents:progress": page(readers, objects=True),
    "documents:mapping": form(makers, objects=True),
    "documents:accept": post(makers, objects=True, own=entering),
    "documents:cancel": post(makers, objects=True, own=entering),
    "documents:undo": post(makers, objects=True, own=entering),
    "documents:annotated": post(readers, objects=True, ok=NOT_FOUND),
}
RECEIVABLES: dict[str, dict[str, Rule]] = {
    "receivables:claims": page(readers),
    "receivables:claims_export": post(readers),
    "receivables:new": form(entering),
    "receivables:einvoices": form(entering),
    "receivables:read_einvoice": post(entering),
    "receivables:einvoice_facts": form(entering, objects=True),
    "receivables:act": form(entering),
    "receivables:disputes": page(readers),
    "receivables:duplicates": page(readers),
    "receivables:appeals": page(readers),
    "receivables:appeal_invoice": form(disputing),
    "receivables:appeal_flag": form(disputing, objects=True),
    # An appeal is its organisation's and the platform's, whose staff answer all of them.
    "receivables:appeal": page(readers, objects=True, everywhere=duty(*READERS, of=OPERATOR)),
    "receivables:appeal_decide": post(
        duty(MAKER, CHECKER, of=OPERATOR), objects=True, everywhere=duty(MAKER, CHECKER, of=OPERATOR)
    ),
    "receivables:appeal_withdraw": post(disputing, objects=True),
    # What was noticed for one organisation is nobody else's.
    "receivables:duplicate": page(readers, objects=True),
    "receivables:duplicate_dismiss": post(disputing, objects=True),
    "receivables:duplicate_merge": post(disputing, objects=True, ok=OK | {403}),
    "receivables:disputes_export": post(readers),
    "receivables:dispute": page(readers, objects=True, shared=everyone),
    "receivables:dispute_answer": post(disputing, objects=True, shared=everyone),
    "receivables:dispute_resolve": post(disputing, objects=True, shared=everyone),
    "receivables:dispute_withdraw": post(disputing, objects=True, shared=everyone, ok=OK | {403}),
    "receivables:changes": page(readers),
    "receivables:change": page(readers, objects=True, shared=everyone),
    "receivables:propose_change": form(disputing, objects=True, shared=everyone),
    "receivables:change_accept": post(disputing, objects=True, shared=everyone, ok=OK | {403}),
    "receivables:change_refuse": post(disputing, objects=True, shared=everyone, ok=OK | {403}),
    "receivables:change_withdraw": post(disputing, objects=True, shared=everyone, ok=OK | {403}),
    "receivables:asked": page(readers, objects=True, ok=NOT_FOUND),
    "receivables:detail": page(readers, objects=True, shared=everyone),
    "receivables:edit": form(entering, objects=True),
    "receivables:edit_payable": form(publishing, objects=True),
    "receivables:check": page(readers, objects=True),
    "receivables:open_dispute": form(disputing, objects=True, shared=everyone),
    "receivables:debts": page(readers),
    "receivables:debts_export": post(readers),
    "receivables:new_payable": form(publishing),
    "receivables:publish": form(publishing),
    "receivables:confirmations": page(readers),
    "receivables:confirmations_export": post(readers),
    "receivables:answer": page(readers, objects=True),
    "receivables:confirm_act": form(publishing),
    "receivables:link": form(duty(MAKER, of=CREDITORS), objects=True),
    "receivables:revoke_link": post(duty(MAKER, of=CREDITORS), objects=True),
    "receivables:link_answer_file": page(readers, objects=True, ok=NOT_FOUND),
    # Anybody may knock with a token; without one, or without the code entered in this browser, there is nothing.
    "receivables:by_link": form(everyone, ok=NOT_FOUND),
    "receivables:by_link_item": page(everyone, ok=NOT_FOUND),
    "receivables:by_link_sign": page(everyone, ok=NOT_FOUND),
    "receivables:by_link_prepare": post(everyone, ok=NOT_FOUND),
    "receivables:by_link_complete": post(everyone, ok=NOT_FOUND | {422, 403}),
    "receivables:by_link_receipt": page(everyone, ok=NOT_FOUND),
    "receivables:by_link_choose": post(everyone, ok=NOT_FOUND),
    "receivables:pass_on": form(publishing, objects=True),
    "receivables:ladder": page(duty(*READERS, ADMINISTRATOR, of=DEBTORS)),
    "receivables:ladder_rules": form(duty(ADMINISTRATOR, of=DEBTORS)),
    "receivables:department": form(duty(ADMINISTRATOR, of=DEBTORS)),
    "receivables:close_department": post(duty(ADMINISTRATOR, of=DEBTORS), objects=True),
    "receivables:substitute": form(duty(*READERS, ADMINISTRATOR, of=DEBTORS)),
    "receivables:end_substitute": post(
        duty(*READERS, ADMINISTRATOR, of=DEBTORS), objects=True, own=duty(ADMINISTRATOR)
    ),
    "receivables:book": page(publishing),
    "receivables:book_export": post(publishing),
}
# allauth's own pages: what they show to strangers says nothing about anybody.
ACCOUNT: dict[str, dict[str, Rule]] = {
    name: form(everyone, ok=OK | NOT_ALLOWED | NOT_FOUND)
    for name in (
        "account_login", "account_logout", "account_inactive", "account_email_verification_sent", "account_confirm_email",
        "account_reset_password", "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
    )
} | {
    name: form(signed_in)
    for name in ("account_change_password", "account_set_password", "usersessions_list")
}  # fmt: skip

# The administration: which place, who looks, who proposes, and whether the place shows the rows of every house.
PLACES: dict[str, tuple[Who, Who, bool]] = {
    "identity_organisation": (duty(MAKER, CHECKER, of=OPERATOR), nobody, True),
    "identity_region": (staff, duty(SYSTEM), True),
    "identity_workday": (staff, duty(SYSTEM), True),
    "approvals_approval": (staff, nobody, False),
    "identity_person": (duty(SECURITY, AUDIT), nobody, True),
    "identity_membership": (duty(SECURITY, AUDIT), nobody, True),
    # A support view that was opened ends by itself: it is looked at and never changed.
    "identity_organisationgrant": (duty(SECURITY), duty(SECURITY), True),
    "jobs_job": (duty(SYSTEM), nobody, True),
    "audit_auditevent": (duty(AUDIT), nobody, False),
    "audit_accessevent": (duty(AUDIT), nobody, False),
}
UNCHANGED = {"identity_organisationgrant"}
# An object that is not there sends back to the first page, as Django does.
BACK = frozenset({302})


def _place(name: str, looks: Who, proposes: Who, is_everywhere: bool) -> dict[str, dict[str, Rule]]:
    def row(who: Who, **more: Any) -> Rule:
        options: dict[str, Any] = {
            "own": who,
            "absent": BACK,
            "early": True,
            "everywhere": who if is_everywhere else None,
        }
        return Rule(staff, objects=True, **(options | more))

    change = row(nobody, absent=BACK | FORBIDDEN, early=False) if name in UNCHANGED else row(proposes)
    return {
        f"admin:{name}_changelist": form(staff, own=looks),
        f"admin:{name}_add": form(staff, own=proposes),
        f"admin:{name}_history": {"GET": row(looks), "POST": row(looks)},
        f"admin:{name}_change": {"GET": row(looks), "POST": change},
        f"admin:{name}_delete": {"GET": row(nobody), "POST": row(nobody)},
    }


ADMIN: dict[str, dict[str, Rule]] = {
    "admin:index": form(staff),
    "admin:login": form(everyone, ok=SIGN_IN | OK),
    "admin:logout": {"POST": Rule(staff), "GET": Rule(staff, ok=NOT_ALLOWED)},
    "admin:password_change": form(staff),
    "admin:password_change_done": form(staff, ok=OK | NOT_ALLOWED),
    "admin:autocomplete": form(staff, own=nobody, refused=FORBIDDEN | NOT_ALLOWED),
    "admin:jsi18n": form(staff, ok=OK | NOT_ALLOWED),
    "admin:app_list": form(staff, ok=OK | NOT_FOUND),
    # Redirects from old addresses of a place, and the end of the list.
    "admin:-": form(staff, ok=OK | NOT_FOUND),
}
for _name, _place_of in PLACES.items():
    ADMIN |= _place(_name, *_place_of)

POLICY: dict[str, dict[str, Rule]] = {**OWN, **IDENTITY, **SHARED, **RECEIVABLES, **ACCOUNT, **ADMIN}

# What an address takes: its own arguments first, the city's objects by name for the rest.
FIXED: dict[str, dict[str, Any]] = {
    "home:mode": {"slug": MODES[0].slug},
    "identity:accept_invite": {"token": "nobody-has-this-one"},
    "identity:take_back_request": {"request_id": 987654321},
    "identity:propose_duties": {"request_id": 987654321},
    "identity:end_support": {"grant_id": 987654321},
    "identity:remove_factor": {"factor_id": 987654321},
    "identity:not_me_link": {"token": "nobody-has-this-one"},
    "approvals:policy": {"action": "receivables.confirm"},
    "signing:evidence_file": {"part": "document.json"},
    "signing:line_file": {"part": "line.json"},
    "signing:licence_decide": {"holder_id": 987654321},
    "signing:licence_call": {"provider": "sample"},
    "signing:licence_wait": {"reference": "nobody-has-this-one"},
    "documents:upload": {"kind": "receivables.claims"},
    "documents:template": {"kind": "receivables.claims", "form": "csv"},
    "receivables:act": {"name": "submit"},
    "receivables:publish": {"name": "publish"},
    "receivables:confirm_act": {"name": "confirm"},
    "receivables:link_answer_file": {"part": "document.json"},
    "receivables:by_link": {"token": "nobody-has-this-one"},
    "receivables:by_link_choose": {"name": "confirm"},
    "account_confirm_email": {"key": "nobody:has:this"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
    "admin:app_list": {"app_label": "identity"},
    "admin:-": {"object_id": "987654321", "url": "nowhere"},
}
# Where the object of an address is not the one its argument is usually named after.
OTHERWISE: dict[str, dict[str, str]] = {
    "identity:decide_change": {"approval_id": "change_id"},
    "receivables:edit": {"public_no": "draft_no"},
    "receivables:edit_payable": {"public_no": "payable_no"},
    "receivables:check": {"public_no": "draft_no"},
    "receivables:answer": {"public_no": "answer_no"},
    "receivables:pass_on": {"public_no": "answer_no"},
}
