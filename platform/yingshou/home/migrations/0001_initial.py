from django.db import migrations, models

from yingshou.tenancy.policies import read_write_policy


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DailyVisits",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("count", models.BigIntegerField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("count__gte", 0)), name="visits_not_negative")
                ],
            },
        ),
        # Everybody reads the numbers of the days; only the job that counts writes them.
        read_write_policy("home_dailyvisits", read="true", write="(select app_kind()) = 'system'"),
    ]
