"""The table of saved views, each seen by its person's organisation only."""

import django.db.models.functions.datetime
from django.db import migrations, models

from yingshou.tenancy.policies import tenant_policy


class Migration(migrations.Migration):
    """Initial."""

    initial = True
    dependencies = [("tenancy", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("list_name", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation_id", "person_id", "list_name", "name"), name="one_saved_view_per_name"
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="saved_view_has_name"),
                ]
            },
        ),
        tenant_policy("ui_savedview"),
    ]
