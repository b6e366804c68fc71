"""The SQL functions of the encumbrance ledger. Python reaches balances, holdings and entries through them only."""

# A caller must be a party of the receivable, the holder, or a job: the functions run as the owner, beyond the policies.
GUARD = """
create function receivables_may_touch(creditor bigint, debtor bigint, holder bigint) returns boolean
language sql stable as $$
    select app_kind() = 'system' or coalesce(app_org() in (creditor, debtor, holder), false)
$$;

-- Who may take a part of a claim for a holder: its creditor, or the holder itself where the object is open to it.
create function receivables_may_hold(creditor bigint, holder bigint, receivable bigint) returns boolean
language sql stable as $$
    select app_kind() = 'system' or coalesce(app_org() = creditor, false)
        or coalesce(app_org() = holder and app_can_see('receivables.receivable', receivable, holder), false)
$$;
"""

OPEN_BALANCES = """
create function receivables_open_balances(ids bigint[]) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare made integer;
begin
    insert into receivables_receivablebalance (receivable_id, creditor_id, debtor_id, is_unconfirmed, confirmed_amount,
        adjusted_amount, paid_amount, encumbered_amount, reserved_amount, retained_amount, overpaid_amount,
        disputed_amount, open_cut_amount)
    select r.id, r.creditor_id, r.debtor_id, false, 0, 0, 0, 0, 0, 0, 0, 0, 0
    from receivables_receivable r
    where r.id = any(ids) and receivables_may_touch(r.creditor_id, r.debtor_id, null)
    on conflict (receivable_id) do nothing;
    get diagnostics made = row_count;
    return made;
end $$;
"""

POST_CLAIM = """
-- The claim enters the ledger: once, when it is confirmed or opened without confirmation. What was prepaid and what is
-- retained under the contract leaves the free balance in the same statement.
create function receivables_post_claim(ids bigint[], at timestamptz, day date, person bigint, origin_of text)
returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare posted integer;
begin
    perform 1 from receivables_receivablebalance b where b.receivable_id = any(ids)
    order by b.receivable_id for no key update;
    with claim as (
        select r.id, r.creditor_id, r.debtor_id, r.state,
               case when r.state = 'DIRECT' then r.face_amount else r.confirmed_amount end as total,
               r.prepaid_amount, r.retention_amount
        from receivables_receivable r
        where r.id = any(ids) and r.state in ('CONFIRMED', 'DIRECT')
          and receivables_may_touch(r.creditor_id, r.debtor_id, null)
    ), parts as (
        select c.*, least(c.prepaid_amount, c.total) as prepaid,
               least(c.retention_amount, c.total - least(c.prepaid_amount, c.total)) as retained
        from claim c
    ), opened as (
        insert into receivables_receivablebalance as b (receivable_id, creditor_id, debtor_id, is_unconfirmed,
            confirmed_amount, adjusted_amount, paid_amount, encumbered_amount, reserved_amount, retained_amount,
            overpaid_amount, disputed_amount, open_cut_amount, posted_at)
        select p.id, p.creditor_id, p.debtor_id, p.state = 'DIRECT', p.total, 0, p.prepaid, 0, 0, p.retained, 0, 0, 0, at
        from parts p order by p.id
        on conflict (receivable_id) do update
            set confirmed_amount = excluded.confirmed_amount, paid_amount = excluded.paid_amount,
                retained_amount = excluded.retained_amount, debtor_id = excluded.debtor_id,
                is_unconfirmed = excluded.is_unconfirmed, posted_at = excluded.posted_at
            where b.posted_at is null
        returning b.receivable_id
    ), entries as (
        insert into receivables_receivableentry (receivable_id, creditor_id, debtor_id, type, bucket, direction, amount,
            reference_type, source, value_date, posted_at, posted_by, organisation_id)
        select p.id, p.creditor_id, p.debtor_id, e.type, e.bucket, 1, e.amount, '', origin_of, day, at, person, app_org()
        from parts p join opened o on o.receivable_id = p.id
        cross join lateral (values ('CONFIRM', 'CONFIRMED', p.total), ('PAYMENT', 'PAID', p.prepaid),
            ('RETENTION_HOLD', 'RETAINED', p.retained)) as e(type, bucket, amount)
        where e.amount > 0
    )
    select count(*) into posted from opened;
    return posted;
end $$;
"""

