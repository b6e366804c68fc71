"""Prepare, complete, evidence: one signature over many lines, refused when anything moved, readable by the parties."""

import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from django.db import connection, connections
from django.db.utils import DatabaseError

from tests.factories import identity
from tests.yingshou.signing import flow
from tests.yingshou.signing.flow import acting, completed, debtor, prepared, signed, signed_value, submitted, trusted
from tests.yingshou.signing.signer import USCC, World
from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.signing import actions, presenters, selectors
from yingshou.signing.approvals import AlreadyDecided, OwnSubmission, SignerDutyMissing
from yingshou.signing.errors import (
    CertificateTaken,
    CertificateWithdrawn,
    InvalidSignature,
    NotYourCertificate,
    OtherOrganisation,
    Replayed,
    RevocationUnknown,
    Revoked,
    UnknownAuthority,
)
from yingshou.signing.models import Certificate, SignatureEvidence, SignedLine, SigningRequest
from yingshou.tenancy.access import grant_access
from yingshou.tenancy.actor import Actor, Duty

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean(world: World, now: datetime) -> None:
    flow.stale.clear()
    flow.parties.clear()
    trusted(world, now)


@pytest.mark.parametrize("key", ["rsa", "ec", "ec384"])
def test_signature_approves_every_line_and_proves_it(world: World, now: datetime, key: str) -> None:
    of = debtor(world, key)
    approval = submitted(of, 5, now)

    evidence = signed(of, approval, now + timedelta(minutes=1))

    with acting(of.signer):
        approval.refresh_from_db()
        lines = list(SignedLine.objects.filter(evidence=evidence).select_related("evidence"))
        assert (approval.state, approval.signature_id, approval.done_count) == ("APPROVED", evidence.pk, 5)
        assert [selectors.judge_line(line) for line in lines] == [None] * 5
        assert selectors.judge(evidence) is None
        assert Certificate.objects.get().person_id == of.signer.person_id
        kinds = set(AuditEvent.objects.values_list("kind", flat=True))
    assert {"signing.certificate.register", "signing.signatureevidence.sign", "approvals.approval.approve"} <= kinds


