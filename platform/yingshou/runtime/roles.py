"""
The database roles, as SQL: for the embedded server and, printed by `manage.py database_roles`, for a real one.

`yingshou_owner` owns the tables and migrates; `yingshou_app` is what web, workers and tests run as: it reads and
writes rows, under row-level security, and can change no table. `yingshou_seal` reads the events and appends to the sealed
history, and nothing else. `yingshou_report` reads every row, whosever it is, and writes none: the books are verified as it.
No role is a superuser; the last one alone passes row security by.
"""

from yingshou.runtime.places import APPLICATION_ROLE, DATABASE, OWNER_ROLE, REPORT_ROLE, SEALING_ROLE

_NEVER = "nosuperuser nobypassrls nocreaterole noreplication"


def create_roles_sql() -> str:
    """Return SQL, to be run by a superuser, that makes the roles or corrects their attributes."""
    # The names are constants of ours; a role's name cannot be a parameter.
    return f"""
do $$ begin
    if not exists (select from pg_roles where rolname = '{OWNER_ROLE}') then create role {OWNER_ROLE}; end if;
    if not exists (select from pg_roles where rolname = '{APPLICATION_ROLE}') then create role {APPLICATION_ROLE}; end if;
    if not exists (select from pg_roles where rolname = '{SEALING_ROLE}') then create role {SEALING_ROLE}; end if;
    if not exists (select from pg_roles where rolname = '{REPORT_ROLE}') then create role {REPORT_ROLE}; end if;
end $$;
alter role {OWNER_ROLE} login nocreatedb {_NEVER};
alter role {APPLICATION_ROLE} login nocreatedb {_NEVER};
alter role {SEALING_ROLE} login nocreatedb {_NEVER};
alter role {REPORT_ROLE} login nocreatedb nosuperuser bypassrls nocreaterole noreplication;
alter role {REPORT_ROLE} set default_transaction_read_only = on;
""".strip()  # noqa: S608


def create_database_sql(database: str = DATABASE) -> str:
    """Return the SQL that makes the database; it cannot run inside a transaction."""
    return (
        f"create database {database} owner {OWNER_ROLE} template template0 encoding 'UTF8' "
        "locale_provider builtin builtin_locale 'C.UTF-8' lc_collate 'C' lc_ctype 'C';"
    )


def grants_sql(database: str = DATABASE) -> str:
    """
    Return SQL, to be run by a superuser inside the empty database, that says what the application's role may do.

    It speaks of tables to come: granting on the present ones would open again what migrations have revoked.
    """
    return f"""
revoke all on database {database} from public;
grant connect, temporary on database {database} to {APPLICATION_ROLE};
grant connect on database {database} to {SEALING_ROLE}, {REPORT_ROLE};
alter schema public owner to {OWNER_ROLE};
revoke all on schema public from public;
grant usage on schema public to {APPLICATION_ROLE}, {SEALING_ROLE}, {REPORT_ROLE};
alter default privileges for role {OWNER_ROLE} in schema public
    grant select, insert, update, delete on tables to {APPLICATION_ROLE};
alter default privileges for role {OWNER_ROLE} in schema public
    grant usage, select on sequences to {APPLICATION_ROLE};
alter default privileges for role {OWNER_ROLE} in schema public
    grant select on tables to {REPORT_ROLE};
""".strip()
