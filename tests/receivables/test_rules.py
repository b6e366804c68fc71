"""The checks of the form, one by one, and that SQL computes the same keys as Python."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from receivables import fingerprints
from receivables.actions.entry import line_key
from receivables.imports.columns import digest_sql, line_key_sql
from receivables.rules import claims
from receivables.rules.draft import Circumstances, ClaimDraft, EvidenceDraft
from tests.factories import receivables as make
from yingshou.identity.models import Organisation
from yingshou.kernel.identifiers import invoice_key
from yingshou.tenancy.actor import Actor, acting_as

TODAY = date(2026, 11, 20)
OWN = Organisation(uscc="91350200MA31T0E510", name="供应商", size=30, state="VERIFIED", verified_at=make.AT)
BUYER = Organisation(uscc="911100001000012388", name="核心企业", size=10, state="VERIFIED", is_public_body=True)
AROUND = Circumstances(today=TODAY, own=OWN, creditor=OWN, debtor=BUYER, lending_rate=Decimal("0.0300"))
S3 = [
    "approval_no",
    "concession_contract_no",
    "grantor",
    "right_from",
    "right_to",
    "fee_standard",
    "expected_annual_income",
]


def codes(draft: ClaimDraft, around: Circumstances = AROUND, severity: str | None = None) -> set[str]:
    return {one.code for one in claims.check(draft, around) if severity in (None, one.severity)}


def test_a_good_claim_has_no_finding() -> None:
    draft = make.draft(BUYER, due_date=date(2026, 12, 20))

    assert claims.check(draft, AROUND) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"face_amount": Decimal("0.00"), "invoices": ()}, "RCV-001", "error"),
        ({"due_date": date(2026, 10, 31)}, "RCV-002", "error"),
        ({"other_uscc": "91350100M000100Y4Z"}, "RCV-003", "error"),
        ({"other_uscc": OWN.uscc}, "RCV-004", "error"),
        ({"invoices": (make.invoice("112999.99"),)}, "RCV-005", "error"),
        ({"invoices": (make.invoice(used_amount=Decimal("113000.01")),)}, "RCV-005", "error"),
        ({"invoices": (make.invoice(currency="USD"),)}, "RCV-006", "error"),
        ({"due_date": date(2026, 11, 19)}, "RCV-008", "error"),
        ({"due_date": date(2026, 11, 19), "past_due_reason": "迟报"}, "RCV-008", "warning"),
        ({"kind": "X", "invoices": ()}, "RCV-011", "error"),
        ({"assignment_ban": "LAW_BAN"}, "RCV-011", "error"),
        ({"kind": "S3", "particulars": dict.fromkeys(S3, "x")}, "RCV-012", "warning"),
        ({"kind": "S3"}, "RCV-026", "error"),
        ({"kind": "S4"}, "RCV-026", "error"),
        ({"kind": "S2"}, "RCV-026", "error"),
        ({"face_amount": Decimal(10**15) + 1, "invoices": ()}, "RCV-017", "error"),
        ({"late_rate": Decimal("0.029")}, "RCV-018", "warning"),
        ({"due_date": date(2026, 12, 31)}, None, None),
        ({"due_date": date(2027, 1, 1)}, "RCV-019", "warning"),
        ({"delivery_date": None}, "RCV-024", "error"),
        ({"due_date": None}, "RCV-025", "error"),
        ({"invoices": ()}, "RCV-027", "error"),
        ({"retention_amount": Decimal("113000.01")}, "RCV-028", "error"),
        ({"contract_no": " "}, "RCV-029", "error"),
        ({"assignment_ban": "CONTRACT_BAN"}, "RCV-030", "warning"),
        ({"invoices": (make.invoice(net_amount=Decimal("1.00")),)}, "INV-002", "error"),
        ({"invoices": (make.invoice(number="25352000000012345678", code=""),)}, "INV-004", "error"),
        ({"invoices": (make.invoice(issue_date=date(2026, 11, 21)),)}, "INV-008", "error"),
    ],
)
def test_each_rule_speaks(changes: dict[str, Any], code: str | None, severity: str | None) -> None:
    draft = make.draft(BUYER, **({"due_date": date(2026, 12, 20)} | changes))

    if code is None:
        assert claims.check(draft, AROUND) == []
    else:
        assert code in codes(draft, severity=severity)
        finding = next(one for one in claims.check(draft, AROUND) if one.code == code)
        assert finding.as_dict()["message_en"]
        assert finding.place


def test_a_proof_of_delivery_stands_for_the_invoice() -> None:
    draft = make.draft(BUYER, due_date=date(2026, 12, 20), invoices=(), evidence=(EvidenceDraft(1, "ACCEPTANCE"),))

    assert codes(draft) == set()


def test_an_unknown_debtor_warns_and_an_unverified_creditor_is_refused() -> None:
    unverified = Organisation(uscc=OWN.uscc, state="PENDING_VERIFICATION")
    around = Circumstances(today=TODAY, own=unverified, creditor=unverified, debtor=None)
    draft = make.draft(BUYER, due_date=date(2026, 12, 20))

    assert codes(draft, around, "warning") == {"RCV-010"}
    assert codes(draft, around, "error") == {"RCV-009"}


def test_submission_needs_a_document() -> None:
    draft = make.draft(BUYER, due_date=date(2026, 12, 20), evidence=())

    assert [one.code for one in claims.check_for_submission(draft, AROUND)] == ["RCV-007"]


def test_the_due_date_follows_from_rule_and_term() -> None:
    draft = make.draft(BUYER, due_date=None, due_rule="DELIVERY", payment_term_days=60, delivery_date=date(2026, 1, 31))

    assert draft.due == date(2026, 4, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "number"),
    [("", "26352000000012345678"), ("3502261130", "00000012"), ("", "00000012"), ("350226113012", "99999999")],
)
def test_sql_and_python_agree_on_the_fingerprint(code: str, number: str) -> None:
    with acting_as(Actor.system("test")), connection.cursor() as cursor:
        cursor.execute("select receivables_invoice_key(%s, %s, %s)", [code, number, OWN.uscc])
        assert cursor.fetchone()[0] == invoice_key(code, number, OWN.uscc)
        cursor.execute(f"select {digest_sql('%s', '%s', '%s')}", [code, number, OWN.uscc])
        assert bytes(cursor.fetchone()[0]) == fingerprints.digest(code, number, OWN.uscc)


@pytest.mark.django_db
def test_sql_and_python_agree_on_the_line() -> None:
    draft = make.draft(BUYER)
    (paper,) = draft.invoices
    with acting_as(Actor.system("test")), connection.cursor() as cursor:
        cursor.execute(
            f"select {line_key_sql('debtor_uscc', 'face', 'due')} from (select %s as debtor_uscc, %s as contract_no, "
            "%s as invoice_code, %s as invoice_number, %s::bigint as face, %s::date as due) r",
            [draft.other_uscc, draft.contract_no, paper.code, paper.number, 11_300_000, draft.due],
        )
        assert cursor.fetchone()[0] == line_key(draft)