def test_stored_evidence_satisfies_openssl(world: World, now: datetime, tmp_path: Path) -> None:
    of = debtor(world)
    evidence = signed(of, submitted(of, 1, now), now)
    (tmp_path / "signature.p7s").write_bytes(bytes(evidence.cms))
    (tmp_path / "document.json").write_bytes(bytes(evidence.payload))
    (tmp_path / "chain.pem").write_bytes(presenters.pem([bytes(der) for der in evidence.chain]))

    done = subprocess.run(
        presenters.openssl_command(evidence).split(), cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_line_that_changed_is_left_out_and_carries_no_signature(world: World, now: datetime) -> None:
    of = debtor(world)
    flow.stale.add(2)

    evidence = signed(of, submitted(of, 3, now), now)

    with acting(of.signer):
        assert sorted(SignedLine.objects.values_list("object_id", flat=True)) == [1, 3]
        seals = selectors.seals(flow.OBJECT, [1, 2, 3], by=of.signer, at=now)
        assert {pk: seal.state for pk, seal in seals.items()} == {1: "valid", 3: "valid"}
        refused = presenters.refused_lines(Approval.objects.get(pk=evidence.object_id))
    assert [(line.label, line.code) for line in refused] == [("AR-2", "STALE")]


def test_ten_thousand_lines_under_one_signature(world: World, now: datetime) -> None:
    of = debtor(world)
    approval = submitted(of, 10_000, now)

    evidence = signed(of, approval, now)

    with acting(of.signer):
        assert SignedLine.objects.filter(evidence=evidence).count() == 10_000
        for line in SignedLine.objects.filter(leaf_index__in=[0, 4_999, 9_999]).select_related("evidence"):
            assert selectors.judge_line(line) is None


def test_parties_and_grantees_see_their_line_and_its_evidence_only(world: World, now: datetime) -> None:
    of = debtor(world)
    supplier, other, bank, nobody = (identity.organisation() for _ in range(4))
    flow.parties.update({1: [supplier.pk], 2: [other.pk]})
    evidence = signed(of, submitted(of, 2, now), now)
    with acting(of.signer):
        grant_access(
            object_type=flow.OBJECT, object_id=2, organisation_id=bank.pk, reason_type="test", reason_id=1, at=now
        )

    seen = {}
    for reader in (supplier, other, bank, nobody):
        actor = identity.actor_for(reader, Duty.VIEWER)
        with acting(actor):
            lines = sorted(SignedLine.objects.visible_to(actor).values_list("object_id", flat=True))
            raw = sorted(SignedLine.objects.values_list("object_id", flat=True))
            proof = list(SignatureEvidence.objects.visible_to(actor).values_list("pk", flat=True))
            unscoped = list(SignatureEvidence.objects.values_list("pk", flat=True))
            assert (lines, proof) == (raw, unscoped)
            seen[reader.pk] = (lines, proof)

    assert seen == {
        supplier.pk: ([1], [evidence.pk]),
        other.pk: ([2], [evidence.pk]),
        bank.pk: ([2], [evidence.pk]),
        nobody.pk: ([], []),
    }


def test_same_signature_sent_twice_gives_the_same_evidence(world: World, now: datetime) -> None:
    of = debtor(world)
    ready = prepared(of, submitted(of, 1, now).pk, now)
    value = signed_value(of, ready)

    first = completed(of, ready, value, now)
    second = completed(of, ready, value, now + timedelta(seconds=5))

    assert first.pk == second.pk
    with acting(of.signer):
        assert SignatureEvidence.objects.count() == 1


def test_other_signature_on_a_used_request_is_replay(world: World, now: datetime) -> None:
    of = debtor(world, "ec")
    ready = prepared(of, submitted(of, 1, now).pk, now)
    completed(of, ready, signed_value(of, ready), now)

    with pytest.raises(Replayed):
        completed(of, ready, signed_value(of, ready), now)


def test_two_requests_for_one_version_give_one_signature(world: World, now: datetime) -> None:
    of = debtor(world)
    approval = submitted(of, 1, now)
    first, second = prepared(of, approval.pk, now), prepared(of, approval.pk, now)
    completed(of, first, signed_value(of, first), now)

    with pytest.raises(AlreadyDecided):
        completed(of, second, signed_value(of, second), now)


def test_request_runs_out(world: World, now: datetime) -> None:
    of = debtor(world)
    ready = prepared(of, submitted(of, 1, now).pk, now)

    with pytest.raises(Replayed):
        completed(of, ready, signed_value(of, ready), now + actions.REQUEST_LIFE + timedelta(seconds=1))


def test_value_of_another_key_is_refused_and_changes_nothing(world: World, now: datetime) -> None:
    of = debtor(world)
    approval = submitted(of, 1, now)
    ready = prepared(of, approval.pk, now)

    with pytest.raises(InvalidSignature) as refusal:
        completed(of, ready, b"\1" * 256, now)
    with acting(of.signer):
        actions.keep_refusal(ready.request.pk, refusal.value, by=of.signer, at=now)

    with acting(of.signer):
        assert not SignatureEvidence.objects.exists()
        assert not Certificate.objects.exists()
        assert Approval.objects.get(pk=approval.pk).state == "SUBMITTED"
        kept = AuditEvent.objects.get(kind="signing.signingrequest.refuse")
    assert kept.body["code"] == "SIG-003"


def test_revocation_between_prepare_and_complete_is_found(world: World, now: datetime, tmp_path: Path) -> None:
    of = debtor(world)
    ready = prepared(of, submitted(of, 1, now).pk, now)
    world.authority.revoke(of.file.certificate.serial, now)
    trusted(world, now)

    with pytest.raises(Revoked):
        completed(of, ready, signed_value(of, ready), now)


def test_refusals_of_prepare(world: World, stranger: World, now: datetime) -> None:
    of, other = debtor(world), debtor(world)
    approval = submitted(of, 1, now)

    def ask(by: Actor, certificate: bytes, chain: list[bytes], approval_id: int = approval.pk) -> None:
        with acting(by):
            actions.prepare("approvals.approve", approval_id, certificate, chain, by=by, at=now)

    ours = (of.file.certificate_der, of.file.others)
    foreign = stranger.key_file(uscc=of.organisation.uscc)
    with pytest.raises(NotVisible):
        ask(other.signer, other.file.certificate_der, other.file.others)
    with pytest.raises(NotVisible):
        ask(of.signer, *ours, approval_id=999_999)
    with pytest.raises(SignerDutyMissing):
        ask(of.maker, *ours)
    with pytest.raises(OtherOrganisation):
        ask(of.signer, world.key_file(uscc=USCC).certificate_der, world.key_file(uscc=USCC).others)
    with pytest.raises(UnknownAuthority):
        ask(of.signer, foreign.certificate_der, foreign.others)
    with acting(of.signer):
        assert not SigningRequest.objects.exists()


def test_maker_cannot_sign_an_own_submission(world: World, now: datetime) -> None:
    of = debtor(world)
    both = Actor(
        kind=of.signer.kind,
        person_id=of.maker.person_id,
        organisation_id=of.organisation.pk,
        duties=frozenset({Duty.MAKER, Duty.CHECKER, Duty.SIGNER}),
    )
    approval = submitted(of, 1, now)

    with acting(both), pytest.raises(OwnSubmission):
        actions.prepare("approvals.approve", approval.pk, of.file.certificate_der, of.file.others, by=both, at=now)


def test_stale_list_refuses_before_anything_is_signed(world: World, now: datetime) -> None:
    of = debtor(world)
    approval = submitted(of, 1, now)

    with pytest.raises(RevocationUnknown):
        prepared(of, approval.pk, now + timedelta(days=400))


def test_certificate_belongs_to_one_person_until_withdrawn(world: World, now: datetime) -> None:
    of = debtor(world)
    signed(of, submitted(of, 1, now), now)
    colleague = identity.actor_for(of.organisation, Duty.SIGNER, Duty.CHECKER)
    approval = submitted(of, 1, now, start=10)

    with acting(colleague), pytest.raises(CertificateTaken):
        actions.prepare("approvals.approve", approval.pk, of.file.certificate_der, of.file.others, by=colleague, at=now)
    with acting(of.signer):
        held = Certificate.objects.get()
    with acting(colleague), pytest.raises(NotYourCertificate):
        actions.withdraw_certificate(held.pk, by=colleague, at=now)
    with acting(of.signer):
        assert actions.withdraw_certificate(held.pk, by=of.signer, at=now).version == 2
    with pytest.raises(CertificateWithdrawn):
        prepared(of, approval.pk, now)


def test_registration_binds_a_certificate_beforehand(world: World, now: datetime) -> None:
    of = debtor(world, "ec")
    person = of.signer.person_id or 0

    with acting(of.signer):
        ready = actions.prepare(
            "signing.register", person, of.file.certificate_der, of.file.others, by=of.signer, at=now
        )
    completed(of, ready, signed_value(of, ready), now)

    with acting(of.signer):
        held = Certificate.objects.get()
        assert [one.state for one in selectors.standings([held], at=now)] == ["valid"]
        assert [one.state for one in selectors.standings([held], at=held.not_after + timedelta(days=1))] == ["expired"]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update signing_signatureevidence set signed_at = signed_at - interval '1 day'", "SIG-003"),
        ("update signing_signatureevidence set payload = payload || ' '::bytea", "SIG-002"),
        ("update signing_signatureevidence set object_id = object_id + 1", "SIG-009"),
        ("update signing_signatureevidence set manifest_root = sha256('x')", "SIG-002"),
        ("update signing_signedline set document = replace(document, '100.10', '999.10')", "SIG-002"),
        ("update signing_signedline set leaf_index = leaf_index + 10", "SIG-002"),
    ],
)
def test_altered_evidence_shows_a_broken_seal(world: World, now: datetime, statement: str, code: str) -> None:
    of = debtor(world)
    signed(of, submitted(of, 2, now), now)
    with acting(of.signer):
        assert selectors.seals(flow.OBJECT, [1], by=of.signer, at=now)[1].state == "valid"

    _as_owner(statement)

    with acting(of.signer):
        line = SignedLine.objects.filter(object_id=1).select_related("evidence").get()
        problem = selectors.judge(line.evidence) or selectors.judge_line(line)
        assert problem is not None
        assert problem.code == code
        assert selectors.seals(flow.OBJECT, [1], by=of.signer, at=now)[1].state == "broken"


