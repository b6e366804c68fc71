"""A debtor without an account answers one claim by its one-time link; and everything that must not work."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import NoReverseMatch, reverse

from receivables import actions, reminders
from receivables.actions.answer_links import LIFE, Made, NotByLink, make_link, revoke_link
from receivables.actions.common import NotAuthorised
from receivables.models import AnswerLink, ConfirmationAct, Invoice, LinkAnswer, Receivable, ReceivableBalance
from receivables.states import State
from simulators.authority.authority import Authority
from tests.factories import identity
from tests.factories import receivables as make
from tests.receivables.city import desk, post, text_of
from tests.walk.walker import addresses
from tests.yingshou.signing import flow
from tests.yingshou.signing.signer import KeyFile, World
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import NotVisible
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.errors import InvalidSignature, OtherOrganisation, Replayed
from yingshou.tenancy.actor import Actor, ActorKind, Capability, acting_as

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)
CLAIM, SIGN, RECEIPT = "/answer/claim/", "/answer/claim/sign/", "/answer/claim/receipt/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A certificate authority whose clock is right."""
    folder: Path = tmp_path_factory.mktemp("authority")
    return World(Authority(folder / "sample", NOW), folder)


@dataclass
class Case:
    """A claim on an unregistered debtor, its link, and the debtor's key file."""

    creditor: Organisation
    uscc: str
    row: Receivable
    made: Made
    file: KeyFile

    @property
    def path(self) -> str:
        return "/answer/link/" + self.made.url.rsplit("/", 2)[1] + "/"

    def link(self) -> AnswerLink:
        with acting_as(make.job(self.creditor)), transaction.atomic():
            return AnswerLink.objects.get(pk=self.made.link.pk)

    def claim(self) -> Receivable:
        with acting_as(make.job(self.creditor)), transaction.atomic():
            return Receivable.objects.get(pk=self.row.pk)


@pytest.fixture
def case(authority: World) -> Case:
    flow.trusted(authority, NOW)
    creditor, uscc = make.creditor(), identity.uscc()
    row = make.pending(creditor, other_uscc=uscc)
    made = linked(creditor, row)
    return Case(creditor, uscc, row, made, authority.key_file(f"link-{uscc}", key="ec", uscc=uscc))


def linked(creditor: Organisation, row: Receivable, *, at: datetime = NOW, email: str = "") -> Made:
    """A link made by a maker of the supplier."""
    by = make.maker(creditor)
    with acting_as(by):
        return make_link(row.pk, contact_name="财务", contact_email=email, language="zh-hans", by=by, at=at)


def entered(case: Case, code: str = "") -> Client:
    """A browser in which the code was entered."""
    client = Client()
    answer = client.post(case.path, {"code": code or case.made.code})
    assert (answer.status_code, answer["Location"]) == (302, CLAIM)
    return client


def said(client: Client, name: str = "confirm", **fields: str) -> Any:
    """An answer chosen."""
    facts = {"said": "1", "delivery_accepted": "yes", "set_off_known": "no", **fields}
    return client.post(f"/answer/claim/say/{name}/", facts)


def offered(client: Client, file: KeyFile) -> Any:
    """What the server gives this certificate to sign."""
    fields = {"certificate": base64.b64encode(file.certificate_der).decode()}
    return client.post(
        "/answer/claim/prepare/", fields | {"chain": [base64.b64encode(one).decode() for one in file.others]}
    )


def completed(client: Client, file: KeyFile, offer: Any) -> Any:
    """The signature sent."""
    attributes = base64.b64decode(offer.json()["attributes"])
    value = file.browser_value(attributes, browser_algorithm(file.certificate.public_key))
    return client.post("/answer/claim/complete/", {"request": "1", "signature": base64.b64encode(value).decode()})


def signed(client: Client, file: KeyFile) -> Any:
    """Both calls of the signing page."""
    return completed(client, file, offered(client, file))


