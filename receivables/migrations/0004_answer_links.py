import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from receivables.migrations import _answer_links
from yingshou.tenancy.policies import APPLICATION_ROLE, OWNER_ROLE, read_write_policy

OWN = "(select app_org())"
READ = f"{OWN} in (creditor_id, debtor_id) or app_can_see('receivables.receivable', receivable_id, {OWN})"
BY_LINK = "(select app_kind()) = 'link'"
WRITE = f"creditor_id = {OWN} or ({BY_LINK} and app_can_see('receivables.receivable', receivable_id, {OWN}))"
ANSWER_WRITE = f"{BY_LINK} and app_can_see('receivables.receivable', receivable_id, {OWN})"


def functions(sources: dict[str, str]) -> migrations.RunSQL:
    """Create functions, and let nobody but the application's role call them."""
    sql = list(sources.values())
    for signature in sources:
        sql.append(f"revoke all on function {signature} from public;")
        sql.append(f"grant execute on function {signature} to {APPLICATION_ROLE}, {OWNER_ROLE};")
    return migrations.RunSQL(sql="\n".join(sql), reverse_sql="\n".join(f"drop function {one};" for one in sources))


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0003_ladder"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnswerLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("contact_name", models.CharField(max_length=60)),
                ("contact_email", models.EmailField(blank=True, default="", max_length=254)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("code_cipher", models.TextField(editable=False)),
                ("created_at", models.DateTimeField()),
                ("created_by_id", models.BigIntegerField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("look_count", models.IntegerField(default=0)),
                ("wrong_codes", models.IntegerField(default=0)),
                ("entered_at", models.DateTimeField(blank=True, null=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "receivable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="links", to="receivables.receivable"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LinkAnswer",
            fields=[
                (
                    "link",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="answer",
                        serialize=False,
                        to="receivables.answerlink",
                    ),
                ),
                ("receivable_id", models.BigIntegerField()),
                ("creditor_id", models.BigIntegerField()),
                ("debtor_id", models.BigIntegerField(blank=True, null=True)),
                ("event", models.CharField(max_length=16)),
                ("version", models.IntegerField()),
                ("said", models.JSONField(default=dict)),
                ("document", models.TextField()),
                ("prepared_at", models.DateTimeField()),
                ("nonce", models.CharField(blank=True, default="", max_length=64)),
                ("payload", models.BinaryField(default=b"")),
                ("attributes", models.BinaryField(default=b"")),
                ("certificate_der", models.BinaryField(default=b"")),
                (
                    "chain",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), default=list, size=None),
                ),
                ("offered_at", models.DateTimeField(blank=True, null=True)),
                ("value", models.BinaryField(default=b"")),
                ("cms", models.BinaryField(default=b"")),
                ("algorithm", models.CharField(blank=True, default="", max_length=60)),
                ("serial", models.CharField(blank=True, default="", max_length=80)),
                ("subject", models.TextField(blank=True, default="")),
                ("issuer", models.TextField(blank=True, default="")),
                ("signer_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "revocation_list_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "ocsp_responses",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), default=list, size=None),
                ),
                ("timestamp_token", models.BinaryField(default=b"")),
                ("timestamp_at", models.DateTimeField(blank=True, null=True)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["receivable_id"], name="link_answer_of_receivable")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("signed_at__isnull", True),
                            models.Q(
                                models.Q(("cms", b""), _negated=True),
                                models.Q(("payload", b""), _negated=True),
                                models.Q(("certificate_der", b""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="link_answer_signed_has_proof",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="answerlink",
            index=models.Index(fields=["receivable", "-id"], name="link_of_receivable"),
        ),
        migrations.AddConstraint(
            model_name="answerlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True), ("used_at__isnull", True)),
                fields=("receivable",),
                name="link_one_alive",
            ),
        ),
        migrations.AddConstraint(
            model_name="answerlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("wrong_codes__gte", 0), ("wrong_codes__lte", 5)), name="link_tries_limited"
            ),
        ),
        migrations.AddConstraint(
            model_name="answerlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at__isnull", True), ("entered_at__isnull", False), _connector="OR"),
                name="link_used_with_code",
            ),
        ),
        read_write_policy("receivables_answerlink", read=READ, write=WRITE),
        # Signed answers are written by whoever came by the link alone, never by the creditor.
        read_write_policy("receivables_linkanswer", read=READ, write=ANSWER_WRITE),
        functions(_answer_links.FUNCTIONS),
    ]
