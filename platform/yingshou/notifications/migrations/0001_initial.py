import django.db.models.functions.datetime
from django.db import migrations, models

import yingshou.kernel.fields
from yingshou.tenancy.policies import OWN_ORGANISATION, tenant_policy

# What is for one person, her colleagues do not see; the job that writes and sends works for the organisation.
OWN_MESSAGES = (
    f"{OWN_ORGANISATION} and (person_id is null or person_id = (select app_person()) or (select app_kind()) = 'system')"
)
OWN_CHOICES = f"{OWN_ORGANISATION} and (person_id = (select app_person()) or (select app_kind()) = 'system')"


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ChannelChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("channel", models.TextField()),
                ("chosen_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation_id", "person_id", "channel"), name="channel_chosen_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation_id", models.BigIntegerField()),
                ("person_id", models.BigIntegerField(null=True)),
                ("kind", models.TextField()),
                ("counterpart_id", models.BigIntegerField(null=True)),
                ("counterpart", models.TextField(blank=True, default="")),
                ("count", models.IntegerField(default=1)),
                ("amount", yingshou.kernel.fields.AmountField(null=True)),
                ("params", models.JSONField(default=dict)),
                ("object_type", models.TextField(blank=True, default="")),
                ("object_id", models.BigIntegerField(null=True)),
                ("url", models.TextField()),
                ("source", models.TextField()),
                ("at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("read_at", models.DateTimeField(null=True)),
                ("read_by_id", models.BigIntegerField(null=True)),
                ("read_by_label", models.TextField(blank=True, default="")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation_id", "-id"], name="messages_newest"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["organisation_id", "-id"],
                        name="messages_unread",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation_id", "source"), name="message_once"),
                    models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="message_count_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("url__startswith", "/"), models.Q(("url__startswith", "//"), _negated=True)
                        ),
                        name="message_url_is_ours",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("read_at__isnull", True), ("read_by_id__isnull", False), _connector="OR"),
                        name="read_message_has_reader",
                    ),
                ],
            },
        ),
        tenant_policy("notifications_message", using=OWN_MESSAGES),
        tenant_policy("notifications_channelchoice", using=OWN_CHOICES),
    ]
