"""Fields of our own: what people type, and what they are told when it cannot be read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.test import RequestFactory
from django.utils import translation
from django_cotton import render_component

from yingshou.ui.forms import AmountField, DateField, ReasonField


class Sample(forms.Form):
    """One of each."""

    amount = AmountField(label="Amount")
    due = DateField(label="Due", required=False)
    reason = ReasonField([("PRICE", "Price"), ("OTHER", "Other")], required=False)


def bound(**data: str) -> Sample:
    return Sample({"amount": "1"} | data)


@pytest.mark.parametrize(
    ("text", "value"),
    [("113,000.00", "113000"), ("12.5万", "125000"), ("¥ 1,234.50", "1234.50"), ("１２３", "123")],
)
def test_amounts_are_read_as_people_write_them(text: str, value: str) -> None:
    form = bound(amount=text)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == Decimal(value)


@pytest.mark.parametrize("text", ["", "1,13000", "abc", "1e5", "1.005"])
def test_what_is_no_amount_is_refused_with_a_reason(text: str) -> None:
    assert bound(amount=text).errors["amount"]


@pytest.mark.parametrize("text", ["2026-11-18", "2026/11/18", " 20261118 ", "2026年11月18日"])
def test_days_are_read_as_people_write_them(text: str) -> None:
    form = bound(due=text)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["due"] == date(2026, 11, 18)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_days_and_amounts_are_shown_alike_in_both_languages(language: str) -> None:
    with translation.override(language):
        html = str(Sample(initial={"amount": Decimal("113000"), "due": date(2027, 1, 30)}))
    assert 'value="2027-01-30"' in html
    assert 'value="113,000.00"' in html


class Refusal(forms.Form):
    """A required reason."""

    reason = ReasonField([("PRICE", "Price"), ("OTHER", "Other")])


@pytest.mark.parametrize(
    ("data", "cleaned"),
    [
        ({"reason_code": "PRICE"}, ("PRICE", "")),
        ({"reason_code": "OTHER", "reason_text": " late "}, ("OTHER", "late")),
    ],
)
def test_a_reason_is_a_code_and_words(data: dict[str, str], cleaned: tuple[str, str]) -> None:
    form = Refusal(data)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["reason"] == cleaned


@pytest.mark.parametrize(
    "data", [{}, {"reason_text": "late"}, {"reason_code": "OTHER"}, {"reason_code": "NO-SUCH-CODE"}]
)
def test_a_reason_without_code_or_needed_words_is_refused(data: dict[str, str]) -> None:
    assert Refusal(data).errors["reason"]


def test_an_optional_reason_may_be_empty() -> None:
    form = bound()
    assert form.is_valid()
    assert form.cleaned_data["reason"] == ("", "")


def rendered(form: forms.Form) -> str:
    html: str = render_component(RequestFactory().get("/"), "form", {"form": form, "submit": "Send"})
    return html


def key_of(html: str) -> Any:
    return html.split('name="idempotency_key" value="')[1].split('"', maxsplit=1)[0]


def test_a_form_carries_a_new_key_until_it_is_posted() -> None:
    fresh = rendered(Refusal())

    assert len(key_of(fresh)) == 32
    assert key_of(fresh) != key_of(rendered(Refusal()))
    assert key_of(rendered(Refusal({"idempotency_key": "kept"}))) == "kept"


def test_errors_are_listed_and_lead_to_their_fields() -> None:
    html = rendered(Refusal({"reason_code": "OTHER"}))

    assert 'href="#id_reason_0"' in html
    assert 'id="id_reason_0"' in html
    assert 'aria-invalid="true"' in html
