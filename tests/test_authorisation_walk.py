"""
The authorisation walk (G1): every address of the URL configuration, by every method, as every principal, on own, shared, foreign and
nonexistent objects, against a table written by hand; foreign answers like nonexistent, a refusal changes nothing and is on record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import reset
from tests.walk import world
from tests.walk.policy import POLICY
from tests.walk.walker import Walk, addresses, unclassified
from tests.walk.world import World

# What one principal meets at least; with all of them together well above ten thousand.
LEAST_CELLS = 300


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The city of all walks, committed."""
    resetter = reset.resetter
    assert resetter is not None
    with world.committed(django_db_blocker.unblock, resetter.reset) as built:
        yield built


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Every refusal is logged as a warning; thousands of them are expected here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_address_is_in_the_table_and_the_table_has_no_other() -> None:
    assert unclassified(POLICY) == []
    assert sorted(set(POLICY) - {one.name for one in addresses()}) == []


@pytest.mark.parametrize("key", world.keys())
def test_walk(city: World, db: None, key: str, record_property: Any) -> None:
    walk = Walk(city, city.principals[key])

    walk.run()

    record_property("cells", walk.cells)
    print(f"walk as {key}: {walk.cells} cells, {dict(walk.outcomes)}")
    assert walk.wrong == []
    assert walk.cells >= LEAST_CELLS
