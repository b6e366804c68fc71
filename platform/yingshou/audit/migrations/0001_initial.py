import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models

import yingshou.audit.models
from yingshou.tenancy.policies import append_only, read_write_policy

WRITTEN_BY_OWN = "organisation_id is not distinct from (select app_org())"


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AccessEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("person_id", models.BigIntegerField(null=True)),
                ("kind", models.TextField()),
                ("object_type", models.TextField(blank=True, default="")),
                ("object_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("request_id", models.TextField(blank=True, default="")),
                ("body", models.JSONField(default=dict)),
                ("salt", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
                (
                    "tx",
                    yingshou.audit.models.Xid8Field(
                        db_default=models.Func(function="pg_current_xact_id", output_field=models.TextField())
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation_id", "-at"], name="access_by_organisation"),
                    models.Index(fields=["tx", "id"], name="access_by_transaction"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("person_id", models.BigIntegerField(null=True)),
                ("actor_kind", models.TextField()),
                ("actor_label", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField(null=True)),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("request_id", models.TextField(blank=True, default="")),
                ("body", models.JSONField(default=dict)),
                ("salt", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
                (
                    "tx",
                    yingshou.audit.models.Xid8Field(
                        db_default=models.Func(function="pg_current_xact_id", output_field=models.TextField())
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "at"], name="audit_by_object"),
                    models.Index(fields=["organisation_id", "-at"], name="audit_by_organisation"),
                    models.Index(fields=["tx", "id"], name="audit_by_transaction"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("object_type", "object_id", "object_version"), name="one_event_per_version"
                    )
                ],
            },
        ),
        read_write_policy(
            "audit_auditevent",
            read="(select app_org()) = any(audience) or app_can_see(object_type, object_id, (select app_org()))",
            write=WRITTEN_BY_OWN,
        ),
        append_only("audit_auditevent"),
        read_write_policy("audit_accessevent", read="organisation_id = (select app_org())", write=WRITTEN_BY_OWN),
        append_only("audit_accessevent"),
    ]
