"""
The lives of a receivable, of a dispute and of an agreed change, and the coded reasons a party must give.

Pure tables: no queries. They drive the actions, the buttons, the full state x event test,
the diagram in the documentation and the to-do lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle, Transition


class State(TextChoices):
    """Where a receivable stands. Reserved, encumbered, overdue and "no answer" are not states."""

    DRAFT = "DRAFT", _("Draft")
    PENDING_CONFIRM = "PENDING_CONFIRM", _("Waiting for the debtor")
    RETURNED = "RETURNED", _("Returned for correction")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    DIRECT = "DIRECT", _("Open without confirmation")
    REFUSED = "REFUSED", _("Refused")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    UNDONE = "UNDONE", _("Undone")
    SETTLED = "SETTLED", _("Settled")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")


ALIVE = frozenset({State.DRAFT, State.PENDING_CONFIRM, State.RETURNED, State.CONFIRMED, State.DIRECT, State.SETTLED})
"""States in which the invoices of a receivable stay used up."""

LIVE_CLAIM = frozenset({State.CONFIRMED, State.DIRECT})
"""States in which money can be reserved, encumbered, paid or adjusted."""

TAKEN_BACK = frozenset({State.REFUSED, State.WITHDRAWN, State.UNDONE})
"""States that set the invoices free again."""

LIFECYCLE = Lifecycle(
    name="receivables.receivable",
    states=State,
    transitions=(
        Transition("submit", frozenset({State.DRAFT}), State.PENDING_CONFIRM, "creditor", second_person=True),
        Transition("submit_direct", frozenset({State.DRAFT}), State.DIRECT, "creditor", second_person=True),
        Transition("publish", frozenset({State.DRAFT}), State.CONFIRMED, "debtor", second_person=True, signature=True),
        Transition("undo", frozenset({State.DRAFT}), State.UNDONE, "owner"),
        Transition(
            "confirm",
            frozenset({State.PENDING_CONFIRM}),
            State.CONFIRMED,
            "debtor",
            second_person=True,
            signature=True,
        ),
        Transition(
            "confirm_part",
            frozenset({State.PENDING_CONFIRM}),
            State.CONFIRMED,
            "debtor",
            second_person=True,
            signature=True,
            reason=True,
        ),
        Transition(
            "return",
            frozenset({State.PENDING_CONFIRM}),
            State.RETURNED,
            "debtor",
            second_person=True,
            reason=True,
        ),
        Transition(
            "refuse",
            frozenset({State.PENDING_CONFIRM}),
            State.REFUSED,
            "debtor",
            second_person=True,
            reason=True,
        ),
        Transition("resubmit", frozenset({State.RETURNED}), State.PENDING_CONFIRM, "creditor", second_person=True),
        Transition("withdraw", frozenset({State.PENDING_CONFIRM, State.RETURNED}), State.WITHDRAWN, "creditor"),
        Transition("settle", frozenset({State.CONFIRMED, State.DIRECT}), State.SETTLED, "creditor", second_person=True),
        Transition(
            "write_off",
            frozenset({State.CONFIRMED, State.DIRECT}),
            State.WRITTEN_OFF,
            "creditor",
            second_person=True,
            reason=True,
        ),
        # The terms become what both sides agreed; what is confirmed changes in no other way (I4).
        Transition(
            "accept_change",
            frozenset({State.CONFIRMED}),
            State.CONFIRMED,
            "other_party",
            second_person=True,
            signature=True,
        ),
    ),
)


class DisputeState(TextChoices):
    """Where a dispute stands; while OPEN its amount cannot be newly financed."""

    OPEN = "OPEN", _("Open dispute")
    RESOLVED = "RESOLVED", _("Resolved")
    WITHDRAWN = "WITHDRAWN", _("Dispute withdrawn")


DISPUTE_LIFECYCLE = Lifecycle(
    name="receivables.dispute",
    states=DisputeState,
    transitions=(
        Transition("answer", frozenset({DisputeState.OPEN}), DisputeState.OPEN, "other_party"),
        Transition("resolve", frozenset({DisputeState.OPEN}), DisputeState.RESOLVED, "other_party"),
        Transition("withdraw", frozenset({DisputeState.OPEN}), DisputeState.WITHDRAWN, "opener"),
    ),
)


class ChangeState(TextChoices):
    """Where a proposed change of confirmed terms stands; only ACCEPTED changes anything."""

    OPEN = "OPEN", _("Waiting for the other side")
    ACCEPTED = "ACCEPTED", _("Agreed")
    REFUSED = "REFUSED", _("Not agreed")
    WITHDRAWN = "WITHDRAWN", _("Proposal withdrawn")
    LAPSED = "LAPSED", _("Lapsed without an answer")


CHANGE_LIFECYCLE = Lifecycle(
    name="receivables.changerequest",
    states=ChangeState,
    transitions=(
        Transition(
            "accept",
            frozenset({ChangeState.OPEN}),
            ChangeState.ACCEPTED,
            "other_party",
            second_person=True,
            signature=True,
        ),
        Transition(
            "refuse", frozenset({ChangeState.OPEN}), ChangeState.REFUSED, "other_party", second_person=True, reason=True
        ),
        Transition("withdraw", frozenset({ChangeState.OPEN}), ChangeState.WITHDRAWN, "proposer"),
        Transition("lapse", frozenset({ChangeState.OPEN}), ChangeState.LAPSED, "system"),
    ),
    verbs={
        "accept": _("agree to the change"),
        "refuse": _("refuse the change"),
        "withdraw": _("withdraw the proposal"),
        "lapse": _("let it lapse"),
    },
)


class FlagState(TextChoices):
    """Where a "looks like another item" stands; it blocks nothing in any state."""

    OPEN = "OPEN", _("To be looked at")
    DISMISSED = "DISMISSED", _("Two different items")
    MERGED = "MERGED", _("Merged into one")


FLAG_LIFECYCLE = Lifecycle(
    name="receivables.likenessflag",
    states=FlagState,
    transitions=(
        Transition("dismiss", frozenset({FlagState.OPEN}), FlagState.DISMISSED, "owner", reason=True),
        Transition("merge", frozenset({FlagState.OPEN}), FlagState.MERGED, "owner"),
    ),
    verbs={
        "dismiss": _("say that they are two items"),
        "merge": _("merge them"),
    },
)


class AppealState(TextChoices):
    """Where an appeal against a finding stands; the platform's staff answer it."""

    OPEN = "OPEN", _("Waits for the platform")
    LIFTED = "LIFTED", _("Finding lifted")
    UPHELD = "UPHELD", _("Finding stays")
    WITHDRAWN = "WITHDRAWN", _("Appeal withdrawn")


