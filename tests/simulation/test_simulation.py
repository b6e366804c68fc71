"""Seeds that are played every time, many more under `deep`, and the canary: a ledger that has lost its check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receivables.migrations._ledger import HOLD
from tests.simulation import driver
from tests.simulation.driver import Fault
from tests.simulation.roles import ROLES
from tests.yingshou.evidence.history import superuser

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "report", "sealing"])

SEEDS, STEPS = 5, 150
DEEP_SEEDS, DEEP_STEPS = 2_000, 200
CORE = {
    "enter",
    "bring_sheet",
    "approve",
    "reject",
    "ask_submit",
    "ask_confirm",
    "fact",
    "hold",
    "dispute",
    "ask_change",
    "change_duties",
    "judge_organisation",
    "jobs",
}
CONSTRAINT = "balance_never_below_zero"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.SEAL_WITNESSES = []


def test_the_seeds_of_every_day() -> None:
    done: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(SEEDS):
        told = driver.check(seed, STEPS)
        done += told.done
        faults += told.faults

    # A simulator in which nothing happens proves nothing.
    assert set(done) >= CORE, CORE - set(done)
    assert len(done) >= 0.8 * len(ROLES), set(ROLES) - set(done)
    assert set(faults) == set(Fault) - {Fault.NONE}


@pytest.mark.deep
@pytest.mark.parametrize("block", range(20))
def test_two_thousand_seeds(block: int) -> None:
    for seed in range(block * DEEP_SEEDS // 20, (block + 1) * DEEP_SEEDS // 20):
        driver.check(1_000 + seed, DEEP_STEPS)


def test_a_plan_is_the_same_again_and_loses_no_other_step_with_one() -> None:
    steps = driver.plan(7, 50)
    assert steps == driver.plan(7, 50)
    assert steps != driver.plan(8, 50)
    kept = driver.shrink(steps, lambda some: steps[13] in some and steps[31] in some)
    assert kept == [steps[13], steps[31]]


def _without_the_check() -> None:
    """The function of the ledger gives what is not there, and the constraint that would notice is gone."""
    lenient = HOLD.replace("+ a.given_back >= a.amount", "+ a.given_back >= a.amount - 1000000000000000")
    assert lenient != HOLD
    with superuser() as cursor:
        cursor.execute(lenient.replace("create function", "create or replace function"))
        cursor.execute(f"alter table receivables_receivablebalance drop constraint if exists {CONSTRAINT}")


def _play_all(prepare: Callable[[], None]) -> None:
    for seed in range(SEEDS):
        driver.check(seed, STEPS, prepare=prepare, most=12)


def test_a_ledger_without_its_check_is_found() -> None:
    """The canary."""
    with superuser() as cursor:
        cursor.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = %s and contype = 'c'", [CONSTRAINT]
        )
        definition = cursor.fetchone()[0]
    try:
        with pytest.raises(AssertionError, match="never_below_zero") as found:
            _play_all(_without_the_check)
    finally:
        driver.fresh()
        with superuser() as cursor:
            cursor.execute(HOLD.replace("create function", "create or replace function"))
            cursor.execute(f"alter table receivables_receivablebalance drop constraint if exists {CONSTRAINT}")
            cursor.execute(f"alter table receivables_receivablebalance add constraint {CONSTRAINT} {definition}")
    said = str(found.value)
    assert "seed " in said
    assert "steps are enough" in said
    listed = said.partition("are enough:\n")[2].splitlines()
    assert any("hold(" in line for line in listed), said
    assert len(listed) < STEPS, said