def test_confirms_by_link_and_the_supplier_reads_who_signed(case: Case) -> None:
    client = entered(case)
    shown = client.get(CLAIM).content.decode()
    assert ("113,000.00" in shown, case.creditor.name in shown, "壹拾壹万叁仟元整" in shown) == (True, True, True)
    assert said(client)["Location"] == SIGN
    page = client.get(SIGN)
    assert ("trusted-types" in page["Content-Security-Policy"], case.uscc in page.content.decode()) == (True, True)
    answer = signed(client, case.file)
    assert answer.json() == {"url": RECEIPT}, answer.content.decode()

    receipt = client.get(RECEIPT).content.decode()
    assert case.file.certificate.serial in receipt
    row = case.claim()
    assert (row.state, row.confirmed_amount, row.debtor_id) == (State.CONFIRMED, row.face_amount, None)
    with acting_as(make.job(case.creditor)), transaction.atomic():
        act = ConfirmationAct.objects.get(receivable_id=row.pk)
        assert (act.channel, act.organisation_id, act.person_id) == ("LINK", None, None)
        assert ReceivableBalance.objects.get(pk=row.pk).confirmed_amount == row.face_amount
        event = AuditEvent.objects.get(object_id=row.pk, kind="receivables.receivable.confirm")
        assert (event.actor_kind, event.organisation_id) == ("link", None)
        kept = LinkAnswer.objects.get(receivable_id=row.pk)
    seller = desk(case.creditor)
    seen = text_of(seller, f"/receivables/{row.public_no}/")
    assert (kept.signer_name in seen, row.debtor_name in seen) == (True, True)
    for part in ("document.json", "signed.json", "signature.p7s"):
        found = seller.client.get(f"/receivables/links/{kept.pk}/answer/{part}")
        assert (found.status_code, bool(found.content)) == (200, True)
    assert seller.client.get(f"/receivables/links/{kept.pk}/answer/key.pem").status_code == 404
    stranger = desk(make.creditor())
    assert stranger.client.get(f"/receivables/links/{kept.pk}/answer/document.json").status_code == 404


@pytest.mark.parametrize(
    ("name", "fields", "state"),
    [
        ("part", {"reason_code": "AMOUNT", "reason_text": ""}, State.CONFIRMED),
        ("return", {"reason_code": "DUE_DATE", "reason_text": "合同约定为60天"}, State.RETURNED),
        ("refuse", {"reason_code": "NOT_OUR_CONTRACT", "reason_text": ""}, State.REFUSED),
    ],
)
def test_the_other_three_answers_with_their_reasons(
    case: Case, name: str, fields: dict[str, str], state: State
) -> None:
    client = entered(case)
    assert said(client, name).status_code == 422, "no answer but a plain confirmation goes without a reason"
    more = {f"amount_{case.row.pk}": "100,000.00"} if name == "part" else {}
    assert said(client, name, **fields, **more)["Location"] == SIGN
    assert signed(client, case.file).status_code == 200

    row = case.claim()
    assert row.state == state
    assert row.reason_code == fields["reason_code"]
    if state == State.REFUSED:
        with acting_as(make.job(case.creditor)), transaction.atomic():
            assert not Invoice.objects.filter(uses__receivable=row, is_alive=True).exists()


def test_a_part_above_the_claim_is_refused(case: Case) -> None:
    client = entered(case)
    more = {f"amount_{case.row.pk}": "200,000.00", "reason_code": "AMOUNT", "reason_text": ""}

    assert said(client, "part", **more).status_code == 422
    assert client.get(SIGN).status_code == 404


def test_the_very_same_signature_twice_is_one_answer_and_another_is_none(case: Case) -> None:
    client = entered(case)
    said(client)
    offer = offered(client, case.file)
    first = completed(client, case.file, offer)
    with acting_as(make.job(case.creditor)), transaction.atomic():
        value = bytes(LinkAnswer.objects.get(receivable_id=case.row.pk).value)
    r_and_s = case.file.browser_value(b"another", browser_algorithm(case.file.certificate.public_key))
    other = client.post("/answer/claim/complete/", {"request": "1", "signature": base64.b64encode(r_and_s).decode()})

    assert (first.status_code, other.status_code, other.json()["code"]) == (200, 409, "RCV-087")
    assert value
    assert client.get(CLAIM)["Location"] == RECEIPT
    assert said(client).status_code in (404, 409)
    with acting_as(make.job(case.creditor)), transaction.atomic():
        assert ConfirmationAct.objects.filter(receivable_id=case.row.pk).count() == 1


