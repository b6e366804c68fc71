"""Drafts of forms, each seen by the person who typed them and by the job that forgets them."""

from django.db import migrations, models

from yingshou.tenancy.policies import tenant_policy

OWN = "(organisation_id = (select app_org()) and person_id = (select app_person())) or (select app_kind()) = 'system'"


class Migration(migrations.Migration):
    """Initial."""

    initial = True
    dependencies = [("tenancy", "0001_initial"), ("documents", "0001_initial"), ("jobs", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="FormDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=80)),
                ("subject", models.CharField(blank=True, default="", max_length=80)),
                ("variant", models.CharField(blank=True, default="", max_length=20)),
                ("subject_version", models.IntegerField(null=True)),
                ("values", models.JSONField(default=dict)),
                ("files", models.JSONField(default=dict)),
                ("revision", models.IntegerField(default=1)),
                ("begun_at", models.DateTimeField()),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["saved_at"], name="draft_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation_id", "person_id", "key"), name="one_draft_per_form"),
                    models.CheckConstraint(condition=models.Q(("key", ""), _negated=True), name="draft_has_a_key"),
                ],
            },
        ),
        tenant_policy("drafts_formdraft", using=OWN),
    ]