HOLD = """
-- Reserve or encumber parts of claims. Each line takes its amount in one conditional UPDATE, so that parallel callers can
-- never take more than is free. `replaces` names a reservation of the same holder that an encumbrance takes the place of.
create function receivables_hold(
    hold_kind text, ids bigint[], amounts bigint[], holders bigint[], financed bigint[], replaces bigint[],
    expires timestamptz[], ref_type text, ref_ids bigint[], at timestamptz, day date, person bigint
) returns table (receivable_id bigint, holding_id bigint, free_amount bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    if (select count(distinct one) from unnest(ids) one) <> coalesce(array_length(ids, 1), 0) then
        raise exception 'a receivable is named twice in one list' using errcode = '22023';
    end if;
    -- The one global order of locks: by receivable.
    perform 1 from receivables_receivablebalance b where b.receivable_id = any(ids)
    order by b.receivable_id for no key update;
    return query
    with asked as (
        select a.rid, a.amount, a.holder, a.advance, a.old, a.until, a.ref, coalesce(h.claim_amount, 0) as given_back,
               coalesce(h.cut_amount, 0) as old_cut, h.is_cut_open
        from unnest(ids, amounts, holders, financed, replaces, expires, ref_ids)
             as a(rid, amount, holder, advance, old, until, ref)
        left join receivables_holding h on h.id = a.old and h.receivable_id = a.rid and h.holder_id = a.holder
             and h.is_live and h.kind = 'RESERVATION'
        where a.amount > 0 and (a.old is null or h.id is not null) and not coalesce(h.is_cut_open, false)
    ), moved as (
        update receivables_receivablebalance b
        set reserved_amount = b.reserved_amount - a.given_back
                + case when hold_kind = 'RESERVATION' then a.amount else 0 end,
            encumbered_amount = b.encumbered_amount + case when hold_kind = 'ENCUMBRANCE' then a.amount else 0 end
        from asked a
        where b.receivable_id = a.rid and b.open_cut_amount = 0 and b.posted_at is not null
          and b.confirmed_amount - b.adjusted_amount - b.paid_amount - b.encumbered_amount - b.reserved_amount
              - b.retained_amount - b.disputed_amount + a.given_back >= a.amount
          and receivables_may_hold(b.creditor_id, a.holder, a.rid)
          and exists (select 1 from receivables_receivable r where r.id = a.rid and r.state in ('CONFIRMED', 'DIRECT'))
        returning b.receivable_id as rid, b.creditor_id, b.debtor_id, a.amount, a.holder, a.advance, a.old, a.until,
                  a.ref, a.given_back
    ), ended as (
        update receivables_holding h set is_live = false, ended_at = at, claim_amount = 0
        from moved m where h.id = m.old returning h.id
    ), held as (
        insert into receivables_holding (receivable_id, holder_id, kind, claim_amount, financed_amount, cut_amount,
            is_live, is_cut_open, expires_at, expiry_paused, reference_type, reference_id, created_at)
        select m.rid, m.holder, hold_kind, m.amount, coalesce(m.advance, 0), 0, true, false,
               case when hold_kind = 'RESERVATION' then m.until end, false, ref_type, m.ref, at
        from moved m order by m.rid
        returning id, receivable_id as rid
    ), entries as (
        insert into receivables_receivableentry (receivable_id, creditor_id, debtor_id, type, bucket, direction, amount,
            holding_id, reference_type, reference_id, source, value_date, posted_at, posted_by, organisation_id)
        select m.rid, m.creditor_id, m.debtor_id, e.type, e.bucket, e.direction, e.amount, e.holding, ref_type, m.ref, '',
               day, at, person, app_org()
        from moved m join held on held.rid = m.rid
        cross join lateral (values
            ('UNRESERVE', 'RESERVED', -1, m.given_back, m.old),
            (case when hold_kind = 'RESERVATION' then 'RESERVE' else 'ENCUMBER' end,
             case when hold_kind = 'RESERVATION' then 'RESERVED' else 'ENCUMBERED' end, 1, m.amount, held.id)
        ) as e(type, bucket, direction, amount, holding)
        where e.amount > 0
    )
    select b.receivable_id, held.id,
           case when held.id is not null then 0
           else greatest(0, case when b.open_cut_amount > 0 then 0 else b.confirmed_amount - b.adjusted_amount
               - b.paid_amount - b.encumbered_amount - b.reserved_amount - b.retained_amount - b.disputed_amount end) end
    from receivables_receivablebalance b
    left join held on held.rid = b.receivable_id
    left join unnest(ids, holders) as asked_by(rid, holder) on asked_by.rid = b.receivable_id
    where b.receivable_id = any(ids) and receivables_may_touch(b.creditor_id, b.debtor_id, asked_by.holder)
    order by b.receivable_id;
end $$;
"""

