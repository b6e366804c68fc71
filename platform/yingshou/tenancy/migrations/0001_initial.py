from django.db import migrations, models

from yingshou.tenancy.policies import APPLICATION_ROLE, OWNER_ROLE, revoke_all

# Each function raises when no actor is bound: an empty answer would hide a programming error.
FUNCTIONS = """
create function app_kind() returns text language plpgsql stable parallel safe as $$
declare kind text := current_setting('app.kind', true);
begin
    if kind is null or kind = '' then
        raise exception 'no actor is bound to this transaction' using errcode = '42501';
    end if;
    return kind;
end $$;

create function app_org() returns bigint language plpgsql stable parallel safe as $$
begin
    perform app_kind();
    -- After a reset the setting is '' and a bare cast would fail.
    return nullif(current_setting('app.org_id', true), '')::bigint;
end $$;

create function app_person() returns bigint language plpgsql stable parallel safe as $$
begin
    perform app_kind();
    return nullif(current_setting('app.person_id', true), '')::bigint;
end $$;

create function app_staff() returns boolean language plpgsql stable parallel safe as $$
begin
    perform app_kind();
    return coalesce(current_setting('app.staff', true), 'off') = 'on';
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;
"""

ACCESS = f"""
alter table tenancy_accessgrant enable row level security;
alter table tenancy_accessgrant force row level security;
create policy owner on tenancy_accessgrant for all to {OWNER_ROLE} using (true) with check (true);

-- plpgsql, not SQL: a boolean plpgsql function keeps the planner's default selectivity and with it the ordered
-- index scan of the parties' own rows; it runs only for rows that the parties' test has not already accepted.
create function app_can_see(wanted_type text, wanted_id bigint, viewer bigint) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if viewer is null then
        -- A link opens the one object it was made for.
        return app_kind() = 'link' and coalesce(current_setting('app.link', true), '') = wanted_type || ':' || wanted_id;
    end if;
    return exists (
        select 1 from tenancy_accessgrant g
        where g.object_type = wanted_type and g.object_id = wanted_id and g.organisation_id = viewer
          and g.starts_at <= now() and (g.ends_at is null or g.ends_at > now())
    );
end $$;

create function app_grant_access(
    wanted_type text, wanted_id bigint, viewer bigint, why_type text, why_id bigint, opens timestamptz, closes timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app_kind();
    insert into tenancy_accessgrant (object_type, object_id, organisation_id, reason_type, reason_id, starts_at, ends_at)
    values (wanted_type, wanted_id, viewer, why_type, why_id, opens, closes)
    on conflict on constraint one_grant_per_reason do update set ends_at = excluded.ends_at;
end $$;

create function app_end_access(why_type text, why_id bigint, closes timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare ended integer;
begin
    perform app_kind();
    update tenancy_accessgrant set ends_at = greatest(closes, starts_at)
    where reason_type = why_type and reason_id = why_id and (ends_at is null or ends_at > closes);
    get diagnostics ended = row_count;
    return ended;
end $$;

revoke all on function app_can_see(text, bigint, bigint) from public;
revoke all on function app_grant_access(text, bigint, bigint, text, bigint, timestamptz, timestamptz) from public;
revoke all on function app_end_access(text, bigint, timestamptz) from public;
grant execute on function app_can_see(text, bigint, bigint) to {APPLICATION_ROLE};
grant execute on function app_grant_access(text, bigint, bigint, text, bigint, timestamptz, timestamptz) to {APPLICATION_ROLE};
grant execute on function app_end_access(text, bigint, timestamptz) to {APPLICATION_ROLE};
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.RunSQL(sql=FUNCTIONS, reverse_sql=migrations.RunSQL.noop),
        migrations.CreateModel(
            name="AccessGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("organisation_id", models.BigIntegerField()),
                ("reason_type", models.TextField()),
                ("reason_id", models.BigIntegerField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["object_type", "object_id", "organisation_id", "reason_type", "reason_id"],
                        name="one_grant_per_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gte", models.F("starts_at")), _connector="OR"
                        ),
                        name="grant_ends_after_start",
                    ),
                ],
            },
        ),
        revoke_all("tenancy_accessgrant"),
        migrations.RunSQL(sql=ACCESS, reverse_sql=migrations.RunSQL.noop),
    ]
