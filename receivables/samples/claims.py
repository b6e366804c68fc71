"""
The city's claims, made by the same actions that pages call: drafts, submissions, confirmations with a real signature, a partial one,
a returned one, a refused one, disputes, payments; and the payables book of the core enterprise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from uuid import uuid4

from django.db import transaction

from receivables import actions
from receivables.actions import Proposal
from receivables.ledger import Fact
from receivables.models import EntryType, EvidenceKind, PayableLine, Receivable
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from receivables.samples import city
from receivables.samples.people import City
from receivables.samples.seals import Seals
from yingshou.approvals import actions as approvals
from yingshou.documents.actions import store
from yingshou.identity.models import Organisation
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import round_half_up
from yingshou.tenancy.actor import acting_as

# The city looks the same wherever it is loaded.
_SEED = 20261122
_TAX = Decimal("0.13")
# Claims a supplier submits together.
_PER_BATCH = 5
_AGES = (1, 2, 3, 4, 6, 8, 11, 14, 19, 24, 29, 33)


@dataclass(frozen=True)
class Plan:
    """
    What one supplier has with one debtor.

    :param confirmed: claims the debtor has confirmed; `waiting`: those it still has to look at
    :param drafts: not yet submitted
    """

    supplier: str
    debtor: str
    confirmed: int
    waiting: int
    drafts: int = 0


@dataclass(frozen=True)
class Claim:
    """
    A receivable of the city.

    :param number: its invoice's number
    :param days: how many days ago it was submitted
    """

    row: Receivable
    number: str
    days: int


def _plans() -> list[Plan]:
    suppliers = [firm.key for firm in city.SUPPLIERS]
    debtors = ["beichen", "dahua", "yonghui", "guangming", "yiyuan", "xuexiao", "shuiwu", "caizheng"]
    plans = [Plan("ludao", "jinghe", 14, 9, 3), Plan("ludao", "yiyuan", 4, 2), Plan("laowang", "jinghe", 2, 2)]
    # The core enterprise's to-do list: 9 + 2 here and 5 from each of seven more suppliers makes 46.
    plans += [Plan(key, "jinghe", 9, 5, 1) for key in suppliers[:7]]
    plans += [Plan(key, debtors[place % len(debtors)], 8, 3, 1) for place, key in enumerate(suppliers[7:])]
    return plans


def fill(settled: City, seals: Seals, *, at: datetime) -> int:
    """Enter, submit and decide the city's claims; how many there are."""
    chance = random.Random(_SEED)  # noqa: S311 (sample data, not a secret)
    made: dict[str, list[Claim]] = {}
    waiting: dict[str, list[Claim]] = {}
    count = 0
    for plan in _plans():
        claims = _enter(settled, plan, chance, at=at)
        count += len(claims)
        sent = plan.confirmed + plan.waiting
        made.setdefault(plan.debtor, []).extend(claims[: plan.confirmed])
        waiting.setdefault(plan.debtor, []).extend(claims[plan.confirmed : sent])
    _payables_book(settled, waiting["jinghe"] + made["jinghe"][:40], chance, at=at)
    _submit(settled, [claim for claims in (*made.values(), *waiting.values()) for claim in claims], at=at)
    for debtor, claims in made.items():
        _confirm(settled, seals, debtor, claims, at=at)
    _variety(settled, seals, made, waiting, at=at)
    return count


