"""
The six ways of working (F001), as data: who does what in which order, what each side gains, and which are open already.

The steps follow the public description of the platform's modes; what is not built yet is said to be in preparation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Who(StrEnum):
    """Who acts in a step: the lanes of a step diagram."""

    SUPPLIER = "supplier"
    DEBTOR = "debtor"
    FUNDER = "funder"
    PLATFORM = "platform"
    FINANCE = "finance"
    CENTRAL_BANK = "central_bank"


WHO_LABELS: dict[Who, StrOrPromise] = {
    Who.SUPPLIER: _("Supplier (creditor)"),
    Who.DEBTOR: _("Debtor or core enterprise"),
    Who.FUNDER: _("Bank or factoring company"),
    Who.PLATFORM: _("Platform"),
    Who.FINANCE: _("Finance department"),
    Who.CENTRAL_BANK: _("People's Bank branch"),
}


@dataclass(frozen=True)
class Step:
    """
    One step of a mode.

    :param is_open: whether it can be done on this platform today
    """

    who: Who
    what: StrOrPromise
    detail: StrOrPromise = ""
    is_open: bool = False


@dataclass(frozen=True)
class Gain:
    """What the mode is good for, for one side; `who` None for everybody."""

    who: Who | None
    sentence: StrOrPromise


@dataclass(frozen=True)
class Mode:
    """One of the six modes; `slug` is its address."""

    slug: str
    title: StrOrPromise
    summary: StrOrPromise
    steps: tuple[Step, ...]
    gains: tuple[Gain, ...]
    starts: tuple[Who, ...] = field(default_factory=tuple)

    @property
    def is_open(self) -> bool:
        """Whether at least its first step can be done today."""
        return any(step.is_open for step in self.steps)

    @property
    def lanes(self) -> list[Who]:
        """Who takes part, in order of appearance."""
        return list(dict.fromkeys(step.who for step in self.steps))


GENERAL = Mode(
    slug="general",
    title=_("General mode"),
    summary=_("A supplier brings receivables in, the debtor confirms them with a signature, a funder finances them."),
    steps=(
        Step(
            Who.SUPPLIER,
            _("Bring receivables in"),
            _("One by one, or as a workbook with thousands of lines; checked before anything is sent."),
            is_open=True,
        ),
        Step(
            Who.PLATFORM,
            _("Show them to the debtor"),
            _("Found by its unified social credit code; the waiting time is counted from here."),
            is_open=True,
        ),
        Step(
            Who.DEBTOR,
            _("Confirm, confirm in part, return or refuse"),
            _(
                "One by one or all together with one signature. A payable the debtor publishes itself counts as confirmed."
            ),
            is_open=True,
        ),
        Step(
            Who.SUPPLIER,
            _("Send a financing call to the funders you choose"),
            _("Also without a confirmation where the debtors are many and unnamed, such as the payers of a toll."),
        ),
        Step(Who.FUNDER, _("Answer with an offer"), _("Amount, price, term and the papers still missing.")),
        Step(
            Who.FUNDER,
            _("Notify the debtor of the assignment or pledge"),
            _("It counts as notified when it reaches the debtor's system; the debtor confirms the repayment account."),
        ),
        Step(Who.FUNDER, _("Register it in the movable-property registry")),
        Step(Who.FUNDER, _("Report the deal sheet"), _("Supplier and debtor receive it.")),
        Step(Who.SUPPLIER, _("Add new receivables to a pool"), _("After the funder has agreed.")),
    ),
    gains=(
        Gain(None, _("Confirmation online replaces stamps on paper and saves visits.")),
        Gain(None, _("Signatures on the confirmation and on the repayment account strengthen both as evidence.")),
        Gain(Who.SUPPLIER, _("One call reaches the banks and factoring companies of every province.")),
        Gain(
            Who.FUNDER, _("A notice is served by reaching the debtor's system, which settles whether it was notified.")
        ),
        Gain(Who.FUNDER, _("The registration is made from the data that is here already.")),
    ),
    starts=(Who.SUPPLIER, Who.DEBTOR, Who.FUNDER),
)

REVERSE_FACTORING = Mode(
    slug="reverse-factoring",
    title=_("Online reverse factoring"),
    summary=_("A core enterprise links its finance system; its suppliers are financed on its word without re-typing."),
    steps=(
        Step(
            Who.SUPPLIER,
            _("Allow the core enterprise to send the trading history"),
            _("From the beginning of last year until today, to the funder named."),
        ),
        Step(Who.DEBTOR, _("Send the trading history"), _("By the link, without anybody's hands.")),
        Step(Who.FUNDER, _("Propose a credit line for the supplier"), _("The core enterprise approves it.")),
        Step(
            Who.DEBTOR,
            _("Send payables, adjustments, payments and accounts every day"),
            _("Automatically, for suppliers whose line was approved."),
        ),
        Step(
            Who.SUPPLIER, _("Set up the financing relation"), _("Core enterprise, funder, pool or single receivables.")
        ),
        Step(Who.FUNDER, _("Read the payables of this supplier")),
        Step(Who.SUPPLIER, _("Send a financing call within the relation")),
        Step(Who.FUNDER, _("Check it against the registry, payments and accounts")),
        Step(Who.FUNDER, _("Send the notice and register"), _("The supplier forwards it to the core enterprise.")),
        Step(Who.FUNDER, _("Report the deal")),
        Step(Who.FUNDER, _("Follow payments and adjustments every day"), _("As long as the relation is in force.")),
    ),
    gains=(
        Gain(Who.DEBTOR, _("One link instead of one for each bank; less work by hand and less risk.")),
        Gain(Who.SUPPLIER, _("Nothing to type; financed on the core enterprise's credit, sooner and cheaper.")),
        Gain(Who.FUNDER, _("Payables straight from the core enterprise's books: the trade behind them is real.")),
    ),
    starts=(Who.DEBTOR, Who.SUPPLIER, Who.FUNDER),
)

PROCUREMENT = Mode(
    slug="government-procurement",
    title=_("Government procurement financing"),
    summary=_("A supplier to the government is financed on its award or contract; the payment account is locked."),
    steps=(
        Step(
            Who.FINANCE,
            _("Send awards, contracts and payments"),
            _("The procurement system is linked; a supplier may come over from there without registering."),
        ),
        Step(Who.FUNDER, _("Publish products and look for awarded suppliers"), _("Awards of the last year.")),
        Step(Who.SUPPLIER, _("State a wish for financing"), _("To all funders of the place.")),
        Step(Who.FUNDER, _("Set a credit line from the history of awards")),
        Step(Who.SUPPLIER, _("Apply with an award or a purchase order")),
        Step(Who.FUNDER, _("Check plan, contract and payments; register the pledge")),
        Step(Who.FUNDER, _("Report the deal sheet"), _("It is passed on to the procurement system.")),
        Step(Who.FINANCE, _("Lock the payment account"), _("By the system or by two officers.")),
    ),
    gains=(
        Gain(Who.SUPPLIER, _("The government contract opens the door to credit, on better terms and online.")),
        Gain(
            Who.FUNDER, _("Orders can be verified and followed until payment; the locked account protects repayment.")
        ),
        Gain(Who.FINANCE, _("The procurement policy for small firms reaches them as credit.")),
    ),
    starts=(Who.SUPPLIER, Who.FUNDER, Who.FINANCE),
)

RELENDING = Mode(
    slug="relending",
    title=_("Online relending"),
    summary=_("A bank asks the People's Bank for relending on the strength of deals made here."),
    steps=(
        Step(
            Who.FUNDER, _("Choose deals and apply"), _("With loan notes and other papers, to the branch of the place.")
        ),
        Step(Who.CENTRAL_BANK, _("Receive and review"), _("Down to the deal, the receivable and its invoice.")),
        Step(Who.CENTRAL_BANK, _("Search the registry for the bank's registrations")),
        Step(Who.CENTRAL_BANK, _("Record the relending deal and register the pledge")),
    ),
    gains=(
        Gain(Who.FUNDER, _("Applies with the deals that are here already, without copying lists.")),
        Gain(Who.CENTRAL_BANK, _("Papers arrive online; the trade behind each deal can be followed after lending.")),
        Gain(Who.SUPPLIER, _("Relending money reaches small firms of the supply chain more precisely.")),
    ),
    starts=(Who.FUNDER, Who.CENTRAL_BANK),
)

PERFORMANCE = Mode(
    slug="payment-performance",
    title=_("Payment performance"),
    summary=_("Creditors report each month how a debtor pays; the debtor sees its own report and can object."),
    steps=(
        Step(Who.SUPPLIER, _("Upload the month's ageing of a debtor")),
        Step(
            Who.PLATFORM,
            _("Mark each record as timely or late"),
            _("Timely while less than a fifth of the total payable is overdue."),
        ),
        Step(Who.PLATFORM, _("Add the records up to the debtor's report"), _("In all, and over three months.")),
        Step(Who.DEBTOR, _("See every record at once"), _("At present nobody else sees it.")),
        Step(Who.SUPPLIER, _("Correct a record once, where both agree that it was wrong")),
        Step(Who.DEBTOR, _("Mark a record as disputed"), _("Shown with the record, whole and unchanged.")),
    ),
    gains=(
        Gain(Who.SUPPLIER, _("Debtors pay in time when it is seen; fewer bad debts, better receivables.")),
        Gain(Who.DEBTOR, _("Who pays well earns a record that lowers the cost of credit.")),
    ),
    starts=(Who.SUPPLIER, Who.DEBTOR),
)

FACTORING = Mode(
    slug="factoring-system",
    title=_("Factoring management"),
    summary=_("A factoring company runs its daily business here, from the customer file to the last repayment."),
    steps=(
        Step(Who.FUNDER, _("Keep customer files")),
        Step(Who.FUNDER, _("Examine customers and set limits"), _("By the company's own workflow.")),
        Step(Who.FUNDER, _("Prepare the drawdown: contract, notice, registration")),
        Step(Who.FUNDER, _("Keep vouchers, pay out, allocate repayments")),
        Step(Who.FUNDER, _("Watch the portfolio"), _("Due, overdue, expiring limits.")),
        Step(Who.FUNDER, _("Handle exceptions"), _("Dispute, short payment, wrong account, reassignment.")),
    ),
    gains=(
        Gain(Who.FUNDER, _("The whole business in one system; each company has its own data, workflow and products.")),
        Gain(Who.SUPPLIER, _("More funders that can answer a call within days.")),
    ),
    starts=(Who.FUNDER,),
)

MODES: tuple[Mode, ...] = (GENERAL, REVERSE_FACTORING, PROCUREMENT, RELENDING, PERFORMANCE, FACTORING)
BY_SLUG: dict[str, Mode] = {mode.slug: mode for mode in MODES}