LET_GO = """
-- End holdings or a part of them. A part may be named per holding; null lets go of the whole and closes an open cut.
create function receivables_let_go(
    holdings bigint[], parts bigint[], at timestamptz, day date, person bigint, why text, only_due boolean
) returns table (receivable_id bigint, holding_id bigint, holder_id bigint, amount bigint, reserved boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    if only_due and app_kind() <> 'system' then
        raise exception 'only a job ends reservations that are due' using errcode = '42501';
    end if;
    perform 1 from receivables_receivablebalance b
    where b.receivable_id in (select h.receivable_id from receivables_holding h where h.id = any(holdings))
    order by b.receivable_id for no key update;
    return query
    with chosen as (
        select h.id, h.receivable_id as rid, h.holder_id, h.kind, h.is_cut_open, h.cut_amount, h.claim_amount,
               coalesce(least(a.part, h.claim_amount), h.claim_amount) as part,
               a.part is null or a.part >= h.claim_amount as whole, b.creditor_id, b.debtor_id
        from unnest(holdings, parts) as a(id, part)
        join receivables_holding h on h.id = a.id
        join receivables_receivablebalance b on b.receivable_id = h.receivable_id
        where h.is_live
          and (not only_due or (h.kind = 'RESERVATION' and not h.expiry_paused and h.expires_at <= at))
          -- A creditor may take back a reservation it made; an encumbrance ends by its holder's word only.
          and (app_kind() = 'system' or app_org() = h.holder_id or (h.kind = 'RESERVATION' and app_org() = b.creditor_id))
    ), ended as (
        update receivables_holding h
        set claim_amount = h.claim_amount - c.part, is_live = not c.whole,
            ended_at = case when c.whole then at else h.ended_at end,
            is_cut_open = h.is_cut_open and not c.whole
        from chosen c where h.id = c.id returning h.id
    ), summed as (
        select c.rid, sum(c.part) filter (where c.kind = 'RESERVATION') as reserved,
               sum(c.part) filter (where c.kind = 'ENCUMBRANCE') as encumbered,
               sum(c.cut_amount) filter (where c.is_cut_open and c.whole) as cuts
        from chosen c group by c.rid
    ), moved as (
        update receivables_receivablebalance b
        set reserved_amount = b.reserved_amount - coalesce(s.reserved, 0),
            encumbered_amount = b.encumbered_amount - coalesce(s.encumbered, 0),
            open_cut_amount = greatest(0, b.open_cut_amount - coalesce(s.cuts, 0))
        from summed s where b.receivable_id = s.rid returning b.receivable_id
    ), entries as (
        insert into receivables_receivableentry (receivable_id, creditor_id, debtor_id, type, bucket, direction, amount,
            holding_id, reference_type, source, value_date, posted_at, posted_by, organisation_id)
        select c.rid, c.creditor_id, c.debtor_id,
               case when c.kind = 'RESERVATION' then 'UNRESERVE' else 'RELEASE' end,
               case when c.kind = 'RESERVATION' then 'RESERVED' else 'ENCUMBERED' end,
               -1, c.part, c.id, '', why, day, at, person, app_org()
        from chosen c where c.part > 0 order by c.rid, c.id
    )
    select c.rid, c.id, c.holder_id, c.part, c.kind = 'RESERVATION' from chosen c order by c.rid, c.id;
end $$;

create function receivables_due_reservations(at timestamptz, how_many integer) returns bigint[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if app_kind() <> 'system' then
        raise exception 'only a job looks for reservations that are due' using errcode = '42501';
    end if;
    return array(
        select h.id from receivables_holding h
        where h.is_live and not h.expiry_paused and h.kind = 'RESERVATION' and h.expires_at <= at
        order by h.receivable_id, h.id limit how_many
    );
end $$;

-- A reservation does not expire while a notice or a registration of its deal is open.
create function receivables_pause_expiry(holdings bigint[], paused boolean) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare changed integer;
begin
    update receivables_holding h set expiry_paused = paused
    where h.id = any(holdings) and h.is_live and h.kind = 'RESERVATION'
      and (app_kind() = 'system' or app_org() = h.holder_id);
    get diagnostics changed = row_count;
    return changed;
end $$;

-- The holder has seen the cut and dealt with it: the receivable can be financed again.
create function receivables_close_cuts(holdings bigint[]) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare closed integer;
begin
    perform 1 from receivables_receivablebalance b
    where b.receivable_id in (select h.receivable_id from receivables_holding h where h.id = any(holdings))
    order by b.receivable_id for no key update;
    with seen as (
        update receivables_holding h set is_cut_open = false, cut_amount = 0
        where h.id = any(holdings) and h.is_cut_open and (app_kind() = 'system' or app_org() = h.holder_id)
        returning h.id, h.receivable_id as rid
    ), before as (
        select s.rid, sum(h.cut_amount) as cuts from seen s join receivables_holding h on h.id = s.id group by s.rid
    )
    update receivables_receivablebalance b set open_cut_amount = greatest(0, b.open_cut_amount - before.cuts)
    from before where b.receivable_id = before.rid;
    get diagnostics closed = row_count;
    return closed;
end $$;

create function receivables_set_disputed(ids bigint[], amounts bigint[]) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare changed integer;
begin
    perform 1 from receivables_receivablebalance b where b.receivable_id = any(ids)
    order by b.receivable_id for no key update;
    update receivables_receivablebalance b set disputed_amount = a.amount
    from unnest(ids, amounts) as a(id, amount)
    where b.receivable_id = a.id and receivables_may_touch(b.creditor_id, b.debtor_id, null);
    get diagnostics changed = row_count;
    return changed;
end $$;
"""

