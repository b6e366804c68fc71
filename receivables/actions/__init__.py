"""
Every write of receivables, a verb per function, each for a list.

The maker's step is `propose(event, proposals)`: it makes an approval. The verbs themselves (`submit`, `confirm` ...) are
called by the approval's handler; a person who calls one without an approval is refused.
"""

from receivables.actions.answers import Decision, confirm, confirm_part, refuse, return_
from receivables.actions.change_proposals import ask_to_answer, ask_to_propose
from receivables.actions.changes import accept_change, propose_change, refuse_change, withdraw_change
from receivables.actions.closing import acknowledge, post_facts, settle, write_off
from receivables.actions.common import Via
from receivables.actions.disputes import answer, dispute, resolve, withdraw_dispute
from receivables.actions.entry import ClaimInvalid, check, create_draft, undo, update_draft
from receivables.actions.ladder import (
    PassOn,
    Reminding,
    close_department,
    end_substitute,
    name_substitute,
    open_department,
    pass_on,
    set_policy,
)
from receivables.actions.proposals import Proposal, propose
from receivables.actions.sending import publish, resubmit, submit, submit_direct, withdraw

__all__ = [
    "ClaimInvalid",
    "Decision",
    "PassOn",
    "Proposal",
    "Reminding",
    "Via",
    "accept_change",
    "acknowledge",
    "answer",
    "ask_to_answer",
    "ask_to_propose",
    "check",
    "close_department",
    "confirm",
    "confirm_part",
    "create_draft",
    "dispute",
    "end_substitute",
    "name_substitute",
    "open_department",
    "pass_on",
    "post_facts",
    "propose",
    "propose_change",
    "publish",
    "refuse",
    "refuse_change",
    "resolve",
    "resubmit",
    "return_",
    "set_policy",
    "settle",
    "submit",
    "submit_direct",
    "undo",
    "update_draft",
    "withdraw",
    "withdraw_change",
    "withdraw_dispute",
    "write_off",
]
