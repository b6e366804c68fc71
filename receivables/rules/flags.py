"""
Every rule that may put a flag on a claim (N15): what it says, on which data it rests, who answers for it, what comes next.

A rule without words in both languages or without an owner does not exist; a test goes over this register.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class FlagRule:
    """
    :ivar sentence: what was noticed
    :ivar data: which fields were compared, and nothing else
    :ivar owner: who looks after the rule and answers for it
    :ivar next_step: what the reader can do now
    """

    code: str
    sentence: StrOrPromise
    data: StrOrPromise
    owner: StrOrPromise
    next_step: StrOrPromise


INVOICE_USED = "INVOICE_USED"
"""What is challenged when the platform says that an invoice is in use (INV-003)."""

OWNER = _("Platform operator, desk for authenticity of claims")
FIGURES = _("Amount, currency, number and code of the invoice, day, contract number, statement number, due date, kind")
COMPARE = _("Compare the two items; merge them if they are one, or say why they are two.")
TAKE_BACK = _("Compare the items; take back what was entered twice, or say why all of them are right.")

FLAG_RULES = {
    rule.code: rule
    for rule in (
        FlagRule("NUMBER_TYPED", _("The number may have been mistyped"), FIGURES, OWNER, COMPARE),
        FlagRule("SAME_FIGURES", _("The same figures stand in an earlier item"), FIGURES, OWNER, COMPARE),
        FlagRule("NET_AND_GROSS", _("One amount is the other with or without tax"), FIGURES, OWNER, COMPARE),
        FlagRule("OTHER_CURRENCY", _("The same figure in another currency"), FIGURES, OWNER, COMPARE),
        FlagRule("OTHER_KIND", _("The same figures under another kind of claim"), FIGURES, OWNER, COMPARE),
        FlagRule("SPLIT", _("Parts that add up to an earlier item"), FIGURES, OWNER, TAKE_BACK),
        FlagRule("MERGED", _("The sum of earlier items"), FIGURES, OWNER, TAKE_BACK),
        FlagRule("TWO_SUPPLIERS", _("Two suppliers claim the same invoice"), FIGURES, OWNER,
                 _("Ask both suppliers for the original invoice; return the claim that is wrong.")),
        FlagRule(INVOICE_USED, _("The invoice is already used on the platform"), _("Number and code of the invoice"), OWNER,
                 _("Find your earlier receivable by the invoice number; if you have none, challenge it.")),
    )
}  # fmt: skip

# What agrees and what differs, in words; %(n)s is the figure of the reason.
REASON_WORDS: dict[str, StrOrPromise] = {
    "SAME_AMOUNT": _("same amount"),
    "NET_AMOUNT": _("one amount is the other with or without tax"),
    "OTHER_CURRENCY": _("same figure, another currency"),
    "SAME_NUMBER": _("same invoice number, another code or seller"),
    "SWAPPED": _("two digits of the number are transposed"),
    "ZEROS": _("the numbers differ in zeros only"),
    "TYPED": ngettext_lazy("the number differs in %(n)s digit", "the number differs in %(n)s digits", "n"),
    "NEIGHBOUR": _("neighbouring numbers"),
    "OTHER_NUMBER": _("another number"),
    "SAME_DAY": _("same day"),
    "NEAR_DAY": ngettext_lazy("%(n)s day apart", "%(n)s days apart", "n"),
    "OTHER_DAY": ngettext_lazy("%(n)s day apart", "%(n)s days apart", "n"),
    "SAME_CONTRACT": _("same contract"),
    "OTHER_CONTRACT": _("another contract"),
    "SAME_NOTE": _("same statement number"),
    "OTHER_NOTE": _("another statement number"),
    "SAME_DUE": _("same due date"),
    "OTHER_KIND": _("another kind of claim"),
    "PARTS_ADD_UP": _("%(n)s parts add up to the amount"),
}
