"""What the page of one receivable says: the five answers with source and time, the story, and what this person can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables import changing, filters, presenters
from receivables.answering import Stand, stand_of
from receivables.models import (
    OBJECT_TYPE,
    AnswerLink,
    ChangeRequest,
    ConfirmationAct,
    Dispute,
    Evidence,
    Kind,
    LinkAnswer,
    Origin,
    Outcome,
    Receivable,
    ReceivableBalance,
)
from receivables.readings import Reading, readings
from receivables.rules.claims import KIND_FIELDS
from receivables.states import LIFECYCLE, DisputeState, State
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import ApprovalLine
from yingshou.audit.models import AuditEvent
from yingshou.audit.selectors import story_line
from yingshou.audit.wording import Line
from yingshou.documents.models import StoredFile
from yingshou.kernel.clock import business_date
from yingshou.signing.models import SignedLine
from yingshou.signing.selectors import Seal, seal_of_line
from yingshou.tenancy.actor import Actor, ActorKind
from yingshou.ui.counts import shown
from yingshou.ui.tabs import Tab
from yingshou.ui.templatetags.ui import amount, day, masked, minute, second

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

STORY_LINES = 100
CONFIRMING = (Outcome.CONFIRMED, Outcome.CONFIRMED_IN_PART, Outcome.PUBLISHED)


def confirmation_tabs(counts: dict[str, int], step: str) -> list[Tab]:
    """What we have to answer, what was passed to this person, and what our own checker has on the table."""
    return [
        Tab(_("To answer"), "?", shown(counts["open"]), not step),
        Tab(_("Passed to me"), "?step=mine", shown(counts["mine"]), step == "mine"),
        Tab(_("With our checker"), "?step=checking", shown(counts["checking"]), step == "checking"),
    ]


@dataclass(frozen=True)
class Answer:
    """One of the five answers: what, and the lines that say since when and from whom we know."""

    question: StrOrPromise
    headline: str
    tone: str
    lines: Sequence[str]
    seal: Seal | None = None


@dataclass(frozen=True)
class Choice:
    """Something this person can do with it, or the reason why not."""

    label: StrOrPromise
    url: str
    why: str = ""
    tone: str = ""
    posts: bool = False


@dataclass
class Sheet:
    """Everything the page of one receivable shows."""

    row: Receivable
    at: datetime
    actor: Actor
    balance: ReceivableBalance | None
    act: ConfirmationAct | None
    agreed: ConfirmationAct | None
    change: ApprovalLine | None
    proposed: ChangeRequest | None
    disputes: list[Dispute]
    seals: dict[int, Seal]
    files: list[tuple[Evidence, StoredFile]]
    stand: Stand | None = None
    link: AnswerLink | None = None
    by_link: LinkAnswer | None = None
    story: list[Line] = field(default_factory=list)

    @property
    def side(self) -> str:
        """Which party the actor's organisation is; "" for others."""
        if self.row.creditor_id == self.actor.organisation_id:
            return "creditor"
        return "debtor" if self.row.debtor_id == self.actor.organisation_id else ""

    @property
    def readings(self) -> list[Reading]:
        """The e-invoices among the documents, with what was read and checked."""
        return readings(self.files)

    @property
    def creditor_name(self) -> str:
        """The creditor as people call it."""
        return self.row.creditor.short_name or self.row.creditor.name

    @property
    def debtor_name(self) -> str:
        """The debtor as people call it."""
        debtor = self.row.debtor
        if debtor is not None:
            return str(debtor.short_name or debtor.name)
        return self.row.debtor_name or self.row.project_name

    def who(self, event: AuditEvent) -> str:
        """Who did it: our own people by name, the other side as an organisation."""
        if event.organisation_id == self.actor.organisation_id and event.organisation_id is not None:
            own = self.creditor_name if self.side == "creditor" else self.debtor_name
            return own if event.actor_kind == ActorKind.SYSTEM else f"{own} {event.actor_label}".strip()
        if event.actor_kind == ActorKind.LINK:
            return gettext("%(name)s, by one-time link") % {"name": event.actor_label}
        names = {self.row.creditor_id: self.creditor_name, self.row.debtor_id: self.debtor_name}
        return names.get(event.organisation_id, "") or gettext("the platform")

    @property
    def link_state(self) -> StrOrPromise:
        """Where the newest one-time link stands, in words."""
        return self.link.state(self.at).label if self.link is not None else ""

    @property
    def where(self) -> str:
        """Where it waits, in one line; "" where it waits for nobody."""
        return self.stand.words(self.at) if self.stand is not None else ""

    @property
    def state_tone(self) -> str:
        """The tone of the state's tag."""
        return presenters.STATE_TONES[State(self.row.state)]

    @property
    def change_title(self) -> StrOrPromise:
        """What waits for a checker."""
        return HANDLERS.get(self.change.approval.action).title if self.change else ""

    @property
    def proposal(self) -> changing.Notice | None:
        """The change of its terms that waits for an answer."""
        return changing.notice(self.proposed, self.actor, self.at)

    @property
    def open_dispute(self) -> Dispute | None:
        """The dispute that blocks financing now."""
        return next((one for one in self.disputes if one.state == DisputeState.OPEN), None)

    @property
    def invoices(self) -> list[Any]:
        """The parts of invoices that make up the claim."""
        return list(getattr(self.row, "papers", []))

    @property
    def invoice_total(self) -> Decimal:
        """The sum of the parts of invoices, in yuan."""
        return sum((use.used_amount for use in self.invoices), Decimal("0.00"))

    @property
    def particulars(self) -> list[tuple[StrOrPromise, str]]:
        """The fields of its kind, with their labels; account numbers masked."""
        labels = KIND_FIELDS[self.row.kind]
        return [
            (str(labels.get(name, name)), str(masked(value) if name == "dedicated_account" else value))
            for name, value in self.row.particulars.items()
            if value
        ]

    @property
    def answers(self) -> list[Answer]:
        """The five answers."""
        return [self._true(), self._free(), self._promised(), self._holders(), self._paid()]

    def _true(self) -> Answer:
        row, act = self.row, self.act
        question = _("Is it true?")
        if row.state == State.DIRECT:
            return Answer(
                question,
                gettext("Nobody confirmed it"),
                "amber",
                [gettext("This kind has no single debtor who could."), gettext("Judge it by its papers.")],
            )
        if act is None:
            lines = [gettext("Only the creditor says so"), *presenters.deadline_words(row, self.at)]
            if row.state in (State.RETURNED, State.REFUSED):
                lines = [str(presenters.reason_words(row.reason_code)), row.reason_text]
            return Answer(
                question, str(row.get_state_display()), "red" if row.state == State.REFUSED else "amber", lines
            )
        headline = gettext("The debtor confirmed it")
        if act.outcome == Outcome.CONFIRMED_IN_PART:
            headline = gettext("Confirmed in part: %(amount)s of %(face)s") % {
                "amount": amount(row.confirmed_amount),
                "face": amount(row.face_amount),
            }
        elif act.outcome == Outcome.PUBLISHED:
            headline = gettext("Published by the debtor")
        lines = [f"{minute(act.at)} · {act.get_basis_display()}", _delivery(act)]
        if act.set_off_known:
            lines.append(gettext("The debtor named counter-claims"))
        if act.reason_code:
            lines.append(str(presenters.reason_words(act.reason_code)))
        if self.agreed is not None:
            lines.append(gettext("Changed by agreement, %(when)s") % {"when": minute(self.agreed.at)})
        seal = self.seals.get(act.receivable_version + 1)
        lines.append(
            gettext("Signed and verified")
            if seal and seal.state == "valid"
            else gettext("Signed by one-time link; the signature was verified")
            if self.by_link is not None and act.channel == "LINK"
            else gettext("Not signed")
            if seal is None
            else ""
        )
        return Answer(question, headline, "green", [one for one in lines if one], seal)

    def _free(self) -> Answer:
        question, balance = _("Is it still free?"), self.balance
        if balance is None or balance.posted_at is None:
            return Answer(
                question,
                gettext("Not financeable yet"),
                "grey",
                [gettext("It enters the ledger when it is confirmed.")],
            )
        lines = [gettext("Confirmed %(amount)s") % {"amount": amount(balance.confirmed_amount)}]
        for label, value in (
            (gettext("paid or adjusted"), balance.paid_amount + balance.adjusted_amount),
            (gettext("encumbered"), balance.encumbered_amount),
            (gettext("reserved"), balance.reserved_amount),
            (gettext("retained"), balance.retained_amount),
            (gettext("disputed"), balance.disputed_amount),
        ):
            if value:
                lines.append(f"− {label} {amount(value)}")
        lines.append(gettext("Encumbrance ledger, %(when)s") % {"when": second(balance.posted_at)})
        free = balance.available_amount
        return Answer(question, f"¥ {amount(free)}", "green" if free > 0 else "red", lines)

    def _promised(self) -> Answer:
        row = self.row
        due = row.confirmed_due_date or row.due_date
        account = row.particulars.get("dedicated_account", "")
        if account:
            headline = f"{self.debtor_name} → {masked(account)}"
            lines = [gettext("Dedicated account, as the creditor entered it")]
        else:
            headline = f"{self.debtor_name} → {self.creditor_name}"
            lines = [
                gettext("To the creditor's own account, as the contract says"),
                gettext("No repayment path has been agreed here"),
            ]
        promised = self.act is not None
        lines.append(
            (gettext("Promised for %(day)s") if promised else gettext("Claimed for %(day)s")) % {"day": day(due)}
        )
        return Answer(_("Who promised to pay it, to which account?"), headline, "blue" if promised else "grey", lines)

    def _holders(self) -> Answer:
        balance = self.balance
        question = _("Who has money on it?")
        known = gettext("As far as this platform knows; the public register is asked before a deal")
        if balance is None or not (balance.encumbered_amount or balance.reserved_amount):
            return Answer(question, gettext("Nobody"), "blue", [known])
        lines = []
        if balance.encumbered_amount:
            lines.append(gettext("Encumbered %(amount)s") % {"amount": amount(balance.encumbered_amount)})
        if balance.reserved_amount:
            lines.append(gettext("Reserved %(amount)s") % {"amount": amount(balance.reserved_amount)})
        held = balance.encumbered_amount + balance.reserved_amount
        return Answer(question, gettext("Held: %(amount)s") % {"amount": amount(held)}, "amber", [*lines, known])

    def _paid(self) -> Answer:
        row, balance, question = self.row, self.balance, _("Was it paid there?")
        days = ((row.confirmed_due_date or row.due_date) - business_date(self.at)).days
        if balance is None or balance.posted_at is None:
            return Answer(question, gettext("Not yet"), "grey", [gettext("Due %(day)s") % {"day": day(row.due_date)}])
        facts = gettext("Paid %(paid)s · adjusted %(adjusted)s") % {
            "paid": amount(balance.paid_amount),
            "adjusted": amount(balance.adjusted_amount),
        }
        owed = balance.claim_amount
        if owed == 0:
            return Answer(question, gettext("Nothing is owed any more"), "green", [facts])
        if days >= 0:
            left = ngettext("Not due, %(n)d day left", "Not due, %(n)d days left", days) % {"n": days}
            return Answer(question, left, "amber", [facts, gettext("Still owed %(amount)s") % {"amount": amount(owed)}])
        over = ngettext("Overdue %(n)d day", "Overdue %(n)d days", -days) % {"n": -days}
        return Answer(question, over, "red", [facts, gettext("Still owed %(amount)s") % {"amount": amount(owed)}])

    @property
    def choices(self) -> list[Choice]:
        """What the lifecycle allows this party now; what it may not do, with the reason."""
        row, may = self.row, self.actor.may
        blocked = gettext("A change waits for checking") if self.change else ""
        found: list[Choice] = []

        def add(label: Any, url: str, permission: str, *, tone: str = "", posts: bool = True, why: str = "") -> None:
            duty = "" if may(permission) else gettext("Needs the duty maker")
            found.append(Choice(label, url, why=why or duty or blocked, tone=tone, posts=posts))

        if self.side == "debtor" and row.state == State.PENDING_CONFIRM:
            add(
                _("Answer"),
                reverse("receivables:answer", args=[row.public_no]),
                "receivables.confirm",
                tone="primary",
                posts=False,
            )
            add(
                _("Not mine: pass it on"),
                reverse("receivables:pass_on", args=[row.public_no]),
                "receivables.confirm",
                posts=False,
            )
        if self._is_mine and row.state in (State.DRAFT, State.RETURNED):
            duty = "receivables.enter" if self.side == "creditor" else "receivables.publish"
            add(
                _("Check and submit"),
                reverse("receivables:check", args=[row.public_no]),
                duty,
                tone="primary",
                posts=False,
            )
            add(_("Correct"), self.edit_url, duty, posts=False)
        if self._is_mine and row.state == State.DRAFT:
            name = "receivables:act" if self.side == "creditor" else "receivables:publish"
            add(
                _("Undo"),
                reverse(name, args=["undo"]),
                "receivables.enter" if self.side == "creditor" else "receivables.publish",
            )
        if self.side == "creditor":
            self._creditors(add)
        if self.side and row.state == State.CONFIRMED:
            why = changing.why_no_proposal(row, self.proposed, self.change, self.actor)
            found.append(
                Choice(_("Propose a change"), reverse("receivables:propose_change", args=[row.public_no]), why=why)
            )
        if self.side and row.state in (State.CONFIRMED, State.DIRECT) and self.open_dispute is None:
            found.append(
                Choice(
                    _("Dispute"),
                    reverse("receivables:open_dispute", args=[row.public_no]),
                    why="" if may("receivables.dispute") else gettext("Needs the duty maker"),
                )
            )
        return found

    def _creditors(self, add: Any) -> None:
        row = self.row
        if LIFECYCLE.allows(row.state, "withdraw"):
            add(_("Withdraw"), reverse("receivables:act", args=["withdraw"]), "receivables.enter")
        if presenters.is_published(row):
            add(
                _("Acknowledge"),
                reverse("receivables:act", args=["acknowledge"]),
                "receivables.acknowledge",
                tone="primary",
            )
        if LIFECYCLE.allows(row.state, "settle"):
            owed = self.balance is not None and self.balance.claim_amount > 0
            add(
                _("Settle"),
                reverse("receivables:act", args=["settle"]),
                "receivables.close",
                why=gettext("Still owed: %(amount)s") % {"amount": amount(self.balance.claim_amount)}
                if owed and self.balance
                else "",
            )
            add(_("Write off"), reverse("receivables:act", args=["write-off"]), "receivables.close")

    @property
    def edit_url(self) -> str:
        """Where its own side corrects it."""
        name = "receivables:edit_payable" if self.row.origin == Origin.DEBTOR_UPLOAD else "receivables:edit"
        return reverse(name, args=[self.row.public_no])

    @property
    def _is_mine(self) -> bool:
        return self.side == ("debtor" if self.row.origin == Origin.DEBTOR_UPLOAD else "creditor")


