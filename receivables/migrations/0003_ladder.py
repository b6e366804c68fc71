import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import receivables.models.ladder
from receivables.migrations import _ladder
from yingshou.tenancy.policies import APPLICATION_ROLE, OWNER_ROLE, read_write_policy, tenant_policy

OWN = "(select app_org())"


def functions(sources: dict[str, str]) -> migrations.RunSQL:
    """Create functions, and let nobody but the application's role call them."""
    sql = list(sources.values())
    for signature in sources:
        sql.append(f"revoke all on function {signature} from public;")
        sql.append(f"grant execute on function {signature} to {APPLICATION_ROLE}, {OWNER_ROLE};")
    return migrations.RunSQL(sql="\n".join(sql), reverse_sql="\n".join(f"drop function {one};" for one in sources))


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0002_protection"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnswerPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField(unique=True)),
                (
                    "reminder_days",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=receivables.models.ladder.default_days, size=None
                    ),
                ),
                ("escalate_after", models.IntegerField(default=15)),
                ("second_contact_id", models.BigIntegerField(blank=True, null=True)),
                ("department", models.CharField(blank=True, default="", max_length=60)),
                ("shares_median", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                ("changed_by_id", models.BigIntegerField(null=True)),
            ],
            options={
                "verbose_name_plural": "answer policies",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("escalate_after__gte", 1), ("escalate_after__lte", 30)),
                        name="answer_policy_escalates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reminder_days__contains", [30]), ("reminder_days__len__lte", 10)),
                        name="answer_policy_reminds_at_last",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerProgress",
            fields=[
                (
                    "receivable",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="progress",
                        serialize=False,
                        to="receivables.receivable",
                    ),
                ),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField()),
                ("requested_at", models.DateTimeField()),
                ("department", models.CharField(blank=True, default="", max_length=60)),
                ("department_since", models.DateTimeField()),
                ("last_step", models.IntegerField(default=0)),
                ("reminded_count", models.IntegerField(default=0)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("next_on", models.DateField(blank=True, null=True)),
                ("escalate_on", models.DateField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "answer progress",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_on__isnull", False)),
                        fields=["debtor_id", "next_on"],
                        name="progress_next",
                    ),
                    models.Index(
                        condition=models.Q(("escalate_on__isnull", False)),
                        fields=["debtor_id", "escalate_on"],
                        name="progress_escalates",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reminded_at__isnull", True), ("reminded_count", 0)),
                            models.Q(("reminded_at__isnull", False), ("reminded_count__gt", 0)),
                            _connector="OR",
                        ),
                        name="progress_reminded_has_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerRouting",
            fields=[
                (
                    "receivable",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="routing",
                        serialize=False,
                        to="receivables.receivable",
                    ),
                ),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("department_id", models.BigIntegerField(blank=True, null=True)),
                ("reason_code", models.CharField(max_length=20)),
                ("comment", models.CharField(blank=True, default="", max_length=500)),
                ("routed_at", models.DateTimeField()),
                ("routed_by_id", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["organisation_id", "person_id"], name="routing_by_person")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason_code", ""), _negated=True), name="routing_has_reason"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Department",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("contact_id", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("created_by_id", models.BigIntegerField(null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("organisation_id", "name"),
                        name="department_named_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Substitute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("substitute_id", models.BigIntegerField()),
                ("from_date", models.DateField()),
                ("until_date", models.DateField()),
                ("named_at", models.DateTimeField()),
                ("named_by_id", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by_id", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["organisation_id", "until_date"], name="substitute_by_day")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("person_id", models.F("substitute_id")), _negated=True),
                        name="substitute_is_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_date__gte", models.F("from_date"))), name="substitute_days_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_by_id__isnull", True)),
                            ("ended_at__isnull", False),
                            _connector="OR",
                        ),
                        name="substitute_ended_has_time",
                    ),
                ],
            },
        ),
        tenant_policy("receivables_answerpolicy"),
        tenant_policy("receivables_department"),
        tenant_policy("receivables_substitute"),
        tenant_policy("receivables_answerrouting"),
        read_write_policy(
            "receivables_answerprogress", read=f"{OWN} in (creditor_id, debtor_id)", write=f"debtor_id = {OWN}"
        ),
        functions(_ladder.FUNCTIONS),
    ]
