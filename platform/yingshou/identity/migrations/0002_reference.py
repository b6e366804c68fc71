import csv
from pathlib import Path
from typing import Any

from django.db import migrations

from yingshou.kernel.calendar import official_days


def load_regions(apps: Any, schema_editor: Any) -> None:
    """Provinces first: prefectures point to them."""
    path = Path(__file__).resolve().parent.parent / "data" / "regions.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: (row["level"], row["code"]))
    region = apps.get_model("identity", "Region")
    region.objects.using(schema_editor.connection.alias).bulk_create(
        region(
            code=row["code"],
            name=row["name"],
            level=int(row["level"]),
            parent_id=row["parent"] or None,
            valid_from=row["valid_from"] or None,
            valid_to=row["valid_to"] or None,
        )
        for row in rows
    )


def load_workdays(apps: Any, schema_editor: Any) -> None:
    """The years of the official notices that ship with the kernel; staff enter later ones."""
    workday = apps.get_model("identity", "Workday")
    workday.objects.using(schema_editor.connection.alias).bulk_create(
        workday(day=day, is_workday=is_workday) for day, is_workday in official_days().items()
    )


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.RunPython(load_regions, migrations.RunPython.noop),
        migrations.RunPython(load_workdays, migrations.RunPython.noop),
    ]
