from django.db import migrations, models

import yingshou.audit.models
from yingshou.tenancy.policies import sealed, written_by_sealing


class Migration(migrations.Migration):
    initial = True

    dependencies = [("audit", "0001_initial"), ("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="TreeNode",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "position", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("position", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("at", models.DateTimeField()),
                ("cursor_tx", yingshou.audit.models.Xid8Field()),
                ("cursor_source", models.SmallIntegerField()),
                ("cursor_row", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["-at"], name="checkpoints_by_time")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="checkpoint_of_something")
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedEvent",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("row_id", models.BigIntegerField()),
                ("leaf", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("source", "row_id"), name="event_sealed_once")],
            },
        ),
        written_by_sealing("evidence_checkpoint"),
        written_by_sealing("evidence_sealedevent"),
        written_by_sealing("evidence_treenode"),
        sealed("audit_auditevent"),
        sealed("audit_accessevent"),
    ]
