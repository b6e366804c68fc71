"""SQL functions of invoice fingerprints and of the comparison with the debtor's private book."""

KEYS = """
-- Duplicate key of an invoice (domain 1.3): 20 digits stand alone; otherwise code and number; without a code the seller's
-- credit code and the number padded to 8. The same rule as `yingshou.kernel.identifiers.invoice_key`; a test compares them.
create function receivables_invoice_key(code text, number text, seller text) returns text
language sql immutable parallel safe as $$
    select case when length(number) = 20 then number
                else coalesce(nullif(code, ''), seller) || lpad(number, 8, '0') end
$$;

-- HMAC-SHA-256 with the two padded keys given, so that the key itself is in no query and no table.
create function receivables_hmac(inner_pad bytea, outer_pad bytea, message text) returns bytea
language sql immutable parallel safe as $$
    select sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8')))
$$;
"""

FINGERPRINTS = """
-- Takes a part of each invoice, all or nothing per invoice, and answers FREE (nobody used it), PARTLY_USED (the rest was
-- enough) or USED (it was not, or another seller has it). Who uses it is not stored and cannot be answered.
create function receivables_fingerprint_take(digests bytea[], amounts bigint[], gross bigint[], seller bytea)
returns table (digest bytea, answer text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform app_kind();
    return query
    with asked as (
        select a.d, sum(a.amount)::bigint as amount, max(a.gross)::bigint as gross
        from unnest(digests, amounts, gross) as a(d, amount, gross) group by a.d
    ), taken as (
        insert into invoice_fingerprint as f (digest, owner, gross_amount, red_amount, used_amount)
        select a.d, seller, a.gross, 0, a.amount from asked a where a.amount <= a.gross order by a.d
        on conflict (digest) do update
            set used_amount = f.used_amount + excluded.used_amount, owner = excluded.owner,
                gross_amount = case when f.used_amount = 0 then excluded.gross_amount else f.gross_amount end
            where (f.owner = excluded.owner or f.used_amount = 0)
              and f.used_amount + excluded.used_amount
                  <= case when f.used_amount = 0 then excluded.gross_amount else f.gross_amount end - f.red_amount
        returning f.digest as d, f.used_amount
    )
    select a.d, case when t.d is null then 'USED' when t.used_amount = a.amount then 'FREE' else 'PARTLY_USED' end
    from asked a left join taken t on t.d = a.d;
end $$;

create function receivables_fingerprint_free(digests bytea[], amounts bigint[], seller bytea) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare freed integer;
begin
    perform app_kind();
    perform 1 from invoice_fingerprint f where f.digest = any(digests) order by f.digest for no key update;
    update invoice_fingerprint f set used_amount = greatest(0, f.used_amount - a.amount)
    from (select x.d, sum(x.amount)::bigint as amount from unnest(digests, amounts) as x(d, amount) group by x.d) a
    where f.digest = a.d and f.owner = seller;
    get diagnostics freed = row_count;
    return freed;
end $$;

create function receivables_fingerprint_ask(digests bytea[]) returns table (digest bytea, answer text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform app_kind();
    return query
    select a.d, case when coalesce(f.used_amount, 0) = 0 then 'FREE'
                     when f.used_amount < f.gross_amount - f.red_amount then 'PARTLY_USED' else 'USED' end
    from unnest(digests) as a(d) left join invoice_fingerprint f on f.digest = a.d;
end $$;

-- A red-letter invoice makes its blue invoice smaller, never below what is in use.
create function receivables_fingerprint_reduce(wanted bytea, amount bigint, seller bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app_kind();
    update invoice_fingerprint f set red_amount = f.red_amount + amount
    where f.digest = wanted and f.owner = seller and f.red_amount + amount + f.used_amount <= f.gross_amount;
    return found;
end $$;
"""