def test_guessed_tokens_and_pages_without_a_code_lead_nowhere(case: Case) -> None:
    client = Client()

    assert client.get("/answer/link/guessed/").status_code == 404
    assert client.post("/answer/link/guessed/", {"code": "123456"}).status_code == 404
    for path in (CLAIM, SIGN, RECEIPT):
        assert client.get(path).status_code == 404
    for path in ("/answer/claim/prepare/", "/answer/claim/complete/", "/answer/claim/say/confirm/"):
        assert client.post(path, {"signature": "AA=="}).status_code == 404
    first = client.get(case.path).content.decode()
    assert (case.creditor.name in first, "113,000" in first, case.row.public_no in first) == (True, False, False)


def test_five_wrong_codes_lock_the_link_for_the_right_one_too(case: Case) -> None:
    client = Client()
    wrong = f"{(int(case.made.code) + 1) % 1_000_000:06d}"
    answers = [client.post(case.path, {"code": wrong}).status_code for _try in range(5)]

    assert answers == [422, 422, 422, 422, 410]
    assert Client().post(case.path, {"code": case.made.code}).status_code == 410
    assert (case.link().wrong_codes, case.link().entered_at) == (5, None)
    assert "锁定" in text_of(desk(case.creditor), f"/receivables/{case.row.public_no}/link/")


def test_expired_revoked_and_renewed_links_are_closed(case: Case) -> None:
    by = make.maker(case.creditor)
    with acting_as(make.job(case.creditor)), transaction.atomic():
        AnswerLink.objects.filter(pk=case.made.link.pk).update(expires_at=NOW - timedelta(seconds=1))
    assert Client().get(case.path).status_code == 410
    renewed = Case(case.creditor, case.uscc, case.row, linked(case.creditor, case.row), case.file)
    assert case.link().revoked_at is not None
    inside = entered(renewed)
    assert renewed.link().expires_at == NOW + LIFE
    with acting_as(by):
        revoke_link(renewed.made.link.pk, by=by, at=NOW)

    assert Client().get(renewed.path).status_code == 410
    assert inside.get(CLAIM).status_code == 410
    assert said(inside).status_code in (409, 410)
    assert renewed.claim().state == State.PENDING_CONFIRM


def test_a_forwarded_link_needs_the_code_again_and_a_used_one_is_closed_elsewhere(case: Case) -> None:
    client = entered(case)
    forwarded = Client()
    assert forwarded.get(CLAIM).status_code == 404
    said(client)
    signed(client, case.file)

    assert forwarded.post(case.path, {"code": case.made.code}).status_code == 410
    assert forwarded.get(RECEIPT).status_code == 404
    assert client.get(RECEIPT).status_code == 200


def test_a_certificate_of_another_organisation_is_refused(case: Case, authority: World) -> None:
    client = entered(case)
    said(client)
    other = authority.key_file(f"other-{case.uscc}", key="ec", uscc=identity.uscc())

    answer = offered(client, other)

    assert answer.json()["code"] == OtherOrganisation.code
    assert case.claim().state == State.PENDING_CONFIRM


def test_a_signature_of_another_key_or_over_another_answer_is_refused(case: Case, authority: World) -> None:
    client = entered(case)
    said(client)
    forger = authority.key_file(f"forger-{case.uscc}", key="ec", uscc=identity.uscc())
    offer = offered(client, case.file)
    forged = completed(client, forger, offer)
    assert forged.json()["code"] == InvalidSignature.code
    said(client, "refuse", reason_code="DUPLICATE", reason_text="")
    swapped = completed(client, case.file, offer)

    assert swapped.json()["code"] == Replayed.code
    assert case.claim().state == State.PENDING_CONFIRM
    assert case.link().used_at is None


