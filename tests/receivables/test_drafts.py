"""The entry of one claim saves itself: kept while incomplete, with its files, found again, sent once, gone when sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from receivables.models import Evidence, Receivable
from tests.factories import identity
from tests.factories import receivables as make
from tests.receivables.city import Desk, desk, evidence, form_of, text_of
from tests.receivables.test_pages import entered
from yingshou.documents import sorting
from yingshou.documents.models import StoredFile
from yingshou.drafts.models import FormDraft
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db
NEW = "/receivables/new/?kind=S1"
JSON = {"accept": "application/json"}


def opened(at: Desk, path: str = NEW) -> dict[str, Any]:
    """The form as a browser would send it."""
    return form_of(text_of(at, path), "")[1]


def drafts_of(at: Desk) -> list[FormDraft]:
    """What this person has begun."""
    with acting_as(actor_of(at.membership, "test")), transaction.atomic():
        return list(FormDraft.objects.order_by("pk"))


def claims_of(of: Organisation) -> list[Receivable]:
    with acting_as(make.job(of)), transaction.atomic():
        return list(Receivable.objects.filter(creditor_id=of.pk))


def test_an_incomplete_entry_is_kept_by_its_script_and_found_again(
    parties: tuple[Organisation, Organisation],
) -> None:
    seller, _buyer = parties
    creditor = desk(seller, language="en")
    form = opened(creditor)

    saved = creditor.client.post(
        "/drafts/save/",
        form | {"contract_no": "HT-1", "face_amount": "12,34", "invoices-2-number": "007"},
        headers=JSON,
    )
    again = text_of(creditor, NEW)
    fields = form_of(again, "")[1]

    assert saved.json()["words"].startswith("Saved ")
    assert saved.json()["revision"] == 1
    assert "Your draft of " in again
    assert (fields["contract_no"], fields["face_amount"], fields["invoices-2-number"]) == ("HT-1", "12,34", "007")
    assert fields["idempotency_key"] == form["idempotency_key"]
    assert "Your draft of " not in text_of(creditor, "/receivables/new/?kind=S2")
    assert "Your draft of " not in text_of(creditor, "/receivables/new/?kind=S1&fresh=1")
    home = text_of(creditor, "/")
    assert "Go on with entries begun" in home
    assert "HT-1" in text_of(creditor, "/drafts/")
    assert claims_of(seller) == []


def test_without_scripts_a_button_keeps_it_and_goes_away(parties: tuple[Organisation, Organisation]) -> None:
    seller, _buyer = parties
    creditor = desk(seller, language="en")
    form = opened(creditor)

    page = text_of(creditor, NEW)
    assert 'formaction="/drafts/save/"' in page
    kept = creditor.client.post(
        "/drafts/save/", form | {"contract_no": "HT-2", "is_related_party": "on", "files-0-file": evidence()}
    )
    listed = text_of(creditor, kept["Location"])
    again = text_of(creditor, NEW)
    fields = form_of(again, "")[1]

    assert kept["Location"] == "/receivables/"
    assert "Your draft is kept until" in listed
    assert fields["contract_no"] == "HT-2"
    assert fields["is_related_party"] == "on"
    assert "合同.pdf" in again
    assert fields["draft_kept"] == "files-0-file"


def test_a_correction_opens_with_what_was_typed_not_with_what_is_stored(
    parties: tuple[Organisation, Organisation],
) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    row = make.drafted(seller, buyer)
    path = f"/receivables/{row.public_no}/edit/"
    form = opened(creditor, path)

    creditor.client.post("/drafts/save/", form | {"contract_no": "", "invoices-0-number": "99"}, headers=JSON)
    fields = opened(creditor, path)

    assert (fields["contract_no"], fields["invoices-0-number"]) == ("", "99")
    assert drafts_of(creditor)[0].subject == row.public_no


def test_files_chosen_in_a_form_with_errors_are_kept_and_sent_with_it(
    parties: tuple[Organisation, Organisation],
) -> None:
    seller, buyer = parties
    creditor = desk(seller, language="en")
    form = opened(creditor)
    wrong = form | entered(buyer, other_uscc="9135")

    refused = creditor.client.post(NEW, wrong)
    page = refused.content.decode()
    _action, shown = form_of(page, "")
    assert refused.status_code == 422
    assert "合同.pdf" in page
    assert shown["draft_kept"] == "files-0-file"
    assert [one.files.keys() for one in drafts_of(creditor)] == [{"files-0-file"}]
    corrected = creditor.client.post(NEW, shown | {"other_uscc": buyer.uscc})

    assert corrected.status_code == 302, corrected.content.decode()
    row = claims_of(seller)[0]
    with acting_as(make.job(seller)), transaction.atomic():
        held = Evidence.objects.get(receivable=row)
        assert StoredFile.objects.get(pk=held.file_id).name == "合同.pdf"
    assert drafts_of(creditor) == []


def test_a_kept_file_is_taken_off_without_scripts(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller, language="en")
    page = creditor.client.post(NEW, opened(creditor) | entered(buyer, other_uscc="9135")).content.decode()

    off = creditor.client.post("/drafts/save/", form_of(page, "")[1] | {"draft_remove": "files-0-file"})
    again = text_of(creditor, off["Location"])

    assert off["Location"].startswith(f"{NEW}&draft=")
    assert "合同.pdf" not in again
    assert form_of(again, "")[1]["contract_no"] == "HT-2026-0417"
    assert drafts_of(creditor)[0].files == {}


def test_a_refused_file_is_said_beside_its_line(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller, language="en")
    program = SimpleUploadedFile("contract.pdf", b"MZ\x90\x00" + b"\x00" * 80)

    refused = creditor.client.post(NEW, opened(creditor) | entered(buyer) | {"files-0-file": program})

    assert refused.status_code == 422
    assert "is not one of the types accepted here" in refused.content.decode()
    assert "Document 1 – File:" in refused.content.decode()
    assert claims_of(seller) == []


def test_a_file_that_is_kept_no_more_is_asked_for_again(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller, language="en")
    page = creditor.client.post(NEW, opened(creditor) | entered(buyer, other_uscc="9135")).content.decode()
    shown = form_of(page, "")[1] | {"other_uscc": buyer.uscc}
    creditor.client.post("/drafts/discard/", {"draft_key": shown["idempotency_key"]})

    answer = creditor.client.post(NEW, shown)

    assert answer.status_code == 422
    assert "This file is no longer kept. Choose it again." in answer.content.decode()
    assert claims_of(seller) == []


def test_sending_twice_makes_one_claim_and_a_late_saving_no_draft(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    values = opened(creditor) | entered(buyer)

    def again() -> dict[str, Any]:
        return values | {"files-0-file": evidence()}

    first = creditor.client.post(NEW, again())
    second = creditor.client.post(NEW, again())
    late = creditor.client.post("/drafts/save/", again(), headers=JSON)

    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert late.status_code == 409
    assert len(claims_of(seller)) == 1
    assert drafts_of(creditor) == []


def test_colleague_stranger_and_other_side_see_nothing(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor, colleague, debtor = desk(seller), desk(seller), desk(buyer)
    form = opened(creditor)
    creditor.client.post("/drafts/save/", form | {"contract_no": "HEIMLICH"}, headers=JSON)

    for other in (colleague, debtor):
        assert "HEIMLICH" not in text_of(other, "/drafts/")
        other.client.post("/drafts/discard/", {"draft_key": form["idempotency_key"]})
    assert "HEIMLICH" not in text_of(colleague, f"{NEW}&draft={form['idempotency_key']}")
    assert [one.values["contract_no"] for one in drafts_of(creditor)] == [["HEIMLICH"]]


def test_a_draft_is_discarded_from_its_notice(parties: tuple[Organisation, Organisation]) -> None:
    seller, _buyer = parties
    creditor = desk(seller, language="en")
    creditor.client.post("/drafts/save/", opened(creditor) | {"contract_no": "HT-9"}, headers=JSON)
    page = text_of(creditor, NEW)
    assert 'action="/drafts/discard/"' in page

    key = drafts_of(creditor)[0].key
    gone = creditor.client.post("/drafts/discard/", {"draft_key": key, "next": "/receivables/new/?kind=S1&fresh=1"})

    assert gone["Location"] == "/receivables/new/?kind=S1&fresh=1"
    assert opened(creditor)["contract_no"] == ""
    assert drafts_of(creditor) == []


def test_a_foreign_claim_takes_no_draft(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    row = make.drafted(seller, buyer)
    other = desk(make.creditor())
    posted = {
        "draft_kind": "receivables.claim",
        "draft_subject": row.public_no,
        "idempotency_key": "x1",
        "contract_no": "1",
    }

    assert other.client.post("/drafts/save/", posted, headers=JSON).status_code == 404
    assert other.client.post(f"/receivables/{row.public_no}/edit/", posted).status_code == 404
    assert drafts_of(other) == []


def test_a_correction_begun_before_somebody_elses_says_so(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    first, second = desk(seller, language="en"), desk(seller, language="en")
    row = make.drafted(seller, buyer)
    path = f"/receivables/{row.public_no}/edit/"
    first.client.post("/drafts/save/", opened(first, path) | {"contract_no": "HT-alt"}, headers=JSON)
    changed = second.client.post(path, opened(second, path) | {"contract_no": "HT-neu"})

    assert changed.status_code == 302
    assert "compare before you keep it" in text_of(first, path)


def test_after_signing_in_again_the_form_opens_with_its_draft(parties: tuple[Organisation, Organisation]) -> None:
    seller, _buyer = parties
    creditor = desk(seller, language="en")
    creditor.client.post("/drafts/save/", opened(creditor) | {"contract_no": "HT-lang"}, headers=JSON)
    creditor.client.post("/account/logout/")

    away = creditor.client.get(NEW)
    back = creditor.client.post(
        away["Location"],
        {"login": creditor.membership.person.username, "password": identity.PASSWORD, "next": NEW},
    )

    assert away["Location"] == "/account/login/?next=/receivables/new/%3Fkind%3DS1"
    assert back["Location"] == NEW
    assert opened(creditor)["contract_no"] == "HT-lang"


def test_a_file_that_became_evidence_is_kept_for_good(parties: tuple[Organisation, Organisation]) -> None:
    seller, buyer = parties
    creditor = desk(seller)
    sent = creditor.client.post(NEW, opened(creditor) | entered(buyer))
    left = creditor.client.post(
        "/drafts/save/", opened(creditor) | {"files-0-file": evidence("übrig.pdf")}, headers=JSON
    )
    assert (sent.status_code, left.json()["files"]) == (302, {"files-0-file": "übrig.pdf"})

    with acting_as(Actor.system("test")):
        sorted_ = sorting.sort_files(at=clock.now() + sorting.SETTLED_AFTER * 2)

    assert sorted_ == (1, 0)
    with acting_as(make.job(seller)), transaction.atomic():
        purposes = dict(StoredFile.objects.values_list("name", "purpose"))
    assert purposes == {"合同.pdf": "evidence", "übrig.pdf": "form"}


def test_a_viewer_keeps_no_draft(parties: tuple[Organisation, Organisation]) -> None:
    viewer = desk(parties[0], Duty.VIEWER)

    answer = viewer.client.post(
        "/drafts/save/", {"draft_kind": "receivables.claim", "idempotency_key": "v", "contract_no": "1"}, headers=JSON
    )

    assert answer.status_code == 403
    assert drafts_of(viewer) == []
