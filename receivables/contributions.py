"""What the shared package shows and runs of receivables, by name."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from receivables import books, drafts, pages, tasks
from receivables.actions.change_proposals import CHANGE_HANDLERS
from receivables.actions.proposals import HANDLERS
from receivables.imports.claims import CLAIMS
from receivables.imports.einvoices import EINVOICES
from receivables.imports.payables import PAYABLES
from receivables.models import AnswerLink
from yingshou.approvals import handlers
from yingshou.documents.kinds import import_kinds
from yingshou.documents.references import Reference, references
from yingshou.drafts.kinds import draft_kinds
from yingshou.identity.actions import reencryption
from yingshou.identity.actions.reencryption import Column
from yingshou.jobs import domain_events
from yingshou.jobs import registry as jobs
from yingshou.notifications import kinds as messages
from yingshou.notifications.kinds import MessageKind
from yingshou.tenancy import classes, permissions
from yingshou.tenancy.actor import Capability, Duty
from yingshou.tenancy.classes import RowClass
from yingshou.tenancy.permissions import Permission

for model in (
    "Receivable",
    "Invoice",
    "InvoiceUse",
    "Evidence",
    "ReceivableBalance",
    "ReceivableEntry",
    "Holding",
    "ConfirmationAct",
    "PayableLine",
    "BookMatch",
    "Dispute",
    "ChangeRequest",
    "ClaimTrait",
    "LikenessFlag",
    "Appeal",
    "AnswerLink",
    "AnswerPolicy",
    "AnswerProgress",
    "AnswerRouting",
    "Department",
    "LinkAnswer",
    "Substitute",
):
    classes.register(f"receivables.{model}", RowClass.TENANT)
classes.register("receivables.InvoiceFingerprint", RowClass.OPERATION)
books.register()
classes.register("receivables.LendingRate", RowClass.REFERENCE)

_READERS = {Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR}
_EVERYONE = _READERS | {Duty.ADMINISTRATOR}
_CHECKERS = {Duty.CHECKER, Duty.SIGNER}
_CREDITORS = {Capability.CREDITOR, Capability.CORE_ENTERPRISE}
_DEBTORS = {Capability.DEBTOR, Capability.CORE_ENTERPRISE}

for name, sentence, duties, capabilities in (
    ("view", _("Read receivables and payables of the organisation"), _READERS, set()),
    ("enter", _("Enter, import, correct and undo receivables"), {Duty.MAKER}, _CREDITORS),
    ("begin", _("Begin entries and go on with them later"), {Duty.MAKER}, _CREDITORS | _DEBTORS),
    ("submit", _("Submit receivables to debtors"), {Duty.MAKER}, _CREDITORS),
    ("check_submit", _("Check what is submitted to debtors, changed, settled or written off"), _CHECKERS, _CREDITORS),
    ("acknowledge", _("Acknowledge what a debtor published"), {Duty.MAKER}, _CREDITORS),
    ("close", _("Settle and write off receivables"), {Duty.MAKER}, _CREDITORS),
    ("confirm", _("Confirm, return or refuse what suppliers claim"), {Duty.MAKER}, _DEBTORS),
    ("check_confirm", _("Check and sign confirmations, returns, refusals and agreed changes"), _CHECKERS, _DEBTORS),
    ("see_ladder", _("Read how the organisation is reminded, and who stands in for whom"), _EVERYONE, _DEBTORS),
    ("name_substitute", _("Name a substitute for oneself"), {Duty.MAKER, *_CHECKERS}, _DEBTORS),
    (
        "set_ladder",
        _("Set reminders, departments, the second contact and substitutes of colleagues"),
        {Duty.ADMINISTRATOR},
        _DEBTORS,
    ),
    ("publish", _("Keep the payables book and publish payables"), {Duty.MAKER}, _DEBTORS),
    ("check_publish", _("Check and sign published payables"), _CHECKERS, _DEBTORS),
    ("post_facts", _("Record payments, credit notes and set-offs"), {Duty.MAKER}, _CREDITORS | _DEBTORS),
    ("dispute", _("Open, answer and close disputes"), {Duty.MAKER}, _CREDITORS | _DEBTORS),
    ("appeal", _("Challenge what a rule found"), {Duty.MAKER}, _CREDITORS | _DEBTORS),
    (
        "decide_appeal",
        _("Answer appeals against what rules found, and see both sides"),
        {Duty.MAKER, Duty.CHECKER},
        {Capability.PLATFORM_OPERATOR},
    ),
    (
        "compare",
        _("Decide what looks like a duplicate, merge what was entered twice"),
        {Duty.MAKER},
        _CREDITORS | _DEBTORS,
    ),
    (
        "change",
        _("Propose changes of what was confirmed, answer and withdraw them"),
        {Duty.MAKER},
        _CREDITORS | _DEBTORS,
    ),
):
    permissions.register(f"receivables.{name}", Permission(sentence=sentence, duties=duties, capabilities=capabilities))

for handler in (*HANDLERS, *CHANGE_HANDLERS):
    handlers.register(f"receivables.{handler.event}", handler())

import_kinds.register(CLAIMS.name, CLAIMS)
import_kinds.register(PAYABLES.name, PAYABLES)
import_kinds.register(EINVOICES.name, EINVOICES)
for name, kind in drafts.KINDS.items():
    draft_kinds.register(name, kind)
reencryption.register(Column(AnswerLink, "code_cipher", AnswerLink.CODE, is_private=True))
references.register("receivables.evidence", Reference(drafts.evidence_of))
jobs.schedule(tasks.EXPIRE, every=timedelta(minutes=10))
jobs.schedule(tasks.REMIND, every=timedelta(days=1))
jobs.schedule(tasks.LAPSE, every=timedelta(days=1))
domain_events.subscribe("identity.organisation.verified", tasks.LINK_DEBTOR)
domain_events.subscribe("documents.import", tasks.LOOK_IMPORTED)

for name, label, one, many, mail in (
    (
        "confirmed",
        _("Confirmation"),
        _("%(counterpart)s confirmed receivable %(number)s"),
        _("%(counterpart)s confirmed %(count)s receivables"),
        _("%(counterpart)s confirmed receivables of yours: %(count)s."),
    ),
    (
        "confirmed_part",
        _("Confirmation in part"),
        _("%(counterpart)s confirmed a part of receivable %(number)s"),
        _("%(counterpart)s confirmed parts of %(count)s receivables"),
        _("%(counterpart)s confirmed parts of receivables of yours: %(count)s."),
    ),
    (
        "returned",
        _("Return for correction"),
        _("%(counterpart)s returned receivable %(number)s for correction"),
        _("%(counterpart)s returned %(count)s receivables for correction"),
        _("%(counterpart)s returned receivables of yours for correction: %(count)s."),
    ),
    (
        "refused",
        _("Refusal"),
        _("%(counterpart)s refused receivable %(number)s"),
        _("%(counterpart)s refused %(count)s receivables"),
        _("%(counterpart)s refused receivables of yours: %(count)s."),
    ),
    (
        "requested",
        _("Request to confirm"),
        _("%(counterpart)s asks you to confirm receivable %(number)s"),
        _("%(counterpart)s asks you to confirm %(count)s receivables"),
        _("%(counterpart)s asks you to confirm receivables: %(count)s."),
    ),
    (
        "published",
        _("Published payable"),
        _("%(counterpart)s published what it owes you: receivable %(number)s"),
        _("%(counterpart)s published %(count)s payables to you"),
        _("%(counterpart)s published what it owes you: %(count)s."),
    ),
    (
        "change_proposed",
        _("Proposed change"),
        _("%(counterpart)s proposes to change the confirmed terms of receivable %(number)s"),
        _("%(counterpart)s proposes to change the confirmed terms of %(count)s receivables"),
        _("%(counterpart)s proposes to change what was confirmed: %(count)s."),
    ),
    (
        "change_accepted",
        _("Agreed change"),
        _("%(counterpart)s agreed to the change of receivable %(number)s"),
        _("%(counterpart)s agreed to changes of %(count)s receivables"),
        _("%(counterpart)s agreed to changes you proposed: %(count)s."),
    ),
    (
        "change_refused",
        _("Refused change"),
        _("%(counterpart)s refused the change of receivable %(number)s"),
        _("%(counterpart)s refused changes of %(count)s receivables"),
        _("%(counterpart)s refused changes you proposed: %(count)s."),
    ),
    (
        "change_withdrawn",
        _("Withdrawn change"),
        _("%(counterpart)s withdrew the change it proposed of receivable %(number)s"),
        _("%(counterpart)s withdrew changes it proposed of %(count)s receivables"),
        _("%(counterpart)s withdrew changes it proposed: %(count)s."),
    ),
    (
        "change_lapsed",
        _("Lapsed change"),
        _("The proposed change of receivable %(number)s with %(counterpart)s lapsed without an answer"),
        _("Proposed changes of %(count)s receivables with %(counterpart)s lapsed without an answer"),
        _("Proposed changes with %(counterpart)s lapsed without an answer: %(count)s."),
    ),
    (
        "alike",
        _("Possible duplicate"),
        _("Receivable %(number)s looks like another item: %(score)s %%"),
        _("%(count)s receivables look like other items"),
        _("Receivables look as if they were entered twice: %(count)s."),
    ),
    (
        "appeal_raised",
        _("Appeal"),
        _("Appeal against a finding: %(data)s"),
        _("%(count)s appeals against findings"),
        _("Organisations challenge what rules found: %(count)s."),
    ),
    (
        "appeal_decided",
        _("Answer to an appeal"),
        _("The platform answered your appeal: %(data)s"),
        _("The platform answered %(count)s of your appeals"),
        _("The platform answered appeals of yours: %(count)s."),
    ),
    (
        "reminder",
        _("Reminder"),
        _("Receivable %(number)s of %(counterpart)s still waits for your answer"),
        _("%(count)s receivables of %(counterpart)s still wait for your answer"),
        _("Receivables of %(counterpart)s still wait for your answer: %(count)s."),
    ),
    (
        "escalation",
        _("Second contact"),
        _("Receivable %(number)s of %(counterpart)s has waited too long for an answer; you are its second contact"),
        _("%(count)s receivables of %(counterpart)s have waited too long for an answer; you are their second contact"),
        _("Receivables of %(counterpart)s have waited too long for your organisation's answer: %(count)s."),
    ),
    (
        "passed_on",
        _("Passed to you"),
        _("A colleague passed receivable %(number)s of %(counterpart)s to you for an answer"),
        _("A colleague passed %(count)s receivables of %(counterpart)s to you for an answer"),
        _("A colleague passed receivables of %(counterpart)s to you for an answer: %(count)s."),
    ),
):
    messages.register(
        f"receivables.{name}",
        MessageKind(label=label, one=one, many=many, mail=mail, permission="receivables.view"),
    )

# What pages show: navigation, to-dos, figures, search, wording.
pages.register()
