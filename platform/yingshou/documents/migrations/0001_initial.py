import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from yingshou.tenancy.policies import APPLICATION_ROLE, read_write_policy, tenant_policy

# A file is read by its owner, by those it is shared with, and by those to whom an event opened it.
FILE_READERS = (
    "organisation_id = (select app_org()) or (select app_org()) = any (audience) "
    "or app_can_see('documents.storedfile', id, (select app_org()))"
)

# Files of forms across organisations: ids for the job that sorts them, which then looks at each as its owner's.
SORTING = f"""
create function documents_files_of_forms(after bigint, before timestamptz, most integer)
returns table (file_id bigint, owner_id bigint, content text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if app_kind() <> 'system' then
        raise exception 'only a job sorts files' using errcode = '42501';
    end if;
    return query select f.id, f.organisation_id, f.sha256::text from documents_storedfile f
        where f.purpose = 'form' and f.id > after and f.stored_at < before order by f.id limit most;
end $$;

create function documents_keep_file(wanted bigint) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if app_kind() <> 'system' then
        raise exception 'only a job sorts files' using errcode = '42501';
    end if;
    update documents_storedfile set purpose = 'evidence' where id = wanted and purpose = 'form';
end $$;

-- True where nobody else holds the same content, so that its bytes may go too.
create function documents_drop_file(wanted bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare content text;
begin
    if app_kind() <> 'system' then
        raise exception 'only a job sorts files' using errcode = '42501';
    end if;
    delete from documents_storedfile where id = wanted and purpose = 'form' returning sha256 into content;
    return content is not null and not exists (select 1 from documents_storedfile where sha256 = content);
end $$;

revoke all on function documents_files_of_forms(bigint, timestamptz, integer) from public;
revoke all on function documents_keep_file(bigint) from public;
revoke all on function documents_drop_file(bigint) from public;
grant execute on function documents_files_of_forms(bigint, timestamptz, integer) to {APPLICATION_ROLE};
grant execute on function documents_keep_file(bigint) to {APPLICATION_ROLE};
grant execute on function documents_drop_file(bigint) to {APPLICATION_ROLE};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Layout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("headers", models.JSONField()),
                ("mapping", models.JSONField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation_id", "kind", "fingerprint"), name="one_layout_per_header"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                ("media_type", models.TextField()),
                ("name", models.TextField()),
                ("purpose", models.TextField()),
                (
                    "audience",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("stored_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("purpose", "form")), fields=["id"], name="file_of_a_form"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation_id", "sha256", "name"), name="file_once_per_organisation"
                    ),
                    models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="file_is_not_empty"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("kind", models.TextField()),
                ("options", models.JSONField(default=dict)),
                ("answers", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("RECEIVED", "received"),
                            ("READING", "being read"),
                            ("QUESTION", "needs an answer"),
                            ("CHECKED", "checked, waiting for acceptance"),
                            ("ACCEPTING", "being taken over"),
                            ("DONE", "taken over"),
                            ("FAILED", "could not be read"),
                            ("CANCELLED", "cancelled"),
                            ("UNDONE", "undone"),
                        ],
                        default="RECEIVED",
                        max_length=20,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("encoding", models.TextField(blank=True, default="")),
                ("rows_read", models.IntegerField(default=0)),
                ("accept_cursor", models.IntegerField(default=0)),
                ("sheets", models.JSONField(default=list)),
                ("notes", models.JSONField(default=list)),
                ("question", models.JSONField(null=True)),
                ("refusal", models.JSONField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("totals", models.JSONField(default=list)),
                ("job_id", models.BigIntegerField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_by_id", models.BigIntegerField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by_id", models.BigIntegerField(null=True)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="documents.storedfile"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("seq", models.IntegerField()),
                ("organisation_id", models.BigIntegerField()),
                ("sheet_no", models.SmallIntegerField()),
                ("row_no", models.IntegerField()),
                ("row_hash", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("READY", "new"),
                            ("ERROR", "with errors"),
                            ("KNOWN", "known already"),
                            ("DUPLICATE", "twice in this file"),
                            ("SKIPPED", "left out"),
                            ("ACCEPTED", "taken over"),
                            ("UNDONE", "undone"),
                        ],
                        max_length=12,
                    ),
                ),
                ("problems", models.JSONField(null=True)),
                ("raw", models.JSONField(null=True)),
                ("data", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(null=True), size=None)),
                ("result_type", models.TextField(null=True)),
                ("result_id", models.BigIntegerField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="rows",
                        to="documents.importbatch",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation_id", "row_hash"], name="row_by_content")],
            },
        ),
        migrations.CreateModel(
            name="AnnotatedCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("batch_version", models.IntegerField()),
                ("language", models.TextField()),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("job_id", models.BigIntegerField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="copies", to="documents.importbatch"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="documents.storedfile",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "annotated copies",
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "batch_version", "language"), name="one_copy_per_version")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(fields=["organisation_id", "-id"], name="batch_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["ACCEPTING", "DONE"]), _negated=True),
                    ("accepted_at__isnull", False),
                    _connector="OR",
                ),
                name="acceptance_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "FAILED"), _negated=True), ("refusal__isnull", False), _connector="OR"
                ),
                name="failure_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "QUESTION"), _negated=True), ("question__isnull", False), _connector="OR"
                ),
                name="question_is_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "UNDONE"), _negated=True), ("undone_at__isnull", False), _connector="OR"
                ),
                name="undoing_has_a_time",
            ),
        ),
        read_write_policy("documents_storedfile", read=FILE_READERS, write="organisation_id = (select app_org())"),
        migrations.RunSQL(
            sql=f"""
            revoke update, delete, truncate on documents_storedfile from {APPLICATION_ROLE};
            grant update (audience) on documents_storedfile to {APPLICATION_ROLE};
            """,
            reverse_sql=f"grant update, delete on documents_storedfile to {APPLICATION_ROLE};",
        ),
        migrations.RunSQL(
            sql=SORTING,
            reverse_sql="""
            drop function documents_files_of_forms(bigint, timestamptz, integer);
            drop function documents_keep_file(bigint);
            drop function documents_drop_file(bigint);
            """,
        ),
        tenant_policy("documents_importbatch"),
        tenant_policy("documents_importrow"),
        tenant_policy("documents_layout"),
        tenant_policy("documents_annotatedcopy"),
    ]