def test_an_offer_runs_out_after_a_quarter_of_an_hour(case: Case) -> None:
    client = entered(case)
    said(client)
    offer = offered(client, case.file)
    actor = Actor.visitor("receivables.receivable", case.row.pk, label="")
    with acting_as(actor), transaction.atomic():
        LinkAnswer.objects.filter(pk=case.made.link.pk).update(offered_at=NOW - timedelta(minutes=20))

    late = completed(client, case.file, offer)

    assert late.json()["code"] == Replayed.code
    assert case.claim().state == State.PENDING_CONFIRM


def test_what_changed_or_was_taken_back_cannot_be_answered(case: Case) -> None:
    client = entered(case)
    said(client)
    offer = offered(client, case.file)
    with acting_as(make.job(case.creditor)):
        actions.withdraw([case.row.pk], by=make.job(case.creditor), at=NOW)

    answer = completed(client, case.file, offer)

    assert (answer.status_code, answer.json()["code"]) == (409, "RCV-089")
    assert client.get(CLAIM).status_code == 410
    assert case.claim().state == State.WITHDRAWN


def test_the_link_actor_sees_and_changes_its_claim_alone(case: Case) -> None:
    other = make.pending(case.creditor, other_uscc=identity.uscc())
    elsewhere = linked(case.creditor, other)
    by = Actor.visitor("receivables.receivable", case.row.pk, label="test")
    with acting_as(by), transaction.atomic():
        assert [one.pk for one in Receivable.objects.all()] == [case.row.pk]
        assert [one.pk for one in Receivable.objects.visible_to(by)] == [case.row.pk]
        assert [one.pk for one in AnswerLink.objects.all()] == [case.made.link.pk]
        assert Invoice.objects.count() == 1
        assert Receivable.objects.filter(pk=other.pk).update(contract_name="x") == 0
        assert AnswerLink.objects.filter(pk=elsewhere.link.pk).update(wrong_codes=0) == 0
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from notifications_message")
            assert cursor.fetchone()[0] == 0
    with acting_as(Actor(ActorKind.LINK, label="none")), transaction.atomic():
        assert not Receivable.objects.exists()
        assert not AnswerLink.objects.exists()
    with acting_as(make.job(case.creditor)), pytest.raises(ProgrammingError), transaction.atomic():
        LinkAnswer.objects.create(
            link_id=case.made.link.pk, receivable_id=case.row.pk, creditor_id=case.creditor.pk, event="confirm",
            version=2, document="{}", prepared_at=NOW,
        )  # fmt: skip


def test_another_links_session_does_not_open_this_one(case: Case) -> None:
    other = make.pending(case.creditor, other_uscc=identity.uscc())
    elsewhere = Case(case.creditor, "", other, linked(case.creditor, other), case.file)
    client = entered(elsewhere)
    with acting_as(Actor.system("test")), transaction.atomic():
        session = client.session
        link_id, _receivable, proof = session["answer_link"]
        session["answer_link"] = [link_id, case.row.pk, proof]
        session.save()

    assert client.get(CLAIM).status_code == 404
    assert Client().post(case.path, {"code": elsewhere.made.code}).status_code in (422, 302)
    assert case.claim().state == State.PENDING_CONFIRM


def test_every_look_is_counted_and_shown_to_the_supplier(case: Case) -> None:
    Client().get(case.path)
    client = entered(case)
    client.get(CLAIM)

    link = case.link()
    assert (link.look_count, link.opened_at is not None, link.entered_at is not None) == (2, True, True)
    assert "查看 2 次" in text_of(desk(case.creditor), f"/receivables/{case.row.public_no}/link/").replace(
        "2次", " 2 次"
    )


def test_only_claims_on_unregistered_debtors_get_links_and_only_from_their_supplier(case: Case) -> None:
    registered = make.pending(case.creditor, make.debtor())
    maker, viewer = make.maker(case.creditor), make.checker(case.creditor)
    stranger = make.maker(make.creditor())
    for by, pk, error in (
        (maker, registered.pk, NotByLink),
        (viewer, case.row.pk, NotAuthorised),
        (stranger, case.row.pk, NotVisible),
    ):
        with acting_as(by), pytest.raises(error):
            make_link(pk, contact_name="x", contact_email="", language="", by=by, at=NOW)
    with acting_as(stranger), pytest.raises(NotVisible):
        revoke_link(case.made.link.pk, by=stranger, at=NOW)


