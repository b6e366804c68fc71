import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from yingshou.tenancy.policies import tenant_policy


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_reference"),
        ("signing", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="signatureevidence",
            name="assertion",
            field=models.BinaryField(default=b""),
        ),
        migrations.AddField(
            model_name="signatureevidence",
            name="assertion_signature",
            field=models.BinaryField(default=b""),
        ),
        migrations.AddField(
            model_name="signingrequest",
            name="assertion",
            field=models.BinaryField(default=b""),
        ),
        migrations.AddField(
            model_name="signingrequest",
            name="assertion_signature",
            field=models.BinaryField(default=b""),
        ),
        migrations.AddField(
            model_name="signingrequest",
            name="format",
            field=models.TextField(
                choices=[("CMS", "certificate file"), ("ELICENSE", "electronic business licence")], default="CMS"
            ),
        ),
        migrations.AlterField(
            model_name="signatureevidence",
            name="format",
            field=models.TextField(
                choices=[("CMS", "certificate file"), ("ELICENSE", "electronic business licence")], default="CMS"
            ),
        ),
        migrations.AlterField(
            model_name="trustanchor",
            name="kind",
            field=models.TextField(
                choices=[
                    ("ROOT", "root authority"),
                    ("ISSUING", "issuing authority"),
                    ("ELICENCE", "authority of electronic business licences"),
                    ("TIMESTAMP", "timestamp authority"),
                ]
            ),
        ),
        migrations.CreateModel(
            name="LicenceHolder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.TextField()),
                ("holder_no", models.TextField()),
                ("holder_name", models.TextField()),
                ("licence_serial", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("ASKED", "waits for an administrator"),
                            ("LINKED", "linked"),
                            ("DECLINED", "declined"),
                            ("ENDED", "ended"),
                        ],
                        default="ASKED",
                    ),
                ),
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
            options={
                "indexes": [models.Index(fields=["organisation", "-id"], name="licence_holders_by_org")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["ASKED", "LINKED"])),
                        fields=("organisation", "provider", "holder_no"),
                        name="one_person_per_licence_holder",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "ASKED"), ("decided_at__isnull", False), _connector="OR"),
                        name="decided_holder_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LicenceRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.TextField(unique=True)),
                ("provider", models.TextField()),
                (
                    "asked_for",
                    models.TextField(
                        choices=[
                            ("SIGN_IN", "sign in"),
                            ("LINK", "link the licence to one's account"),
                            ("SIGN", "sign"),
                        ]
                    ),
                ),
                ("browser", models.TextField()),
                ("purpose", models.TextField(blank=True, default="")),
                ("object_id", models.BigIntegerField(null=True)),
                ("object_type", models.TextField(blank=True, default="")),
                ("object_version", models.IntegerField(null=True)),
                ("manifest_root", models.BinaryField(default=b"")),
                ("manifest_size", models.IntegerField(default=0)),
                ("nonce", models.TextField(unique=True)),
                ("payload", models.BinaryField()),
                ("device", models.TextField(blank=True, default="")),
                ("ip", models.GenericIPAddressField(null=True)),
                ("provider_no", models.TextField(blank=True, default="")),
                ("code", models.TextField(blank=True, default="")),
                ("link", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "answer",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "waiting"),
                            ("CONFIRMED", "confirmed"),
                            ("REFUSED", "refused"),
                            ("EXPIRED", "run out"),
                            ("FAILED", "not accepted"),
                        ],
                        default="",
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("assertion", models.BinaryField(default=b"")),
                ("assertion_signature", models.BinaryField(default=b"")),
                ("signature", models.BinaryField(default=b"")),
                ("certificate_der", models.BinaryField(default=b"")),
                (
                    "chain",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), default=list, size=None),
                ),
                ("uscc", models.TextField(blank=True, default="")),
                ("organisation_name", models.TextField(blank=True, default="")),
                ("holder_no", models.TextField(blank=True, default="")),
                ("holder_name", models.TextField(blank=True, default="")),
                ("licence_serial", models.TextField(blank=True, default="")),
                ("failure", models.JSONField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("used_at__isnull", True)),
                        fields=["created_at"],
                        name="licence_requests_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("answer", ""), ("answered_at__isnull", False), _connector="OR"),
                        name="licence_answer_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("used_at__isnull", True), ("answer", "CONFIRMED"), _connector="OR"),
                        name="only_confirmed_licence_is_used",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("provider_no", ""), _negated=True),
                        fields=("provider", "provider_no"),
                        name="one_request_per_provider_no",
                    ),
                ],
            },
        ),
        # Before signing in nobody acts: the service that carries requests reaches them, by their reference.
        tenant_policy("signing_licencerequest", using="(select app_kind()) = 'system'"),
        tenant_policy(
            "signing_licenceholder", using="organisation_id = (select app_org()) or (select app_kind()) = 'system'"
        ),
    ]
