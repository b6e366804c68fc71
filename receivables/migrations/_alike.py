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
"""

FUNCTIONS = {
    "receivables_plain_key(text)": LIKENESS,
    "receivables_looks_like(bigint[])": "",
}