def test_the_letter_the_mail_and_the_table_hold_no_secret_too_many(
    case: Case, django_capture_on_commit_callbacks: Any
) -> None:
    seller = desk(case.creditor)
    path = f"/receivables/{case.row.public_no}/link/"
    with django_capture_on_commit_callbacks(execute=True):
        made = seller.client.post(path, {"contact_name": "应付会计", "contact_email": "ap@example.com"})
    page = made.content.decode()
    (address,) = set(re.findall(r"/answer/link/([\w-]{40,})/", page))
    (code,) = re.findall(r"data-code>(\d{6})<", page)
    (sent,) = mail.outbox

    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert (address in sent.body, code in sent.body, "113,000" in sent.body) == (True, False, False)
    letter = page.split('class="y-letter"', 1)[1].split("</section>", 1)[0]
    assert (address in letter, code in letter, "http" in letter.replace(f"{address}", "")) == (True, False, True)
    with acting_as(make.job(case.creditor)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select count(*) from receivables_answerlink l where l::text like %s or l::text like %s",
                       [f"%{address}%", f"%{code}%"])  # fmt: skip
        assert cursor.fetchone()[0] == 0
    shown = text_of(seller, path)
    assert (code in shown, address in shown) == (True, False)
    assert "ap@example.com" in shown
    assert seller.client.post(path, {"contact_name": ""}).status_code == 422
    with acting_as(make.job(case.creditor)), transaction.atomic():
        alive = AnswerLink.objects.filter(receivable=case.row).alive().get()
    assert post(seller, f"/receivables/links/{alive.pk}/revoke/").status_code == 302
    assert Client().get(f"/answer/link/{address}/").status_code == 410


def test_what_was_answered_by_link_belongs_to_the_debtor_once_it_registers(case: Case) -> None:
    client = entered(case)
    said(client)
    signed(client, case.file)
    waiting = make.pending(case.creditor, other_uscc=case.uscc)
    debtor = identity.organisation(Capability.DEBTOR, uscc=case.uscc)
    with acting_as(make.job(debtor)), transaction.atomic():
        assert reminders.link_debtor(by=make.job(debtor), at=NOW) == 2

    buyer = desk(debtor)
    seen = text_of(buyer, f"/receivables/{case.row.public_no}/")
    with acting_as(make.job(debtor)), transaction.atomic():
        row = Receivable.objects.get(pk=case.row.pk)
        assert (row.debtor_id, row.state) == (debtor.pk, State.CONFIRMED)
        assert ConfirmationAct.objects.get(receivable=row).channel == "LINK"
        answer = LinkAnswer.objects.get(receivable_id=row.pk)
        assert Receivable.objects.get(pk=waiting.pk).confirm_requested_at == NOW
    assert answer.serial in seen
    assert buyer.client.get(f"/receivables/links/{answer.pk}/answer/signature.p7s").status_code == 200


def test_to_a_link_visitor_every_other_address_answers_as_to_a_stranger(case: Case) -> None:
    """The walk of the link visitor: all addresses that take no argument or a receivable's number, beside an anonymous browser."""
    visitor, stranger = entered(case), Client()
    said(visitor)
    compared = 0
    for one in addresses():
        if one.name.startswith(("receivables:by_link", "admin:")):
            continue
        try:
            path = reverse(one.name)
        except NoReverseMatch:
            try:
                path = reverse(one.name, kwargs={"public_no": case.row.public_no})
            except NoReverseMatch:
                continue
        compared += 1
        for method in ("get", "post"):
            theirs, ours = getattr(stranger, method)(path), getattr(visitor, method)(path)
            assert (ours.status_code, ours.get("Location")) == (theirs.status_code, theirs.get("Location")), path
            assert case.row.public_no not in ours.content.decode(errors="replace").replace(path, ""), path
    assert compared >= 60
    assert visitor.get(CLAIM).status_code == 200
