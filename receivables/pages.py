"""What the frame, the home page, the search box and the timeline show of receivables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from receivables import figures, presenters, search, selectors, support, todos
from receivables.models import OBJECT_TYPE, ChangeRequest, Dispute, Receivable
from receivables.states import DisputeState
from yingshou.audit import wording
from yingshou.home import figures as home_figures
from yingshou.home import search as home_search
from yingshou.notifications import todo
from yingshou.signing.audiences import audiences
from yingshou.tenancy import permissions
from yingshou.tenancy.actor import Actor, Capability, Duty
from yingshou.tenancy.permissions import Permission
from yingshou.ui import navigation
from yingshou.ui.navigation import NavItem

CREDITORS = frozenset({Capability.CREDITOR, Capability.CORE_ENTERPRISE})
DEBTORS = frozenset({Capability.DEBTOR, Capability.CORE_ENTERPRISE})
READERS = {Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR}

RECEIVABLE_EVENTS = (
    "create", "change", "submit", "resubmit", "submit_direct", "publish", "undo", "confirm", "confirm_part", "return",
    "refuse", "withdraw", "settle", "write_off", "acknowledge", "payment", "credit_note", "goods_return", "price", "netting",
    "discount", "cancel", "retention_hold", "retention_release", "reversal", "fact", "dispute", "dispute_answer",
    "dispute_resolve", "dispute_withdraw", "no_answer", "linked", "reminder", "propose_change", "accept_change", "refuse_change",
    "withdraw_change", "lapse_change", "escalated", "passed_on", "passed_on_inside", "link_made", "link_revoked", "merge",
)  # fmt: skip
DISPUTE_EVENTS = ("open", "answer", "resolve", "withdraw")
CHANGE_EVENTS = ("propose", "accept", "refuse", "withdraw", "lapse")
LADDER_EVENTS = ("answerpolicy.change", "department.open", "department.close", "substitute.name", "substitute.end")
HOLDING_EVENTS = ("cut", "expired")
FLAG_EVENTS = ("find", "dismiss", "merge")
APPEAL_EVENTS = ("raise", "lift", "uphold", "withdraw")


def parties(object_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """Who besides the signer may see a signed line: creditor and debtor."""
    rows = Receivable.objects.filter(pk__in=object_ids).values_list("pk", "creditor_id", "debtor_id")
    return {pk: [one for one in (creditor, debtor) if one] for pk, creditor, debtor in rows}


def register() -> None:
    """Register everything that pages show of receivables."""
    _permissions()
    _wordings()
    _navigation()
    for name, provider in todos.PROVIDERS.items():
        todo.register(name, provider)
    for name, figure in figures.FIGURES.items():
        home_figures.register(name, figure)
    for name, picture in figures.PICTURES.items():
        home_figures.register_picture(name, picture)
    support.register()
    home_search.register("receivables", search.PROVIDER)
    audiences.register(OBJECT_TYPE, parties)


def _permissions() -> None:
    permissions.register(
        "receivables.read_claims",
        Permission(
            sentence=_("See what the organisation is owed on the home page"),
            duties=READERS,
            capabilities=set(CREDITORS),
        ),
    )
    permissions.register(
        "receivables.read_debts",
        Permission(
            sentence=_("See what the organisation owes on the home page"), duties=READERS, capabilities=set(DEBTORS)
        ),
    )


def _wordings() -> None:
    for event in RECEIVABLE_EVENTS:
        wording.register(f"receivables.receivable.{event}", presenters.line_of)
    for event in DISPUTE_EVENTS:
        wording.register(f"receivables.dispute.{event}", presenters.line_of)
    for event in CHANGE_EVENTS:
        wording.register(f"receivables.changerequest.{event}", presenters.change_line)
    for event in LADDER_EVENTS:
        wording.register(f"receivables.{event}", presenters.ladder_line)
    for event in APPEAL_EVENTS:
        wording.register(f"receivables.appeal.{event}", presenters.appeal_line)
    for event in FLAG_EVENTS:
        wording.register(f"receivables.likenessflag.{event}", presenters.flag_line)
    for event in HOLDING_EVENTS:
        wording.register(f"receivables.holding.{event}", presenters.line_of)


def _navigation() -> None:
    for name, item in (
        (
            "confirm",
            NavItem(
                _("Confirm payables"),
                "receivables:confirmations",
                "receivables.view",
                "checks",
                20,
                selectors.unanswered_rows,
                DEBTORS,
            ),
        ),
        ("debts", NavItem(_("Payables"), "receivables:debts", "receivables.view", "wallet", 25, None, DEBTORS)),
        ("book", NavItem(_("Payables book"), "receivables:book", "receivables.publish", "list", 30, None, DEBTORS)),
        (
            "ladder",
            NavItem(
                _("Reminders and substitutes"),
                "receivables:ladder",
                "receivables.see_ladder",
                "clock",
                35,
                None,
                DEBTORS,
            ),
        ),
        ("claims", NavItem(_("Receivables"), "receivables:claims", "receivables.view", "receipt", 40, None, CREDITORS)),
        (
            "disputes",
            NavItem(
                _("Disputes"),
                "receivables:disputes",
                "receivables.view",
                "alert",
                50,
                open_disputes,
                CREDITORS | DEBTORS,
            ),
        ),
        (
            "changes",
            NavItem(
                _("Change requests"),
                "receivables:changes",
                "receivables.view",
                "edit",
                45,
                changes_to_answer,
                CREDITORS | DEBTORS,
            ),
        ),
    ):
        navigation.register(f"receivables.{name}", item)
    _duplicates_navigation()


def _duplicates_navigation() -> None:
    navigation.register(
        "receivables.appeals",
        NavItem(
            _("Appeals"),
            "receivables:appeals",
            "receivables.decide_appeal",
            "alert",
            56,
            None,
            frozenset({Capability.PLATFORM_OPERATOR}),
        ),
    )
    navigation.register(
        "receivables.duplicates",
        NavItem(
            _("Possible duplicates"),
            "receivables:duplicates",
            "receivables.view",
            "search",
            55,
            None,
            CREDITORS | DEBTORS,
        ),
    )


def open_disputes(actor: Actor) -> QuerySet[Dispute]:
    """Open disputes of this organisation."""
    return Dispute.objects.visible_to(actor).filter(state=DisputeState.OPEN)


def changes_to_answer(actor: Actor) -> QuerySet[ChangeRequest]:
    """Proposed changes that wait for this organisation."""
    return ChangeRequest.objects.to_answer(actor)
