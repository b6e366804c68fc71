from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

import yingshou.kernel.fields
from yingshou.tenancy.policies import tenant_policy


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("action", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("SUBMITTED", "waiting for checking"),
                            ("SIGNED_WAITING_PROOF", "signed, proof being fetched"),
                            ("APPROVED", "approved"),
                            ("REJECTED", "rejected"),
                            ("WITHDRAWN", "withdrawn"),
                        ],
                        default="SUBMITTED",
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("maker_id", models.BigIntegerField()),
                ("maker_label", models.TextField(blank=True, default="")),
                ("submitted_at", models.DateTimeField()),
                ("checker_id", models.BigIntegerField(null=True)),
                ("checker_label", models.TextField(blank=True, default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("signed_at", models.DateTimeField(null=True)),
                ("proof_due_at", models.DateTimeField(null=True)),
                (
                    "proof_waits",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("STARTED", "the proof is being fetched"),
                            ("TIMESTAMP", "the timestamp service does not answer"),
                            (
                                "REVOCATION",
                                "the certificate authority does not say whether the certificate was revoked",
                            ),
                        ],
                        default="",
                    ),
                ),
                ("reason", models.TextField(blank=True, default="")),
                ("remark", models.TextField(blank=True, default="")),
                ("needs_second_person", models.BooleanField()),
                ("needs_signature", models.BooleanField()),
                ("signature_id", models.BigIntegerField(null=True)),
                ("line_count", models.IntegerField()),
                ("total_amount", yingshou.kernel.fields.AmountField()),
                ("currency", models.CharField(default="CNY", max_length=3)),
                ("manifest_root", models.BinaryField()),
                ("done_count", models.IntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["SIGNED_WAITING_PROOF", "SUBMITTED"])),
                        fields=["organisation_id", "submitted_at", "id"],
                        name="approvals_open",
                    ),
                    models.Index(fields=["organisation_id", "-id"], name="approvals_by_organisation"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needs_second_person", False),
                            ("checker_id__isnull", True),
                            models.Q(("checker_id", models.F("maker_id")), _negated=True),
                            _connector="OR",
                        ),
                        name="checker_is_not_maker",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["APPROVED", "REJECTED"]), _negated=True),
                            models.Q(("checker_id__isnull", False), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="decision_has_checker_and_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "APPROVED"), _negated=True),
                            ("needs_signature", False),
                            ("signature_id__isnull", False),
                            _connector="OR",
                        ),
                        name="approved_is_signed_where_needed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "REJECTED"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="rejection_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "SIGNED_WAITING_PROOF"), _negated=True),
                            models.Q(
                                ("checker_id__isnull", False),
                                ("proof_due_at__isnull", False),
                                ("signed_at__isnull", False),
                                models.Q(("proof_waits", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="waiting_signature_has_signer_and_times",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("action", models.TextField()),
                (
                    "second_person",
                    models.TextField(
                        choices=[("NEVER", "never"), ("FROM_AMOUNT", "from an amount"), ("ALWAYS", "always")],
                        default="ALWAYS",
                    ),
                ),
                ("second_person_from_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                (
                    "signature",
                    models.TextField(
                        choices=[("NEVER", "never"), ("FROM_AMOUNT", "from an amount"), ("ALWAYS", "always")],
                        default="NEVER",
                    ),
                ),
                ("signature_from_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation_id", "action"), name="one_policy_per_action")
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("position", models.IntegerField()),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField()),
                ("label", models.TextField(blank=True, default="")),
                ("amount", yingshou.kernel.fields.AmountField(null=True)),
                ("payload", models.JSONField(default=dict)),
                ("document", models.TextField()),
                ("leaf_hash", models.BinaryField()),
                ("is_live", models.BooleanField(default=True)),
                ("outcome", models.TextField(blank=True, default="")),
                ("outcome_code", models.TextField(blank=True, default="")),
                ("outcome_text", models.TextField(blank=True, default="")),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="approvals.approval"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_live", True)),
                        fields=("object_type", "object_id"),
                        name="one_open_change_per_object",
                    ),
                    models.UniqueConstraint(fields=("approval", "position"), name="line_position"),
                ],
            },
        ),
        tenant_policy("approvals_approvalpolicy"),
        tenant_policy("approvals_approval"),
        tenant_policy("approvals_approvalline"),
    ]
