import django.db.models.functions.datetime
from django.db import migrations, models

from yingshou.tenancy.policies import tenant_policy


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=255)),
                ("route", models.TextField()),
                ("body_hash", models.TextField()),
                ("location", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation_id", "person_id", "key"), name="one_answer_per_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("key", models.JSONField()),
                ("key_hash", models.TextField()),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("asked_by_id", models.BigIntegerField(null=True)),
                ("person_id", models.BigIntegerField(null=True)),
                ("request_id", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.TextField(
                        choices=[("QUEUED", "waiting"), ("RUNNING", "running"), ("DONE", "done"), ("FAILED", "failed")],
                        default="QUEUED",
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("run_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("backend_pid", models.IntegerField(null=True)),
                ("backend_start", models.DateTimeField(null=True)),
                ("attempts", models.IntegerField(default=0)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(null=True)),
                ("note", models.TextField(blank=True, default="")),
                ("error", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["QUEUED", "RUNNING"])),
                        fields=["run_at", "id"],
                        name="jobs_open",
                    ),
                    models.Index(fields=["organisation_id", "-id"], name="jobs_by_organisation"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("name", "key_hash"), name="one_job_per_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["QUEUED", "RUNNING"]), ("finished_at__isnull", False), _connector="OR"
                        ),
                        name="finished_job_has_time",
                    ),
                ],
            },
        ),
        # The sweeper and the claim see every job; a person those of the own organisation and those it asked for.
        tenant_policy(
            "jobs_job",
            using=(
                "(select app_kind()) = 'system' or organisation_id = (select app_org()) "
                "or asked_by_id = coalesce((select app_org()), -1)"
            ),
        ),
        tenant_policy("jobs_idempotencykey", using="organisation_id = coalesce((select app_org()), 0)"),
    ]
