"""SQL functions of near-duplicates: the normal form of texts, and what a stranger with a grant may learn."""

LIKENESS = """
-- Capitals without separators, with the letters that are mistaken for digits as those digits.
create function receivables_plain_key(text) returns text
language sql immutable parallel safe as $$
    select translate(regexp_replace(upper(coalesce($1, '')), '[[:space:][:punct:]]', '', 'g'), 'OIL', '011')
$$;

-- What a claim looks like, for those who may read it: the highest score and its rule and reasons. Neither the other claim nor
-- anything of it leaves this function.
create function receivables_looks_like(ids bigint[])
returns table (id bigint, score integer, rule text, reasons jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform app_kind();
    return query
    select distinct on (f.receivable_id) f.receivable_id, f.score, f.rule::text, f.reasons
    from receivables_likenessflag f join receivables_receivable r on r.id = f.receivable_id
    where f.receivable_id = any(ids) and f.state = 'OPEN' and r.state not in ('UNDONE', 'WITHDRAWN', 'REFUSED')
      and not exists (select 1 from receivables_receivable x
                      where x.id = any(f.other_ids) and x.state in ('UNDONE', 'WITHDRAWN', 'REFUSED'))
      and (app_org() in (r.creditor_id, r.debtor_id) or app_can_see('receivables.receivable', r.id, app_org()))
      and not (r.state in ('DRAFT', 'UNDONE') and f.organisation_id is distinct from app_org())
    order by f.receivable_id, f.score desc, f.id;
end $$;

-- Both sides of what is challenged: for the platform's staff alone, who answer the appeal.
create function receivables_appeal_sides(appeal bigint)
returns table (public_no text, creditor text, debtor text, amount bigint, currency text, contract_no text,
    created_at timestamptz, is_appellant boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    if not app_staff() then
        raise exception 'only the staff see both sides of an appeal' using errcode = '42501';
    end if;
    return query
    select r.public_no::text, c.name::text, r.debtor_name::text, r.face_amount, r.currency::text, r.contract_no::text,
           r.created_at, a.organisation_id in (r.creditor_id, r.debtor_id)
    from receivables_appeal a
    join receivables_receivable r on r.id in (
        select f.receivable_id from receivables_likenessflag f where f.id = a.flag_id
        union select unnest(f.other_ids) from receivables_likenessflag f where f.id = a.flag_id
        union select u.receivable_id from receivables_invoiceuse u join receivables_invoice i on i.id = u.invoice_id
            where u.is_alive and i.fingerprint = a.fingerprint)
    join identity_organisation c on c.id = r.creditor_id
    where a.id = appeal order by r.id;
end $$;
"""

FUNCTIONS = {
    "receivables_plain_key(text)": LIKENESS,
    "receivables_looks_like(bigint[])": "",
    "receivables_appeal_sides(bigint)": "",
}
