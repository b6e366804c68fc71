"""What stands around the lists and forms of receivables: disputes, home, the law, search, exports."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from receivables import figures, todos
from tests.factories import receivables as make
from tests.receivables.city import booked, desk, post, text_of
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db


def test_a_dispute_is_opened_answered_and_resolved(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.confirmed(seller, buyer)
    debtor, creditor = desk(buyer), desk(seller)
    path = f"/receivables/{row.public_no}/dispute/"

    too_much = post(debtor, path, amount="999999999", reason_code="QUALITY", reason_text="")
    opened = post(debtor, path, amount="3,000", reason_code="QUALITY", reason_text="表面锈蚀")
    with acting_as(make.job(seller)), transaction.atomic():
        pk = row.disputes.get().pk
    text_of(creditor, f"/receivables/disputes/{pk}/")
    empty = post(creditor, f"/receivables/disputes/{pk}/answer/", text=" ")
    answered = post(creditor, f"/receivables/disputes/{pk}/answer/", text="已安排换货")
    foreign = desk(make.creditor()).client.get(f"/receivables/disputes/{pk}/")
    resolved = post(creditor, f"/receivables/disputes/{pk}/resolve/", text="换货完成")

    assert (too_much.status_code, opened.status_code, empty.status_code) == (422, 302, 422)
    assert (answered.status_code, resolved.status_code, foreign.status_code) == (302, 302, 404)
    assert "换货完成" in text_of(debtor, f"/receivables/disputes/{pk}/")
    assert "表面锈蚀" in text_of(creditor, f"/receivables/{row.public_no}/")


# Home, search, exports


def test_home_shows_what_waits_the_figures_and_the_picture(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    rows = [make.pending(seller, buyer) for _number in range(3)]
    make.confirmed(seller, buyer, due_date=(make.AT + timedelta(days=10)).date(), at=make.AT)
    booked(buyer, seller, rows[0])
    booked(buyer, seller, rows[1], less="1.00")
    debtor, creditor = actor_of(desk(buyer).membership, "t"), actor_of(desk(seller).membership, "t")

    with acting_as(debtor), transaction.atomic():
        groups = todos.to_answer(debtor, make.AT)
        numbers = figures.debtors(debtor, make.AT)
        picture = figures.debtors_picture(debtor, make.AT)
    with acting_as(creditor), transaction.atomic():
        waiting = todos.waiting_for_debtors(creditor, make.AT)
        own = figures.creditors(creditor, make.AT)

    assert [group.count for group in groups] == [1, 1, 1]
    assert all("30" in str(group.deadline) for group in groups)
    assert str(numbers[0].value) == "¥\N{NO-BREAK SPACE}113,000.00"
    assert picture is not None
    assert waiting[0].count == 3
    assert str(own[0].value) == "¥\N{NO-BREAK SPACE}113,000.00"
    assert str(own[1].value) == "¥\N{NO-BREAK SPACE}339,000.00"


def test_a_sum_over_more_rows_than_are_read_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "CAP", 1)
    seller, buyer = make.creditor(), make.debtor()
    for _number in range(2):
        make.confirmed(seller, buyer)
        make.pending(seller, buyer)
    debtor, creditor = actor_of(desk(buyer).membership, "t"), actor_of(desk(seller).membership, "t")

    with acting_as(debtor), transaction.atomic():
        owed = figures.debtors(debtor, make.AT)
        picture = figures.debtors_picture(debtor, make.AT)
    with acting_as(creditor), transaction.atomic():
        own = figures.creditors(creditor, make.AT)

    assert str(owed[0].value).startswith("≥ ¥")
    assert "1+" in str(owed[2].value)
    assert picture is None or picture.note
    assert [str(own[place].value)[0] for place in (0, 1)] == ["≥", "≥"]
    assert "1+" in str(own[0].note)


def test_the_law_is_named_only_where_it_applies() -> None:
    large, small = make.debtor(size=10), make.debtor(size=30)
    seller = make.creditor(size=30)
    by_law = {}
    for buyer in (large, small):
        make.pending(seller, buyer)
        actor = actor_of(desk(buyer).membership, "t")
        with acting_as(actor), transaction.atomic():
            by_law[buyer.pk] = str(todos.to_answer(actor, make.AT)[0].basis)

    assert "16" in by_law[large.pk] or "十六" in by_law[large.pk]
    assert "16" not in by_law[small.pk]
    assert "十六" not in by_law[small.pk]


def test_search_finds_by_number_contract_and_name(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    creditor = desk(seller)

    exact = creditor.client.get("/search/", {"q": row.public_no})
    by_contract = text_of(creditor, f"/search/?q={row.contract_no}")

    assert (exact.status_code == 302 and row.public_no in exact["Location"]) or row.public_no in exact.content.decode()
    assert row.contract_no in by_contract or row.public_no in by_contract


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_list_is_exported_as_filtered(parties: tuple[Organisation, Organisation], form: str) -> None:
    seller, buyer = parties
    kept, other = make.pending(seller, buyer), make.drafted(seller, buyer)
    creditor = desk(seller)

    response = creditor.client.post("/receivables/export/", {"query": "state=waiting", "format": form})
    body = b"".join(response.streaming_content)  # type: ignore[attr-defined]

    assert response.status_code == 200
    if form == "csv":
        assert kept.public_no in body.decode("utf-8-sig")
        assert other.public_no not in body.decode("utf-8-sig")
    else:
        assert body[:2] == b"PK"
