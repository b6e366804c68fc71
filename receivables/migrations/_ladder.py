"""SQL functions of the confirmation ladder: its start for the debtor's clock, and the time in which a debtor answers."""

START = """
-- Starts the ladder of claims that were asked. Runs for the creditor too, who submits: therefore as the owner, since the days and
-- the department are the debtor's own. A claim that comes again after a correction starts again; its place stays.
create function receivables_start_ladder(ids bigint[]) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare started integer;
begin
    perform app_kind();
    insert into receivables_answerprogress as a (receivable_id, creditor_id, debtor_id, requested_at, department,
        department_since, last_step, reminded_count, next_on, escalate_on)
    select r.id, r.creditor_id, r.debtor_id, r.confirm_requested_at, coalesce(p.department, ''), r.confirm_requested_at, 0, 0,
           x.day + (select min(d) from unnest(coalesce(p.reminder_days, '{1,3,7,15,25,30}')) d),
           x.day + coalesce(p.escalate_after, 15) + 1
    from receivables_receivable r
    cross join lateral (select (r.confirm_requested_at at time zone 'Asia/Shanghai')::date as day) x
    left join receivables_answerpolicy p on p.organisation_id = r.debtor_id
    where r.id = any(ids) and r.state = 'PENDING_CONFIRM' and r.debtor_id is not null
      and (app_kind() = 'system' or app_org() in (r.creditor_id, r.debtor_id))
    order by r.id
    on conflict (receivable_id) do update set requested_at = excluded.requested_at,
        department_since = excluded.department_since, last_step = 0, reminded_count = 0, reminded_at = null,
        next_on = excluded.next_on, escalate_on = excluded.escalate_on, escalated_at = null
    where a.requested_at < excluded.requested_at;
    get diagnostics started = row_count;
    return started;
end $$;
"""

MEDIAN = """
-- How fast an organisation confirms: to itself always; to a supplier of its own if it shares the figure, or if the thirty days
-- of the law run for something that this supplier submitted. A supplier learns it from five answers on, so that none shows.
create function receivables_answer_time(debtor bigint, since timestamptz, until timestamptz)
returns table (median interval, answers bigint, by_rule boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    own boolean := app_org() is not distinct from debtor;
    shared boolean;
    ruled boolean;
begin
    if app_org() is null then
        raise exception 'only an organisation asks how fast another answers' using errcode = '42501';
    end if;
    select coalesce(bool_or(p.shares_median), false) into shared from receivables_answerpolicy p where p.organisation_id = debtor;
    ruled := exists (select 1 from receivables_receivable r where r.debtor_id = debtor and r.creditor_id = app_org()
                     and r.confirm_by_law and r.confirm_requested_at is not null);
    if not own and not ruled and not (shared and exists (
        select 1 from receivables_receivable r where r.debtor_id = debtor and r.creditor_id = app_org()
        and r.state not in ('DRAFT', 'UNDONE'))) then
        return;
    end if;
    return query
    select percentile_cont(0.5) within group (order by r.confirmed_at - r.confirm_requested_at), count(*), not shared and ruled
    from (select x.confirmed_at, x.confirm_requested_at from receivables_receivable x
          where x.debtor_id = debtor and x.state = 'CONFIRMED' and x.confirm_requested_at is not null
            and x.confirmed_at >= since and x.confirmed_at < until limit 20001) r
    having own or count(*) >= 5;
end $$;
"""

FUNCTIONS = {
    "receivables_start_ladder(bigint[])": START,
    "receivables_answer_time(bigint, timestamptz, timestamptz)": MEDIAN,
}
"""Signature to source."""