def _delivery(act: ConfirmationAct) -> str:
    if act.delivery_accepted is None:
        return ""
    return gettext("Delivery accepted") if act.delivery_accepted else gettext("Delivery not wholly accepted")


def rows(actor: Actor) -> QuerySet[Receivable]:
    """Receivables as their page shows them, within what this actor may see."""
    return filters.with_papers(Receivable.objects.visible_to(actor).select_related("creditor", "debtor"))


def sheet(row: Receivable, actor: Actor, at: datetime) -> Sheet:
    """Everything about one receivable that this actor may see; a fixed number of queries."""
    acts = list(ConfirmationAct.objects.filter(receivable=row).order_by("-at", "-pk")[:20])
    signed = SignedLine.objects.visible_to(actor).filter(object_type=OBJECT_TYPE, object_id=row.pk)
    # The event that a signed decision made carries the next version.
    lines = [(one, seal_of_line(one, at=at)) for one in signed.select_related("evidence")]
    # An event that names its signature finds it by that number, which a minus tells from a version.
    seals = {one.object_version + 1: seal for one, seal in lines} | {-one.evidence_id: seal for one, seal in lines}
    made = Sheet(
        row=presenters.with_reason(row),
        at=at,
        actor=actor,
        balance=ReceivableBalance.objects.filter(pk=row.pk).first(),
        act=next((one for one in acts if one.outcome in CONFIRMING), None),
        agreed=next((one for one in acts if one.outcome == Outcome.CHANGED), None),
        proposed=changing.open_change(row),
        change=filters.open_changes([row.pk]).get(row.pk),
        disputes=list(Dispute.objects.visible_to(actor).filter(receivable=row).order_by("-pk")[:20]),
        seals=seals,
        files=files_of(row, actor),
        stand=stand_of(row, actor, at),
        link=_last_link(row, actor),
        by_link=_link_answer(row, actor),
    )
    made.story = _story(made)
    return made