BOOK_MATCH = """
-- Compares pending claims with the debtor's private book and stores the verdict where the debtor alone can read it. Runs
-- for the creditor too, who submits: therefore as the owner, and it answers nothing.
create function receivables_match_book(ids bigint[], at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app_kind();
    -- Every look-up goes by an index, claim by claim (`offset 0` and `+ 0` say so to a planner without statistics).
    insert into receivables_bookmatch as m (receivable_id, organisation_id, verdict, line_id, differences, matched_at)
    select j.id, j.debtor_id,
           case when not j.found then 'NOT_IN_BOOK' when j.differences = '[]' then 'AGREES' else 'DIFFERS' end,
           j.line_id, case when j.found then j.differences else '[]' end, at
    from (
        select r.id, r.debtor_id, case when b.found > 0 then b.line_id else k.line_id end as line_id,
               b.found > 0 or k.line_id is not null as found,
               (case when b.found > 0 and b.booked <> r.face_amount then jsonb_build_array(jsonb_build_object(
                    'field', 'AMOUNT', 'claim', r.face_amount::text, 'book', b.booked::text)) else '[]' end)
               || (case when coalesce(case when b.found > 0 then b.due_date end, k.due_date) <> r.due_date
                    then jsonb_build_array(jsonb_build_object('field', 'DUE_DATE', 'claim', r.due_date::text,
                    'book', coalesce(case when b.found > 0 then b.due_date end, k.due_date)::text)) else '[]' end)
               || (case when b.found > 0 and b.contract_no <> '' and b.contract_no <> r.contract_no
                    then jsonb_build_array(jsonb_build_object('field', 'CONTRACT', 'claim', r.contract_no,
                    'book', b.contract_no)) else '[]' end)
               || (case when b.found > 0 and b.found < b.uses
                    then jsonb_build_array(jsonb_build_object('field', 'INVOICE', 'claim', array_to_string(b.missing, ', '),
                    'book', '')) else '[]' end) as differences
        from receivables_receivable r
        cross join lateral (select o.uscc from identity_organisation o where o.id = r.creditor_id offset 0) s
        cross join lateral (
            select count(*) as uses, count(l.id) as found, coalesce(sum(l.amount), 0) as booked,
                   min(l.due_date) as due_date, max(l.contract_no) as contract_no, min(l.id) as line_id,
                   array_agg(i.number order by i.number) filter (where l.id is null) as missing
            from (select u.invoice_id from receivables_invoiceuse u where u.receivable_id = r.id and u.is_alive offset 0) u
            cross join lateral (
                select x.code, x.number from receivables_invoice x where x.id = u.invoice_id offset 0
            ) i
            left join lateral (
                select p.id, p.amount, p.due_date, p.contract_no from receivables_payableline p
                where p.organisation_id = r.debtor_id and p.supplier_uscc = s.uscc and p.invoice_number = i.number
                  and p.is_alive and (p.invoice_code = '' or i.code = '' or p.invoice_code = i.code)
                  and p.currency = r.currency
                order by p.id + 0 limit 1
            ) l on true
        ) b
        left join lateral (
            select p.id as line_id, p.amount as booked, p.due_date from receivables_payableline p
            where b.found = 0 and p.organisation_id = r.debtor_id and p.supplier_uscc = s.uscc
              and p.contract_no = r.contract_no and p.amount = r.face_amount and p.is_alive and p.currency = r.currency
              and r.contract_no <> ''
            order by p.id + 0 limit 1
        ) k on true
        where r.id = any(ids) and r.state = 'PENDING_CONFIRM' and r.debtor_id is not null
          and (app_kind() = 'system' or app_org() in (r.creditor_id, r.debtor_id))
    ) j
    order by j.id
    on conflict (receivable_id) do update set organisation_id = excluded.organisation_id, verdict = excluded.verdict,
        line_id = excluded.line_id, differences = excluded.differences, matched_at = excluded.matched_at
    where (m.verdict, m.line_id, m.differences) is distinct from (excluded.verdict, excluded.line_id, excluded.differences);
end $$;

-- A debtor that registers finds what was claimed from it before: the claims, and every row that carries its id. The clock
-- of the answer starts with it; the caller sets the exact deadline in the same transaction.
create function receivables_link_debtor(debtor bigint) returns bigint[]
language plpgsql security definer set search_path = public, pg_temp as $$
declare linked bigint[];
begin
    if app_kind() <> 'system' or app_org() is distinct from debtor then
        raise exception 'only a job of the debtor links it' using errcode = '42501';
    end if;
    with mine as (
        update receivables_receivable r
        set debtor_id = debtor, debtor_name = o.name, confirm_requested_at = now(), confirm_deadline = current_date + 30
        from identity_organisation o
        where o.id = debtor and o.uscc = r.debtor_uscc and r.debtor_id is null and r.creditor_id <> debtor
          and r.state in ('PENDING_CONFIRM', 'RETURNED')
        returning r.id
    )
    select array_agg(id order by id) into linked from mine;
    -- What it answered by link before is its own from now on, with the acts and the signatures.
    with answered as (
        update receivables_receivable r set debtor_id = debtor, debtor_name = o.name
        from identity_organisation o
        where o.id = debtor and o.uscc = r.debtor_uscc and r.debtor_id is null and r.creditor_id <> debtor
          and r.state not in ('DRAFT', 'UNDONE')
        returning r.id
    )
    select coalesce(linked, '{}') || coalesce(array_agg(id order by id), '{}') into linked from answered;
    perform app_grant_access('receivables.receivable', l.receivable_id, debtor, 'receivables.answerlink', l.id, now(), null)
    from receivables_answerlink l where l.receivable_id = any(linked) and l.used_at is not null;
    update receivables_answerlink l set debtor_id = debtor where l.receivable_id = any(linked);
    update receivables_linkanswer a set debtor_id = debtor where a.receivable_id = any(linked);
    update receivables_receivable r set debtor_id = debtor from identity_organisation o
    where o.id = debtor and o.uscc = r.debtor_uscc and r.debtor_id is null and r.creditor_id <> debtor and r.state = 'DRAFT';
    update receivables_receivablebalance b set debtor_id = debtor where b.receivable_id = any(linked);
    update receivables_claimtrait t set shown_to_id = debtor where t.receivable_id = any(linked);
    update receivables_invoiceuse u set debtor_id = debtor where u.receivable_id = any(linked);
    update receivables_evidence e set debtor_id = debtor where e.receivable_id = any(linked);
    update receivables_invoice i set debtor_id = debtor
    where i.id in (select u.invoice_id from receivables_invoiceuse u where u.receivable_id = any(linked) and u.is_alive);
    return coalesce(linked, '{}');
end $$;

-- Ids only: which debtors owe an answer. The work itself is done as each debtor's.
create function receivables_debtors_waiting() returns setof bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if app_kind() <> 'system' then
        raise exception 'only a job asks who owes an answer' using errcode = '42501';
    end if;
    return query select distinct r.debtor_id from receivables_receivable r
        where r.state = 'PENDING_CONFIRM' and r.debtor_id is not null order by 1;
end $$;
"""

FUNCTIONS = {
    "receivables_fingerprint_take(bytea[], bigint[], bigint[], bytea)": FINGERPRINTS,
    "receivables_fingerprint_free(bytea[], bigint[], bytea)": "",
    "receivables_fingerprint_ask(bytea[])": "",
    "receivables_fingerprint_reduce(bytea, bigint, bytea)": "",
    "receivables_match_book(bigint[], timestamptz)": BOOK_MATCH,
    "receivables_link_debtor(bigint)": "",
    "receivables_debtors_waiting()": "",
}
