"""The left: who sees what, in which order, with which counts, in how many statements."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor, Capability, acting_as
from yingshou.ui import navigation
from yingshou.ui.models import SavedView
from yingshou.ui.navigation import NavItem, entries_for


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> Registry[NavItem]:
    """A navigation of the test's own."""
    registry: Registry[NavItem] = Registry("navigation of a test")
    monkeypatch.setattr(navigation, "_ITEMS", registry)
    return registry


def test_entries_stand_in_order_and_lead_somewhere(items: Registry[NavItem], actor: Any, db: None) -> None:
    items.register("late", NavItem("Late", "ui:gallery", order=20))
    items.register("early", NavItem("Early", "home:home", order=10))
    items.register("nowhere", NavItem("Nowhere", "no:such-page", order=1))
    who: Actor = actor()

    with acting_as(who):
        entries = entries_for(who, "/ui/")

    assert [entry.label for entry in entries][-1] == "Late"
    assert [entry.is_current for entry in entries][-1]
    assert "Nowhere" not in [entry.label for entry in entries]


def test_an_entry_is_for_the_organisations_it_names(items: Registry[NavItem], actor: Any, db: None) -> None:
    items.register("banks", NavItem("Banks", "ui:gallery", capabilities=frozenset({Capability.BANK})))
    supplier: Actor = actor(capabilities=[Capability.CREDITOR])
    bank: Actor = actor(capabilities=[Capability.BANK])

    with acting_as(supplier):
        assert entries_for(supplier, "/") == []
    with acting_as(bank):
        assert [entry.label for entry in entries_for(bank, "/")] == ["Banks"]


def test_all_counts_come_in_one_statement(
    items: Registry[NavItem], actor: Any, db: None, django_assert_num_queries: Any
) -> None:
    who: Actor = actor(organisation_id=7, person_id=3)
    with acting_as(who), transaction.atomic():
        SavedView.objects.bulk_create(
            SavedView(organisation_id=7, person_id=3, list_name="l", name=str(number), query="")
            for number in range(1200)
        )
    items.register("many", NavItem("Many", "ui:gallery", count=lambda _who: SavedView.objects.all(), order=1))
    items.register("two", NavItem("Two", "ui:gallery", count=lambda _who: SavedView.objects.all()[:2], order=2))
    items.register("none", NavItem("None", "ui:gallery", count=lambda _who: SavedView.objects.none(), order=3))
    items.register("given", NavItem("Given", "ui:gallery", count=lambda _who: 7, order=4))

    with acting_as(who), transaction.atomic():
        SavedView.objects.exists()
        with django_assert_num_queries(1):
            entries = entries_for(who, "/")

    assert [entry.count for entry in entries] == ["1,000+", "2", "", "7"]