def _last_link(row: Receivable, actor: Actor) -> AnswerLink | None:
    """The newest one-time link to a claim that waits for an unregistered debtor."""
    if not row.is_waiting_for_debtor:
        return None
    return AnswerLink.objects.visible_to(actor).filter(receivable=row).order_by("-pk").first()


def _link_answer(row: Receivable, actor: Actor) -> LinkAnswer | None:
    """The signed answer that came by link, where the last answer came so."""
    if row.state not in (State.CONFIRMED, State.RETURNED, State.REFUSED, State.SETTLED, State.WRITTEN_OFF):
        return None
    links = AnswerLink.objects.visible_to(actor).filter(receivable=row, used_at__isnull=False)
    return LinkAnswer.objects.filter(link__in=links, signed_at__isnull=False).order_by("-pk").first()


def files_of(row: Receivable, actor: Actor) -> list[tuple[Evidence, StoredFile]]:
    """The documents of a receivable that this actor may open."""
    evidence = list(Evidence.objects.filter(receivable=row).order_by("pk")[:100])
    stored = StoredFile.objects.visible_to(actor).in_bulk([one.file_id for one in evidence])
    return [(one, stored[one.file_id]) for one in evidence if one.file_id in stored]


def _story(made: Sheet) -> list[Line]:
    events = AuditEvent.objects.visible_to(made.actor).filter(object_type=OBJECT_TYPE, object_id=made.row.pk)
    lines = [
        replace(story_line(event, actor=made.actor), signature=_seal(made, event), who=made.who(event))
        for event in events.order_by("-at", "-pk")[:STORY_LINES]
    ]
    step = presenters.next_step(made.row, made.actor.organisation_id, made.at)
    if step is not None and made.stand is not None and made.side == "creditor":
        step = replace(step, detail=" · ".join([made.where, *made.stand.deadline]))
    if made.proposed is not None:
        step = changing.next_line(made.proposed, made.actor, made.at)
    return [step, *lines] if step is not None else lines


def _seal(made: Sheet, event: AuditEvent) -> Seal | None:
    """The signature of an event: the one it names, else that of the version it made."""
    named = event.body.get("signature_id")
    return made.seals.get(-named if named else event.object_version or 0)


def kinds() -> list[tuple[str, Any]]:
    """The kinds that can be entered."""
    return [(kind.value, kind.label) for kind in Kind]
