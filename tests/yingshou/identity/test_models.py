"""Directory, tenancy of what is private, encryption of single fields."""

import secrets
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.factories import identity as make
from yingshou.identity import crypto
from yingshou.identity.models import BankAccount, Membership, Organisation, OrganisationDetails, Person, Region, Workday
from yingshou.identity.selectors import find_organisations
from yingshou.identity.states import ORGANISATION, OrganisationState
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db


def test_directory_is_read_by_every_signed_in_actor_and_not_by_strangers() -> None:
    mine, other = make.organisation(), make.organisation(Capability.DEBTOR)
    actor = make.actor_for(mine)

    with acting_as(actor), transaction.atomic():
        seen = set(Organisation.objects.visible_to(actor).values_list("pk", flat=True))
    with acting_as(Actor.anonymous()), transaction.atomic():
        strangers = Organisation.objects.count()

    assert {mine.pk, other.pk} <= seen
    assert strangers == 0


def test_directory_hides_registrations_that_wait_from_others() -> None:
    waiting = make.organisation(state=OrganisationState.PENDING_VERIFICATION, verified_at=None)
    actor = make.actor_for(make.organisation())
    staff = make.actor_for(make.organisation(Capability.PLATFORM_OPERATOR))

    with acting_as(actor), transaction.atomic():
        assert not Organisation.objects.visible_to(actor).filter(pk=waiting.pk).exists()
        assert waiting.pk not in [found.pk for found in find_organisations(waiting.name)]
    with acting_as(staff), transaction.atomic():
        assert Organisation.objects.visible_to(staff).filter(pk=waiting.pk).exists()


def test_other_organisations_cannot_be_changed_or_deleted() -> None:
    mine, other = make.organisation(), make.organisation()
    actor = make.actor_for(mine)

    with acting_as(actor):
        assert Organisation.objects.filter(pk=mine.pk).update(short_name="新名") == 1
        assert Organisation.objects.filter(pk=other.pk).update(short_name="新名") == 0
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("delete from identity_organisation where id = %s", [mine.pk])


def test_details_and_accounts_belong_to_their_organisation() -> None:
    mine, other = make.organisation(), make.organisation()
    for row in (mine, other):
        with acting_as(make.actor_for(row)), transaction.atomic():
            account = BankAccount(
                organisation=row,
                bank_code="104491063589",
                bank_name="中国银行",
                account_name=row.name,
                created_at=make.AT,
            )
            account.set_number("4321 0000 1234 5678")
            account.save()
    actor = make.actor_for(mine)

    with acting_as(actor), transaction.atomic():
        assert list(OrganisationDetails.objects.values_list("pk", flat=True)) == [mine.pk]
        assert list(BankAccount.objects.values_list("organisation_id", flat=True)) == [mine.pk]
        assert list(BankAccount.objects.visible_to(actor).values_list("organisation_id", flat=True)) == [mine.pk]
    staff = make.actor_for(make.organisation(Capability.PLATFORM_OPERATOR))
    with acting_as(staff), transaction.atomic():
        assert OrganisationDetails.objects.filter(pk=other.pk).exists()
        assert not BankAccount.objects.exists()


def test_account_number_is_stored_encrypted_and_shown_masked() -> None:
    row = make.organisation()
    account = BankAccount(organisation=row)
    account.set_number("4321-0000-1234-5678")

    assert "5678" not in account.number_cipher
    assert account.masked == "•••• 5678"
    assert crypto.decrypt(account.number_cipher, field=BankAccount.NUMBER) == "4321000012345678"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("鹭岛", True), ("岛精密", True), ("鹭岛精密机械有限公司", True), ("鹭密", False), ("", False), ("  ", False)],
)
def test_organisation_is_found_by_part_of_its_name(text: str, expected: bool) -> None:
    make.organisation(name="厦门鹭岛精密机械有限公司", short_name="鹭岛精密")
    row = Organisation(name="厦门鹭岛精密机械有限公司", short_name="鹭岛精密")
    actor = make.actor_for(make.organisation())

    with acting_as(actor), transaction.atomic():
        found = [one.name for one in find_organisations(text)]

    assert (row.name in found) is expected


