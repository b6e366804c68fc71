"""The electronic licence against the real service: signing in, signing, linking; forgeries of its answers, and its death."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.factories import identity
from tests.yingshou.signing import flow
from tests.yingshou.signing.licences import (
    BROWSER,
    STRANGER,
    Firm,
    LicenceService,
    connect,
    firm,
    looked,
    new_service,
    now,
    request_of,
)
from yingshou.approvals.models import Approval
from yingshou.identity.middleware import actor_of
from yingshou.jobs import http
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.signing import elicence_actions, elicence_tasks, presenters, selectors
from yingshou.signing.elicence import (
    HolderNotLinked,
    LinkEnded,
    NobodyLinked,
    NotSetUp,
    OrganisationUnknown,
    ServiceAway,
)
from yingshou.signing.elicence_actions import HolderTaken, NoLicenceLinked
from yingshou.signing.elicence_models import AnswerState, AskedFor, LicenceHolder, LicenceRequest
from yingshou.signing.errors import OtherOrganisation, Replayed
from yingshou.signing.models import Certificate, SignatureEvidence, SignatureFormat
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicenceService]:
    found = new_service(tmp_path_factory.mktemp("elicence"))
    yield found
    found.stop()


@pytest.fixture
def service(running: LicenceService, settings: Any) -> LicenceService:
    flow.stale.clear()
    flow.parties.clear()
    connect(running, settings)
    return running


def submitted(of: Firm, count: int = 2) -> Approval:
    maker = actor_of(identity.membership(of.organisation, [Duty.MAKER]), "test-request")
    file = flow.Debtor(of.organisation, maker, of.signer, of.membership.person.username, file=None)  # type: ignore[arg-type]  # no key file is used
    return flow.submitted(file, count, now())


def confirmed(of: Firm, asked_for: AskedFor, by: Actor, **options: Any) -> str:
    """Ask, confirm on the phone, take the answer."""
    reference = of.ask(asked_for, by, **options)
    assert "data-state='confirmed'" in of.phone(reference).decide(of.held)
    looked(reference, by)
    return reference


def signing(of: Firm, approval: Approval) -> dict[str, Any]:
    return {"purpose": "approvals.approve", "object_id": approval.pk}


def signed(of: Firm, reference: str, by: Actor | None = None) -> SignatureEvidence:
    by = by or of.signer
    with acting_as(by):
        evidence = elicence_actions.sign(reference, by=by, at=now())
    assert isinstance(evidence, SignatureEvidence), "no proof is fetched here"
    return evidence


def test_a_signature_by_phone_approves_and_verifies_again_from_what_is_stored(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    reference = of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))

    page = of.phone(reference).read()
    of.phone(reference).decide(of.held)
    looked(reference, of.signer)
    evidence = signed(of, reference)

    assert "200.20 CNY" in page
    assert bytes(evidence.manifest_root).hex() in page
    assert evidence.format == SignatureFormat.ELICENSE
    assert evidence.algorithm == "SM2 SM3"
    assert evidence.signer_name == of.membership.person.display_name
    with flow.acting(of.signer):
        assert Approval.objects.get(pk=approval.pk).signature_id == evidence.pk
        found = SignatureEvidence.objects.get(pk=evidence.pk)
        assert selectors.judge(found) is None
        for name in ("payload", "value", "assertion", "assertion_signature"):
            altered = SignatureEvidence.objects.get(pk=evidence.pk)
            content = bytes(getattr(altered, name))
            setattr(altered, name, content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
            assert selectors.judge(altered) is not None, name
        assert Certificate.objects.get().key_label == "SM2"


def test_openssl_alone_agrees(service: LicenceService, tmp_path: Path) -> None:
    of = firm(service, linked=True)
    reference = confirmed(of, AskedFor.SIGN, of.signer, **signing(of, submitted(of)))
    evidence = signed(of, reference)
    files = {
        "document.json": evidence.payload,
        "signature.bin": evidence.value,
        "certificate.pem": presenters.pem([bytes(evidence.certificate_der)]),
        "assertion.json": evidence.assertion,
        "assertion.bin": evidence.assertion_signature,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(bytes(content))

    run = ["bash", "-e", "-c", presenters.openssl_command(evidence)]
    good = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    (tmp_path / "document.json").write_bytes(bytes(evidence.payload) + b" ")
    bad = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.count("Signature Verified Successfully") == 2
    assert bad.returncode != 0


def test_the_same_confirmation_signs_once(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    reference = confirmed(of, AskedFor.SIGN, of.signer, **signing(of, approval))

    signed(of, reference)

    with pytest.raises(Replayed):
        signed(of, reference)
    with flow.acting(of.signer):
        assert SignatureEvidence.objects.count() == 1


FORGERIES = {
    "wrong-code": "SIG-007",
    "other-digest": "SIG-002",
    "other-nonce": "SIG-009",
    "stale": "SIG-009",
    "tampered": "SIG-003",
    "user-id": "SIG-012",
    "other-root": "SIG-006",
    "revoked-licence": "ELC-002",
    "replay": "SIG-009",
    "revoked-certificate": "SIG-005",
}


@pytest.mark.parametrize(("fault", "code"), FORGERIES.items(), ids=FORGERIES)
def test_a_forged_answer_is_refused_with_its_code(service: LicenceService, fault: str, code: str) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    confirmed(of, AskedFor.LINK, of.signer)
    service.faults(fault)

    reference = of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))
    of.phone(reference).decide(of.held)
    row = looked(reference, of.signer)

    assert (row.answer, row.failure["code"] if row.failure else "") == (AnswerState.FAILED, code)
    with pytest.raises(Replayed):
        signed(of, reference)
    with flow.acting(of.signer):
        assert Approval.objects.get(pk=approval.pk).signature_id is None


def test_a_good_assertion_with_a_signature_over_another_text_is_refused(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    service.faults("bad-signature")

    reference = confirmed(of, AskedFor.SIGN, of.signer, **signing(of, approval))

    with pytest.raises(DomainError) as caught:
        signed(of, reference)
    assert caught.value.code == "SIG-003"
    with flow.acting(of.signer):
        assert not SignatureEvidence.objects.exists()


def test_a_licence_of_another_organisation_signs_nothing_here(service: LicenceService) -> None:
    of, other = firm(service, linked=True), firm(service)
    service.hold([of.row(), other.row()])
    approval = submitted(of)

    reference = of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))
    of.phone(reference).decide(other.held)

    assert (looked(reference, of.signer).failure or {})["code"] == "SIG-007"


def test_only_the_holder_who_is_linked_to_the_signer_signs(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    service.hold([of.row(), of.row(holder_no="H-2", holder="法定代表人")])

    reference = of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))
    of.phone(reference).decide(f"{of.organisation.uscc}-H-2")
    looked(reference, of.signer)

    with pytest.raises(HolderNotLinked):
        signed(of, reference)


def test_without_a_linked_licence_no_code_is_shown(service: LicenceService) -> None:
    of = firm(service)
    approval = submitted(of)

    with pytest.raises(NoLicenceLinked):
        of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))


def test_a_wrong_pin_confirms_nothing_and_refusing_says_so(service: LicenceService) -> None:
    of = firm(service, linked=True)
    reference = of.ask(AskedFor.SIGN_IN, STRANGER)

    assert "PIN is wrong" in of.phone(reference).decide(of.held, pin="000000")
    assert looked(reference, STRANGER).answer == AnswerState.NONE
    of.phone(reference).decide(of.held, decision="refuse")

    row = looked(reference, STRANGER)
    assert (row.answer, (row.failure or {})["code"]) == (AnswerState.REFUSED, "ELC-003")


def test_signing_in_gives_the_membership_once(service: LicenceService) -> None:
    of = firm(service, linked=True)
    reference = confirmed(of, AskedFor.SIGN_IN, STRANGER)

    with acting_as(STRANGER):
        membership = elicence_actions.sign_in(reference, by=STRANGER, at=now())

        assert membership.pk == of.membership.pk
        with pytest.raises(Replayed):
            elicence_actions.sign_in(reference, by=STRANGER, at=now())


def test_a_confirmation_left_lying_signs_nobody_in(service: LicenceService) -> None:
    of = firm(service, linked=True)
    reference = confirmed(of, AskedFor.SIGN_IN, STRANGER)

    with acting_as(STRANGER), pytest.raises(Replayed):
        elicence_actions.sign_in(reference, by=STRANGER, at=now() + timedelta(minutes=11))


def test_who_signs_in_must_be_known_linked_and_still_there(service: LicenceService) -> None:
    of = firm(service)
    service.hold([of.row(), of.row(uscc="91110000100000000X", organisation="未注册公司")])
    unlinked = confirmed(of, AskedFor.SIGN_IN, STRANGER)
    unknown = of.ask(AskedFor.SIGN_IN, STRANGER)
    of.phone(unknown).decide("91110000100000000X-H-1")
    looked(unknown, STRANGER)

    with acting_as(STRANGER):
        with pytest.raises(NobodyLinked):
            elicence_actions.sign_in(unlinked, by=STRANGER, at=now())
        with pytest.raises(OrganisationUnknown):
            elicence_actions.sign_in(unknown, by=STRANGER, at=now())
    assert of.link().state == "LINKED"
    with acting_as(Actor.system("test")), transaction.atomic():
        type(of.membership).objects.filter(pk=of.membership.pk).update(active=False)
    ended = confirmed(of, AskedFor.SIGN_IN, STRANGER)
    with acting_as(STRANGER), pytest.raises(LinkEnded):
        elicence_actions.sign_in(ended, by=STRANGER, at=now())


def test_a_holder_is_one_person_and_only_of_the_own_organisation(service: LicenceService) -> None:
    of = firm(service, linked=True)
    colleague = actor_of(identity.membership(of.organisation, [Duty.MAKER]), "test-request")
    mine = confirmed(of, AskedFor.LINK, colleague)
    elsewhere = actor_of(identity.membership(identity.organisation(), [Duty.MAKER]), "test-request")
    theirs = confirmed(of, AskedFor.LINK, elsewhere)

    with acting_as(colleague), pytest.raises(HolderTaken):
        elicence_actions.ask_link(mine, by=colleague, at=now())
    with acting_as(elsewhere), pytest.raises(OtherOrganisation):
        elicence_actions.ask_link(theirs, by=elsewhere, at=now())
    with acting_as(colleague), pytest.raises(NotVisible):
        elicence_actions.decide_link(1, "link", by=colleague, at=now())


def test_the_maker_of_a_link_does_not_agree_to_it(service: LicenceService) -> None:
    of = firm(service)
    reference = confirmed(of, AskedFor.LINK, of.signer)

    with acting_as(of.signer):
        asked = elicence_actions.ask_link(reference, by=of.signer, at=now())
        with pytest.raises(NotVisible):
            elicence_actions.decide_link(asked.pk, "link", by=of.signer, at=now())
        ended = elicence_actions.decide_link(asked.pk, "end", by=of.signer, at=now())

    assert ended.pk == asked.pk
    with flow.acting(of.signer):
        assert LicenceHolder.objects.get().state == "ENDED"


def test_another_browser_learns_nothing(service: LicenceService) -> None:
    of = firm(service)
    reference = of.ask(AskedFor.SIGN_IN, STRANGER)
    own = of.ask(AskedFor.LINK, of.signer)

    with acting_as(STRANGER):
        assert elicence_actions.of_browser(reference, BROWSER, by=STRANGER).reference == reference
        for secret in ("", "another"):
            with pytest.raises(NotVisible):
                elicence_actions.of_browser(reference, secret, by=STRANGER)
        with pytest.raises(NotVisible):
            elicence_actions.of_browser(own, BROWSER, by=STRANGER)


def test_killed_for_ten_minutes_nothing_is_signed_without_proof_and_nothing_is_lost(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    reference = of.ask(AskedFor.SIGN, of.signer, **signing(of, approval))
    of.phone(reference).decide(of.held)
    service.kill()

    with acting_as(of.signer), pytest.raises(ServiceAway):
        elicence_actions.look(reference, by=of.signer, at=now())
    with acting_as(STRANGER), pytest.raises(ServiceAway):
        of.ask(AskedFor.SIGN_IN, STRANGER)
    run_job(now() + timedelta(minutes=5))
    with flow.acting(of.signer):
        assert Approval.objects.get(pk=approval.pk).signature_id is None
    service.clock.write_text("600")
    service.start()
    # The browser is gone meanwhile: the minute's job goes on for the signer.
    run_job(now() + timedelta(minutes=10))

    assert request_of(reference).failure is None
    with flow.acting(of.signer):
        found = Approval.objects.get(pk=approval.pk)
        assert found.signature_id is not None
        assert selectors.judge(SignatureEvidence.objects.get(pk=found.signature_id)) is None
    assert request_of(reference).used_at is not None


def run_job(at: Any) -> None:
    """The minute's job, at a moment."""
    http.forget_failures()

    class Running:
        """What the runner hands in."""

        by = Actor.system(elicence_tasks.GO_ON, request_id="test")

    running: Any = Running()
    running.at = at
    with acting_as(running.by):
        elicence_tasks.go_on(running)


