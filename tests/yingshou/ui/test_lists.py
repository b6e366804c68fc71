"""Lists over a real table: saved views themselves, 1,203 of them, under row-level security."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import django_filters
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from python_calamine import CalamineWorkbook

from yingshou.tenancy.actor import Actor, acting_as
from yingshou.ui import exports
from yingshou.ui.lists import Chip, Column, Kind, List, Order, TooManySelected
from yingshou.ui.lists.keyset import page_of
from yingshou.ui.lists.selection import NothingSelected
from yingshou.ui.models import SavedView

AT = datetime(2026, 11, 22, 6, 22, 7, tzinfo=UTC)
HOW_MANY = 1203


class ViewOrder(Order):
    """Orders with many ties, in one direction and in two."""

    NAME = (("list_name", "pk"), "Name")
    NEWEST = (("-list_name", "-pk"), "Newest")
    MIXED = (("list_name", "-query", "-pk"), "Mixed")


class ViewFilter(django_filters.FilterSet):
    """One exact filter and one that can be unreadable."""

    list_name = django_filters.CharFilter(label="List")
    person = django_filters.NumberFilter(field_name="person_id", label="Person")

    class Meta:
        model = SavedView
        fields: list[str] = []


class Views(List[SavedView]):
    """Every feature of a list over saved views."""

    name = "tests.views"
    title = "视图"
    order = ViewOrder
    filterset_class = ViewFilter
    columns = (
        Column("name", "Name", "name", is_lead=True),
        Column("list", "List", "list_name"),
        Column("person", "Person", "person_id", Kind.COUNT),
        Column("made", "Made", "created_at", Kind.INSTANT, in_export=False),
    )
    chip_filters = (
        Chip("kind", "even", "Even", Q(query="even")),
        Chip("kind", "odd", "Odd", Q(query="odd")),
        Chip("list", "none", "None", Q(list_name="no such list")),
    )
    page_size = 100
    is_selectable = True
    row_label = "name"


@pytest.fixture
def maker(actor: Any, db: None) -> Actor:
    """A maker of organisation 7 among many views, with another organisation beside it."""
    who: Actor = actor(organisation_id=7, person_id=3)
    stranger: Actor = actor(organisation_id=8, person_id=3)
    for owner, number in ((who, HOW_MANY), (stranger, 5)):
        with acting_as(owner), transaction.atomic():
            SavedView.objects.bulk_create(
                SavedView(
                    organisation_id=owner.organisation_id or 0,
                    person_id=3,
                    list_name=f"list-{index % 7}",
                    name=f"=view {index}",
                    query="even" if index % 2 == 0 else "odd",
                )
                for index in range(number)
            )
    return who


def listed(who: Actor, query: str = "") -> Views:
    return Views(SavedView.objects.all(), query=QueryDict(query), actor=who, at=AT)


@pytest.mark.parametrize("order", ["name", "newest", "mixed"])
def test_pages_visit_every_row_once_forwards_and_backwards(maker: Actor, order: str) -> None:
    seen: list[int] = []
    query = f"order={order}"
    with acting_as(maker), transaction.atomic():
        expected = list(listed(maker, query).ordered.values_list("pk", flat=True))
        first_pages = []
        while True:
            view = listed(maker, query)
            first_pages.append([row.pk for row in view.rows])
            seen += first_pages[-1]
            if not view.next_url:
                break
            query = view.next_url[1:]
        back = [first_pages[-1]]
        while view.previous_url:
            view = listed(maker, view.previous_url[1:])
            back.append([row.pk for row in view.rows])

    assert len(expected) == HOW_MANY
    assert seen == expected
    assert list(reversed(back)) == first_pages


@pytest.mark.parametrize(
    "cursor", ["x", "bm9wZQ", "W10", "WyJhIiwgMTAwMDAwMDAwMDAwMDAwMDAwMDAwMF0", "é", "WyJcdTAwMDAiLCAxXQ"]
)
def test_an_unreadable_cursor_gives_the_first_page(maker: Actor, cursor: str) -> None:
    with acting_as(maker), transaction.atomic():
        first = [row.pk for row in listed(maker).rows]
        forged = QueryDict(mutable=True)
        forged["after"] = cursor
        view = Views(SavedView.objects.all(), query=forged, actor=maker, at=AT)
        assert [row.pk for row in view.rows] == first
        assert view.previous_url == ""


@pytest.mark.parametrize("query", ["", "kind=even&list_name=list-3", "order=mixed&person=3", "list=none"])
def test_a_page_costs_two_statements_whatever_the_filter(
    maker: Actor, query: str, django_assert_num_queries: Any
) -> None:
    with acting_as(maker), transaction.atomic():
        SavedView.objects.exists()
        with django_assert_num_queries(2):
            view = listed(maker, query)
            assert len(view.rows) <= 100
            assert view.chips
            assert len(view.saved_views) == 0


def test_counts_are_exact_to_a_thousand_and_then_say_more(maker: Actor) -> None:
    with acting_as(maker), transaction.atomic():
        whole = listed(maker)
        narrowed = listed(maker, "list_name=list-0&kind=even")

        assert whole.total_text == "1,000+"
        assert [chip.count_text for chip in whole.chips] == ["602", "601", "0"]
        assert narrowed.total == 86
        assert [chip.count_text for chip in narrowed.chips] == ["86", "86", "0"]
        assert [chip.is_current for chip in narrowed.chips] == [True, False, False]
        assert parse_qs(narrowed.chips[1].url[1:]) == {"list_name": ["list-0"], "kind": ["odd"]}
        assert parse_qs(narrowed.chips[0].url[1:]) == {"list_name": ["list-0"]}


def test_a_filter_that_cannot_be_read_shows_and_selects_nothing(maker: Actor) -> None:
    with acting_as(maker), transaction.atomic():
        view = listed(maker, "person=everybody")

        assert view.has_errors
        assert view.rows == []
        assert view.total == 0
        assert not view.selection(QueryDict("all=1")).queryset.exists()


def test_another_organisation_sees_only_its_own_rows(maker: Actor, actor: Any) -> None:
    stranger = actor(organisation_id=8, person_id=3)
    with acting_as(stranger), transaction.atomic():
        assert listed(stranger).total == 5


def test_selected_ids_outside_the_list_are_left_out(maker: Actor) -> None:
    with acting_as(maker), transaction.atomic():
        view = listed(maker)
        mine = view.rows[0].pk
        picked = view.selection(QueryDict(f"id={mine}&id=999999999999&id=x&id=-1&id=99999999999999999999"))

        assert picked.ids() == [mine]
        assert not picked.is_all


def test_selecting_all_sends_the_filter_and_not_the_ids(maker: Actor) -> None:
    with acting_as(maker), transaction.atomic():
        view = listed(maker, "kind=odd")
        picked = view.selection(QueryDict("all=1&id=1"))

        assert picked.is_all
        assert len(picked.ids()) == 601
        assert dict(parse_qsl(picked.query)) == {"kind": "odd"}


def test_too_many_or_no_rows_are_refused_with_a_reason(maker: Actor) -> None:
    with acting_as(maker), transaction.atomic():
        view = listed(maker)
        with pytest.raises(TooManySelected):
            view.selection(QueryDict("all=1")).ids(limit=1000)
        with pytest.raises(NothingSelected):
            view.selection(QueryDict("")).ids()


def test_an_order_needs_the_key_and_columns_that_are_never_null() -> None:
    with pytest.raises(TypeError):

        class Endless(Order):
            NAME = (("name",), "Name")


def test_an_order_by_a_column_that_may_be_null_is_refused() -> None:
    class ByLastVisit(Order):
        LAST_VISIT = (("last_login", "pk"), "Last visit")

    with pytest.raises(ImproperlyConfigured):
        page_of(get_user_model().objects.none(), ByLastVisit.LAST_VISIT, size=10)


def export(who: Actor, query: str, form: exports.Format) -> tuple[bytes, list[exports.ExportFacts], Any]:
    recorded: list[exports.ExportFacts] = []
    with acting_as(who):
        response = exports.respond(
            listed(who, query), form, at=AT, record=lambda facts, _by, _at: recorded.append(facts)
        )
        content = b"".join(response.streaming_content)  # type: ignore[attr-defined]  # both kinds stream
    return content, recorded, response


def test_csv_holds_exactly_the_filtered_rows_and_no_formula(maker: Actor) -> None:
    content, recorded, response = export(maker, "kind=odd&list_name=list-1&order=newest", exports.Format.CSV)

    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    with acting_as(maker), transaction.atomic():
        expected = list(
            SavedView.objects.filter(query="odd", list_name="list-1").order_by("-pk").values_list("name", flat=True)
        )
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[0] == ["Name", "List", "Person"]
    assert [row[0] for row in rows[1:]] == [f"'{name}" for name in expected]
    assert {row[2] for row in rows[1:]} == {"3"}
    assert recorded == [
        exports.ExportFacts("tests.views", exports.Format.CSV, "kind=odd&list_name=list-1&order=newest", 86, False)
    ]
    assert "attachment" in response["Content-Disposition"]


def test_xlsx_keeps_numbers_as_numbers_and_text_as_text(maker: Actor) -> None:
    content, recorded, _response = export(maker, "list_name=list-6", exports.Format.XLSX)

    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + 171
    assert rows[1] == ["'=view 6", "list-6", 3.0]
    assert recorded[0].rows == 171


def test_an_export_that_is_cut_says_so_in_its_last_line(maker: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LARGEST", 10)

    content, recorded, _response = export(maker, "", exports.Format.CSV)

    lines = content.decode("utf-8-sig").splitlines()
    assert len(lines) == 12
    assert "10" in lines[-1]
    assert recorded[0].is_cut


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1"])
def test_a_text_never_begins_a_formula(text: str) -> None:
    assert exports.safe_text(text).startswith("'")
    assert "\x00" not in exports.safe_text(text)


def test_an_ordinary_text_is_left_alone() -> None:
    assert exports.safe_text("明泰 a=b") == "明泰 a=b"
