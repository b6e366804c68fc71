"""The command line of identity: the first staff, and the sample city's clock."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from yingshou.identity import sample_clock
from yingshou.identity.models import Membership
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

ROLES = ("first", "second", "system", "security", "audit")


def found(**changes: Any) -> None:
    options = {"uscc": make.uscc(880001), "name": "平台运营有限公司", "representative": "法定代表人"}
    options |= {role: f"{role}@operator.example" for role in ROLES}
    call_command("found_operator", **(options | changes), stdout=StringIO())


def test_operator_is_founded_once_with_three_separate_administrators() -> None:
    found()
    found()

    with acting_as(Actor.system("test")), transaction.atomic():
        row = make.by_code(make.uscc(880001))
        duties = sorted(tuple(one.duties) for one in Membership.objects.filter(organisation=row))
        assert (row.state, row.version) == ("VERIFIED", 2)
    assert duties == [
        ("audit_administrator",),
        ("checker", "maker"),
        ("checker", "maker"),
        ("security_administrator",),
        ("system_administrator",),
    ]


def test_first_staff_set_their_password_by_mail() -> None:
    found()
    client = Client()
    assert client.post(reverse("account_login"), {"login": "staff.first", "password": ""}).status_code == 200

    client.post(reverse("account_reset_password"), {"email": "first@operator.example"})

    assert "/account/password/reset/key/" in mail.outbox[-1].body


@pytest.mark.parametrize("changes", [{"uscc": "91350100M000100Y4Z"}, {"second": "first@operator.example"}])
def test_operator_with_a_wrong_code_or_shared_address_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        found(**changes)


@pytest.fixture
def _clock_back() -> Any:
    yield
    clock.set_offset(timedelta(0))


@pytest.mark.usefixtures("_clock_back")
def test_clock_of_the_sample_city_moves_and_returns() -> None:
    call_command("move_clock", "+3d", stdout=StringIO())
    call_command("move_clock", "+12h", stdout=StringIO())
    assert clock.offset() == timedelta(days=3, hours=12)
    with acting_as(Actor.system("test")):
        assert sample_clock.stored() == timedelta(days=3, hours=12)

    call_command("move_clock", "0", stdout=StringIO())
    assert clock.offset() == timedelta(0)


@pytest.mark.usefixtures("_clock_back")
@pytest.mark.parametrize("step", ["3", "d", "+3x", "", "+99999d"])
def test_step_that_is_not_understood_is_refused(step: str) -> None:
    with pytest.raises(CommandError):
        call_command("move_clock", step, stdout=StringIO())


def test_production_refuses_to_move_its_clock(settings: Any) -> None:
    settings.YINGSHOU_CLOCK_MAY_MOVE = False

    with pytest.raises(CommandError, match="real time"):
        call_command("move_clock", "+3d", stdout=StringIO())