def test_organisation_is_found_by_the_beginning_of_its_credit_code() -> None:
    row = make.organisation()
    actor = make.actor_for(make.organisation())

    with acting_as(actor), transaction.atomic():
        assert row.pk in [one.pk for one in find_organisations(row.uscc.lower())]
        assert find_organisations(row.uscc)[0].pk == row.pk


def test_search_is_refused_to_strangers() -> None:
    with (
        acting_as(Actor.anonymous()),
        pytest.raises(DatabaseError, match="signed-in"),
        transaction.atomic(),
    ):
        find_organisations("鹭岛")


def test_encryption_opens_with_the_second_key_and_names_the_new_one(settings: Any) -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    settings.YINGSHOU_FIELD_KEYS = [old]
    sealed = crypto.encrypt("13800138000", field="a.b.c")
    settings.YINGSHOU_FIELD_KEYS = [new, old]

    assert crypto.decrypt(sealed, field="a.b.c") == "13800138000"
    assert crypto.needs_new_key(sealed)
    fresh = crypto.encrypt("13800138000", field="a.b.c")
    assert not crypto.needs_new_key(fresh)
    settings.YINGSHOU_FIELD_KEYS = [new]
    assert crypto.decrypt(fresh, field="a.b.c") == "13800138000"
    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt(sealed, field="a.b.c")


def test_encryption_is_bound_to_its_column_and_refuses_changed_text() -> None:
    sealed = crypto.encrypt("13800138000", field="a.b.c")

    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt(sealed, field="a.b.d")
    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt(sealed[:-4] + "AAA=", field="a.b.c")
    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt("no cipher", field="a.b.c")
    assert crypto.encrypt("x", field="a") != crypto.encrypt("x", field="a")
    assert crypto.blind_index("x", field="a") != crypto.blind_index("x", field="b")


def test_phone_is_found_however_it_was_typed() -> None:
    first, second = Person(), Person()
    first.set_phone("138 0013 8000")
    second.set_phone("138-00138000")

    assert first.phone_hmac == second.phone_hmac
    assert first.phone_cipher != second.phone_cipher
    assert first.phone_masked == "•••• 8000"


def test_superuser_and_capital_letters_are_refused_by_the_database() -> None:
    with acting_as(Actor.system("test")):
        for fields in ({"is_superuser": True}, {"username": "Upper"}, {"email": "Upper@example.com"}):
            values = {"username": "lower", "email": "lower@example.com", "display_name": "甲"} | fields
            with pytest.raises(IntegrityError), transaction.atomic():
                Person(**values).save(force_insert=True)


def test_unknown_duties_and_doubled_memberships_are_refused_by_the_database() -> None:
    row, who = make.organisation(), make.person()
    make.membership(row, [Duty.MAKER], who)

    with acting_as(Actor.system("test")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(person=who, organisation=row, duties=[], since=make.AT)
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(person=make.person(), organisation=row, duties=["king"], since=make.AT)


def test_reference_data_are_seeded_and_readable_by_strangers_but_not_writable() -> None:
    with acting_as(Actor.anonymous()), transaction.atomic():
        assert Region.objects.filter(level=1).count() == 34
        assert str(Region.objects.get(code="350200").parent) == "福建省"
        assert Workday.objects.exists()
    customer = make.actor_for(make.organisation())
    with acting_as(customer):
        assert Region.objects.filter(code="350200").update(name="别名") == 0


def test_retired_regions_are_not_offered() -> None:
    with acting_as(Actor.anonymous()), transaction.atomic():
        offered = set(Region.objects.on(make.AT.date()).values_list("code", flat=True))

    assert "371200" not in offered
    assert "370100" in offered


@pytest.mark.parametrize(("state", "event", "step"), list(ORGANISATION.product()))
def test_life_of_an_organisation_is_the_declared_one(state: str, event: str, step: Any) -> None:
    declared = {
        ("PENDING_VERIFICATION", "verify"): "VERIFIED",
        ("PENDING_VERIFICATION", "reject"): "REJECTED",
        ("REJECTED", "resubmit"): "PENDING_VERIFICATION",
        ("VERIFIED", "suspend"): "SUSPENDED",
        ("SUSPENDED", "restore"): "VERIFIED",
    }

    assert (step.target if step else None) == declared.get((state, event))