APPEAL_LIFECYCLE = Lifecycle(
    name="receivables.appeal",
    states=AppealState,
    transitions=(
        Transition("lift", frozenset({AppealState.OPEN}), AppealState.LIFTED, "staff", reason=True),
        Transition("uphold", frozenset({AppealState.OPEN}), AppealState.UPHELD, "staff", reason=True),
        Transition("withdraw", frozenset({AppealState.OPEN}), AppealState.WITHDRAWN, "owner"),
    ),
    verbs={
        "lift": _("lift the finding"),
        "uphold": _("keep the finding"),
        "withdraw": _("withdraw the appeal"),
    },
)


@dataclass(frozen=True)
class Reason:
    """
    A coded reason.

    :ivar sentence: what the other side reads.
    :ivar cure: what the other side does next.
    :ivar events: the transitions it may be given for.
    :ivar needs_comment: whether free text must explain it.
    """

    code: str
    sentence: str | Promise
    cure: str | Promise
    events: frozenset[str]
    needs_comment: bool = False


_EXITS = frozenset({"return", "refuse", "confirm_part", "dispute"})

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason(
            "AMOUNT",
            _("The amount does not agree with our records"),
            _("Compare the statement of account and correct the amount"),
            _EXITS,
        ),
        Reason(
            "DUE_DATE",
            _("The due date does not agree with the contract"),
            _("Correct the due date as the contract states and submit again"),
            frozenset({"return"}),
        ),
        Reason(
            "NOT_DELIVERED",
            _("The goods or services were not delivered or accepted"),
            _("Attach the acceptance certificate or wait for acceptance"),
            _EXITS,
        ),
        Reason(
            "QUALITY",
            _("There is an open complaint about quality"),
            _("Settle the complaint with the debtor's purchasing department"),
            _EXITS,
        ),
        Reason(
            "ALREADY_PAID",
            _("This item has been paid"),
            _("Check the payment in the bank statement and settle the item"),
            _EXITS,
        ),
        Reason(
            "NETTED",
            _("This item was set off against a claim of ours"),
            _("Agree the set-off in writing and correct the amount"),
            _EXITS,
        ),
        Reason(
            "NOT_OUR_CONTRACT",
            _("We have no such contract"),
            _("Check the debtor and the contract number"),
            frozenset({"return", "refuse", "dispute"}),
        ),
        Reason(
            "DUPLICATE",
            _("The same item was already submitted"),
            _("Withdraw the second item"),
            frozenset({"return", "refuse", "dispute"}),
        ),
        Reason(
            "PARTLY_DISPUTED",
            _("Part of the amount is disputed; the undisputed part is confirmed"),
            _("Settle the disputed part; the confirmed part can be financed now"),
            frozenset({"confirm_part"}),
        ),
        Reason(
            "UNCOLLECTABLE",
            _("The claim cannot be collected"),
            _("Keep the decision of the court or of the management with the item"),
            frozenset({"write_off"}),
            needs_comment=True,
        ),
        Reason(
            "MERGED",
            _("It was entered twice and is merged with the earlier item"),
            _("Go on with the earlier item; its papers are complete"),
            frozenset({"undo", "withdraw"}),
        ),
        Reason(
            "TERMS_AGREED",
            _("The parties agreed on other terms"),
            _("Compare the supplementary agreement and answer"),
            frozenset({"propose_change"}),
        ),
        Reason(
            "PRICE_OR_QUANTITY",
            _("Price or quantity was settled differently after the confirmation"),
            _("Compare the final settlement and answer"),
            frozenset({"propose_change"}),
        ),
        Reason(
            "ENTERED_WRONGLY",
            _("A term was entered wrongly"),
            _("Compare it with the contract and answer"),
            frozenset({"propose_change"}),
        ),
        Reason(
            "NOT_AGREED",
            _("We did not agree to this change"),
            _("Talk to the other side before proposing it again"),
            frozenset({"refuse_change"}),
        ),
        Reason(
            "PAPER_MISSING",
            _("The agreement in writing that this rests on is missing"),
            _("Send the supplementary agreement or the settlement, then propose it again"),
            frozenset({"refuse_change"}),
        ),
        Reason(
            "CHANGE_DIFFERS",
            _("The new terms are not those we agreed on"),
            _("Compare the terms with the agreement and propose them correctly"),
            frozenset({"refuse_change"}),
        ),
        Reason(
            "NOT_MINE",
            _("Another department has to answer this"),
            _("Answer it, or pass it on to whoever can"),
            frozenset({"pass_on"}),
        ),
        Reason(
            "DELIVERY_UNKNOWN",
            _("Whoever ordered or received it has to say whether it was delivered"),
            _("Compare delivery and acceptance, then answer"),
            frozenset({"pass_on"}),
        ),
        Reason(
            "PRICE_UNKNOWN",
            _("Purchasing has to say which price and terms were agreed"),
            _("Compare the contract, then answer"),
            frozenset({"pass_on"}),
        ),
        Reason(
            "OTHER",
            _("Another reason"),
            _("Read the comment and contact the other side"),
            frozenset(
                {
                    "return",
                    "refuse",
                    "confirm_part",
                    "dispute",
                    "write_off",
                    "propose_change",
                    "refuse_change",
                    "pass_on",
                }
            ),
            needs_comment=True,
        ),
    )
}


def reasons_for(event: str) -> list[Reason]:
    """Return the reasons that may be given for a transition, in the order a form lists them."""
    return [reason for reason in REASONS.values() if event in reason.events]
