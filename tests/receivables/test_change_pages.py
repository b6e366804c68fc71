"""The pages of an agreed change as both sides meet them, without a browser and without scripts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from receivables import ledger
from receivables.ledger import Ask
from receivables.models import ChangeRequest, Receivable
from receivables.rules.changes import terms_of
from tests.factories import identity
from tests.factories import receivables as make
from tests.receivables.city import Desk, approved, desk, form_of, post, text_of
from yingshou.approvals.models import Approval
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Capability, Duty, acting_as

pytestmark = pytest.mark.django_db

Parties = tuple[Organisation, Organisation]


@pytest.fixture
def row(parties: Parties) -> Receivable:
    """A confirmed receivable of 113,000."""
    return make.confirmed(*parties)


def sent(at: Desk, path: str, action: str, **changed: str) -> Any:
    """The form of a page, sent as a browser would with some fields overwritten."""
    _where, fields = form_of(text_of(at, path), action)
    return at.client.post(action or path, {**fields, **changed})


def submitted(at: Desk, path: str, **changed: str) -> Any:
    """A proposal, looked at once more and submitted."""
    seen = sent(at, path, "", **changed)
    assert seen.status_code == 200, seen.content.decode()
    _where, fields = form_of(seen.content.decode(), "")
    return at.client.post(path, fields)


def one_of(row: Receivable) -> ChangeRequest:
    """The newest proposal about the receivable."""
    with acting_as(make.job(row.creditor_id)), transaction.atomic():
        return ChangeRequest.objects.filter(receivable=row).order_by("-pk")[0]


def test_both_sides_go_the_whole_way(parties: Parties, row: Receivable) -> None:
    creditor, debtor = (desk(one, Duty.MAKER) for one in parties)
    path, page = f"/receivables/{row.public_no}/change/", f"/receivables/{row.public_no}/"
    assert path in text_of(creditor, page)

    seen = sent(creditor, path, "", amount="100,000.00", due_date="2027-03-31", reason_code="TERMS_AGREED")
    looked = seen.content.decode()
    assert ("113,000.00" in looked, "壹拾万元整" in looked, "第五百四十三条" in looked) == (True, True, True)
    result = submitted(creditor, path, amount="100,000.00", due_date="2027-03-31", reason_code="TERMS_AGREED")
    assert "/receivables/asked/" in result.url
    assert "到期日" in text_of(creditor, f"/approvals/{approval_of(result.url)}/"), "the checker reads what changes"
    assert "/receivables/changes/1" not in text_of(debtor, page), "nothing shows before the checker"
    approved(parties[0], Approval)

    one = one_of(row)
    answer = f"/receivables/changes/{one.pk}/"
    assert answer in text_of(debtor, "/")
    assert answer in text_of(debtor, page)
    assert answer in text_of(debtor, "/payables/")
    assert answer in text_of(debtor, "/receivables/changes/?state=open")
    assert f"{answer}withdraw/" in text_of(creditor, answer)
    shown = text_of(debtor, answer)
    assert ("2027-03-31" in shown, f"{answer}withdraw/" in shown) == (True, False)
    agreed = sent(debtor, answer, f"{answer}accept/")
    assert "/receivables/asked/" in agreed.url
    assert answer not in text_of(debtor, "/"), "it is with the checker now"
    approved(parties[1], Approval)

    story = text_of(creditor, page)
    assert ("113,000.00 → 100,000.00" in story, "2027-01-30 → 2027-03-31" in story) == (True, True)
    assert one_of(row).state == "ACCEPTED"


def approval_of(url: str) -> int:
    """The submission that a result page speaks of."""
    return int(url.split("/asked/")[1].split("/", maxsplit=1)[0])


def test_a_debtor_proposes_in_english_and_the_creditor_refuses(parties: Parties, row: Receivable) -> None:
    creditor, debtor = (desk(one, Duty.MAKER, language="en") for one in parties)
    path = f"/receivables/{row.public_no}/change/"
    submitted(debtor, path, due_date="2027-02-28", reason_code="OTHER", reason_text="Delivered late")
    approved(parties[1], Approval)
    answer = f"/receivables/changes/{one_of(row).pk}/"

    without = sent(creditor, answer, f"{answer}refuse/")
    assert (without.status_code, "Choose a reason" in without.content.decode()) == (422, True)
    sent(creditor, answer, f"{answer}refuse/", reason_code="PAPER_MISSING")
    assert "An answer waits for your checker" in text_of(creditor, answer)
    approved(parties[0], Approval)
    assert "Send the supplementary agreement" in text_of(debtor, answer)
    assert one_of(row).state == "REFUSED"


def test_the_proposer_takes_it_back(parties: Parties, row: Receivable) -> None:
    one = make.proposed(row, make.job(parties[0]), due_date=date(2027, 3, 31))
    creditor, debtor = (desk(of, Duty.MAKER) for of in parties)
    answer = f"/receivables/changes/{one.pk}/"

    assert post(debtor, f"{answer}withdraw/").status_code == 403
    assert sent(creditor, answer, f"{answer}withdraw/").url == answer
    assert one_of(row).state == "WITHDRAWN"
    assert "accept/" not in text_of(debtor, answer)


def test_errors_stand_at_their_fields(parties: Parties, row: Receivable) -> None:
    creditor = desk(parties[0], Duty.MAKER, language="en")
    path = f"/receivables/{row.public_no}/change/"

    unchanged = sent(creditor, path, "", reason_code="TERMS_AGREED")
    above = sent(creditor, path, "", amount="113,000.01", reason_code="TERMS_AGREED")
    nothing = sent(creditor, path, "", due_date="")
    stale = sent(creditor, path, "", version="1", due_date="2027-02-01", reason_code="TERMS_AGREED")
    again = sent(creditor, path, "", due_date="2027-02-01", reason_code="TERMS_AGREED", again="1")

    assert [one.status_code for one in (unchanged, above, nothing, stale, again)] == [422, 422, 422, 422, 200]
    assert "None of the terms would change" in unchanged.content.decode()
    assert "#id_amount" in above.content.decode()
    assert "#id_due_date" in nothing.content.decode()
    assert "Somebody has changed this receivable" in stale.content.decode()
    assert 'value="2027-02-01"' in again.content.decode()


def test_what_a_funder_holds_is_said_and_locked(parties: Parties, row: Receivable) -> None:
    funder, by = identity.organisation(Capability.BANK), make.job(parties[0])
    with acting_as(by):
        ledger.reserve([Ask(row.pk, funder.pk, Decimal("80000.00"))], reference_type="test", by=by, at=make.AT)
    creditor = desk(parties[0], Duty.MAKER, language="en")
    path = f"/receivables/{row.public_no}/change/"

    form = text_of(creditor, path)
    tried = sent(creditor, path, "", amount="1.00", contract_no="HT-2", reason_code="ENTERED_WRONGLY")

    assert ("80,000.00" in form, "article 765" in form, "disabled" in form) == (True, True, True)
    assert tried.status_code == 200
    assert "113,000.00" in tried.content.decode(), "a figure sent for a locked field is not heard"


@pytest.mark.parametrize("kind", ["pending", "proposed", "checking"])
def test_a_button_that_does_not_go_says_why(parties: Parties, kind: str) -> None:
    creditor = desk(parties[0], Duty.MAKER, language="en")
    row = make.pending(*parties) if kind == "pending" else make.confirmed(*parties)
    path = f"/receivables/{row.public_no}/change/"
    said = "Only what is confirmed"
    if kind == "proposed":
        make.proposed(row, make.job(parties[1]), due_date=date(2027, 3, 31))
        said = "proposed already"
    if kind == "checking":
        submitted(creditor, path, due_date="2027-03-31", reason_code="TERMS_AGREED")
        said = "waits for checking"

    form, page = text_of(creditor, path), text_of(creditor, f"/receivables/{row.public_no}/")
    assert said in form
    assert kind == "pending" or said in page
    assert f'href="{path}"' not in page


def test_who_may_only_read_sees_why(parties: Parties, row: Receivable) -> None:
    one = make.proposed(row, make.job(parties[0]), due_date=date(2027, 3, 31))
    viewer = desk(parties[1], Duty.VIEWER, language="en")

    page = text_of(viewer, f"/receivables/changes/{one.pk}/")

    assert ("your duties let you read" in page, "accept/" in page) == (True, False)
    assert viewer.client.get(f"/receivables/{row.public_no}/change/").status_code == 403


def test_a_third_party_finds_nothing(parties: Parties, row: Receivable) -> None:
    one = make.proposed(row, make.job(parties[0]), due_date=date(2027, 3, 31))
    stranger = desk(make.creditor(), Duty.MAKER)

    for path in (f"/receivables/changes/{one.pk}/", f"/receivables/{row.public_no}/change/"):
        assert stranger.client.get(path).status_code == 404
    for verb in ("accept", "refuse", "withdraw"):
        assert post(stranger, f"/receivables/changes/{one.pk}/{verb}/", version="2").status_code == 404
    assert row.public_no not in text_of(stranger, "/receivables/changes/")


def test_what_lapsed_says_so(parties: Parties, row: Receivable) -> None:
    wish = replace(terms_of(row), due_date=date(2027, 3, 31))
    one = make.proposed(row, make.job(parties[0]), due_date=wish.due_date)
    with acting_as(make.job(parties[0])), transaction.atomic():
        ChangeRequest.objects.filter(pk=one.pk).update(expires_on=one.expires_on - timedelta(days=400))
    debtor = desk(parties[1], Duty.MAKER, language="en")
    answer = f"/receivables/changes/{one.pk}/"

    late = sent(debtor, answer, f"{answer}accept/")
    assert (late.status_code, "silence is not agreement" in late.content.decode()) == (422, True)
