"""Clocks that differ: measured by every transaction, alarmed, and nothing that binds is done meanwhile."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.factories import identity as make
from tests.yingshou.identity.test_registration import key, signed_in
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval
from yingshou.identity.actions import accounts
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor, Duty, acting_as
from yingshou.tenancy.clocks import ClocksDiffer

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _measured_anew() -> Iterator[None]:
    """Each test begins and ends with clocks that agree, and with no alarm raised yet."""
    clocks._Last.alarmed_at = clocks._Last.shown_at = -1_000.0
    yield
    with acting_as(Actor.system("test")), transaction.atomic():
        pass
    clocks._Last.difference = timedelta(0)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def proposed(maker: Actor) -> Approval:
    """A bank account that waits for its check: an act under maker-checker."""
    with acting_as(maker), transaction.atomic():
        return accounts.propose_account(
            bank_code="102100000072", bank_name="工商银行", account_name="户名", number="6222020200112233445", by=maker, at=clock.now()
        )  # fmt: skip


@pytest.mark.parametrize(
    ("database", "asked_for", "expected"),
    [
        (seconds(0), seconds(0), seconds(0)),
        (seconds(5), seconds(0), seconds(5)),
        (seconds(-5), seconds(0), seconds(-5)),
        # A slow answer: the clock was read somewhere in between.
        (seconds(5), seconds(9), seconds(0)),
        (seconds(12), seconds(9), seconds(3)),
    ],
)
def test_difference_is_what_is_certain(database: timedelta, asked_for: timedelta, expected: timedelta) -> None:
    assert clocks.between(NOON, NOON + database, NOON + asked_for) == expected


@pytest.mark.parametrize(("drift", "too_far"), [(1.9, False), (2.5, True), (-1.9, False), (-2.5, True), (3600, True)])
def test_binding_acts_wait_while_the_clocks_differ(drift: float, too_far: bool) -> None:
    row = make.organisation()
    maker, checker = make.actor_for(row, Duty.MAKER), make.actor_for(row, Duty.CHECKER)
    approval = proposed(make.actor_for(make.organisation(), Duty.MAKER)) if too_far else None

    with time_machine.travel(clock.real_now() + seconds(drift), tick=True):
        if too_far:
            with pytest.raises(ClocksDiffer):
                proposed(maker)
        else:
            approval = proposed(maker)
            with acting_as(checker):
                approvals.approve(approval.pk, by=checker, at=clock.now())

    with acting_as(maker), transaction.atomic():
        assert Approval.objects.visible_to(maker).count() == (0 if too_far else 1)
    assert approval is not None


def test_checker_is_told_why_and_can_go_on_reading() -> None:
    row = make.organisation()
    approval = proposed(make.actor_for(row, Duty.MAKER))
    client = signed_in(make.membership(row, [Duty.CHECKER]).person)
    address = reverse("approvals:detail", args=[approval.pk])
    form = {"idempotency_key": key(client.get(address))}

    with time_machine.travel(clock.real_now() + seconds(30), tick=True):
        refused = client.post(reverse("approvals:approve", args=[approval.pk]), form)
        page = client.get(address)
    done = client.post(reverse("approvals:approve", args=[approval.pk]), form)

    assert refused.status_code == 503
    assert "CLK-001" in refused.content.decode()
    assert "30" in refused.content.decode()
    assert page.status_code == 200
    assert done.status_code == 302


def test_the_sample_citys_moved_clock_is_no_difference() -> None:
    clock.set_offset(timedelta(days=40))
    try:
        assert proposed(make.actor_for(make.organisation(), Duty.MAKER)).is_open
    finally:
        clock.set_offset(timedelta(0))


def test_alarm_is_logged_once_a_minute_and_shown_as_a_metric(caplog: Any, client: Client) -> None:
    with caplog.at_level(logging.ERROR), time_machine.travel(clock.real_now() - seconds(7), tick=True):
        for _turn in range(3):
            with acting_as(Actor.system("jobs.tick")), transaction.atomic():
                Organisation.objects.exists()
        with override_settings(METRICS_TOKEN="collector"):
            metrics = client.get("/metrics", headers={"Authorization": "Bearer collector"}).content.decode()

    alarms = [record for record in caplog.records if record.getMessage() == "clocks_differ"]
    assert len(alarms) == 1
    assert alarms[0].__dict__["seconds"] == pytest.approx(7, abs=0.5)
    shown = make.first_group(r"(?m)^yingshou_clock_difference_seconds(?:\{[^}]*\})? (\S+)", metrics)
    assert float(shown) == pytest.approx(7, abs=0.5)


def test_readyz_hints_without_taking_the_machine_away(client: Client) -> None:
    with time_machine.travel(clock.real_now() + seconds(10), tick=True), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.get, "/readyz").result()
        machine = pool.submit(client.get, "/readyz", headers={"Accept": "application/json"}).result()

    assert (answer.status_code, machine.status_code) == (200, 200)
    assert "differs by -10 s" in answer.json()["clock"]


def test_measuring_costs_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    maker = actor_of(make.membership(make.organisation()), "r")

    # BEGIN is not counted; the statement that binds the actor brings the clock along.
    with django_assert_num_queries(4), acting_as(maker), transaction.atomic():
        Organisation.objects.exists()
