"""
`duplicates`: how well and how fast near-duplicates are found. 1,000,000 claims with invoices in 20,000 pairs of supplier and
buyer, 5,000 of them in the largest pair; among them 500 mutants of ten named kinds and 5,000 honest look-alikes from
`benchmarks.papers`, which shares no code with the search. Each of the 5,500 is looked at once, as at entry: `recall` = mutants
of which an original was named, of all mutants; `precision` = those, of everything that was flagged; `milliseconds` = p95 of
one look, traits written, transaction included. The seed is not one that the rules were tuned with.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connections, transaction

from benchmarks import claims, papers, seed, timing
from benchmarks.papers import Mutant, Office, Paper
from receivables import alike
from receivables.fingerprints import digest
from receivables.models import ClaimTrait, Invoice, InvoiceUse, Origin, Receivable
from receivables.rules.likeness import Alike
from receivables.states import State
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import Actor, acting_as

SEED = 20_261_122
ROWS, PAIRS, LARGEST = 1_000_000, 20_000, 5_000
SUPPLIERS, BUYERS = 2_000, 100
MUTANTS, HONEST = 500, 5_000
# One office is the paperwork of one pair; every fifth one works for the largest pair.
OFFICES, IN_LARGEST = 100, 5
FIRST_SUPPLIER, FIRST_BUYER, FIRST_ROW = 1_000_000, 2_000_000, 20_000_000
STEP = 100_000

# Row n belongs to pair 0, the largest, or to one of the others in turn; a pair is supplier and buyer.
PAIR = f"case when n < {LARGEST} then 0 else 1 + mod(n - {LARGEST}, {PAIRS - 1}) end"
SUPPLIER = f"{FIRST_SUPPLIER} + mod({PAIR}, {SUPPLIERS})"
BUYER = f"{FIRST_BUYER} + mod(mod({PAIR}, {SUPPLIERS}) * 10 + ({PAIR}) / {SUPPLIERS}, {BUYERS})"
CHANCE = "(hashint8(n::bigint + {salt})::bigint & 2147483647)"
AMOUNT = (
    f"case when mod(n, 4) = 0 then 1000000 * (2 + mod({CHANCE.format(salt=1)}, 88)) "
    f"else 200000 + mod({CHANCE.format(salt=2)}, 89800000) end"
)
DAY = f"date '2025-01-02' + mod({CHANCE.format(salt=3)}, 640)::int"
CONTRACT = f"'HT-0' || 1 + mod({CHANCE.format(salt=4)}, 5) || '0B-2025'"


def run(_folder: Path) -> dict[str, Any]:
    """Fill, keep the traits set-wise, look."""
    template = _template()
    _background(template)
    mutants, honest = _labelled(template)
    began = time.perf_counter()
    kept = _keep_all()
    seconds = time.perf_counter() - began
    seed.settle(ClaimTrait._meta.db_table, Receivable._meta.db_table)
    found, missed = Counter[str](), Counter[str]()
    times: list[float] = []
    for mutant, sources, rows in mutants:
        pk = rows[-1]
        hits = _look(pk, times)
        named = any(set(one.ids) & set(sources) for one in hits)
        (found if named else missed)[mutant.kind] += 1
    wrong = sum(bool(_look(pk, times)) for pk in honest)
    hits_total = sum(found.values())
    return {
        "bench": "duplicates",
        "recall": round(hits_total / MUTANTS, 4),
        "precision": round(hits_total / (hits_total + wrong), 4),
        "milliseconds": round(timing.p95(times) * 1000, 2),
        "wrong": wrong,
        "missed": dict(missed),
        "traits_per_second": round(kept / seconds),
        "rows": Receivable.objects.using("owner").count(),
    }


def _look(pk: int, times: list[float]) -> list[Alike]:
    """As the buyer, who may read both sides of every one of its pairs; one connection."""
    owner = Actor.system("benchmarks", _BUYER_OF[pk])
    with acting_as(owner):
        began = time.perf_counter()
        with transaction.atomic():
            alike.keep_traits([pk])
            hits = alike.look([pk]).get(pk, [])
        times.append(time.perf_counter() - began)
    return hits


_BUYER_OF: dict[int, int] = {}


def _template() -> int:
    """One claim that waits for its debtor, made by the real actions; and all the organisations."""
    creditor, debtors = claims.people()
    made = claims.templates(creditor, debtors)
    for first, count, one in ((FIRST_SUPPLIER, SUPPLIERS, creditor), (FIRST_BUYER, BUYERS, debtors[0])):
        seed.copy_rows(
            Organisation._meta.db_table,
            "id",
            one.organisation_id,
            count,
            {"id": f"{first} + n", "uscc": f"'B' || lpad(({first} + n)::text, 17, '0')", "name": f"'O' || {first} + n"},
        )
    return made[1]


def _background(template: int) -> None:
    receivable = f"{FIRST_ROW} + n"
    count = ROWS - MUTANTS * 3 - HONEST
    seed.copy_rows(
        Receivable._meta.db_table,
        "id",
        template,
        count,
        {
            "id": receivable,
            "public_no": "'AR20261122' || lpad(n::text, 9, '0')",
            "creditor_id": SUPPLIER,
            "debtor_id": BUYER,
            "debtor_uscc": f"'B' || lpad(({BUYER})::text, 17, '0')",
            "line_key": "gen_random_uuid()",
            "face_amount": AMOUNT,
            "contract_no": CONTRACT,
            "due_date": f"{DAY} + 60",
        },
    )
    use = InvoiceUse.objects.using("owner").get(receivable_id=template)
    seed.copy_rows(
        Invoice._meta.db_table,
        "id",
        use.invoice_id,
        count,
        {
            "id": receivable,
            "creditor_id": SUPPLIER,
            "debtor_id": BUYER,
            "number": "lpad((1000000 + n * 7)::text, 8, '0')",
            "code": "'3502261130'",
            "issue_date": DAY,
            "gross_amount": AMOUNT,
            "net_amount": f"(({AMOUNT}) / 1.13)::bigint",
            "fingerprint": "sha256(convert_to(n::text, 'UTF8'))",
        },
    )
    seed.copy_rows(
        InvoiceUse._meta.db_table,
        "id",
        use.pk,
        count,
        {
            "id": receivable,
            "receivable_id": receivable,
            "invoice_id": receivable,
            "creditor_id": SUPPLIER,
            "debtor_id": BUYER,
            "used_amount": AMOUNT,
        },
    )


def _labelled(template: int) -> tuple[list[tuple[Mutant, list[int], list[int]]], list[int]]:
    """The labelled papers, each office in its pair; ids grow in the order of entry."""
    mutants: list[tuple[Mutant, list[int], list[int]]] = []
    honest: list[int] = []
    model = Receivable.objects.using("owner").get(pk=template)
    first = FIRST_ROW + ROWS
    for turn in range(OFFICES):
        pair = 0 if turn % IN_LARGEST == 0 else 1 + turn * 197
        office = Office(SEED + turn)
        buyer = FIRST_BUYER + (pair % SUPPLIERS * 10 + pair // SUPPLIERS) % BUYERS
        sisters = (FIRST_SUPPLIER + pair % SUPPLIERS, FIRST_SUPPLIER + (pair + BUYERS) % SUPPLIERS)
        rows: list[Paper] = []
        made = papers.mutants(office, MUTANTS // OFFICES)
        places = []
        for one in made:
            begin = len(rows)
            rows.extend([*one.originals, *one.again])
            places.append((begin, begin + len(one.originals), len(rows)))
        calm = papers.look_alikes(office, HONEST // OFFICES)
        ids = insert([*rows, *calm], model, sisters, buyer, first=first)
        first = ids[-1] + 1
        for one, (begin, middle, end) in zip(made, places, strict=True):
            mutants.append((one, ids[begin:middle], ids[middle:end]))
        honest.extend(ids[len(rows) :])
        _BUYER_OF.update(dict.fromkeys(ids, buyer))
    return mutants, honest


def insert(
    rows: Sequence[Paper], model: Receivable, sisters: Sequence[int], buyer: int, *, first: int, using: str = "owner"
) -> list[int]:
    """Papers as claims that wait for the buyer, like the model in all else; their ids in the same order."""
    at = clock.now()
    uscc = Organisation.objects.using(using).values_list("uscc", flat=True).get(pk=buyer)
    columns = {
        field.attname: getattr(model, field.attname) for field in Receivable._meta.concrete_fields if field.name != "id"
    }
    receivables, invoices, uses = [], [], []
    for pk, one in enumerate(rows, start=first):
        values = {
            "public_no": f"AR{pk:020d}",
            "creditor_id": sisters[one.supplier],
            "debtor_id": buyer,
            "debtor_uscc": uscc,
            "origin": Origin.CREDITOR_UPLOAD,
            "state": State.PENDING_CONFIRM,
            "line_key": uuid4(),
            "face_amount": from_minor(one.face),
            "currency": one.currency,
            "kind": one.kind,
            "contract_no": one.contract,
            "particulars": {"statement_no": one.note} if one.note else {},
            "delivery_date": one.issued,
            "due_date": max(one.due, one.issued + timedelta(days=1), date(2025, 1, 3)),
        }
        receivables.append(Receivable(pk=pk, **{**columns, **values}))
        if one.number:
            parties = {"creditor_id": sisters[one.supplier], "debtor_id": buyer}
            amounts = {"net_amount": from_minor(one.net), "tax_amount": from_minor(one.gross - one.net)}
            fingerprint = digest(one.code, one.number, f"{sisters[one.supplier]}-{pk}")
            invoices.append(
                Invoice(
                    pk=pk, code=one.code, number=one.number, issue_date=one.issued, gross_amount=from_minor(one.gross),
                    currency=one.currency, fingerprint=fingerprint + pk.to_bytes(8, "big"), created_at=at, **parties, **amounts,
                )
            )  # fmt: skip
            uses.append(InvoiceUse(pk=pk, receivable_id=pk, invoice_id=pk, used_amount=from_minor(one.face), **parties))
    Receivable.objects.using(using).bulk_create(receivables, batch_size=500)
    Invoice.objects.using(using).bulk_create(invoices, batch_size=500)
    InvoiceUse.objects.using(using).bulk_create(uses, batch_size=500)
    return [row.pk for row in receivables]


def _keep_all() -> int:
    """As the owner, so that one statement serves all organisations; the same SQL as the job's."""
    kept = 0
    with connections["owner"].cursor() as cursor:
        for start in range(FIRST_ROW, FIRST_ROW + ROWS + MUTANTS * 4 + HONEST, STEP):
            cursor.execute(alike.KEEP, {"ids": list(range(start, start + STEP)), "again": False})
            kept += cursor.rowcount
    return kept
