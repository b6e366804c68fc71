"""The error family: what people read, what machines read, and what survives the way to another process."""

import json
import pickle
from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from yingshou.kernel.errors import Conflict, DomainError, Finding, Invalid, NotAllowed, NotVisible, StaleVersion, fill


class AmountAboveFace(Invalid):
    code = "TEST-001"
    message = _("%(confirmed)s is more than the face amount %(face)s on %(day)s.")
    cure = _("Confirm at most %(face)s.")


def above_face() -> AmountAboveFace:
    return AmountAboveFace(
        place="AR-1", confirmed=Decimal("1234567.50"), face=Decimal("1000000.00"), day=date(2026, 3, 31)
    )


@pytest.mark.parametrize(
    ("kind", "status"), [(Invalid, 422), (NotAllowed, 403), (Conflict, 409), (NotVisible, 404), (StaleVersion, 409)]
)
def test_parent_fixes_the_status(kind: type[DomainError], status: int) -> None:
    assert kind().status == status


def test_message_and_cure_are_filled_with_readable_values() -> None:
    with override("en"):
        error = above_face()

        assert error.message_text == "1,234,567.50 is more than the face amount 1,000,000.00 on 2026-03-31."
        assert error.cure_text == "Confirm at most 1,000,000.00."
        assert str(error) == f"TEST-001 (AR-1): {error.message_text}"


def test_as_dict_is_json_with_both_languages_whatever_language_is_active() -> None:
    with override("en"):
        english = above_face().as_dict()
    with override("zh-hans"):
        chinese = above_face().as_dict()

    assert json.loads(json.dumps(english)) == chinese
    assert set(english) == {"code", "place", "message_zh", "message_en", "cure_zh", "cure_en", "params"}
    assert english["message_en"].startswith("1,234,567.50 is more")
    assert english["params"] == {"confirmed": "1234567.50", "face": "1000000.00", "day": "2026-03-31"}


def test_a_parameter_that_the_text_needs_cannot_be_forgotten() -> None:
    with pytest.raises(TypeError, match="day"):
        AmountAboveFace(confirmed=Decimal(1), face=Decimal(1))


def test_an_error_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(above_face()))

    assert type(copy) is AmountAboveFace
    assert copy.as_dict() == above_face().as_dict()


def test_a_finding_says_what_the_error_says() -> None:
    finding = above_face().as_finding("warning")

    assert not finding.is_error
    assert finding.as_dict() == {**above_face().as_dict(), "severity": "warning"}
    assert finding.message_text == above_face().message_text
    assert finding.cure_text == above_face().cure_text


def test_lists_and_lazy_texts_are_translated_when_they_are_read() -> None:
    finding = Finding(
        code="X", message=_("One of %(states)s."), params={"states": [_("Delivered"), "B"], "label": _("C")}
    )

    assert finding.message_text.endswith("Delivered, B.")
    assert finding.as_dict()["params"] == {"states": ["Delivered", "B"], "label": "C"}


def test_a_lone_percent_sign_needs_no_doubling_without_parameters() -> None:
    assert fill("less than 20 %", {}) == "less than 20 %"
    assert fill("%(part)s of 20 %%", {"part": 3}) == "3 of 20 %"
