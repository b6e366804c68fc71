"""Keys of single fields are rotated: old values stay readable, are encrypted again in steps that can be cut short, and none is forgotten."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction

from tests.factories import identity as make
from yingshou.identity import crypto
from yingshou.identity.actions import reencryption
from yingshou.identity.models import BankAccount, Organisation, OrganisationDetails, Person
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
ACCOUNT = "6222020200112233445"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reencrypt_fields", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def town(settings: Any) -> list[Organisation]:
    """Three organisations with people, phones and accounts, written with the old key; then the new key is put in front."""
    settings.YINGSHOU_FIELD_KEYS = [OLD]
    rows = [make.organisation() for _number in range(3)]
    for number, row in enumerate(rows):
        person = make.person()
        person.set_phone(f"1380013800{number}")
        with acting_as(Actor.system("test", organisation_id=row.pk)), transaction.atomic():
            person.save()
            details = OrganisationDetails.objects.get(pk=row.pk)
            details.set_phone(f"1390013900{number}")
            details.save()
            account = BankAccount(
                organisation=row, bank_code="102100000072", bank_name="行", account_name="户", created_at=make.AT
            )
            account.set_number(f"{ACCOUNT}{number}")
            account.save()
    settings.YINGSHOU_FIELD_KEYS = [NEW, OLD]
    return rows


def accounts(rows: list[Organisation]) -> list[str]:
    found = []
    for row in rows:
        with acting_as(Actor.system("test", organisation_id=row.pk)), transaction.atomic():
            found.append(
                crypto.decrypt(BankAccount.objects.get(organisation=row).number_cipher, field=BankAccount.NUMBER)
            )
    return found


def test_old_values_are_encrypted_with_the_first_key_and_read_the_same(town: list[Organisation], settings: Any) -> None:
    said = run("--batch", "2")

    settings.YINGSHOU_FIELD_KEYS = [NEW]
    assert accounts(town) == [f"{ACCOUNT}{number}" for number in range(3)]
    with acting_as(Actor.system("test")):
        phones = [
            crypto.decrypt(row.phone_cipher, field=Person.PHONE) for row in Person.objects.exclude(phone_cipher="")
        ]
    assert sorted(phones) == ["13800138000", "13800138001", "13800138002"]
    assert "identity.person.phone: 2 of 3\nidentity.person.phone: 3 of 3\n" in said
    assert "the older ones can be taken away" in said


def test_run_that_was_cut_short_goes_on_where_it_stopped(town: list[Organisation]) -> None:
    column = reencryption.COLUMNS[0]
    next(iter(reencryption.reencrypt(column, size=1)))
    with acting_as(Actor.system("test")):
        before = dict(Person.objects.values_list("pk", "phone_cipher"))
    assert reencryption.remaining(column) == 2
    with pytest.raises(CommandError, match="8 values still need an older key"):
        run("--check")

    assert "identity.person.phone: 2 of 2" in run()

    with acting_as(Actor.system("test")):
        after = dict(Person.objects.values_list("pk", "phone_cipher"))
    assert sum(before[pk] == after[pk] for pk in before if before[pk]) == 1, "what was done is not done twice"
    assert "can be taken away" in run("--check")


def test_value_of_a_lost_key_is_named_and_the_rest_done(town: list[Organisation], settings: Any) -> None:
    settings.YINGSHOU_FIELD_KEYS = [OTHER]
    lost = make.person()
    lost.set_phone("13700137000")
    with acting_as(Actor.system("test")), transaction.atomic():
        lost.save()
    settings.YINGSHOU_FIELD_KEYS = [NEW, OLD]

    out = StringIO()
    with pytest.raises(CommandError, match="1 values cannot be read"):
        call_command("reencrypt_fields", stdout=out, stderr=out)

    assert f"row {lost.pk} cannot be read" in out.getvalue()
    assert reencryption.remaining(reencryption.COLUMNS[0]) == 1
    assert not any(reencryption.remaining(column) for column in reencryption.COLUMNS[1:])


def test_no_number_is_printed(town: list[Organisation]) -> None:
    said = run()

    assert ACCOUNT not in said
    assert "13800138" not in said


def test_every_encrypted_column_is_known() -> None:
    columns = {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.name.endswith("_cipher")
    }

    assert columns == {(column.model._meta.label, column.name) for column in reencryption.COLUMNS if not column.key}
