"""The pages of receivables as a creditor, a debtor and a stranger meet them, without a browser and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from receivables import actions
from receivables.models import PayableLine, Receivable
from receivables.states import State
from tests.factories import receivables as make
from tests.receivables.city import approved, booked, desk, evidence, form_of, post, text_of
from yingshou.approvals.models import Approval
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Duty, acting_as

pytestmark = pytest.mark.django_db


def pages_of_creditor(seller: Organisation, buyer: Organisation) -> Iterator[str]:
    """Every page that a creditor's maker can open."""
    pending, draft = make.pending(seller, buyer), make.drafted(seller, buyer)
    done = make.confirmed(seller, buyer)
    yield from ("/receivables/", "/receivables/?state=draft", "/receivables/new/", "/receivables/disputes/")
    yield from (f"/receivables/new/?kind={kind}" for kind in ("S1", "S2", "S3", "S4", "S5"))
    yield from (f"/receivables/{row.public_no}/" for row in (pending, draft, done))
    yield from (f"/receivables/{draft.public_no}/edit/", f"/receivables/{draft.public_no}/check/")
    yield f"/receivables/{done.public_no}/dispute/"
    yield f"/receivables/?number={pending.public_no}&party={buyer.name[2:5]}&contract=HT&amount_from=1&due_to=2030-01-01"


def pages_of_debtor(seller: Organisation, buyer: Organisation) -> Iterator[str]:
    """Every page that a debtor's maker can open."""
    agreeing, differing, done = (make.pending(seller, buyer) for _number in range(3))
    booked(buyer, seller, agreeing)
    booked(buyer, seller, differing, less="10.00", later=4)
    yield from ("/payables/confirm/", "/payables/confirm/?step=checking", "/payables/confirm/?match=DIFFERS")
    yield from ("/payables/", "/payables/book/", "/payables/new/", "/receivables/disputes/")
    yield from (f"/payables/confirm/item/{row.public_no}/" for row in (agreeing, differing, done))
    yield f"/receivables/{agreeing.public_no}/"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_in_both_languages_with_few_statements(
    parties: tuple[Organisation, Organisation], language: str
) -> None:
    seller, buyer = parties
    creditor, debtor = desk(seller, language=language), desk(buyer, language=language)

    for path in pages_of_creditor(seller, buyer):
        assert f'<html lang="{"en" if language == "en" else "zh-Hans"}"' in text_of(creditor, path)
    for path in pages_of_debtor(seller, buyer):
        assert "<h1>" in text_of(debtor, path)


