"""
From rows of a sheet to receivables, by chunk: a handful of set-based statements, ids and numbers allocated before.

The temporary table `made` holds the chunk as it will be; both sheets fill it and share everything after.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from receivables import fingerprints
from receivables.models import OBJECT_TYPE
from yingshou.audit.events import record_selected
from yingshou.documents.kinds import Chunk
from yingshou.documents.models import ImportBatch
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.kernel.public_numbers import CAPACITY, public_nos

ALIVE_LINE = "state not in ('UNDONE', 'WITHDRAWN', 'REFUSED')"


# The rows of the chunk, each with an id and a public number of `numbers`; aliases r and n.
NUMBERED_ROWS = """
(select row_number() over (order by row_id) as place, * from {rows}) r
join unnest(%(ids)s::bigint[], %(public_nos)s::text[]) with ordinality as n(id, public_no, place) on n.place = r.place
"""


def numbers(chunk: Chunk) -> dict[str, Any]:
    """An id and a public number for every row of the chunk, as parameters; what is left over is never used again."""
    day, key = clock.business_date(chunk.at), settings.YINGSHOU_NUMBER_KEY
    fetched = chunk.fetch(
        "select nextval('receivables_receivable_id_seq') from generate_series(1, %(size)s)", {"size": chunk.size}
    )
    ids = [row[0] for row in fetched]
    return {"ids": ids, "public_nos": public_nos("AR", day, [pk % CAPACITY for pk in ids], key)}


def drop_known(chunk: Chunk, *, code: str) -> None:
    """Rows whose line is alive already are known; they leave `made`."""
    known = (
        "select m.row_id from made m where exists (select 1 from receivables_receivable r "  # noqa: S608
        f"where r.creditor_id = m.creditor_id and r.line_key = m.line_key and r.{ALIVE_LINE})"
    )
    if chunk.mark_known(known, code=code):
        chunk.execute(f"delete from made where row_id in ({known})")  # noqa: S608


def take_fingerprints(chunk: Chunk, *, code: str) -> None:
    """Use the invoices; rows whose invoice has too little left are refused and leave `made`."""
    sellers = [
        row[0] for row in chunk.fetch("select distinct creditor_id from made where digest is not null order by 1")
    ]
    organisations = Organisation.objects.in_bulk(sellers)
    for seller in sellers:
        chunk.execute("create temporary table answers (digest bytea, answer text) on commit drop")
        chunk.execute(
            "insert into answers select t.digest, t.answer from receivables_fingerprint_take("
            "array(select digest from made where creditor_id = %(seller)s and digest is not null order by row_id), "
            "array(select face_amount from made where creditor_id = %(seller)s and digest is not null order by row_id), "
            "array(select gross_amount from made where creditor_id = %(seller)s and digest is not null order by row_id), "
            "%(owner)s) t where t.answer = 'USED'",
            {"seller": seller, "owner": fingerprints.owner_digest(organisations[seller].uscc)},
        )
        used = "select m.row_id from made m join answers a on a.digest = m.digest where m.creditor_id = %(seller)s"
        rows = [row[0] for row in chunk.fetch(used, {"seller": seller})]
        if rows:
            refused = f"select unnest(array[{','.join(str(int(row)) for row in rows)}]::bigint[])"
            chunk.mark_refused(refused, code=code)
            chunk.execute("delete from made where row_id = any(%(rows)s)", {"rows": rows})
        chunk.execute("drop table answers")


INSERT_RECEIVABLES = """
insert into receivables_receivable (id, public_no, origin, creditor_id, debtor_id, debtor_uscc, debtor_name, is_related_party,
    related_party_reason, kind, maturity_kind, project_name, contract_no, contract_name, contract_date, contract_amount,
    currency, assignment_ban, delivery_date, acceptance_date, settlement_date, due_rule, payment_term_days, due_date,
    face_amount, retention_amount, retention_due_date, prepaid_amount, particulars, past_due_reason, sme_at_signing,
    size_at_signing, basis, confirm_by_law, reason_code, reason_text, state, version, created_at, created_by, batch_id, line_key)
select id, public_no, %(origin)s, creditor_id, debtor_id, debtor_uscc, debtor_name, is_related_party, '', kind, maturity_kind,
    project_name, contract_no, contract_name, contract_date, contract_amount, currency, assignment_ban, delivery_date,
    acceptance_date, settlement_date, due_rule, term_days, due_date, face_amount, retention_amount, retention_due_date,
    prepaid_amount, '{}'::jsonb, past_due_reason, is_sme, size, '', false, '', '', 'DRAFT', 1, %(at)s, %(person)s, %(batch)s,
    line_key
from made order by id
"""

INSERT_INVOICES = """
insert into receivables_invoice (creditor_id, debtor_id, code, number, issue_date, net_amount, tax_amount, gross_amount,
    red_amount, currency, fingerprint, is_alive, created_at)
select distinct on (creditor_id, digest) creditor_id, shown_to, coalesce(invoice_code, ''), invoice_number,
    invoice_date, net_amount, tax_amount, gross_amount, 0, currency, digest, true, %(at)s
from made where digest is not null order by creditor_id, digest, row_id
on conflict (creditor_id, fingerprint) where is_alive do nothing
"""

INSERT_USES = """
insert into receivables_invoiceuse (receivable_id, invoice_id, creditor_id, debtor_id, used_amount, is_alive)
select m.id, i.id, m.creditor_id, m.shown_to, m.face_amount, true
from made m join receivables_invoice i on i.creditor_id = m.creditor_id and i.fingerprint = m.digest and i.is_alive
order by m.id
"""

INSERT_EVIDENCE = """
insert into receivables_evidence (receivable_id, creditor_id, debtor_id, file_id, kind, note, added_at, added_by)
select id, creditor_id, shown_to, %(file)s, 'LEDGER', '', %(at)s, %(person)s from made order by id
"""


# The body of a first event, as `actions.entry` writes it.
CREATED = """
select id, jsonb_build_object('from', null, 'to', 'DRAFT', 'public_no', public_no,
    'face_amount', (face_amount / 100)::text || '.' || lpad(mod(face_amount, 100)::text, 2, '0'), 'currency', currency,
    'due_date', due_date::text, 'contract_no', contract_no, 'debtor_name', debtor_name, 'origin', %(event_origin)s::text,
    'batch_id', %(event_batch)s::bigint)
from made order by id
"""


def write_receivables(chunk: Chunk, *, origin: str) -> None:
    """Insert receivables, invoices, uses, evidence, balances and the first events of `made`."""
    file_id = ImportBatch.objects.values_list("file_id", flat=True).get(pk=chunk.batch_id)
    # A temporary table has no statistics of its own accord, and the joins below need them.
    chunk.execute("analyze made (id, row_id, creditor_id, digest)")
    chunk.execute(INSERT_RECEIVABLES, {"origin": origin})
    chunk.execute(INSERT_INVOICES)
    chunk.execute(INSERT_USES)
    chunk.execute(INSERT_EVIDENCE, {"file": file_id})
    chunk.fetch("select receivables_open_balances(array(select id from made order by id))")
    record_selected(
        CREATED,
        {"event_origin": origin, "event_batch": chunk.batch_id},
        kind=f"{OBJECT_TYPE}.create",
        object_type=OBJECT_TYPE,
        object_version=1,
        audience=[chunk.organisation_id],
        by=chunk.by,
        at=chunk.at,
    )
