from django.db import migrations

from receivables.migrations import _alike, _changes, _ledger, _matching
from yingshou.tenancy.policies import (
    APPLICATION_ROLE,
    OWNER_ROLE,
    append_only,
    read_write_policy,
    revoke_all,
    tenant_policy,
)

OWN = "(select app_org())"
SEEN = f"app_can_see('receivables.receivable', receivable_id, {OWN})"
PARTIES = f"{OWN} in (creditor_id, debtor_id)"

# A visitor by link writes its answer on the one receivable that the link opens.
BY_LINK = "(select app_kind()) = 'link'"

# A draft, and a draft that was undone, belongs to the side that writes it. The array keeps the planner's estimate of
# "one of two columns", and with it the ordered index scan of the party's own rows.
RECEIVABLE = f"""
{OWN} in (
    case when state in ('DRAFT', 'UNDONE') and origin = 'DEBTOR_UPLOAD' then null else creditor_id end,
    case when state in ('DRAFT', 'UNDONE') and origin <> 'DEBTOR_UPLOAD' then null else debtor_id end
) or app_can_see('receivables.receivable', id, {OWN})
"""

WRITTEN_BY_FUNCTIONS = (
    "receivables_receivablebalance",
    "receivables_receivableentry",
    "receivables_holding",
    "receivables_bookmatch",
)


def functions(sources: dict[str, str]) -> migrations.RunSQL:
    """Create functions, and let nobody but the application's role call them."""
    sql = [source for source in sources.values() if source]
    for signature in sources:
        sql.append(f"revoke all on function {signature} from public;")
        sql.append(f"grant execute on function {signature} to {APPLICATION_ROLE}, {OWNER_ROLE};")
    dropped = [f"drop function {signature};" for signature in sources]
    return migrations.RunSQL(sql="\n".join(sql), reverse_sql="\n".join(dropped))


def read_only(table: str) -> migrations.RunSQL:
    """Let the application's role read what the functions write."""
    return migrations.RunSQL(
        sql=f'revoke insert, update, delete, truncate on "{table}" from {APPLICATION_ROLE};',
        reverse_sql=f'grant insert, update, delete on "{table}" to {APPLICATION_ROLE};',
    )


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0001_initial"),
        ("tenancy", "0001_initial"),
        ("identity", "0001_initial"),
    ]

    operations = [
        tenant_policy(
            "receivables_receivable",
            using=RECEIVABLE,
            check=RECEIVABLE.split(") or app_can_see", maxsplit=1)[0]
            + f") or ({BY_LINK} and app_can_see('receivables.receivable', id, {OWN}))",
        ),
        read_write_policy(
            "receivables_invoice",
            read=f"""{PARTIES} or ({BY_LINK} and exists (
                select 1 from receivables_invoiceuse u where u.invoice_id = receivables_invoice.id
                and app_can_see('receivables.receivable', u.receivable_id, {OWN})))""",
            write=PARTIES,
        ),
        read_write_policy("receivables_invoiceuse", read=f"{PARTIES} or {SEEN}", write=PARTIES),
        read_write_policy("receivables_evidence", read=f"{PARTIES} or {SEEN}", write=PARTIES),
        tenant_policy("receivables_receivablebalance", using=f"{PARTIES} or {SEEN}"),
        tenant_policy("receivables_receivableentry", using=f"{PARTIES} or {SEEN}"),
        tenant_policy("receivables_holding", using=f"holder_id = {OWN}"),
        read_write_policy(
            "receivables_confirmationact",
            read=f"{PARTIES} or {SEEN}",
            write=f"(organisation_id = {OWN} or (channel = 'LINK' and (select app_kind()) = 'system')) and {PARTIES}",
        ),
        tenant_policy("receivables_payableline"),
        tenant_policy("receivables_bookmatch"),
        read_write_policy("receivables_dispute", read=f"{PARTIES} or {SEEN}", write=PARTIES),
        tenant_policy("receivables_changerequest", using=PARTIES),
        tenant_policy("receivables_claimtrait", using=f"{OWN} in (owner_id, shown_to_id)"),
        tenant_policy("receivables_likenessflag"),
        tenant_policy("receivables_appeal", using=f"organisation_id = {OWN} or (select app_staff())"),
        read_write_policy("receivables_lendingrate", read="true", write="(select app_staff())"),
        append_only("receivables_receivableentry"),
        append_only("receivables_confirmationact"),
        revoke_all("invoice_fingerprint"),
        *[read_only(table) for table in WRITTEN_BY_FUNCTIONS],
        migrations.RunSQL(sql=_ledger.GUARD, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=_matching.KEYS, reverse_sql=migrations.RunSQL.noop),
        functions(_ledger.FUNCTIONS),
        functions(_matching.FUNCTIONS),
        functions(_changes.FUNCTIONS),
        functions(_alike.FUNCTIONS),
        migrations.RunSQL(sql=_changes.CONFIRMED_STAYS, reverse_sql=_changes.CONFIRMED_STAYS_BACK),
    ]
