import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from yingshou.tenancy.policies import APPLICATION_ROLE, append_only, read_write_policy, tenant_policy

STAFF_OR_SYSTEM = "(select app_staff()) or (select app_kind()) = 'system'"
OWN = "organisation_id = (select app_org())"
LINE_READ = (
    "organisation_id = (select app_org()) or (select app_org()) = any(audience) "
    "or app_can_see(object_type, object_id, (select app_org()))"
)
# Who sees one line of a signed manifest sees the evidence of its signature; the lines' own policy answers.
EVIDENCE_READ = (
    "organisation_id = (select app_org()) or (select app_org()) = any(audience) "
    "or exists (select 1 from signing_signedline l where l.evidence_id = signing_signatureevidence.id)"
)
# The look after all that waits too long belongs to no organisation.
WAITING_READ = f"{OWN} or ((select app_kind()) = 'system' and (select app_org()) is null)"
# A request is used once and is otherwise left as it was prepared: only one column may change.
ONLY_USED_AT = """
revoke update, delete on signing_signingrequest from {role};
grant update (used_at) on signing_signingrequest to {role};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0001_initial"),
        ("identity", "0002_reference"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Certificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("der", models.BinaryField()),
                ("sha256", models.BinaryField(unique=True)),
                ("chain", django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), size=None)),
                ("serial", models.TextField()),
                ("subject", models.TextField()),
                ("issuer", models.TextField()),
                ("common_name", models.TextField()),
                ("key_label", models.TextField()),
                ("not_before", models.DateTimeField()),
                ("not_after", models.DateTimeField()),
                ("registered_at", models.DateTimeField()),
                (
                    "state",
                    models.TextField(
                        choices=[("REGISTERED", "registered"), ("WITHDRAWN", "taken out of use")], default="REGISTERED"
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("version", models.IntegerField(default=1)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RevocationList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.TextField()),
                ("number", models.DecimalField(decimal_places=0, max_digits=60)),
                ("this_update", models.DateTimeField()),
                ("next_update", models.DateTimeField()),
                ("der", models.BinaryField()),
                ("sha256", models.BinaryField(unique=True)),
                ("fetched_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["issuer", "-this_update"], name="revocation_by_issuer")],
            },
        ),
        migrations.CreateModel(
            name="SignatureEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("purpose", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField()),
                ("nonce", models.TextField(unique=True)),
                ("payload", models.BinaryField()),
                ("payload_sha256", models.BinaryField()),
                ("payload_sm3", models.BinaryField()),
                ("manifest_root", models.BinaryField()),
                ("manifest_size", models.IntegerField()),
                ("format", models.TextField(default="CMS")),
                ("cms", models.BinaryField()),
                ("algorithm", models.TextField()),
                ("algorithm_oid", models.TextField()),
                ("value", models.BinaryField()),
                ("certificate_der", models.BinaryField()),
                ("chain", django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), size=None)),
                ("serial", models.TextField()),
                ("subject", models.TextField()),
                ("issuer", models.TextField()),
                ("subject_uscc", models.TextField()),
                ("organisation_name", models.TextField()),
                ("signer_name", models.TextField()),
                ("key_usages", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("not_before", models.DateTimeField()),
                ("not_after", models.DateTimeField()),
                (
                    "revocation_list_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("revocation_fetched_at", models.DateTimeField()),
                (
                    "ocsp_responses",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), default=list, size=None),
                ),
                ("timestamp_token", models.BinaryField(default=b"")),
                ("timestamp_at", models.DateTimeField(null=True)),
                ("timestamp_authority", models.TextField(blank=True, default="")),
                ("arrived_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField()),
                ("verifier", models.TextField()),
                ("device", models.TextField(blank=True, default="")),
                ("ip", models.GenericIPAddressField(null=True)),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="signing.certificate"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignedLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("audience", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField()),
                ("leaf_index", models.IntegerField()),
                ("leaf_hash", models.BinaryField()),
                ("document", models.TextField()),
                ("proof", models.BinaryField()),
                (
                    "evidence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="signing.signatureevidence",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SigningRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField()),
                ("nonce", models.TextField(unique=True)),
                ("payload", models.BinaryField()),
                ("manifest_root", models.BinaryField()),
                ("manifest_size", models.IntegerField()),
                ("certificate_der", models.BinaryField()),
                ("chain", django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), size=None)),
                ("attributes", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="signatureevidence",
            name="request",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="signing.signingrequest"
            ),
        ),
        migrations.CreateModel(
            name="TrustAnchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField(choices=[("ROOT", "root authority"), ("ISSUING", "issuing authority")])),
                ("der", models.BinaryField()),
                ("sha256", models.BinaryField(unique=True)),
                ("subject", models.TextField()),
                ("not_before", models.DateTimeField()),
                ("not_after", models.DateTimeField()),
                ("trusted_from", models.DateTimeField()),
                ("trusted_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("trusted_until__isnull", True),
                            ("trusted_until__gte", models.F("trusted_from")),
                            _connector="OR",
                        ),
                        name="trust_ends_after_it_starts",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(fields=["organisation", "-id"], name="certificates_by_org"),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "WITHDRAWN"), _negated=True), ("withdrawn_at__isnull", False), _connector="OR"
                ),
                name="withdrawn_certificate_has_time",
            ),
        ),
        migrations.AddIndex(
            model_name="signedline",
            index=models.Index(fields=["object_type", "object_id", "evidence"], name="signed_lines_by_object"),
        ),
        migrations.AddConstraint(
            model_name="signedline",
            constraint=models.UniqueConstraint(fields=("evidence", "leaf_index"), name="one_line_per_leaf"),
        ),
        migrations.AddConstraint(
            model_name="signedline",
            constraint=models.CheckConstraint(condition=models.Q(("leaf_index__gte", 0)), name="leaf_index_from_zero"),
        ),
        migrations.AddConstraint(
            model_name="signingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("used_at__isnull", True), ("used_at__lte", models.F("expires_at")), _connector="OR"
                ),
                name="request_used_in_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureevidence",
            constraint=models.UniqueConstraint(
                fields=("organisation", "purpose", "object_type", "object_id", "object_version"),
                name="document_version_signed_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("chain__len", 0), _negated=True), name="evidence_has_chain"
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revocation_list_ids__len", 0), _negated=True),
                    models.Q(("ocsp_responses__len", 0), _negated=True),
                    _connector="OR",
                ),
                name="evidence_has_revocation_proof",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("timestamp_token", b""), ("timestamp_at__isnull", False), _connector="OR"),
                name="timestamp_has_its_time",
            ),
        ),
        migrations.CreateModel(
            name="WaitingSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.BigIntegerField()),
                ("object_version", models.IntegerField()),
                ("value", models.BinaryField()),
                ("device", models.TextField(blank=True, default="")),
                ("ip", models.GenericIPAddressField(null=True)),
                ("arrived_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "waits",
                    models.TextField(
                        choices=[
                            ("STARTED", "the proof is being fetched"),
                            ("TIMESTAMP", "the timestamp service does not answer"),
                            (
                                "REVOCATION",
                                "the certificate authority does not say whether the certificate was revoked",
                            ),
                        ],
                        default="STARTED",
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("attempted_at", models.DateTimeField(null=True)),
                ("timestamp_token", models.BinaryField(default=b"")),
                ("ended_at", models.DateTimeField(null=True)),
                ("problem", models.JSONField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waiting",
                        to="signing.signingrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("organisation", "purpose", "object_type", "object_id"),
                        name="one_waiting_signature_per_object",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("problem__isnull", True), ("ended_at__isnull", False), _connector="OR"),
                        name="problem_ends_the_waiting",
                    ),
                ],
            },
        ),
        tenant_policy("signing_waitingsignature", using=WAITING_READ, check=OWN),
        read_write_policy("signing_trustanchor", read="true", write=STAFF_OR_SYSTEM),
        read_write_policy("signing_revocationlist", read="true", write=STAFF_OR_SYSTEM),
        append_only("signing_revocationlist"),
        tenant_policy("signing_certificate"),
        tenant_policy("signing_signingrequest"),
        migrations.RunSQL(sql=ONLY_USED_AT.format(role=APPLICATION_ROLE), reverse_sql=migrations.RunSQL.noop),
        read_write_policy("signing_signedline", read=LINE_READ, write=OWN),
        append_only("signing_signedline"),
        read_write_policy("signing_signatureevidence", read=EVIDENCE_READ, write=OWN),
        append_only("signing_signatureevidence"),
    ]
