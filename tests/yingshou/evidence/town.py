"""A little of everything that the books speak of, made by the real actions and committed; the canaries spoil it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from receivables import actions, ledger
from receivables.actions import Decision, Proposal
from receivables.actions.changes import Reply
from receivables.ledger import Ask, Fact
from receivables.models import EntryType, Receivable
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.receivables.test_imports import CLAIM_HEADERS, claim
from tests.yingshou.signing import flow
from tests.yingshou.signing.signer import World
from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import Rule
from yingshou.approvals.models import Approval
from yingshou.audit.lifecycle import created
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

ZERO = Decimal("0.00")
UNSIGNED = Rule("ALWAYS", ZERO, "NEVER", ZERO)


def organisation(*capabilities: Capability) -> Organisation:
    """One whose life began with an event, as a real one's does."""
    row = identity.organisation(*capabilities)
    own = Actor.system("founding", row.pk)
    with acting_as(own), transaction.atomic():
        created([row], by=own, at=AT, event="register")
    return row


def unsigned(of: Organisation, *names: str) -> None:
    """A second person and no certificate: signing has a row of its own in the town."""
    by = identity.actor_for(of, Duty.ADMINISTRATOR)
    with acting_as(by):
        for name in names:
            approvals.set_policy(f"receivables.{name}", rule=UNSIGNED, by=by, at=AT)


@dataclass(frozen=True)
class Town:
    """The ids that the canaries need."""

    creditor: int
    debtor: int
    stranger: int
    maker: int
    checker: int
    draft: int
    pending: int
    confirmed: int
    financed: int
    disputed: int
    changed: int
    changing: int
    refused: int
    reservation: int
    encumbrance: int
    dispute: int
    agreed: int
    proposed: int
    approval: int
    waiting: int
    signed: int
    evidence: int
    batch: int
    file: int


def build(world: World) -> Town:
    """Make the town."""
    operator = organisation(Capability.PLATFORM_OPERATOR)
    assert operator.pk
    creditor, debtor, stranger = (
        organisation(Capability.CREDITOR),
        organisation(Capability.DEBTOR),
        organisation(Capability.CREDITOR),
    )
    unsigned(debtor, "confirm")
    funder = organisation(Capability.BANK)
    confirmed, waiting, approval, checker = _by_people(creditor, debtor)
    financed, reservation, encumbrance = _financed(creditor, debtor, funder)
    disputed = make.confirmed(creditor, debtor)
    with acting_as(make.job(debtor)):
        dispute = actions.dispute(
            disputed.pk, amount=Decimal("500.00"), reason_code="QUALITY", comment="", by=make.job(debtor), at=AT
        )
    changed = make.confirmed(creditor, debtor)
    agreed = make.proposed(changed, make.job(creditor), amount=changed.face_amount - 13)
    _agree(debtor, agreed.pk, changed)
    changing = make.confirmed(creditor, debtor)
    proposed = make.proposed(changing, make.job(creditor), due_date=changing.due_date + timedelta(days=30))
    refused = make.pending(creditor, debtor)
    with acting_as(make.job(debtor)):
        actions.refuse([Decision(refused.pk, reason_code="NOT_OUR_CONTRACT")], by=make.job(debtor), at=AT)
    signed, evidence = _signed(world)
    batch, file = _imported(creditor, debtor)
    return Town(
        creditor=creditor.pk,
        debtor=debtor.pk,
        stranger=stranger.pk,
        maker=waiting.maker_id,
        checker=checker,
        draft=make.drafted(creditor, debtor).pk,
        pending=make.pending(creditor, debtor).pk,
        confirmed=confirmed.pk,
        financed=financed.pk,
        disputed=disputed.pk,
        changed=changed.pk,
        changing=changing.pk,
        refused=refused.pk,
        reservation=reservation,
        encumbrance=encumbrance,
        dispute=dispute.pk,
        agreed=agreed.pk,
        proposed=proposed.pk,
        approval=approval,
        waiting=waiting.pk,
        signed=signed,
        evidence=evidence,
        batch=batch,
        file=file,
    )


def _by_people(creditor: Organisation, debtor: Organisation) -> tuple[Receivable, Approval, int, int]:
    """A claim that two people confirmed, and one that waits for the second of them."""
    maker, checker = make.maker(debtor), make.checker(debtor)
    first, second = make.pending(creditor, debtor), make.pending(creditor, debtor)
    with acting_as(maker):
        approval = actions.propose("confirm", [Proposal(first.pk, first.version)], by=maker, at=AT)
        waiting = actions.propose("confirm", [Proposal(second.pk, second.version)], by=maker, at=AT)
    with acting_as(checker):
        assert approvals.approve(approval.pk, by=checker, at=AT)[0].ok
    assert checker.person_id is not None
    return first, waiting, approval.pk, checker.person_id


def _financed(creditor: Organisation, debtor: Organisation, funder: Organisation) -> tuple[Receivable, int, int]:
    row = make.confirmed(creditor, debtor)
    by = make.job(creditor)
    with acting_as(by), transaction.atomic():
        asks = [Ask(row.pk, funder.pk, Decimal("1000.00"), expires_at=AT + timedelta(days=400))]
        reservation = ledger.only(ledger.reserve(asks, reference_type="test", by=by, at=AT), asks[0].claim_amount)
        asks = [Ask(row.pk, funder.pk, Decimal("2000.00"))]
        encumbrance = ledger.only(ledger.encumber(asks, reference_type="test", by=by, at=AT), asks[0].claim_amount)
        actions.post_facts([Fact(row.pk, EntryType.PAYMENT, Decimal("300.00"), clock.business_date(AT))], by=by, at=AT)
    return row, reservation, encumbrance


def _agree(debtor: Organisation, change: int, row: Receivable) -> None:
    by = make.job(debtor)
    with acting_as(by):
        (one,) = actions.accept_change([Reply(change, row.version)], by=by, at=AT)
    assert one.ok, one.error


def _signed(world: World) -> tuple[int, int]:
    """A submission that was signed with a certificate of its own registration."""
    at = clock.now()
    flow.trusted(world, at)
    signer = flow.debtor(world)
    own = Actor.system("founding", signer.organisation.pk)
    with acting_as(own), transaction.atomic():
        created([signer.organisation], by=own, at=AT, event="register")
    approval = flow.submitted(signer, 2, at, start=900_001)
    return approval.pk, flow.signed(signer, approval, at).pk


def _imported(creditor: Organisation, debtor: Organisation) -> tuple[int, int]:
    """Two rows taken over and one refused, by the steps that the jobs run."""
    text = io.StringIO()
    rows = [claim(debtor, "7001"), claim(debtor, "7002"), claim(debtor, "7003", 到期日="2026-13-45")]
    csv.writer(text).writerows([CLAIM_HEADERS, *rows])
    by = make.maker(creditor)
    with acting_as(by):
        stored = documents.store("claims.csv", io.BytesIO(text.getvalue().encode()), by=by, at=AT, purpose=files.IMPORT)
        batch = documents.receive("receivables.claims", stored, by=by, at=AT)
        steps.read(batch.pk, by=by, at=AT)
        documents.accept(batch.pk, by=by, at=AT)
        batch = steps.accept(batch.pk, by=by, at=AT)
    assert batch.counts["ACCEPTED"] == 2, batch.counts
    return batch.pk, stored.pk
