"""What keeps a confirmation as it is (I4): the trigger, and the one function that moves a confirmed amount in the ledger."""

# A debtor that confirmed by link and registers later is filled in; apart from that,
# what was confirmed changes only into the new terms of a proposal that was accepted in this very version; parties, kind,
# currency, face and basis do not change at all. An update that leaves these columns alone does not call the function.
CONFIRMED_STAYS = """
create function receivables_confirmed_stays() returns trigger language plpgsql as $$
begin
    if (old.creditor_id, coalesce(old.debtor_id, new.debtor_id), old.debtor_uscc, old.kind, old.maturity_kind, old.currency, old.face_amount,
        old.basis, old.confirmed_at)
       is distinct from
       (new.creditor_id, new.debtor_id, new.debtor_uscc, new.kind, new.maturity_kind, new.currency, new.face_amount,
        new.basis, new.confirmed_at)
       or not exists (
           select 1 from receivables_changerequest c
           where c.receivable_id = new.id and c.state = 'ACCEPTED' and c.applied_version = new.version
             and c.receivable_version = old.version
             and (c.new_amount, c.new_due_date, c.new_due_date, c.new_contract_no, c.new_contract_name,
                  c.new_contract_date)
                 is not distinct from
                 (new.confirmed_amount, new.confirmed_due_date, new.due_date, new.contract_no, new.contract_name,
                  new.contract_date))
    then
        raise exception 'what was confirmed changes only by an agreed change: receivable %', old.id using errcode = '23514';
    end if;
    return new;
end $$;

create trigger confirmed_stays before update on receivables_receivable for each row
when (old.confirmed_at is not null and
      (old.creditor_id, coalesce(old.debtor_id, new.debtor_id), old.debtor_uscc, old.kind, old.maturity_kind, old.currency, old.face_amount,
       old.basis, old.confirmed_at, old.confirmed_amount, old.confirmed_due_date, old.due_date, old.contract_no,
       old.contract_name, old.contract_date)
      is distinct from
      (new.creditor_id, new.debtor_id, new.debtor_uscc, new.kind, new.maturity_kind, new.currency, new.face_amount,
       new.basis, new.confirmed_at, new.confirmed_amount, new.confirmed_due_date, new.due_date, new.contract_no,
       new.contract_name, new.contract_date))
execute function receivables_confirmed_stays();
"""

CONFIRMED_STAYS_BACK = """
drop trigger confirmed_stays on receivables_receivable;
drop function receivables_confirmed_stays();
"""

APPLY = """
-- The ledger's part of an agreed change. The change must just have been accepted and the receivable not have its new version
-- yet, so that it is applied once. Answers 'DONE', or 'HELD' or 'BELOW' where the ledger forbids it: a reservation that came
-- first has taken the lock of the balance before this. A claim that grew takes back what had been paid too much.
create function receivables_apply_change(change bigint, at timestamptz, day date, person bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    c receivables_changerequest;
    b receivables_receivablebalance;
    held bigint;
    fact bigint;
    moved bigint;
begin
    select x.* into c from receivables_changerequest x
    join receivables_receivable r on r.id = x.receivable_id
    where x.id = change and x.state = 'ACCEPTED' and r.state = 'CONFIRMED' and r.version = x.receivable_version;
    if c.id is null or not receivables_may_touch(c.creditor_id, c.debtor_id, null) then
        raise exception 'no change to apply: %', change using errcode = '42501';
    end if;
    select * into b from receivables_receivablebalance x where x.receivable_id = c.receivable_id for no key update;
    held := b.encumbered_amount + b.reserved_amount;
    if c.new_amount <> c.old_amount
       and c.new_amount < b.adjusted_amount + b.paid_amount + b.retained_amount + held then
        return 'BELOW';
    end if;
    if held > 0 and (c.new_amount <> c.old_amount or c.new_due_date <> c.old_due_date) then
        return 'HELD';
    end if;
    if c.new_amount = c.old_amount then
        return 'DONE';
    end if;
    assert b.confirmed_amount = c.old_amount, 'the ledger and the confirmation say the same amount';
    fact := receivables_entry(b, 'PRICE', 'CONFIRMED', case when c.new_amount > c.old_amount then 1 else -1 end,
                              abs(c.new_amount - c.old_amount), null, null, null, 'receivables.changerequest', c.id,
                              'change', day, at, person);
    b.confirmed_amount := c.new_amount;
    moved := least(b.overpaid_amount, b.confirmed_amount - b.adjusted_amount - b.paid_amount - b.retained_amount);
    if c.new_amount > c.old_amount and moved > 0 then
        perform receivables_entry(b, 'PRICE', 'OVERPAID', -1, moved, fact, null, null, 'receivables.changerequest', c.id,
                                  'change', day, at, person);
        perform receivables_entry(b, 'PRICE', 'PAID', 1, moved, fact, null, null, 'receivables.changerequest', c.id,
                                  'change', day, at, person);
        b.overpaid_amount := b.overpaid_amount - moved;
        b.paid_amount := b.paid_amount + moved;
    end if;
    update receivables_receivablebalance x
    set confirmed_amount = b.confirmed_amount, paid_amount = b.paid_amount, overpaid_amount = b.overpaid_amount
    where x.receivable_id = c.receivable_id;
    return 'DONE';
end $$;
"""

LAPSE = """
-- Whose proposals have waited too long: the job of the clock asks for one job per proposer.
create function receivables_proposers_overdue(day date) returns setof bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if app_kind() <> 'system' then
        raise exception 'only a job asks what lapses' using errcode = '42501';
    end if;
    return query select distinct c.proposed_by_id from receivables_changerequest c
        where c.state = 'OPEN' and c.expires_on < day order by 1;
end $$;
"""

READERS = """
-- Who beside the parties may read the receivable at this moment: each is told of the new version in an event of its own, so
-- that no funder learns of another.
create function receivables_readers(receivable bigint) returns setof bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare r receivables_receivable;
begin
    select * into r from receivables_receivable x where x.id = receivable;
    if not receivables_may_touch(r.creditor_id, r.debtor_id, null) then
        raise exception 'only a party asks who reads' using errcode = '42501';
    end if;
    return query select distinct g.organisation_id from tenancy_accessgrant g
        where g.object_type = 'receivables.receivable' and g.object_id = receivable
          and app_can_see('receivables.receivable', receivable, g.organisation_id)
          and g.organisation_id not in (r.creditor_id, r.debtor_id)
        order by 1;
end $$;
"""

FUNCTIONS = {
    "receivables_apply_change(bigint, timestamptz, date, bigint)": APPLY,
    "receivables_proposers_overdue(date)": LAPSE,
    "receivables_readers(bigint)": READERS,
}
"""Signature to source."""