def test_a_list_costs_the_same_for_two_rows_and_for_twenty(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    counts = []
    for more in (2, 18):
        for _number in range(more):
            make.pending(seller, buyer)
        creditor.client.get("/receivables/")
        with CaptureQueriesContext(connection) as seen:
            assert creditor.client.get("/receivables/").status_code == 200
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_a_foreign_receivable_answers_like_none(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    stranger = desk(make.creditor())

    for path in ("/receivables/{}/", "/receivables/{}/edit/", "/receivables/{}/check/", "/payables/confirm/item/{}/"):
        foreign = stranger.client.get(path.format(row.public_no))
        missing = stranger.client.get(path.format("AR20261120000000000"))
        assert foreign.status_code == missing.status_code == 404
        assert plain(foreign, row.public_no) == plain(missing, "AR20261120000000000")


def plain(response: Any, number: str) -> str:
    """A page without what differs by itself: tokens and its own address."""
    body = response.content.decode().replace(number, "")
    body = re.sub(r"\b[0-9a-f]{32}\b", "", body)
    return re.sub(r'name="(csrfmiddlewaretoken|idempotency_key)" value="[^"]*"', "", body)


def test_the_suppliers_draft_is_hidden_from_the_debtor(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    draft = make.drafted(seller, buyer)

    assert desk(buyer).client.get(f"/receivables/{draft.public_no}/").status_code == 404


def test_a_viewer_reads_but_is_offered_no_act(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    viewer = desk(buyer, Duty.VIEWER)

    listing = text_of(viewer, "/payables/confirm/")
    item = text_of(viewer, f"/payables/confirm/item/{row.public_no}/")
    refused = post(viewer, "/payables/confirm/confirm/", id=row.pk)

    assert 'form="selection"' not in listing
    assert "/payables/confirm/confirm/" not in item
    assert refused.status_code == 403


# Entering


def entered(buyer: Organisation, **changes: object) -> dict[str, object]:
    """What a browser posts for a sale with one invoice and one document."""
    values: dict[str, object] = {
        "other_uscc": buyer.uscc,
        "contract_no": "HT-2026-0417",
        "face_amount": "11.3万",
        "maturity_kind": "EXISTING",
        "assignment_ban": "NONE",
        "delivery_date": "2026-11-01",
        "due_date": "2027年01月30日",
        "due_rule": "FIXED",
        "invoices-TOTAL_FORMS": "3",
        "invoices-INITIAL_FORMS": "0",
        "invoices-0-number": "00123456",
        "invoices-0-code": "3502261130",
        "invoices-0-issue_date": "2026-11-01",
        "invoices-0-net_amount": "100,000.00",
        "invoices-0-tax_amount": "13,000.00",
        "invoices-0-gross_amount": "113,000.00",
        "files-TOTAL_FORMS": "1",
        "files-INITIAL_FORMS": "0",
        "files-0-kind": "CONTRACT",
        "files-0-file": evidence(),
    }
    return values | changes


def test_a_claim_is_entered_checked_and_submitted_without_scripts(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)

    kept = post(creditor, "/receivables/new/?kind=S1", **entered(buyer))
    assert kept.status_code == 302, kept.content.decode()
    page = text_of(creditor, kept["Location"])
    action, fields = form_of(page, "/receivables/act/submit/")
    sent = creditor.client.post(action, fields)

    assert "壹拾壹万叁仟元整" in page
    assert "113,000.00" in page
    assert sent.status_code == 302
    assert "/receivables/asked/" in sent["Location"]
    with acting_as(make.job(seller)), transaction.atomic():
        row = Receivable.objects.get()
        assert row.state == State.DRAFT
        assert Approval.objects.get().action == "receivables.submit"
    assert "113,000.00" in text_of(creditor, sent["Location"])
    assert approved(seller, Approval).state == "APPROVED"
    with acting_as(make.job(seller)), transaction.atomic():
        assert Receivable.objects.get().state == State.PENDING_CONFIRM
    assert "合同.pdf" in text_of(desk(buyer), f"/payables/confirm/item/{row.public_no}/")


def test_bad_input_is_said_beside_the_field(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller, language="en")

    unread = post(creditor, "/receivables/new/", **entered(buyer, other_uscc="91350200", face_amount="12,34"))
    ruled = post(creditor, "/receivables/new/", **entered(buyer, face_amount="999.00"))

    assert unread.status_code == ruled.status_code == 422
    assert 'id="id_other_uscc_error"' in unread.content.decode()
    assert 'id="id_face_amount_error"' in unread.content.decode()
    assert "The invoices cover 113,000.00, the receivable says 999.00." in ruled.content.decode()
    with acting_as(make.job(seller)), transaction.atomic():
        assert not Receivable.objects.exists()


def test_a_returned_claim_is_corrected_under_its_number(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    kept = post(creditor, "/receivables/new/", **entered(buyer))
    number = kept["Location"].split("/")[2]
    with acting_as(make.job(seller)), transaction.atomic():
        row = Receivable.objects.get(public_no=number)
        actions.submit([row.pk], by=make.job(seller), at=make.AT)
    with acting_as(make.job(buyer)), transaction.atomic():
        decision = actions.Decision(row.pk, reason_code="DUE_DATE", comment="合同约定 120 天")
        actions.return_([decision], by=make.job(buyer), at=make.AT)

    page = text_of(creditor, f"/receivables/{number}/edit/")
    action, fields = form_of(page, "")
    fields["due_date"] = "2027-03-01"
    corrected = creditor.client.post(f"/receivables/{number}/edit/", fields)
    _action, again = form_of(text_of(creditor, corrected["Location"]), "/receivables/act/resubmit/")
    sent = creditor.client.post("/receivables/act/resubmit/", again)

    assert action == ""
    assert "合同约定 120 天" in page
    assert corrected.status_code == sent.status_code == 302
    with acting_as(make.job(seller)), transaction.atomic():
        row = Receivable.objects.get(public_no=number)
        assert row.due_date.isoformat() == "2027-03-01"
        assert row.evidence.count() == 1
        assert row.invoice_uses.filter(is_alive=True).count() == 1


def test_withdraw_and_undo_ask_before_they_act(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    pending, draft = make.pending(seller, buyer), make.drafted(seller, buyer)

    for name, row, state in (("withdraw", pending, State.WITHDRAWN), ("undo", draft, State.UNDONE)):
        asked = post(creditor, f"/receivables/act/{name}/", id=row.pk)
        assert asked.status_code == 200
        _action, fields = form_of(asked.content.decode(), f"/receivables/act/{name}/")
        assert creditor.client.post(f"/receivables/act/{name}/", fields).status_code == 302
        with acting_as(make.job(seller)), transaction.atomic():
            assert Receivable.objects.get(pk=row.pk).state == state


# Answering


def test_a_hundred_that_agree_take_four_clicks_from_home(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    rows = [make.pending(seller, buyer, face=f"{1000 + number}.00") for number in range(100)]
    for row in rows:
        booked(buyer, seller, row)
    debtor = desk(buyer)
    clicks = 0

    home = text_of(debtor, "/")
    link = re.search(r'href="(/payables/confirm/\?match=AGREES)"', home)
    assert link is not None
    listing = text_of(debtor, link.group(1))
    clicks += 1
    _action, fields = form_of(listing, "/payables/confirm/confirm/")
    fields["all"] = "1"
    clicks += 1
    asked = debtor.client.post("/payables/confirm/confirm/", fields)
    clicks += 1
    _action, said = form_of(asked.content.decode(), "/payables/confirm/confirm/")
    done = debtor.client.post("/payables/confirm/confirm/", said)
    clicks += 1

    assert clicks <= 4
    assert "¥\xa0104,950.00" in asked.content.decode()
    assert "壹拾万肆仟玖佰伍拾元整" in asked.content.decode()
    assert done.status_code == 302
    with acting_as(make.job(buyer)), transaction.atomic():
        approval = Approval.objects.get()
        assert (approval.action, approval.line_count) == ("receivables.confirm", 100)
    assert "100" in text_of(debtor, done["Location"])


def test_rows_that_agree_go_at_once_and_others_are_shown_first(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    agreeing, differing = make.pending(seller, buyer), make.pending(seller, buyer)
    booked(buyer, seller, agreeing)
    booked(buyer, seller, differing, less="10000.00")
    debtor = desk(buyer, language="en")

    asked = post(debtor, "/payables/confirm/confirm/", id=[agreeing.pk, differing.pk])
    _action, fields = form_of(asked.content.decode(), "/payables/confirm/confirm/")
    only = debtor.client.post("/payables/confirm/confirm/", {**fields, "only": "AGREES"})
    differs = post(debtor, "/payables/confirm/confirm/", id=differing.pk)

    assert asked.status_code == 200
    assert "10,000.00 less in our book" in asked.content.decode()
    assert only.status_code == 302
    with acting_as(make.job(buyer)), transaction.atomic():
        assert [line.object_id for line in Approval.objects.get().lines.all()] == [agreeing.pk]
    assert differs.status_code == 200


def test_one_that_agrees_is_submitted_in_one_click_and_only_once(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    booked(buyer, seller, row)
    debtor = desk(buyer)
    key = uuid4().hex

    sent = [debtor.client.post("/payables/confirm/confirm/", {"idempotency_key": key, "id": row.pk}) for _n in "ab"]
    again = post(debtor, "/payables/confirm/confirm/", id=row.pk)

    assert [one.status_code for one in sent] == [302, 302]
    assert sent[0]["Location"] == sent[1]["Location"]
    assert again.status_code == 200
    assert row.public_no in again.content.decode()
    with acting_as(make.job(buyer)), transaction.atomic():
        assert Approval.objects.count() == 1
    assert row.public_no in text_of(debtor, "/payables/confirm/?step=checking")
    assert row.public_no not in text_of(debtor, "/payables/confirm/")


@pytest.mark.parametrize(
    ("name", "event", "extra"),
    [
        ("part", "confirm_part", {"reason_code": "PARTLY_DISPUTED", "reason_text": ""}),
        ("return", "return", {"reason_code": "AMOUNT", "reason_text": "见验收单"}),
        ("refuse", "refuse", {"reason_code": "OTHER", "reason_text": "不是我方业务"}),
    ],
)
def test_every_no_needs_its_reason(
    parties: tuple[Organisation, Organisation], name: str, event: str, extra: dict[str, str]
) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    debtor = desk(buyer, language="en")
    part = {f"amount_{row.pk}": "100,000.00"} if name == "part" else {}

    bare = post(debtor, f"/payables/confirm/{name}/", id=row.pk, said="1", reason_code="", reason_text="", **part)
    named = post(debtor, f"/payables/confirm/{name}/", id=row.pk, said="1", **extra, **part)

    assert bare.status_code == 422
    assert "Choose a reason." in bare.content.decode()
    assert named.status_code == 302
    with acting_as(make.job(buyer)), transaction.atomic():
        approval = Approval.objects.get()
        assert approval.action == f"receivables.{event}"
        assert approval.lines.get().payload["reason_code"] == extra["reason_code"]


def test_a_part_above_the_claim_is_refused_with_its_reason(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    debtor = desk(buyer, language="en")

    answer = post(
        debtor, "/payables/confirm/part/", id=row.pk, said="1", reason_code="AMOUNT", **{f"amount_{row.pk}": "999999"}
    )

    assert answer.status_code == 422
    assert "999,999.00 cannot be confirmed" in answer.content.decode()


def test_what_changed_after_the_page_was_read_stays_behind(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    old, new = make.pending(seller, buyer), make.pending(seller, buyer, at=make.AT + timedelta(hours=2))
    withdrawn = make.pending(seller, buyer)
    for row in (old, new):
        booked(buyer, seller, row)
    debtor = desk(buyer, language="en")
    with acting_as(make.job(seller)), transaction.atomic():
        actions.withdraw([withdrawn.pk], by=make.job(seller), at=make.AT)

    seen = (make.AT + timedelta(hours=1)).isoformat()
    ids = [old.pk, new.pk, withdrawn.pk]
    asked = post(debtor, "/payables/confirm/confirm/", id=ids, seen_at=seen)
    _action, fields = form_of(asked.content.decode(), "/payables/confirm/confirm/")
    done = debtor.client.post("/payables/confirm/confirm/", fields)
    result = text_of(debtor, done["Location"])

    assert asked.status_code == 200
    assert "Somebody has changed this receivable since you opened it." in asked.content.decode()
    with acting_as(make.job(buyer)), transaction.atomic():
        assert [line.object_id for line in Approval.objects.get().lines.all()] == [old.pk]
    assert withdrawn.public_no in result
    assert "Not done" in result


def test_nothing_selected_is_said(parties: tuple[Organisation, Organisation]) -> None:
    debtor = desk(parties[1], language="en")

    answer = post(debtor, "/payables/confirm/confirm/")

    assert answer.status_code == 302
    assert "No row is selected." in text_of(debtor, answer["Location"])


# The book, publishing, acknowledging


def test_a_payable_is_published_and_acknowledged(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    debtor, creditor = desk(buyer), desk(seller)

    kept = post(debtor, "/payables/new/", **entered(seller))
    assert kept.status_code == 302, kept.content.decode()
    _action, fields = form_of(text_of(debtor, kept["Location"]), "/payables/act/publish/")
    assert debtor.client.post("/payables/act/publish/", fields).status_code == 302
    approved(buyer, Approval)
    listing = text_of(creditor, "/receivables/?state=published")
    with acting_as(make.job(seller)), transaction.atomic():
        row = Receivable.objects.get()
    sent = post(creditor, "/receivables/act/acknowledge/", id=row.pk)

    assert row.state == State.CONFIRMED
    assert row.public_no in listing
    assert sent.status_code == 302
    approved(seller, Approval)
    with acting_as(make.job(seller)), transaction.atomic():
        assert Receivable.objects.get().acknowledged_at is not None


def test_the_book_is_its_owners_alone(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.pending(seller, buyer)
    booked(buyer, seller, row, less="5.00")

    own = text_of(desk(buyer), "/payables/book/")
    sheet = text_of(desk(seller), f"/receivables/{row.public_no}/")

    assert seller.name in own
    assert "112,995.00" in own
    assert "112,995.00" not in sheet
    assert desk(seller).client.get("/payables/book/").status_code == 403
    with acting_as(make.job(seller)), transaction.atomic():
        assert not PayableLine.objects.exists()


# Disputes