def test_the_job_signs_nothing_for_who_has_left(service: LicenceService) -> None:
    of = firm(service, linked=True)
    approval = submitted(of)
    reference = confirmed(of, AskedFor.SIGN, of.signer, **signing(of, approval))
    with acting_as(Actor.system("test")), transaction.atomic():
        type(of.membership).objects.filter(pk=of.membership.pk).update(active=False)

    run_job(now() + timedelta(minutes=1))

    assert request_of(reference).used_at is None


def test_slow_is_as_good_as_away(service: LicenceService) -> None:
    of = firm(service)
    service.faults("slow")

    with pytest.raises(ServiceAway):
        of.ask(AskedFor.SIGN_IN, STRANGER)


def test_without_a_service_nothing_begins(settings: Any) -> None:
    settings.ELICENCE_URL = ""

    with acting_as(STRANGER), pytest.raises(NotSetUp):
        elicence_actions.begin(elicence_actions.Wanted(AskedFor.SIGN_IN, BROWSER), by=STRANGER, at=now())


def test_old_requests_to_sign_in_are_forgotten_and_signatures_kept(service: LicenceService) -> None:
    of = firm(service, linked=True)
    sign_in = of.ask(AskedFor.SIGN_IN, STRANGER)
    kept = of.ask(AskedFor.SIGN, of.signer, **signing(of, submitted(of)))

    with acting_as(Actor.system("test")), transaction.atomic():
        elicence_actions.forget(before=now() + timedelta(minutes=1))
        left = set(LicenceRequest.objects.values_list("reference", flat=True))

    assert kept in left
    assert sign_in not in left
