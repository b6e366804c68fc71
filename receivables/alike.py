"""
Search for near-duplicates of a pair of supplier and buyer (N02): traits of claims, candidates by indexed SQL, scores in Python.

Runs as whoever looks, under row-level security: a supplier is compared with its own claims, a debtor with all that are
claimed from it. Nothing of one organisation is ever compared in the name of another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

from receivables.rules.likeness import Alike, Item, find

# Set-wise: how many claims are compared by one statement.
AT_ONCE = 500

# The claim's first invoice speaks for it; a claim without one has the day of delivery.
KEEP = """
insert into receivables_claimtrait as t (receivable_id, owner_id, shown_to_id, creditor_id, debtor_uscc, kind, currency,
    face_amount, net_amount, gross_amount, claimed_on, due_on, contract_key, note_key, number_key, invoice_code, other_has_looked)
select r.id, case when r.origin = 'DEBTOR_UPLOAD' then r.debtor_id else r.creditor_id end,
    case when r.state in ('DRAFT', 'UNDONE') then null when r.origin = 'DEBTOR_UPLOAD' then r.creditor_id else r.debtor_id end,
    r.creditor_id, r.debtor_uscc, r.kind, r.currency, r.face_amount, i.net_amount, i.gross_amount,
    coalesce(i.issue_date, r.delivery_date, r.acceptance_date, r.settlement_date, r.contract_date, r.due_date), r.due_date,
    receivables_plain_key(r.contract_no), left(receivables_plain_key(r.particulars ->> 'statement_no'), 100),
    ltrim(coalesce(i.number, ''), '0'), coalesce(i.code, ''), false
from receivables_receivable r
left join lateral (
    select x.net_amount, x.gross_amount, x.issue_date, x.number, x.code
    from receivables_invoiceuse u join receivables_invoice x on x.id = u.invoice_id
    where u.receivable_id = r.id and u.is_alive order by x.number limit 1
) i on true
where r.id = any(%(ids)s) and r.debtor_uscc <> '' and (%(again)s or not exists (
    select 1 from receivables_claimtrait k where k.receivable_id = r.id))
on conflict (receivable_id) do update set shown_to_id = excluded.shown_to_id, debtor_uscc = excluded.debtor_uscc,
    kind = excluded.kind, currency = excluded.currency, face_amount = excluded.face_amount, net_amount = excluded.net_amount,
    gross_amount = excluded.gross_amount, claimed_on = excluded.claimed_on, due_on = excluded.due_on,
    contract_key = excluded.contract_key, note_key = excluded.note_key, number_key = excluded.number_key,
    invoice_code = excluded.invoice_code
"""

# Each look-up goes by one index and has an end: the same amount or its net or gross, the days around, the same number.
CANDIDATES = """
select p.receivable_id, t.receivable_id, t.creditor_id, t.face_amount, t.currency, t.kind, t.claimed_on, t.due_on,
    t.contract_key, t.note_key, t.number_key, t.invoice_code, t.net_amount, t.gross_amount
from receivables_claimtrait p
cross join lateral (
    (select a.receivable_id from receivables_claimtrait a
     where a.debtor_uscc = p.debtor_uscc and a.creditor_id = p.creditor_id and a.face_amount = any(
        array[p.face_amount, p.net_amount, p.gross_amount]
        || array(select round(p.face_amount * x / 100.0)::bigint + y
                 from unnest(array[101, 103, 106, 109, 113]) x, unnest(array[-1, 0, 1]) y)
        || array(select round(p.face_amount * 100.0 / x)::bigint + y
                 from unnest(array[101, 103, 106, 109, 113]) x, unnest(array[-1, 0, 1]) y))
     order by abs(a.claimed_on - p.claimed_on), a.receivable_id limit 60)
    union
    (select d.receivable_id from receivables_claimtrait d
     where d.creditor_id = p.creditor_id and d.debtor_uscc = p.debtor_uscc
       and d.claimed_on between p.claimed_on - 3 and p.claimed_on + 3
     order by abs(d.claimed_on - p.claimed_on), d.receivable_id desc limit 120)
    union
    (select n.receivable_id from receivables_claimtrait n
     where n.creditor_id = p.creditor_id and n.number_key = p.number_key and n.number_key <> ''
       and n.debtor_uscc = p.debtor_uscc order by n.receivable_id limit 20)
    union
    (select s.receivable_id from receivables_claimtrait s
     where s.debtor_uscc = p.debtor_uscc and s.face_amount = p.face_amount and s.creditor_id <> p.creditor_id
       and s.number_key = p.number_key and s.number_key <> '' order by s.receivable_id limit 20)
) c
join receivables_claimtrait t on t.receivable_id = c.receivable_id
join receivables_receivable r on r.id = c.receivable_id
where p.receivable_id = any(%(ids)s) and c.receivable_id <> p.receivable_id
  and r.state not in ('UNDONE', 'WITHDRAWN', 'REFUSED')
"""

PROBES = """
select receivable_id, creditor_id, face_amount, currency, kind, claimed_on, due_on, contract_key, note_key, number_key,
    invoice_code, net_amount, gross_amount
from receivables_claimtrait where receivable_id = any(%(ids)s) order by receivable_id
"""


def keep_traits(receivable_ids: Sequence[int], *, again: bool = True) -> int:
    """Write how claims look to the search; with `again` also of those that have traits already."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {"ids": list(receivable_ids), "again": again})
        return int(cursor.rowcount)


def look(receivable_ids: Sequence[int]) -> dict[int, list[Alike]]:
    """
    What claims look like, by id; only earlier claims are found, so that of two that are alike the later one is asked about.
    """
    found: dict[int, list[Alike]] = {}
    ids = list(receivable_ids)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), AT_ONCE):
            some = {"ids": ids[start : start + AT_ONCE]}
            cursor.execute(PROBES, some)
            probes = {row[0]: Item(*row) for row in cursor.fetchall()}
            cursor.execute(CANDIDATES, some)
            others: dict[int, list[Item]] = defaultdict(list)
            for probe, *row in cursor.fetchall():
                if row[0] < probe:
                    others[probe].append(Item(*row))
            for pk, candidates in others.items():
                alike = find(probes[pk], candidates)
                if alike:
                    found[pk] = alike
    return found
