"""
`confirm`: 10,000 receivables of 50 creditors confirmed by one signature. The clock runs from the POST of the signature to
the answer that says how many are confirmed (at most 20 seconds); the maker's step is done before. When it has stopped,
every line must have its event, its entry, its confirmation and a proof that verifies.
"""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from benchmarks import city, claims, signer
from receivables import actions
from receivables.actions import Proposal
from receivables.models import ConfirmationAct, Receivable, ReceivableBalance, ReceivableEntry
from receivables.states import State
from yingshou.approvals.models import Approval, ApprovalPolicy, When
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Membership
from yingshou.kernel import clock, merkle
from yingshou.signing.approvals import PURPOSE as APPROVAL
from yingshou.signing.models import SignedLine
from yingshou.tenancy.actor import Capability, Duty, acting_as

CREDITORS = 50
LINES = 10_000


def run(folder: Path) -> dict[str, Any]:
    """Make the claims, sign once, look at what is there."""
    debtor = city.member(city.organisation("厦门恒川机械制造二厂", Capability.DEBTOR), Duty.MAKER)
    checker = city.member(debtor.organisation, Duty.CHECKER, Duty.SIGNER)
    with acting_as(city.actor(debtor)), transaction.atomic():
        ApprovalPolicy.objects.create(
            organisation_id=debtor.organisation_id,
            action="receivables.confirm",
            second_person=When.ALWAYS,
            signature=When.ALWAYS,
        )
    _claim(debtor)
    approval = _submit(debtor)
    home = signer.authority(folder)
    keys = signer.key_file(home, checker)
    with city.web(folder) as address:
        person = signer.Signer(address, city.session_cookie(checker), keys)
        person.register(checker.person_id)
        fields = person.prepare(APPROVAL, approval.pk)
        began = time.perf_counter()
        answer = person.post("/signing/complete/", fields)
        page = city.fetch(f"{address}{answer['url']}", person.cookie).decode()
        seconds = time.perf_counter() - began
    assert str(LINES) in page.replace(",", ""), "the answer says how many are confirmed"
    _check(debtor, approval)
    return {"bench": "confirm", "seconds": round(seconds, 2), "lines": LINES}


def _claim(debtor: Membership) -> None:
    """Each creditor has one receivable by the real actions, and 199 copies of it."""
    for turn in range(CREDITORS):
        creditor = city.member(city.organisation(f"厦门建和第{turn}物流有限公司", Capability.CREDITOR), Duty.MAKER)
        claims.policy_without_checker(creditor.organisation, "submit")
        by, at = city.actor(creditor), clock.now()
        with acting_as(by):
            row = actions.create_draft(
                claims.draft(debtor.organisation, 500_000 + turn, claims.evidence_file(by)), by=by, at=at
            )
            actions.propose("submit", [Proposal(row.pk)], by=by, at=at)
        claims.copies(row.pk, LINES // CREDITORS - 1, first=50_000_000 + turn * 1_000)


def _submit(debtor: Membership) -> Approval:
    by = city.actor(debtor)
    with acting_as(by):
        with transaction.atomic():
            ids = list(Receivable.objects.waiting_for(debtor.organisation_id).values_list("pk", flat=True))
        assert len(ids) == LINES
        return actions.propose("confirm", [Proposal(pk) for pk in ids], by=by, at=clock.now())


def _check(debtor: Membership, approval: Approval) -> None:
    """After the clock has stopped: nothing is missing on any line."""
    with acting_as(city.actor(debtor)), transaction.atomic():
        ids = set(
            Receivable.objects.filter(debtor_id=debtor.organisation_id, state=State.CONFIRMED).values_list(
                "pk", flat=True
            )
        )
        assert len(ids) == LINES
        events = AuditEvent.objects.filter(kind="receivables.receivable.confirm", object_id__in=ids)
        assert events.count() == LINES
        assert set(ReceivableEntry.objects.filter(type="CONFIRM").values_list("receivable_id", flat=True)) >= ids
        assert ConfirmationAct.objects.filter(receivable_id__in=ids).count() == LINES
        assert ReceivableBalance.objects.filter(pk__in=ids, confirmed_amount__gt=Decimal(0)).count() == LINES
        approval.refresh_from_db()
        lines = list(SignedLine.objects.filter(object_type="receivables.receivable", object_id__in=ids))
        assert len(lines) == LINES
        root = bytes(approval.manifest_root)
        for line in lines:
            assert merkle.verify(bytes(line.leaf_hash), line.leaf_index, LINES, line.proof_hashes, root)
    connection.close()
