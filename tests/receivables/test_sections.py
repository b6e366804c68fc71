"""Where a page stands in the navigation, and what a print can be compared by."""

from __future__ import annotations

import pytest
from django.urls import reverse

from receivables.models import Receivable
from receivables.prints import check_code
from receivables.sections import section_of
from tests.factories import receivables as make
from tests.receivables.city import desk, text_of

pytestmark = pytest.mark.django_db(transaction=True)


def current(page: str) -> str:
    """The address of the entry that the navigation marks."""
    marked = [part for part in page.split("<a ") if 'aria-current="page"' in part.split(">")[0]]
    return marked[0].split('href="')[1].split('"')[0]


def test_a_debtor_finds_a_debt_under_its_own_section_and_the_creditor_under_receivables() -> None:
    seller, buyer = make.creditor(), make.debtor()
    done, waiting = make.confirmed(seller, buyer), make.pending(seller, buyer)

    sections = {
        (who, row.pk): current(text_of(desk(firm), f"/receivables/{row.public_no}/"))
        for who, firm in (("seller", seller), ("buyer", buyer))
        for row in (done, waiting)
    }

    assert sections == {
        ("seller", done.pk): reverse("receivables:claims"),
        ("seller", waiting.pk): reverse("receivables:claims"),
        ("buyer", done.pk): reverse("receivables:debts"),
        ("buyer", waiting.pk): reverse("receivables:confirmations"),
    }


def test_nobody_without_an_organisation_has_a_debt() -> None:
    assert section_of(Receivable(debtor_id=None), None) == reverse("receivables:claims")


def test_the_check_code_stands_on_the_page_and_changes_with_the_version() -> None:
    seller, buyer = make.creditor(), make.debtor()
    row = make.confirmed(seller, buyer)

    page = text_of(desk(buyer), f"/receivables/{row.public_no}/")
    code = check_code(row)
    row.version += 1

    assert code in page
    assert check_code(row) != code
