from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import yingshou.kernel.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Receivable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_no", models.CharField(max_length=24, unique=True, verbose_name="receivable number")),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("CREDITOR_UPLOAD", "Entered by the creditor"),
                            ("DEBTOR_UPLOAD", "Published by the debtor"),
                            ("ERP", "Fed by a core enterprise's system"),
                            ("GOV", "Government procurement"),
                            ("IMPORT", "Imported by the creditor"),
                        ],
                        max_length=16,
                    ),
                ),
                ("debtor_uscc", models.CharField(blank=True, default="", max_length=18)),
                ("debtor_name", models.CharField(blank=True, default="", max_length=200)),
                ("is_related_party", models.BooleanField(default=False)),
                ("related_party_reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("S1", "Sale or lease"),
                            ("S2", "Services or labour"),
                            ("S3", "Income right of infrastructure or utilities"),
                            ("S4", "Loan or other credit"),
                            ("S5", "Other money claim under a contract"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "maturity_kind",
                    models.CharField(
                        choices=[("EXISTING", "Existing claim"), ("FUTURE", "Future claim")],
                        default="EXISTING",
                        max_length=8,
                    ),
                ),
                ("project_name", models.CharField(blank=True, default="", max_length=200)),
                ("contract_no", models.CharField(max_length=100, verbose_name="contract number")),
                ("contract_name", models.CharField(blank=True, default="", max_length=200)),
                ("contract_date", models.DateField(blank=True, null=True)),
                ("contract_amount", yingshou.kernel.fields.AmountField(blank=True, null=True)),
                ("currency", models.CharField(default="CNY", max_length=3)),
                (
                    "assignment_ban",
                    models.CharField(
                        choices=[
                            ("NONE", "No ban on assignment"),
                            ("CONTRACT_BAN", "Banned by the contract"),
                            ("LAW_BAN", "Banned by law"),
                        ],
                        default="NONE",
                        max_length=12,
                    ),
                ),
                ("delivery_date", models.DateField(blank=True, null=True)),
                ("acceptance_date", models.DateField(blank=True, null=True)),
                ("settlement_date", models.DateField(blank=True, null=True)),
                (
                    "due_rule",
                    models.CharField(
                        choices=[
                            ("DELIVERY", "From delivery"),
                            ("ACCEPTANCE", "From acceptance"),
                            ("SETTLEMENT", "From settlement"),
                            ("FIXED", "Fixed day"),
                        ],
                        default="FIXED",
                        max_length=10,
                    ),
                ),
                ("payment_term_days", models.IntegerField(blank=True, null=True)),
                ("due_date", models.DateField(verbose_name="due date")),
                ("face_amount", yingshou.kernel.fields.AmountField(verbose_name="face amount")),
                ("retention_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("retention_due_date", models.DateField(blank=True, null=True)),
                ("prepaid_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("late_rate", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ("particulars", models.JSONField(blank=True, default=dict)),
                ("past_due_reason", models.CharField(blank=True, default="", max_length=200)),
                ("sme_at_signing", models.BooleanField(default=False)),
                ("size_at_signing", models.CharField(blank=True, default="", max_length=2)),
                ("size_declared_by", models.BigIntegerField(blank=True, null=True)),
                ("size_declared_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_amount", yingshou.kernel.fields.AmountField(blank=True, null=True)),
                ("confirmed_due_date", models.DateField(blank=True, null=True)),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("DEBTOR_CLICK", "Confirmed by the debtor on the platform"),
                            ("DEBTOR_UPLOAD", "Published by the debtor, which counts as confirmation"),
                            ("SYSTEM_FEED", "Fed by the debtor's system"),
                            ("STANDING_RULE", "Confirmed under the debtor's standing rule"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("confirm_requested_at", models.DateTimeField(blank=True, null=True)),
                ("confirm_deadline", models.DateField(blank=True, null=True)),
                ("confirm_by_law", models.BooleanField(default=False)),
                ("no_answer_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("reason_code", models.CharField(blank=True, default="", max_length=20)),
                ("reason_text", models.CharField(blank=True, default="", max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DRAFT", "Draft"),
                            ("PENDING_CONFIRM", "Waiting for the debtor"),
                            ("RETURNED", "Returned for correction"),
                            ("CONFIRMED", "Confirmed"),
                            ("DIRECT", "Open without confirmation"),
                            ("REFUSED", "Refused"),
                            ("WITHDRAWN", "Withdrawn"),
                            ("UNDONE", "Undone"),
                            ("SETTLED", "Settled"),
                            ("WRITTEN_OFF", "Written off"),
                        ],
                        default="DRAFT",
                        max_length=16,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.BigIntegerField(null=True)),
                ("batch_id", models.BigIntegerField(blank=True, null=True)),
                ("line_key", models.UUIDField()),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisation",
                    ),
                ),
                (
                    "debtor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LendingRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("published_on", models.DateField(unique=True)),
                ("rate", models.DecimalField(decimal_places=6, max_digits=9)),
                ("source", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["-published_on"],
            },
        ),
        migrations.CreateModel(
            name="ConfirmationAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("receivable_version", models.IntegerField()),
                ("document_hash", models.CharField(max_length=64)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("CONFIRMED", "Confirmed"),
                            ("CONFIRMED_IN_PART", "Confirmed in part"),
                            ("RETURNED", "Returned for correction"),
                            ("REFUSED", "Refused"),
                            ("PUBLISHED", "Published by the debtor"),
                            ("ACKNOWLEDGED", "Acknowledged by the creditor"),
                            ("CHANGED", "Changed by agreement"),
                        ],
                        max_length=18,
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("DEBTOR_CLICK", "Confirmed by the debtor on the platform"),
                            ("DEBTOR_UPLOAD", "Published by the debtor, which counts as confirmation"),
                            ("SYSTEM_FEED", "Fed by the debtor's system"),
                            ("STANDING_RULE", "Confirmed under the debtor's standing rule"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("confirmed_amount", yingshou.kernel.fields.AmountField(blank=True, null=True)),
                ("confirmed_due_date", models.DateField(blank=True, null=True)),
                ("delivery_accepted", models.BooleanField(blank=True, null=True)),
                ("set_off_known", models.BooleanField(blank=True, null=True)),
                ("reason_code", models.CharField(blank=True, default="", max_length=20)),
                ("comment", models.CharField(blank=True, default="", max_length=500)),
                ("in_time", models.BooleanField(blank=True, null=True)),
                ("channel", models.CharField(default="SINGLE", max_length=6)),
                ("organisation_id", models.BigIntegerField(blank=True, null=True)),
                ("person_id", models.BigIntegerField(blank=True, null=True)),
                ("approval_id", models.BigIntegerField(blank=True, null=True)),
                ("signature_id", models.BigIntegerField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acts", to="receivables.receivable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("opened_by_id", models.BigIntegerField()),
                ("disputed_amount", yingshou.kernel.fields.AmountField()),
                ("reason_code", models.CharField(max_length=20)),
                ("comment", models.CharField(blank=True, default="", max_length=500)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
                ("resolution", models.CharField(blank=True, default="", max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open dispute"),
                            ("RESOLVED", "Resolved"),
                            ("WITHDRAWN", "Dispute withdrawn"),
                        ],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("opened_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="receivables.receivable",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("file_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("CONTRACT", "Contract"),
                            ("INVOICE", "Invoice"),
                            ("ACCEPTANCE", "Acceptance certificate"),
                            ("STATEMENT", "Statement of account"),
                            ("WAYBILL", "Waybill"),
                            ("LEDGER", "Ledger file"),
                            ("OTHER", "Other document"),
                        ],
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=200)),
                ("reading", models.JSONField(null=True)),
                ("added_at", models.DateTimeField()),
                ("added_by", models.BigIntegerField(null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="receivables.receivable",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "evidence",
            },
        ),
        migrations.CreateModel(
            name="Holding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("holder_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("RESERVATION", "Reservation"), ("ENCUMBRANCE", "Encumbrance")], max_length=12
                    ),
                ),
                ("claim_amount", yingshou.kernel.fields.AmountField()),
                ("financed_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("cut_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("is_live", models.BooleanField(default=True)),
                ("is_cut_open", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("expiry_paused", models.BooleanField(default=False)),
                ("reference_type", models.CharField(blank=True, default="", max_length=60)),
                ("reference_id", models.BigIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="receivables.receivable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("code", models.CharField(blank=True, default="", max_length=12, verbose_name="invoice code")),
                ("number", models.CharField(max_length=20, verbose_name="invoice number")),
                ("issue_date", models.DateField()),
                ("net_amount", yingshou.kernel.fields.AmountField()),
                ("tax_amount", yingshou.kernel.fields.AmountField()),
                ("gross_amount", yingshou.kernel.fields.AmountField()),
                ("red_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("currency", models.CharField(default="CNY", max_length=3)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("is_alive", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["creditor_id", "number"],
                        name="inv_creditor_number",
                        opclasses=["int8_ops", "varchar_pattern_ops"],
                    ),
                    models.Index(
                        condition=models.Q(("debtor_id__isnull", False)),
                        fields=["debtor_id", "number"],
                        name="inv_debtor_number",
                        opclasses=["int8_ops", "varchar_pattern_ops"],
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_alive", True)),
                        fields=("creditor_id", "fingerprint"),
                        name="inv_one_per_key",
                    ),
                    models.CheckConstraint(condition=models.Q(("gross_amount__gt", 0)), name="inv_gross_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("red_amount__gte", 0), ("red_amount__lte", models.F("gross_amount"))),
                        name="inv_red_within_gross",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceFingerprint",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("owner", models.BinaryField(max_length=32)),
                ("gross_amount", yingshou.kernel.fields.AmountField()),
                ("red_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("used_amount", yingshou.kernel.fields.AmountField()),
            ],
            options={
                "db_table": "invoice_fingerprint",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("used_amount__gte", 0),
                            (
                                "used_amount__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("gross_amount"), "-", models.F("red_amount")
                                ),
                            ),
                        ),
                        name="fingerprint_within_gross",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("used_amount", yingshou.kernel.fields.AmountField()),
                ("is_alive", models.BooleanField(default=True)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="receivables.invoice"
                    ),
                ),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_uses",
                        to="receivables.receivable",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayableLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("supplier_uscc", models.CharField(max_length=18)),
                ("supplier_name", models.CharField(blank=True, default="", max_length=200)),
                ("invoice_code", models.CharField(blank=True, default="", max_length=12)),
                ("invoice_number", models.CharField(blank=True, default="", max_length=20)),
                ("contract_no", models.CharField(blank=True, default="", max_length=100)),
                ("amount", yingshou.kernel.fields.AmountField()),
                ("currency", models.CharField(default="CNY", max_length=3)),
                ("due_date", models.DateField(blank=True, null=True)),
                ("delivery_accepted", models.BooleanField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
                ("batch_id", models.BigIntegerField(blank=True, null=True)),
                ("line_key", models.UUIDField()),
                ("receivable_id", models.BigIntegerField(blank=True, null=True)),
                ("is_alive", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation_id", "-id"], name="payable_list"),
                    models.Index(
                        fields=["organisation_id", "supplier_uscc", "invoice_number"], name="payable_by_invoice"
                    ),
                    models.Index(
                        fields=["organisation_id", "supplier_uscc", "contract_no", "amount"], name="payable_by_contract"
                    ),
                    models.Index(fields=["batch_id"], name="payable_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_alive", True)),
                        fields=("organisation_id", "line_key"),
                        name="payable_one_line",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payable_amount_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceivableEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("CONFIRM", "Confirmation"),
                            ("CREDIT_NOTE", "Credit note"),
                            ("RETURN", "Goods returned"),
                            ("PRICE", "Price adjustment"),
                            ("NETTING", "Set-off"),
                            ("DISCOUNT", "Discount"),
                            ("RETENTION_HOLD", "Retention held back"),
                            ("RETENTION_RELEASE", "Retention due"),
                            ("CANCEL", "Cancellation"),
                            ("PAYMENT", "Payment"),
                            ("RESERVE", "Reservation"),
                            ("UNRESERVE", "Reservation ended"),
                            ("ENCUMBER", "Encumbrance"),
                            ("RELEASE", "Encumbrance released"),
                            ("WRITE_OFF", "Write-off"),
                            ("REVERSAL", "Reversal"),
                            ("CUT", "Cut by a fact about the debt"),
                        ],
                        max_length=18,
                    ),
                ),
                (
                    "bucket",
                    models.CharField(
                        choices=[
                            ("CONFIRMED", "Confirmed"),
                            ("ADJUSTED", "Adjusted"),
                            ("PAID", "Paid"),
                            ("ENCUMBERED", "Encumbered"),
                            ("RESERVED", "Reserved"),
                            ("RETAINED", "Retained"),
                            ("OVERPAID", "Paid too much"),
                        ],
                        max_length=10,
                    ),
                ),
                ("direction", models.SmallIntegerField()),
                ("amount", yingshou.kernel.fields.AmountField()),
                ("fact_id", models.BigIntegerField(blank=True, null=True)),
                ("reverses_id", models.BigIntegerField(blank=True, null=True)),
                ("holding_id", models.BigIntegerField(blank=True, null=True)),
                ("reference_type", models.CharField(blank=True, default="", max_length=60)),
                ("reference_id", models.BigIntegerField(blank=True, null=True)),
                ("source", models.CharField(blank=True, default="", max_length=60)),
                ("value_date", models.DateField()),
                ("posted_at", models.DateTimeField()),
                ("posted_by", models.BigIntegerField(null=True)),
                ("organisation_id", models.BigIntegerField(null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="receivables.receivable"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "receivable entries",
            },
        ),
        migrations.CreateModel(
            name="BookMatch",
            fields=[
                (
                    "receivable",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="book_match",
                        serialize=False,
                        to="receivables.receivable",
                    ),
                ),
                ("organisation_id", models.BigIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("AGREES", "Agrees with our book"),
                            ("DIFFERS", "Differs from our book"),
                            ("NOT_IN_BOOK", "Not in our book"),
                        ],
                        max_length=12,
                    ),
                ),
                ("line_id", models.BigIntegerField(blank=True, null=True)),
                ("differences", models.JSONField(blank=True, default=list)),
                ("matched_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "book matches",
                "indexes": [models.Index(fields=["organisation_id", "verdict"], name="match_by_verdict")],
            },
        ),
        migrations.CreateModel(
            name="ReceivableBalance",
            fields=[
                (
                    "receivable",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="balance",
                        serialize=False,
                        to="receivables.receivable",
                    ),
                ),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("is_unconfirmed", models.BooleanField(default=False)),
                ("confirmed_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("adjusted_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("paid_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("encumbered_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("reserved_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("retained_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("overpaid_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("disputed_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("open_cut_amount", yingshou.kernel.fields.AmountField(default=Decimal("0.00"))),
                ("posted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "confirmed_amount__gte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("adjusted_amount"), "+", models.F("paid_amount")
                                            ),
                                            "+",
                                            models.F("encumbered_amount"),
                                        ),
                                        "+",
                                        models.F("reserved_amount"),
                                    ),
                                    "+",
                                    models.F("retained_amount"),
                                ),
                            )
                        ),
                        name="balance_never_below_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_amount__gte", 0),
                            ("paid_amount__gte", 0),
                            ("encumbered_amount__gte", 0),
                            ("reserved_amount__gte", 0),
                            ("retained_amount__gte", 0),
                            ("overpaid_amount__gte", 0),
                            ("disputed_amount__gte", 0),
                            ("open_cut_amount__gte", 0),
                        ),
                        name="balance_parts_not_negative",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "-id"], include=("debtor", "state", "origin"), name="rcv_creditor_id"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "state", "-id"], include=("debtor", "origin"), name="rcv_creditor_state"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "debtor", "-id"], include=("state", "origin"), name="rcv_creditor_debtor"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "face_amount", "-id"],
                include=("debtor", "state", "origin"),
                name="rcv_creditor_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "due_date", "-id"], include=("debtor", "state", "origin"), name="rcv_creditor_due"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["creditor", "contract_no"],
                name="rcv_creditor_contract",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["debtor", "state", "confirm_requested_at", "id"],
                include=("creditor", "origin"),
                name="rcv_debtor_state",
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(fields=["debtor", "-id"], include=("creditor", "state", "origin"), name="rcv_debtor_id"),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["debtor", "creditor", "-id"], include=("state", "origin"), name="rcv_debtor_creditor"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["debtor", "face_amount", "-id"],
                include=("creditor", "state", "origin"),
                name="rcv_debtor_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                condition=models.Q(("debtor__isnull", True)), fields=["debtor_uscc"], name="rcv_unregistered_debtor"
            ),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(condition=models.Q(("batch_id__isnull", False)), fields=["batch_id"], name="rcv_batch"),
        ),
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                condition=models.Q(
                    ("acknowledged_at__isnull", True), ("basis", "DEBTOR_UPLOAD"), ("state", "CONFIRMED")
                ),
                fields=["creditor", "-id"],
                name="rcv_to_acknowledge",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["UNDONE", "WITHDRAWN", "REFUSED"]), _negated=True),
                fields=("creditor", "line_key"),
                name="rcv_one_alive_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(condition=models.Q(("face_amount__gt", 0)), name="rcv_face_positive"),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(("face_amount__lte", 1000000000000000)), name="rcv_face_limit"
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(("retention_amount__gte", 0), ("prepaid_amount__gte", 0)),
                name="rcv_deductions_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "retention_amount__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("face_amount"), "-", models.F("prepaid_amount")
                        ),
                    )
                ),
                name="rcv_deductions_within_face",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("debtor__isnull", True), models.Q(("debtor", models.F("creditor")), _negated=True), _connector="OR"
                ),
                name="rcv_two_parties",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "S3"), models.Q(("debtor_uscc", ""), _negated=True), _connector="OR"),
                name="rcv_debtor_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(("assignment_ban", "LAW_BAN"), _negated=True), name="rcv_assignable"
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed_amount__isnull", True),
                    models.Q(("confirmed_amount__gt", 0), ("confirmed_amount__lte", models.F("face_amount"))),
                    _connector="OR",
                ),
                name="rcv_confirmed_within_face",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "PENDING_CONFIRM"), _negated=True),
                    ("debtor__isnull", True),
                    models.Q(("confirm_requested_at__isnull", False), ("confirm_deadline__isnull", False)),
                    _connector="OR",
                ),
                name="rcv_pending_has_clock",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["CONFIRMED"]), _negated=True),
                    models.Q(
                        ("confirmed_amount__isnull", False),
                        ("confirmed_due_date__isnull", False),
                        ("confirmed_at__isnull", False),
                        models.Q(("basis", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="rcv_confirmed_has_facts",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "state__in",
                            ["DRAFT", "PENDING_CONFIRM", "RETURNED", "REFUSED", "WITHDRAWN", "UNDONE", "DIRECT"],
                        ),
                        _negated=True,
                    ),
                    models.Q(("confirmed_amount__isnull", True), ("basis", "")),
                    _connector="OR",
                ),
                name="rcv_unconfirmed_has_none",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["RETURNED", "REFUSED", "WRITTEN_OFF"]), _negated=True),
                    models.Q(("reason_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="rcv_no_negative_without_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DIRECT"), _negated=True), ("kind__in", ["S2", "S3"]), _connector="OR"
                ),
                name="rcv_direct_kinds",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["SETTLED", "WRITTEN_OFF", "REFUSED", "WITHDRAWN", "UNDONE"]), _negated=True
                    ),
                    ("closed_at__isnull", False),
                    _connector="OR",
                ),
                name="rcv_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivable",
            constraint=models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="rcv_version_positive"),
        ),
        migrations.AddConstraint(
            model_name="confirmationact",
            constraint=models.UniqueConstraint(
                fields=("receivable", "receivable_version", "outcome"), name="act_once_per_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="confirmationact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["RETURNED", "REFUSED", "CONFIRMED_IN_PART"]), _negated=True),
                    models.Q(("reason_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="act_no_negative_without_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="confirmationact",
            constraint=models.CheckConstraint(
                condition=models.Q(("organisation_id__isnull", False), ("channel", "LINK"), _connector="OR"),
                name="act_has_an_organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="confirmationact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["CONFIRMED", "CONFIRMED_IN_PART", "PUBLISHED"]), _negated=True),
                    models.Q(("confirmed_amount__gt", 0), models.Q(("basis", ""), _negated=True)),
                    _connector="OR",
                ),
                name="act_confirms_an_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["creditor_id", "state", "-id"], name="dispute_creditor"),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(fields=["debtor_id", "state", "-id"], name="dispute_debtor"),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")), fields=("receivable",), name="dispute_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("disputed_amount__gt", 0)), name="dispute_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason_code", ""), _negated=True), name="dispute_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "OPEN"), ("closed_at__isnull", False), _connector="OR"),
                name="dispute_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(fields=("receivable", "file_id", "kind"), name="evidence_once"),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(
                condition=models.Q(("expiry_paused", False), ("is_live", True), ("kind", "RESERVATION")),
                fields=["expires_at"],
                name="holding_to_expire",
            ),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(fields=["holder_id", "-id"], name="holding_of_holder"),
        ),
        migrations.AddConstraint(
            model_name="holding",
            constraint=models.CheckConstraint(
                condition=models.Q(("claim_amount__gte", 0), ("financed_amount__gte", 0), ("cut_amount__gte", 0)),
                name="holding_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="holding",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_live", True), ("ended_at__isnull", False), _connector="OR"),
                name="holding_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceuse",
            constraint=models.UniqueConstraint(fields=("receivable", "invoice"), name="use_once_per_receivable"),
        ),
        migrations.AddConstraint(
            model_name="invoiceuse",
            constraint=models.CheckConstraint(condition=models.Q(("used_amount__gt", 0)), name="use_positive"),
        ),
        migrations.AddConstraint(
            model_name="receivableentry",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="entry_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="receivableentry",
            constraint=models.CheckConstraint(condition=models.Q(("direction__in", [-1, 1])), name="entry_direction"),
        ),
        migrations.AddConstraint(
            model_name="receivableentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("type", "CUT"), _negated=True), ("fact_id__isnull", False), _connector="OR"
                ),
                name="entry_cut_names_fact",
            ),
        ),
        migrations.AddConstraint(
            model_name="receivableentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses_id__isnull", False)), fields=("reverses_id",), name="entry_reversed_once"
            ),
        ),
        migrations.CreateModel(
            name="ChangeRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField()),
                ("proposed_by_id", models.BigIntegerField()),
                ("receivable_version", models.IntegerField()),
                ("old_amount", yingshou.kernel.fields.AmountField()),
                ("new_amount", yingshou.kernel.fields.AmountField()),
                ("old_due_date", models.DateField()),
                ("new_due_date", models.DateField()),
                ("old_contract_no", models.CharField(max_length=100)),
                ("new_contract_no", models.CharField(max_length=100)),
                ("old_contract_name", models.CharField(blank=True, default="", max_length=200)),
                ("new_contract_name", models.CharField(blank=True, default="", max_length=200)),
                ("old_contract_date", models.DateField(blank=True, null=True)),
                ("new_contract_date", models.DateField(blank=True, null=True)),
                ("reason_code", models.CharField(max_length=20)),
                ("comment", models.CharField(blank=True, default="", max_length=500)),
                ("answer_reason_code", models.CharField(blank=True, default="", max_length=20)),
                ("answer_comment", models.CharField(blank=True, default="", max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Waiting for the other side"),
                            ("ACCEPTED", "Agreed"),
                            ("REFUSED", "Not agreed"),
                            ("WITHDRAWN", "Proposal withdrawn"),
                            ("LAPSED", "Lapsed without an answer"),
                        ],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("proposed_at", models.DateTimeField()),
                ("expires_on", models.DateField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("proposal_approval_id", models.BigIntegerField(blank=True, null=True)),
                ("proposal_signature_id", models.BigIntegerField(blank=True, null=True)),
                ("answer_approval_id", models.BigIntegerField(blank=True, null=True)),
                ("answer_signature_id", models.BigIntegerField(blank=True, null=True)),
                ("applied_version", models.IntegerField(blank=True, null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_requests",
                        to="receivables.receivable",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["creditor_id", "state", "-id"], name="change_creditor"),
                    models.Index(fields=["debtor_id", "state", "-id"], name="change_debtor"),
                    models.Index(condition=models.Q(("state", "OPEN")), fields=["expires_on"], name="change_to_lapse"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "OPEN")), fields=("receivable",), name="change_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("proposed_by_id", models.F("creditor_id")),
                            ("proposed_by_id", models.F("debtor_id")),
                            _connector="OR",
                        ),
                        name="change_by_a_party",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("new_amount__gt", 0), ("old_amount__gt", 0)), name="change_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason_code", ""), _negated=True), name="change_has_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "REFUSED"), _negated=True),
                            models.Q(("answer_reason_code", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="change_no_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "OPEN"), ("closed_at__isnull", False), _connector="OR"),
                        name="change_closed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "applied_version",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("receivable_version"), "+", models.Value(1)
                                    ),
                                ),
                                ("applied_version__isnull", False),
                                ("state", "ACCEPTED"),
                            ),
                            models.Q(models.Q(("state", "ACCEPTED"), _negated=True), ("applied_version__isnull", True)),
                            _connector="OR",
                        ),
                        name="change_agreed_has_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("old_amount", models.F("new_amount")), _negated=True),
                            models.Q(("old_due_date", models.F("new_due_date")), _negated=True),
                            models.Q(("old_contract_no", models.F("new_contract_no")), _negated=True),
                            models.Q(("old_contract_name", models.F("new_contract_name")), _negated=True),
                            models.Q(
                                ("new_contract_date__isnull", False),
                                ("old_contract_date__isnull", False),
                                models.Q(("old_contract_date", models.F("new_contract_date")), _negated=True),
                            ),
                            models.Q(("new_contract_date__isnull", False), ("old_contract_date__isnull", True)),
                            models.Q(("new_contract_date__isnull", True), ("old_contract_date__isnull", False)),
                            _connector="OR",
                        ),
                        name="change_changes_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimTrait",
            fields=[
                (
                    "receivable",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="trait",
                        serialize=False,
                        to="receivables.receivable",
                    ),
                ),
                ("owner_id", models.BigIntegerField()),
                ("shown_to_id", models.BigIntegerField(blank=True, null=True)),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_uscc", models.CharField(max_length=18)),
                ("kind", models.CharField(max_length=2)),
                ("currency", models.CharField(max_length=3)),
                ("face_amount", yingshou.kernel.fields.AmountField()),
                ("net_amount", yingshou.kernel.fields.AmountField(blank=True, null=True)),
                ("gross_amount", yingshou.kernel.fields.AmountField(blank=True, null=True)),
                ("claimed_on", models.DateField()),
                ("due_on", models.DateField()),
                ("contract_key", models.CharField(blank=True, default="", max_length=100)),
                ("note_key", models.CharField(blank=True, default="", max_length=100)),
                ("number_key", models.CharField(blank=True, default="", max_length=20)),
                ("invoice_code", models.CharField(blank=True, default="", max_length=12)),
                ("other_has_looked", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["debtor_uscc", "face_amount", "creditor_id"], name="trait_amount"),
                    models.Index(fields=["creditor_id", "debtor_uscc", "claimed_on"], name="trait_day"),
                    models.Index(
                        condition=models.Q(("number_key", ""), _negated=True),
                        fields=["creditor_id", "number_key"],
                        name="trait_number",
                    ),
                    models.Index(
                        condition=models.Q(("other_has_looked", False), ("shown_to_id__isnull", False)),
                        fields=["shown_to_id"],
                        name="trait_to_look",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LikenessFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="likeness_flags",
                        to="receivables.receivable",
                    ),
                ),
                (
                    "other_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("rule", models.CharField(max_length=16)),
                ("score", models.IntegerField()),
                ("reasons", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "To be looked at"),
                            ("DISMISSED", "Two different items"),
                            ("MERGED", "Merged into one"),
                        ],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("comment", models.CharField(blank=True, default="", max_length=500)),
                ("found_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation_id", "state", "-id"], name="flag_of_organisation"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("receivable", "organisation_id", "other_ids"), name="flag_once"),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 100)), name="flag_score_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "OPEN"), ("closed_at__isnull", False), _connector="OR"),
                        name="flag_closed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "DISMISSED"), _negated=True),
                            models.Q(("comment", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="flag_dismissed_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("organisation_name", models.CharField(max_length=200)),
                ("rule", models.CharField(max_length=16)),
                ("flag_id", models.BigIntegerField(blank=True, null=True)),
                ("invoice_number", models.CharField(blank=True, default="", max_length=20)),
                ("fingerprint", models.BinaryField(blank=True, max_length=32, null=True)),
                ("data", models.CharField(max_length=500)),
                ("reason", models.CharField(max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Waits for the platform"),
                            ("LIFTED", "Finding lifted"),
                            ("UPHELD", "Finding stays"),
                            ("WITHDRAWN", "Appeal withdrawn"),
                        ],
                        default="OPEN",
                        max_length=10,
                    ),
                ),
                ("version", models.IntegerField(default=1)),
                ("outcome", models.CharField(blank=True, default="", max_length=1000)),
                ("raised_at", models.DateTimeField()),
                ("raised_by", models.BigIntegerField(null=True)),
                ("due_on", models.DateField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_by", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation_id", "state", "-id"], name="appeal_of_organisation"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("flag_id__isnull", False), ("state", "OPEN")),
                        fields=("organisation_id", "flag_id"),
                        name="appeal_one_open",
                    ),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="appeal_has_reason"),
                    models.CheckConstraint(
                        condition=models.Q(("state", "OPEN"), ("closed_at__isnull", False), _connector="OR"),
                        name="appeal_closed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["LIFTED", "UPHELD"]), _negated=True),
                            models.Q(("outcome", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="appeal_outcome_in_words",
                    ),
                ],
            },
        ),
    ]