def test_seal_says_when_the_certificate_expired_since(world: World, now: datetime) -> None:
    of = debtor(world)
    evidence = signed(of, submitted(of, 1, now), now)

    with acting(of.signer):
        later = selectors.seal_of_evidence(evidence.pk, by=of.signer, at=now + timedelta(days=2000))

    assert later is not None
    assert later.state == "expired"


@pytest.mark.parametrize("table", ["signing_signatureevidence", "signing_signedline", "signing_revocationlist"])
@pytest.mark.parametrize("statement", ["update {} set id = id", "delete from {}", "truncate {}"])
def test_application_cannot_change_evidence(world: World, now: datetime, table: str, statement: str) -> None:
    of = debtor(world)
    signed(of, submitted(of, 1, now), now)

    with pytest.raises(DatabaseError), acting(of.signer), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


def _as_owner(statement: str) -> None:
    """What only somebody with the owner's password could do, with the append-only triggers switched off."""
    owner = psycopg2.connect(**connections["owner"].get_connection_params() | {"cursor_factory": None})
    with contextlib.closing(owner), owner, owner.cursor() as cursor:
        for table in ("signing_signatureevidence", "signing_signedline"):
            cursor.execute(f"alter table {table} disable trigger append_only")
        cursor.execute(statement)
        for table in ("signing_signatureevidence", "signing_signedline"):
            cursor.execute(f"alter table {table} enable trigger append_only")


def test_many_answers_at_once_give_one_signature(world: World, now: datetime) -> None:
    of = debtor(world, "ec")
    approval = submitted(of, 3, now)
    ready = [prepared(of, approval.pk, now) for _ in range(4)]

    def answer(one: actions.Prepared) -> str:
        try:
            completed(of, one, signed_value(of, one), now)
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()
        return "signed"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(answer, ready))

    assert outcomes.count("signed") == 1
    assert set(outcomes) <= {"signed", "SIG-009", "SGN-003", "STALE", "ILLEGAL"}
    with acting(of.signer):
        assert SignatureEvidence.objects.count() == 1
        assert SignedLine.objects.count() == 3
