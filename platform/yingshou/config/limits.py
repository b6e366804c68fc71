"""
How often an address may be called: one table of classes, one row per name of an address.

Whoever is signed in is counted as the person, everybody else by network address; sign-in always by address. Counted in Redis in windows of a
minute. Without Redis the class of sign-in is counted in the database, so that it fails closed; all others let pass, because a lost cache
must not stop the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WINDOW_SECONDS = 60
READING = frozenset({"GET", "HEAD"})


class Kind(StrEnum):
    """What calling an address costs or risks."""

    SIGN_IN = "sign-in"
    SEARCH = "search"
    EXPORT = "export"
    UPLOAD = "upload"
    WRITE = "write"
    READ = "read"
    MACHINE = "machine"
    FREE = "free"


@dataclass(frozen=True)
class Limit:
    """
    A class of limits.

    :param a_minute: how many calls in a minute; 0 for no limit
    :param counts_reading: whether showing the page counts in this class; otherwise showing it counts as reading
    :param is_by_address: whether calls count for the network address even of a signed-in person
    :param fails_closed: whether it is counted in the database where Redis is away
    """

    a_minute: int
    counts_reading: bool = False
    is_by_address: bool = False
    fails_closed: bool = False


LIMITS: Mapping[Kind, Limit] = {
    Kind.SIGN_IN: Limit(60, is_by_address=True, fails_closed=True),
    Kind.SEARCH: Limit(120, counts_reading=True),
    Kind.EXPORT: Limit(30, counts_reading=True),
    Kind.UPLOAD: Limit(30),
    Kind.WRITE: Limit(240),
    Kind.READ: Limit(900, counts_reading=True),
    Kind.MACHINE: Limit(300, counts_reading=True),
    Kind.FREE: Limit(0, counts_reading=True),
}

_NAMES: Mapping[Kind, str] = {
    # Asked by the machine's own watchers.
    Kind.FREE: "healthz readyz metrics",
    Kind.SIGN_IN: """
        account_login account_logout account_inactive mfa_authenticate account_email_verification_sent account_confirm_email
        account_change_password account_set_password account_reset_password account_reset_password_done
        account_reset_password_from_key account_reset_password_from_key_done
        identity:passkey_sign_in identity:prove identity:not_me identity:not_me_link identity:add_app identity:add_passkey
        identity:remove_factor identity:recovery_codes identity:accept_invite identity:register identity:register_check
        identity:keep_registration identity:discard_registration
        signing:licence_sign_in signing:licence_links signing:licence_link signing:licence_use_identified signing:licence_decide
        receivables:by_link receivables:by_link_prepare receivables:by_link_complete receivables:by_link_choose
    """,
    Kind.SEARCH: "home:search identity:find identity:check_code",
    Kind.EXPORT: """
        approvals:export notifications:export documents:annotated documents:template documents:download signing:manifest
        signing:evidence_file signing:line_file evidence:receipt
        receivables:claims_export receivables:disputes_export receivables:debts_export receivables:confirmations_export
        receivables:book_export receivables:link_answer_file receivables:by_link_receipt
    """,
    Kind.UPLOAD: "documents:upload identity:correct receivables:read_einvoice receivables:einvoices",
    Kind.MACHINE: "evidence:log evidence:checkpoint evidence:consistency signing:licence_call",
    Kind.WRITE: """
        usersessions_list ui:language ui:text_size ui:keepalive ui:save_view ui:delete_view
        identity:switch identity:profile identity:end_session identity:second_factor_policy identity:add_account
        identity:reveal_account identity:invite identity:member identity:end_member identity:return_member identity:revoke_invite
        identity:decide_change identity:take_back_request identity:propose_duties identity:end_support identity:propose
        approvals:policy approvals:approve approvals:reject approvals:withdraw
        signing:prepare signing:complete signing:withdraw signing:licence_sign signing:licence_wait
        documents:mapping documents:accept documents:cancel documents:undo drafts:save drafts:discard
        notifications:read_all notifications:settings notifications:open
        receivables:new receivables:edit receivables:new_payable receivables:edit_payable receivables:act receivables:publish
        receivables:confirm_act receivables:einvoice_facts
        receivables:appeal_invoice receivables:appeal_decide receivables:appeal_withdraw receivables:appeal_flag
        receivables:duplicate_dismiss receivables:duplicate_merge
        receivables:dispute_answer receivables:dispute_resolve receivables:dispute_withdraw receivables:open_dispute
        receivables:propose_change receivables:change_accept receivables:change_refuse receivables:change_withdraw
        receivables:link receivables:revoke_link receivables:pass_on receivables:ladder_rules receivables:department
        receivables:close_department receivables:substitute receivables:end_substitute
    """,
    Kind.READ: """
        home:front home:introduction home:mode home:help home:keys ui:gallery
        identity:register_done identity:organisation identity:security identity:accounts identity:people identity:support_views
        identity:registrations identity:review
        approvals:inbox approvals:policies approvals:detail
        signing:sign signing:result signing:certificates signing:register signing:evidence
        documents:imports documents:batch documents:progress drafts:begun jobs:progress notifications:inbox
        evidence:books evidence:event
        receivables:claims receivables:appeals receivables:appeal receivables:duplicates receivables:duplicate
        receivables:disputes receivables:dispute receivables:changes receivables:change receivables:asked receivables:detail
        receivables:check receivables:by_link_item receivables:by_link_sign receivables:debts receivables:confirmations
        receivables:answer receivables:ladder receivables:book
    """,
}
TABLE: Mapping[str, Kind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
# The administration's names come from its models; what is sent there is a proposal.
_SPACES: Mapping[str, Kind] = {"admin": Kind.WRITE}


def kind_of(name: str) -> Kind | None:
    """The class of an address by its name; None where nobody has said."""
    return TABLE.get(name) or _SPACES.get(name.partition(":")[0])


def counted_as(name: str, method: str | None) -> Kind:
    """As what one call counts; an address that nobody has classified counts by its method."""
    kind = kind_of(name) or Kind.WRITE
    return Kind.READ if method in READING and not LIMITS[kind].counts_reading else kind