# One fact is worked out on a copy of the balance row and written with one UPDATE, so that the CHECK holds at every instant.
POST_FACT = """
create function receivables_entry(
    b receivables_receivablebalance, entry_type text, entry_bucket text, way integer, entry_amount bigint, fact bigint,
    undone bigint, holding bigint, ref_type text, ref bigint, origin_of text, day date, at timestamptz, person bigint
) returns bigint language plpgsql as $$
declare made bigint;
begin
    if entry_amount <= 0 then
        return null;
    end if;
    insert into receivables_receivableentry (receivable_id, creditor_id, debtor_id, type, bucket, direction, amount, fact_id,
        reverses_id, holding_id, reference_type, reference_id, source, value_date, posted_at, posted_by, organisation_id)
    values (b.receivable_id, b.creditor_id, b.debtor_id, entry_type, entry_bucket, way, entry_amount, fact, undone, holding,
        ref_type, ref, origin_of, day, at, person, app_org())
    returning id into made;
    return made;
end $$;

-- Posts facts about debts, in the order given within one receivable. A fact is never refused for lack of balance: it uses
-- up what is free, then reservations, then encumbrances (latest first), then what is retained; each cut names the fact.
create function receivables_post_facts(
    ids bigint[], types text[], amounts bigint[], undoes bigint[], days date[], ref_types text[], refs bigint[],
    origin_of text, at timestamptz, person bigint
) returns table (place integer, receivable_id bigint, fact_id bigint, holding_id bigint, holder_id bigint, cut bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
    b receivables_receivablebalance;
    h receivables_holding;
    one record;
    fact bigint;
    claim bigint;
    wanted bigint;
    applied bigint;
    moved bigint;
    beyond bigint;
    missing bigint;
    part bigint;
    undone_type text;
    undone_adjusted bigint;
    undone_paid bigint;
begin
    perform 1 from receivables_receivablebalance x where x.receivable_id = any(ids)
    order by x.receivable_id for no key update;
    for one in
        select a.* from unnest(ids, types, amounts, undoes, days, ref_types, refs)
            with ordinality as a(rid, type, amount, undoes, day, ref_type, ref, place)
        order by a.rid, a.place
    loop
        select * into b from receivables_receivablebalance x where x.receivable_id = one.rid;
        if b.receivable_id is null or b.posted_at is null or not receivables_may_touch(b.creditor_id, b.debtor_id, null) then
            continue;
        end if;
        claim := b.confirmed_amount - b.adjusted_amount - b.paid_amount;
        wanted := one.amount;
        applied := 0; moved := 0; beyond := 0; fact := null;
        if one.type in ('PAYMENT', 'CREDIT_NOTE', 'RETURN', 'NETTING', 'DISCOUNT', 'CANCEL', 'WRITE_OFF')
           or (one.type = 'PRICE' and wanted < 0) or one.type = 'RETENTION_HOLD' then
            wanted := abs(wanted);
            applied := least(wanted, claim - case when one.type = 'RETENTION_HOLD' then b.retained_amount else 0 end);
            if one.type = 'PAYMENT' then
                beyond := wanted - applied;
                fact := receivables_entry(b, 'PAYMENT', 'PAID', 1, applied, null, null, null, one.ref_type, one.ref,
                                          origin_of, one.day, at, person);
            elsif one.type = 'RETENTION_HOLD' then
                fact := receivables_entry(b, one.type, 'RETAINED', 1, applied, null, null, null, one.ref_type, one.ref,
                                          origin_of, one.day, at, person);
            else
                -- What a reduction takes beyond the open claim was paid already: the debtor paid that part too much.
                moved := least(wanted - applied, b.paid_amount);
                beyond := wanted - applied - moved;
                fact := receivables_entry(b, one.type, 'ADJUSTED', 1, applied + moved, null, null, null, one.ref_type,
                                          one.ref, origin_of, one.day, at, person);
                perform receivables_entry(b, one.type, 'PAID', -1, moved, fact, null, null, one.ref_type, one.ref, origin_of,
                                          one.day, at, person);
            end if;
            part := receivables_entry(b, one.type, 'OVERPAID', 1, beyond + moved, fact, null, null, one.ref_type, one.ref,
                                      origin_of, one.day, at, person);
            fact := coalesce(fact, part);
            missing := applied - (claim - b.encumbered_amount - b.reserved_amount - b.retained_amount);
            for h in
                select * from receivables_holding x where x.receivable_id = one.rid and x.is_live and x.claim_amount > 0
                order by case x.kind when 'RESERVATION' then 0 else 1 end, x.id desc for no key update
            loop
                exit when missing <= 0;
                part := least(missing, h.claim_amount);
                missing := missing - part;
                update receivables_holding x set claim_amount = x.claim_amount - part, cut_amount = x.cut_amount + part,
                    is_cut_open = true where x.id = h.id;
                perform receivables_entry(b, 'CUT', case h.kind when 'RESERVATION' then 'RESERVED' else 'ENCUMBERED' end, -1,
                                          part, fact, null, h.id, one.ref_type, one.ref, origin_of, one.day, at, person);
                if h.kind = 'RESERVATION' then
                    b.reserved_amount := b.reserved_amount - part;
                else
                    b.encumbered_amount := b.encumbered_amount - part;
                end if;
                b.open_cut_amount := b.open_cut_amount + part;
                place := one.place; receivable_id := one.rid; fact_id := fact; holding_id := h.id;
                holder_id := h.holder_id; cut := part;
                return next;
            end loop;
            if missing > 0 then
                perform receivables_entry(b, 'RETENTION_RELEASE', 'RETAINED', -1, missing, fact, null, null, one.ref_type,
                                          one.ref, origin_of, one.day, at, person);
                b.retained_amount := b.retained_amount - missing;
            end if;
            if one.type = 'PAYMENT' then
                b.paid_amount := b.paid_amount + applied;
            elsif one.type = 'RETENTION_HOLD' then
                b.retained_amount := b.retained_amount + applied;
            else
                b.adjusted_amount := b.adjusted_amount + applied + moved;
                b.paid_amount := b.paid_amount - moved;
            end if;
            b.overpaid_amount := b.overpaid_amount + beyond + moved;
        elsif one.type = 'RETENTION_RELEASE' then
            applied := least(wanted, b.retained_amount);
            fact := receivables_entry(b, one.type, 'RETAINED', -1, applied, null, null, null, one.ref_type, one.ref,
                                      origin_of, one.day, at, person);
            b.retained_amount := b.retained_amount - applied;
        elsif one.type = 'PRICE' then
            fact := receivables_entry(b, 'PRICE', 'ADJUSTED', -1, wanted, null, null, null, one.ref_type, one.ref, origin_of,
                                      one.day, at, person);
            b.adjusted_amount := b.adjusted_amount - wanted;
        elsif one.type = 'REVERSAL' then
            select min(e.type), coalesce(sum(e.direction * e.amount) filter (where e.bucket = 'ADJUSTED'), 0),
                   coalesce(sum(e.direction * e.amount) filter (where e.bucket in ('PAID', 'OVERPAID')), 0)
            into undone_type, undone_adjusted, undone_paid
            from receivables_receivableentry e
            where e.receivable_id = one.rid and (e.id = one.undoes or e.fact_id = one.undoes)
              and e.type in ('PAYMENT', 'CREDIT_NOTE', 'RETURN', 'NETTING', 'DISCOUNT', 'CANCEL', 'PRICE')
              -- An agreed change is no fact that one side takes back.
              and not exists (select 1 from receivables_receivableentry k
                              where k.id = one.undoes and k.bucket = 'CONFIRMED')
              and not exists (select 1 from receivables_receivableentry r where r.reverses_id = one.undoes);
            if undone_type is null or (undone_adjusted < 0) then
                continue;
            end if;
            applied := least(undone_paid, b.overpaid_amount);
            fact := receivables_entry(b, 'REVERSAL', 'ADJUSTED', -1, undone_adjusted, null, one.undoes, null, one.ref_type,
                                      one.ref, origin_of, one.day, at, person);
            part := receivables_entry(b, 'REVERSAL', 'OVERPAID', -1, applied, fact,
                                      case when fact is null then one.undoes end, null, one.ref_type, one.ref, origin_of,
                                      one.day, at, person);
            fact := coalesce(fact, part);
            part := receivables_entry(b, 'REVERSAL', 'PAID', -1, undone_paid - applied, fact,
                                      case when fact is null then one.undoes end, null, one.ref_type, one.ref, origin_of,
                                      one.day, at, person);
            fact := coalesce(fact, part);
            b.adjusted_amount := b.adjusted_amount - undone_adjusted;
            b.overpaid_amount := b.overpaid_amount - applied;
            b.paid_amount := b.paid_amount - (undone_paid - applied);
        else
            raise exception 'not a fact about a debt: %', one.type using errcode = '22023';
        end if;
        -- A claim that grew again takes back what had been paid too much, as far as it is free.
        moved := least(b.overpaid_amount, b.confirmed_amount - b.adjusted_amount - b.paid_amount - b.encumbered_amount
                       - b.reserved_amount - b.retained_amount);
        if one.type in ('PRICE', 'REVERSAL', 'RETENTION_RELEASE') and moved > 0 then
            perform receivables_entry(b, one.type, 'OVERPAID', -1, moved, fact, null, null, one.ref_type, one.ref, origin_of,
                                      one.day, at, person);
            perform receivables_entry(b, one.type, 'PAID', 1, moved, fact, null, null, one.ref_type, one.ref, origin_of,
                                      one.day, at, person);
            b.overpaid_amount := b.overpaid_amount - moved;
            b.paid_amount := b.paid_amount + moved;
        end if;
        update receivables_receivablebalance x
        set adjusted_amount = b.adjusted_amount, paid_amount = b.paid_amount, encumbered_amount = b.encumbered_amount,
            reserved_amount = b.reserved_amount, retained_amount = b.retained_amount,
            overpaid_amount = b.overpaid_amount, open_cut_amount = b.open_cut_amount
        where x.receivable_id = one.rid;
        place := one.place; receivable_id := one.rid; fact_id := fact; holding_id := null; holder_id := null; cut := 0;
        return next;
    end loop;
end $$;
"""

FUNCTIONS = {
    "receivables_open_balances(bigint[])": OPEN_BALANCES,
    "receivables_post_claim(bigint[], timestamptz, date, bigint, text)": POST_CLAIM,
    "receivables_hold(text, bigint[], bigint[], bigint[], bigint[], bigint[], timestamptz[], text, bigint[], timestamptz, "
    "date, bigint)": HOLD,
    "receivables_let_go(bigint[], bigint[], timestamptz, date, bigint, text, boolean)": LET_GO,
    "receivables_due_reservations(timestamptz, integer)": "",
    "receivables_pause_expiry(bigint[], boolean)": "",
    "receivables_close_cuts(bigint[])": "",
    "receivables_set_disputed(bigint[], bigint[])": "",
    "receivables_post_facts(bigint[], text[], bigint[], bigint[], date[], text[], bigint[], text, timestamptz, bigint)": (
        POST_FACT
    ),
}
"""Signature to source; a source may create several functions, named on the lines that follow it."""
