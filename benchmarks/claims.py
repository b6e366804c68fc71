"""A creditor with many receivables on a hundred debtors: four made by the real actions, the rest copied."""

import io
from datetime import timedelta
from decimal import Decimal
from functools import cache

from django.db import connections, transaction

from benchmarks import city, seed
from receivables import actions
from receivables.actions import Proposal
from receivables.models import Receivable, ReceivableBalance
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from yingshou.approvals.models import ApprovalPolicy, When
from yingshou.documents.actions import store
from yingshou.identity.models import Membership, Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

DEBTORS = 100
# Ids of copies begin far above what the real actions draw from the sequence.
FIRST = 10_000_000
# What two characters of a name find in the list benchmark.
DEBTOR_NAME = "厦门海川机械{number:03d}有限公司"


def policy_without_checker(of: Organisation, *names: str) -> None:
    """Let an organisation act alone: the benchmark measures something else."""
    by = Actor.system("benchmarks", of.pk)
    with acting_as(by), transaction.atomic():
        for name in names:
            ApprovalPolicy.objects.create(
                organisation_id=of.pk, action=f"receivables.{name}", second_person=When.NEVER, signature=When.NEVER
            )


def draft(debtor: Organisation, number: int, file_id: int) -> ClaimDraft:
    """A plain sale of 113,000.00 with one invoice."""
    today = clock.business_date(clock.now())
    invoice = InvoiceDraft(
        number=f"{today:%y}35{number:016d}",
        issue_date=today - timedelta(days=5),
        net_amount=Decimal("100000.00"),
        tax_amount=Decimal("13000.00"),
        gross_amount=Decimal("113000.00"),
        used_amount=Decimal("113000.00"),
    )
    return ClaimDraft(
        other_uscc=debtor.uscc,
        other_name=debtor.name,
        contract_no=f"HT-{number:08d}",
        contract_date=today - timedelta(days=30),
        face_amount=Decimal("113000.00"),
        delivery_date=today - timedelta(days=5),
        due_date=today + timedelta(days=85),
        invoices=[invoice],
        evidence=[EvidenceDraft(file_id=file_id, kind="INVOICE")],
    )


def evidence_file(by: Actor) -> int:
    """A stored file that proves something."""
    with transaction.atomic():
        return store(
            "invoice.csv", io.BytesIO(b"number,amount\n1,113000.00\n"), by=by, at=clock.now(), purpose="evidence"
        ).pk


def templates(creditor: Membership, debtors: list[Membership]) -> list[int]:
    """One confirmed, one pending, one returned receivable and one draft, each by the real actions."""
    of = creditor.organisation
    policy_without_checker(of, "submit")
    maker, at = city.actor(creditor), clock.now()
    with acting_as(maker):
        file_id = evidence_file(maker)
        rows = [
            actions.create_draft(draft(debtors[turn].organisation, turn, file_id), by=maker, at=at) for turn in range(4)
        ]
        actions.propose("submit", [Proposal(row.pk) for row in rows[:3]], by=maker, at=at)
    for turn, event, reason in ((0, "confirm", ""), (2, "return", "AMOUNT")):
        debtor = debtors[turn]
        policy_without_checker(debtor.organisation, event)
        by = city.actor(debtor)
        with acting_as(by):
            actions.propose(event, [Proposal(rows[turn].pk, reason_code=reason)], by=by, at=at)
    return [row.pk for row in rows]


def people() -> tuple[Membership, list[Membership]]:
    """The creditor's maker, and one maker of each debtor."""
    creditor = city.member(city.organisation("厦门明泰零部件有限公司", Capability.CREDITOR), Duty.MAKER)
    debtors = [
        city.member(city.organisation(DEBTOR_NAME.format(number=number), Capability.DEBTOR), Duty.MAKER)
        for number in range(DEBTORS)
    ]
    return creditor, debtors


@cache
def full(count: int) -> Membership:
    """As `fill`, once per run: the benchmarks that need a large table share it."""
    return fill(count)


def fill(count: int) -> Membership:
    """Give one creditor `count` receivables on a hundred debtors; returns its maker."""
    creditor, debtors = people()
    made = templates(creditor, debtors)
    debtor_ids = [one.organisation_id for one in debtors]
    # Most are confirmed, as in a business that runs.
    turns = [made[0]] * 7 + [made[1], made[2], made[3]]
    for turn, template in enumerate(turns):
        _copy(template, turn, len(turns), count // len(turns), debtor_ids)
    table = Receivable._meta.db_table
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
    seed.settle(table, ReceivableBalance._meta.db_table)
    return creditor


def _copy(template: int, turn: int, turns: int, count: int, debtor_ids: list[int]) -> None:
    """Copy a receivable and its balance; ids of the templates interleave, so that every page shows every state."""
    number = f"n * {turns} + {turn}"
    debtor = f"(array{debtor_ids}::bigint[])[1 + mod(n, {len(debtor_ids)})::int]"
    receivable = f"{FIRST} + {number}"
    seed.copy_rows(
        Receivable._meta.db_table,
        "id",
        template,
        count,
        {
            "id": receivable,
            "debtor_id": debtor,
            "public_no": f"'AR20261122' || lpad(({number})::text, 9, '0')",
            "contract_no": f"'HT-' || lpad(({number})::text, 8, '0')",
            "line_key": "gen_random_uuid()",
            "face_amount": f"mod(({number}) * 7919, 50000000) + 100000",
            "confirmed_amount": "case when t.confirmed_amount is null then null else 100000 end",
            "due_date": "t.due_date + mod(n, 180)::int",
            "created_at": "t.created_at - make_interval(secs => n)",
        },
    )
    seed.copy_rows(
        ReceivableBalance._meta.db_table,
        "receivable_id",
        template,
        count,
        {"receivable_id": receivable, "debtor_id": f"case when t.debtor_id is null then null else {debtor} end"},
    )


def copies(template: int, count: int, first: int) -> None:
    """Copy one receivable and its balance for the same two parties; ids from `first` on."""
    seed.copy_rows(
        Receivable._meta.db_table,
        "id",
        template,
        count,
        {
            "id": f"{first} + n",
            "public_no": f"'AR20261122' || lpad(({first} + n)::text, 9, '0')",
            "contract_no": f"'JH-' || lpad(({first} + n)::text, 8, '0')",
            "line_key": "gen_random_uuid()",
        },
    )
    seed.copy_rows(
        ReceivableBalance._meta.db_table, "receivable_id", template, count, {"receivable_id": f"{first} + n"}
    )
