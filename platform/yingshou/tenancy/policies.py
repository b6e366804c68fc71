"""
Row-level security as reviewed SQL in migrations, one helper per shape.

Policies name the application's role; the owner, who runs migrations, has a policy of its own, because FORCE binds
owners too.
"""

from django.db import migrations

APPLICATION_ROLE = "yingshou_app"
OWNER_ROLE = "yingshou_owner"
SEALING_ROLE = "yingshou_seal"

OWN_ORGANISATION = "organisation_id = (select app_org())"


def tenant_policy(table: str, *, using: str = OWN_ORGANISATION, check: str | None = None) -> migrations.RunSQL:
    """
    Enable and force row-level security on a table.

    :param using: which rows the application's role sees
    :param check: which rows it may write; the same where not given
    """
    check = using if check is None else check
    return migrations.RunSQL(
        sql=f"""
        alter table "{table}" enable row level security;
        alter table "{table}" force row level security;
        create policy tenant on "{table}" for all to {APPLICATION_ROLE} using ({using}) with check ({check});
        create policy owner on "{table}" for all to {OWNER_ROLE} using (true) with check (true);
        """,
        reverse_sql=f"""
        drop policy tenant on "{table}";
        drop policy owner on "{table}";
        alter table "{table}" no force row level security;
        alter table "{table}" disable row level security;
        """,
    )


def read_write_policy(table: str, *, read: str, write: str) -> migrations.RunSQL:
    """
    Enable and force row-level security where more may be read than written.

    :param read: which rows the application's role sees
    :param write: which rows it may insert, change or delete
    """
    return migrations.RunSQL(
        sql=f"""
        alter table "{table}" enable row level security;
        alter table "{table}" force row level security;
        create policy tenant_read on "{table}" for select to {APPLICATION_ROLE} using ({read});
        create policy tenant_insert on "{table}" for insert to {APPLICATION_ROLE} with check ({write});
        create policy tenant_update on "{table}" for update to {APPLICATION_ROLE} using ({write}) with check ({write});
        create policy tenant_delete on "{table}" for delete to {APPLICATION_ROLE} using ({write});
        create policy owner on "{table}" for all to {OWNER_ROLE} using (true) with check (true);
        """,
        reverse_sql=f"""
        drop policy tenant_read on "{table}";
        drop policy tenant_insert on "{table}";
        drop policy tenant_update on "{table}";
        drop policy tenant_delete on "{table}";
        drop policy owner on "{table}";
        alter table "{table}" no force row level security;
        alter table "{table}" disable row level security;
        """,
    )


def append_only(table: str) -> migrations.RunSQL:
    """Let the application's role insert and read only; refuse every UPDATE and DELETE, whoever asks."""
    return migrations.RunSQL(
        sql=f"""
        revoke update, delete, truncate on "{table}" from {APPLICATION_ROLE};
        create trigger append_only before update or delete on "{table}"
            for each row execute function refuse_change();
        """,
        reverse_sql=f"""
        drop trigger append_only on "{table}";
        grant update, delete on "{table}" to {APPLICATION_ROLE};
        """,
    )


def sealed(table: str) -> migrations.RunSQL:
    """Let the sealing role read every row of a table of events."""
    return migrations.RunSQL(
        sql=f"""
        grant select on "{table}" to {SEALING_ROLE};
        create policy sealing on "{table}" for select to {SEALING_ROLE} using (true);
        """,
        reverse_sql=[f'drop policy sealing on "{table}"', f'revoke all on "{table}" from {SEALING_ROLE}'],
    )


def written_by_sealing(table: str) -> migrations.RunSQL:
    """Let the sealing role append, the application's role read, and nobody change or delete."""
    return migrations.RunSQL(
        sql=f"""
        revoke insert, update, delete, truncate on "{table}" from {APPLICATION_ROLE};
        grant select, insert on "{table}" to {SEALING_ROLE};
        create trigger append_only before update or delete on "{table}"
            for each row execute function refuse_change();
        """,
        reverse_sql=f"""
        drop trigger append_only on "{table}";
        revoke select, insert on "{table}" from {SEALING_ROLE};
        grant insert, update, delete on "{table}" to {APPLICATION_ROLE};
        """,
    )


def revoke_all(table: str) -> migrations.RunSQL:
    """Take a table away from the application's role: it is reached through SECURITY DEFINER functions only."""
    return migrations.RunSQL(
        sql=f'revoke all on "{table}" from {APPLICATION_ROLE};',
        reverse_sql=f'grant select, insert, update, delete on "{table}" to {APPLICATION_ROLE};',
    )