def _enter(settled: City, plan: Plan, chance: random.Random, *, at: datetime) -> list[Claim]:
    maker = settled.actor(f"{plan.supplier}.maker")
    debtor = settled.organisations[plan.debtor]
    claims: list[Claim] = []
    begun = at - timedelta(days=max(_AGES) + 1)
    with acting_as(maker), transaction.atomic():
        proof = store("送货单.csv", BytesIO("货物,数量,签收\n配件,100,已签收\n".encode()), by=maker, at=begun)
        for place in range(plan.confirmed + plan.waiting + plan.drafts):
            draft = _draft(plan, debtor, place, proof.pk, chance, at=at)
            row = actions.create_draft(draft, by=maker, at=begun)
            days = _AGES[(place // _PER_BATCH * 5 + len(plan.supplier)) % len(_AGES)]
            claims.append(Claim(row, draft.invoices[0].number, days))
    return claims


def _draft(
    plan: Plan, debtor: Organisation, place: int, proof_id: int, chance: random.Random, *, at: datetime
) -> ClaimDraft:
    net = Decimal(chance.randrange(800_000, 60_000_000)) / 100
    tax = round_half_up(net * _TAX)
    issued = business_date(at) - timedelta(days=max(_AGES) + 2 + place % 5)
    # Public bodies pay within sixty days at most (regulation on payments to small and medium enterprises, article 9).
    term = 55 if debtor.is_public_body else chance.choice((60, 75, 90, 120))
    return ClaimDraft(
        other_uscc=debtor.uscc,
        other_name=debtor.name,
        contract_no=f"{plan.supplier.upper()}-{issued:%Y%m}-{place // 4 + 1:02d}",
        contract_name="零部件采购合同",
        contract_date=issued - timedelta(days=20),
        face_amount=net + tax,
        delivery_date=issued,
        due_date=issued + timedelta(days=term),
        invoices=[
            InvoiceDraft(
                number=_invoice_number(issued, plan, place, chance),
                issue_date=issued,
                net_amount=net,
                tax_amount=tax,
                gross_amount=net + tax,
                used_amount=net + tax,
            )
        ],
        evidence=[EvidenceDraft(proof_id, EvidenceKind.WAYBILL)],
    )


def _invoice_number(issued: date, plan: Plan, place: int, chance: random.Random) -> str:
    return f"{issued:%y}{_region(plan.supplier)}2{chance.randrange(10**11, 10**12)}{place:03d}"


def _region(key: str) -> str:
    return next(firm.region[:2] for firm in city.FIRMS if firm.key == key)


def _payables_book(settled: City, claims: Sequence[Claim], chance: random.Random, *, at: datetime) -> None:
    """The core enterprise's own figures: most agree, some differ in amount or date, some are missing."""
    maker = settled.actor("jinghe.maker")
    suppliers = {organisation.pk: organisation for organisation in settled.organisations.values()}
    lines: list[PayableLine] = []
    for place, claim in enumerate(claims):
        if place % 7 == 3:
            continue
        row, supplier = claim.row, suppliers[claim.row.creditor_id]
        less = Decimal(chance.randrange(100, 90_000)) if place % 7 == 5 else Decimal(0)
        later = timedelta(days=10 if place % 11 == 6 else 0)
        lines.append(
            PayableLine(
                organisation_id=maker.scope_id,
                supplier_uscc=supplier.uscc,
                supplier_name=supplier.name,
                invoice_number=claim.number,
                contract_no=row.contract_no,
                amount=row.face_amount - less,
                due_date=row.due_date + later,
                delivery_accepted=True,
                line_key=uuid4(),
                created_at=at,
                created_by=maker.person_id,
            )
        )
    with acting_as(maker), transaction.atomic():
        PayableLine.objects.bulk_create(lines)


def _submit(settled: City, claims: Sequence[Claim], *, at: datetime) -> None:
    keys = {organisation.pk: key for key, organisation in settled.organisations.items()}
    groups: dict[tuple[str, int], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((keys[claim.row.creditor_id], claim.days), []).append(claim)
    for (key, days), group in groups.items():
        moment = at - timedelta(days=days, hours=2)
        _in_two_steps(settled, key, "submit", [Proposal(claim.row.pk) for claim in group], at=moment)


def _in_two_steps(settled: City, key: str, event: str, proposals: Sequence[Proposal], *, at: datetime) -> int:
    """Maker, then checker an hour later; the approval's id. A step that needs a signature stays with its checker."""
    maker, checker = settled.actor(f"{key}.maker"), settled.actor(f"{key}.checker")
    with acting_as(maker):
        approval = actions.propose(event, proposals, by=maker, at=at)
    if approval.needs_signature:
        return approval.pk
    with acting_as(checker):
        approvals.approve(approval.pk, by=checker, at=at + timedelta(hours=1))
    return approval.pk


def _confirm(settled: City, seals: Seals, debtor: str, claims: Sequence[Claim], *, at: datetime) -> None:
    proposals = [Proposal(claim.row.pk) for claim in claims]
    approval_id = _in_two_steps(settled, debtor, "confirm", proposals, at=at - timedelta(minutes=20))
    seals.sign_if_needed(approval_id, settled.actor(f"{debtor}.checker"), at=at)


def _variety(
    settled: City,
    seals: Seals,
    made: dict[str, list[Claim]],
    waiting: dict[str, list[Claim]],
    *,
    at: datetime,
) -> None:
    """What makes a city: a partial confirmation, a return, a refusal, a submission that waits, disputes, payments, an end."""
    pending = waiting["beichen"] + waiting["dahua"] + waiting["yonghui"] + waiting["yiyuan"]
    keys = {organisation.pk: key for key, organisation in settled.organisations.items()}
    part, returned, refused = pending[0].row, pending[2].row, pending[4].row
    for row, event, extra in (
        (
            part,
            "confirm_part",
            {"amount": (part.face_amount / 2).quantize(Decimal("0.01")), "reason_code": "PARTLY_DISPUTED"},
        ),
        (returned, "return", {"reason_code": "DUE_DATE", "comment": "合同约定 90 天。"}),
        (refused, "refuse", {"reason_code": "NOT_OUR_CONTRACT"}),
    ):
        debtor = keys[row.debtor_id or 0]
        proposal = Proposal(row.pk, **extra)
        approval_id = _in_two_steps(settled, debtor, event, [proposal], at=at - timedelta(minutes=30))
        seals.sign_if_needed(approval_id, settled.actor(f"{debtor}.checker"), at=at)
    _ledger(settled, made, keys, at=at)


def _ledger(settled: City, made: dict[str, list[Claim]], keys: dict[int, str], *, at: datetime) -> None:
    confirmed = [claim.row for claim in made["jinghe"] if keys[claim.row.creditor_id] == "ludao"]
    maker = settled.actor("ludao.maker")
    today = business_date(at)
    paid, credited = confirmed[:3], confirmed[3]
    facts = [Fact(row.pk, EntryType.PAYMENT, row.face_amount, today) for row in paid]
    facts.append(Fact(credited.pk, EntryType.CREDIT_NOTE, Decimal("1000.00"), today))
    with acting_as(maker):
        actions.post_facts(facts, by=maker, at=at)
    _in_two_steps(settled, "ludao", "settle", [Proposal(row.pk) for row in paid], at=at)
    debtor = settled.actor("jinghe.maker")
    with acting_as(debtor):
        for row, amount in ((confirmed[4], "5000.00"), (confirmed[5], "12000.00")):
            actions.dispute(
                row.pk, amount=Decimal(amount), reason_code="QUALITY", comment="一批次品待换货。", by=debtor, at=at
            )
