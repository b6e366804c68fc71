"""Proof of time and standing from the simulated services, real processes: with proof, without, too late, forged."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from simulators.timestamp.authority import TimestampAuthority
from tests.factories import identity
from tests.factories.identity import proven
from tests.yingshou.signing import flow, services
from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.flow import Debtor
from tests.yingshou.signing.services import Simulated
from tests.yingshou.signing.signer import World, to_der
from yingshou.approvals import actions as approval_actions
from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Person
from yingshou.jobs import http
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.running import run_job
from yingshou.kernel import clock
from yingshou.runtime.places import PROJECT
from yingshou.signing import actions, presenters, selectors, waiting
from yingshou.signing.approvals import AlreadySigned
from yingshou.signing.errors import Replayed, Revoked
from yingshou.signing.keeping import Origin
from yingshou.signing.models import AnchorKind, RevocationList, SignatureEvidence, WaitingSignature
from yingshou.signing.timestamps import TimestampInvalid
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = Origin("test browser", "127.0.0.1")


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("timestamp")
    with services.running("timestamp", folder / "sample", folder, services.moved_to(NOW.timestamp())) as one:
        yield one


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("asking")
    with services.running("authority", world.authority.folder, folder, services.moved_to(NOW.timestamp())) as one:
        yield one


@pytest.fixture
def city(world: World, stamping: Simulated, asking: Simulated, settings: Any, now: datetime) -> Iterator[Debtor]:
    """A debtor whose signatures need a timestamp; no revocation list lies here, so the services are asked."""
    for one in (stamping, asking):
        one.misbehave()
        one.clock.write_text(str(int(services.moved_to(now.timestamp()))))
    http.forget_failures()
    settings.SIGNING_TSA_URL = f"{stamping.address}timestamp/"
    settings.SIGNING_OCSP_URL = f"{asking.address}ocsp/"
    settings.SIGNING_TIMESTAMP_REQUIRED = True
    settings.OUTGOING_PRIVATE = [stamping.address, asking.address]
    settings.SIGNING_REVOCATION_FOLDER = "/nonexistent"
    clock.set_offset(now - clock.real_now())
    with acting_as(Actor.system("test")):
        actions.trust_authority(to_der(world.authority.root), at=now)
        root = TimestampAuthority(stamping.folder).identity().root
        actions.trust_authority(to_der(root), at=now, kind=AnchorKind.TIMESTAMP)
    yield flow.debtor(world)
    clock.set_offset(timedelta(0))
    http.forget_failures()


def at() -> datetime:
    return clock.now()


def signed(city: Debtor, approval: Approval) -> SignatureEvidence | WaitingSignature:
    with acting_as(city.signer):
        ready = flow.prepared(city, approval.pk, at())
        value = flow.signed_value(city, ready)
        return waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)


def state(city: Debtor, approval: Approval) -> str:
    with flow.acting(city.maker):
        return str(Approval.objects.get(pk=approval.pk).state)


def evidences(city: Debtor) -> int:
    with flow.acting(city.signer):
        return SignatureEvidence.objects.count()


def problem_code() -> str:
    """Why the only waiting signature came to nothing."""
    problem = WaitingSignature.objects.get().problem
    assert problem is not None
    return str(problem["code"])


def run_proof_job(city: Debtor, *, after: timedelta) -> Job:
    """What the sweeper does once the clock has come so far."""
    clock.set_offset(clock.offset() + after)
    with flow.acting(Actor.system("test", city.organisation.pk)):
        job = Job.objects.get(name=waiting.JOB)
    run_job(job.pk)
    with flow.acting(Actor.system("test", city.organisation.pk)):
        job.refresh_from_db()
    return job


def test_signature_gets_its_proofs_and_they_hold_for_years(city: Debtor, tmp_path: Path) -> None:
    approval = flow.submitted(city, 2, at())

    evidence = signed(city, approval)

    assert isinstance(evidence, SignatureEvidence)
    assert state(city, approval) == "APPROVED"
    assert len(evidence.ocsp_responses) == 2
    assert evidence.timestamp_authority == "Yingshou Sample Timestamps"
    assert evidence.timestamp_at is not None
    assert abs(evidence.timestamp_at - evidence.signed_at) < timedelta(seconds=60)
    with flow.acting(city.signer):
        stored = SignatureEvidence.objects.get(pk=evidence.pk)
        selectors._judged.clear()
        assert selectors.judge(stored) is None
        assert selectors.seal_of(stored, None, at=at() + timedelta(days=2000)).state == "expired"
        command = presenters.stamp_row(stored)
        (tmp_path / "timestamp.tst").write_bytes(bytes(stored.timestamp_token))
        (tmp_path / "signature.bin").write_bytes(bytes(stored.value))
        (tmp_path / "timestamp-authority.pem").write_bytes(presenters.pem(selectors.timestamp_roots(stored)))
    assert command is not None
    documented = re.findall(r"```sh timestamp\n(.*?)```", (PROJECT / "docs/security.md").read_text(), re.DOTALL)
    variables = {**os.environ, "STAMPED": str(int(command.at.timestamp()))}
    for script in (command.command, *documented):
        done = subprocess.run(
            ["bash", "-ec", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert "Verification: OK" in done.stdout + done.stderr
    assert len(documented) == 1
    assert f"Time stamp: {command.at:%b %d %H:%M:%S %Y} GMT" in done.stdout


def test_altered_proof_is_found_when_the_signature_is_shown(city: Debtor) -> None:
    evidence = signed(city, flow.submitted(city, 1, at()))
    other = signed(city, flow.submitted(city, 1, at(), start=9))
    assert isinstance(evidence, SignatureEvidence)
    assert isinstance(other, SignatureEvidence)
    with flow.acting(city.signer):
        foreign, moved, unanswered = (SignatureEvidence.objects.get(pk=evidence.pk) for _ in range(3))
        foreign.timestamp_token = other.timestamp_token
        moved.timestamp_at = evidence.signed_at - timedelta(hours=1)
        unanswered.ocsp_responses = unanswered.ocsp_responses[:1]

        found = [getattr(selectors.judge(one), "code", "") for one in (foreign, moved, unanswered)]

    assert found == ["SIG-011", "SIG-011", "SIG-005"]


@pytest.mark.parametrize(
    "fault",
    [
        "down", "wrong-imprint", "wrong-nonce", "no-nonce", "no-certificate", "untrusted", "expired", "wrong-usage",
        "early", "rejection", "tampered", "garbage",
    ],
)  # fmt: skip
def test_nothing_takes_effect_without_a_good_timestamp(city: Debtor, stamping: Simulated, fault: str) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave(fault)

    found = signed(city, approval)

    assert isinstance(found, WaitingSignature)
    assert (found.waits, found.ended_at) == ("TIMESTAMP", None)
    assert state(city, approval) == "SIGNED_WAITING_PROOF"
    assert evidences(city) == 0
    stamping.misbehave()
    http.forget_failures()
    assert run_proof_job(city, after=timedelta(minutes=1)).state == JobState.DONE
    assert state(city, approval) == "APPROVED"


@pytest.mark.parametrize(
    "fault", ["down", "stale", "unknown", "wrong-certificate", "wrong-signer", "wrong-nonce", "error"]
)
def test_nothing_takes_effect_while_the_standing_is_unknown(city: Debtor, asking: Simulated, fault: str) -> None:
    approval = flow.submitted(city, 1, at())
    asking.misbehave(fault)

    found = signed(city, approval)

    assert isinstance(found, WaitingSignature)
    assert found.waits == "REVOCATION"
    assert state(city, approval) == "SIGNED_WAITING_PROOF"
    assert evidences(city) == 0


def test_list_over_http_answers_where_ocsp_does_not(city: Debtor, asking: Simulated, settings: Any) -> None:
    settings.SIGNING_CRL_URLS = [f"{asking.address}lists/{name}.crl" for name in ("root", "issuing")]
    asking.misbehave("error")

    evidence = signed(city, flow.submitted(city, 1, at()))

    assert isinstance(evidence, SignatureEvidence)
    assert len(evidence.ocsp_responses) == 0
    assert len(evidence.revocation_list_ids) == 2
    with flow.acting(city.signer):
        assert RevocationList.objects.count() == 2


def test_revoked_certificate_is_refused_and_the_submission_is_free_again(city: Debtor, asking: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    asking.misbehave("revoked")

    with pytest.raises(Revoked):
        signed(city, approval)

    assert (state(city, approval), evidences(city)) == ("SUBMITTED", 0)
    with flow.acting(city.signer):
        row = WaitingSignature.objects.get()
        told = AuditEvent.objects.filter(kind="approvals.approval.give_back").get()
    assert row.problem is not None
    assert row.problem["code"] == "SIG-005"
    assert "revoked" in told.body["reason"] or "吊销" in told.body["reason"]
    asking.misbehave()
    assert isinstance(signed(city, approval), SignatureEvidence)


def test_second_signature_meanwhile_is_refused_kindly(city: Debtor, world: World, stamping: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave("down")
    signed(city, approval)
    colleague = identity.membership(city.organisation, [Duty.CHECKER, Duty.SIGNER])
    by = actor_of(colleague, "test-request")
    file = world.key_file("colleague", uscc=city.organisation.uscc)

    with acting_as(by), pytest.raises(AlreadySigned) as refused:
        actions.prepare("approvals.approve", approval.pk, file.certificate_der, file.others, by=by, at=at())

    assert refused.value.code == "SGN-006"
    assert city.signer.label in refused.value.message_text


def test_same_signature_sent_again_gives_the_same_answer(city: Debtor, stamping: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    with acting_as(city.signer):
        ready = flow.prepared(city, approval.pk, at())
        value = flow.signed_value(city, ready)
        stamping.misbehave("down")
        first = waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)
        again = waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)
        stamping.misbehave()
        http.forget_failures()
        done = waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)
        last = waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)
        with pytest.raises(Replayed):
            waiting.sign(ready.request.pk, value[::-1], by=city.signer, at=at(), origin=ORIGIN)

    assert isinstance(first, WaitingSignature)
    assert first.pk == again.pk
    assert isinstance(done, SignatureEvidence)
    assert done.pk == last.pk
    assert evidences(city) == 1


def test_both_services_dead_for_ten_minutes_lose_and_confirm_nothing(
    city: Debtor, stamping: Simulated, asking: Simulated
) -> None:
    approval = flow.submitted(city, 3, at())
    stamping.kill()
    asking.kill()

    found = signed(city, approval)

    assert isinstance(found, WaitingSignature)
    for _minute in range(4):
        http.forget_failures()
        job = run_proof_job(city, after=timedelta(minutes=2, seconds=30))
        assert (job.state, state(city, approval), evidences(city)) == ("QUEUED", "SIGNED_WAITING_PROOF", 0)
    stamping.start()
    asking.start()
    http.forget_failures()
    for one in (stamping, asking):
        one.clock.write_text(str(int(clock.offset().total_seconds())))
    assert run_proof_job(city, after=timedelta(minutes=11)).state == JobState.DONE
    assert (state(city, approval), evidences(city)) == ("APPROVED", 1)
    with flow.acting(city.signer):
        stored = SignatureEvidence.objects.get()
        assert stored.timestamp_at is not None
        assert stored.timestamp_at - stored.arrived_at > timedelta(minutes=9)
        assert selectors.judge(stored) is None


@pytest.mark.parametrize("step", ["accepted", "fetched", "concluded"])
def test_what_dies_after_a_step_is_finished_by_the_job(city: Debtor, step: str) -> None:
    """Each step commits by itself: the work is left there, as a killed process leaves it."""
    approval = flow.submitted(city, 1, at())
    with acting_as(city.signer):
        ready = flow.prepared(city, approval.pk, at())
        row = waiting.accept(ready.request.pk, flow.signed_value(city, ready), by=city.signer, at=at(), origin=ORIGIN)
        assert isinstance(row, WaitingSignature)
        if step != "accepted":
            proof, _waits = waiting._fetch(row, at=at(), seconds=3)
        if step == "concluded":
            first = waiting.conclude(row.pk, proof, by=city.signer, at=at())
            assert waiting.conclude(row.pk, proof, by=city.signer, at=at()).pk == first.pk

    job = run_proof_job(city, after=timedelta(minutes=1))

    assert job.state == JobState.DONE
    assert (state(city, approval), evidences(city)) == ("APPROVED", 1)


def test_after_a_day_it_is_given_back_with_the_reason(city: Debtor, stamping: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave("down")
    signed(city, approval)

    job = run_proof_job(city, after=timedelta(hours=24, minutes=1))

    assert job.state == JobState.DONE
    assert (state(city, approval), evidences(city)) == ("SUBMITTED", 0)
    with flow.acting(city.signer):
        assert problem_code() == "SGN-007"
        told = Job.objects.get(name="notifications.of_given_back")
    run_job(told.pk)
    with flow.acting(Actor.system("test", city.organisation.pk)):
        (message,) = Job.objects.get(name="notifications.deliver").key["messages"]
    assert (message["person_id"], message["url"]) == (city.signer.person_id, f"/approvals/{approval.pk}/")


def test_signer_who_left_meanwhile_signs_nothing(city: Debtor, stamping: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave("down")
    signed(city, approval)
    with flow.acting(Actor.system("test", city.organisation.pk)):
        Membership.objects.filter(person_id=city.signer.person_id or 0).update(until=at())
    stamping.misbehave()

    run_proof_job(city, after=timedelta(minutes=1))

    assert (state(city, approval), evidences(city)) == ("SUBMITTED", 0)


def test_rejected_meanwhile_stays_rejected(city: Debtor, stamping: Simulated) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave("down")
    signed(city, approval)
    with acting_as(city.signer):
        approval_actions.reject(approval.pk, reason="wrong amount", by=city.signer, at=at())
    stamping.misbehave()

    run_proof_job(city, after=timedelta(minutes=1))

    assert (state(city, approval), evidences(city)) == ("REJECTED", 0)
    with flow.acting(city.signer):
        assert problem_code() == "SGN-003"


def test_without_a_timestamp_nothing_is_completed_where_one_is_required(city: Debtor, world: World) -> None:
    approval = flow.submitted(city, 1, at())
    with acting_as(Actor.system("test")):
        actions.store_revocation_lists([facts.der for facts in world.lists], at=at())
    with acting_as(city.signer):
        ready = flow.prepared(city, approval.pk, at())

        with pytest.raises(TimestampInvalid):
            actions.complete(ready.request.pk, flow.signed_value(city, ready), by=city.signer, at=at(), origin=ORIGIN)

    assert (state(city, approval), evidences(city)) == ("SUBMITTED", 0)


def test_optional_timestamp_holds_nothing_up(city: Debtor, stamping: Simulated, settings: Any) -> None:
    settings.SIGNING_TIMESTAMP_REQUIRED = False
    stamping.misbehave("down")

    evidence = signed(city, flow.submitted(city, 1, at()))

    assert isinstance(evidence, SignatureEvidence)
    assert evidence.timestamp_at is None


def test_nothing_is_fetched_while_a_transaction_is_open(city: Debtor) -> None:
    approval = flow.submitted(city, 1, at())

    with pytest.raises(http.InsideTransaction), acting_as(city.signer), transaction.atomic():
        signed(city, approval)

    assert (state(city, approval), evidences(city)) == ("SUBMITTED", 0)


def test_pages_say_what_is_missing_since_when_and_what_comes_next(
    city: Debtor, stamping: Simulated, client: Client
) -> None:
    approval = flow.submitted(city, 1, at())
    stamping.misbehave("down")
    signed(city, approval)
    with flow.acting(Actor.system("test")):
        client.force_login(
            Person.objects.get(pk=city.signer.person_id or 0), "allauth.account.auth_backends.AuthenticationBackend"
        )
    proven(client)
    client.cookies["language"] = "en"

    for path in (f"/signing/approvals/{approval.pk}/result/", f"/approvals/{approval.pk}/"):
        page = client.get(path).content.decode()
        assert "the timestamp service does not answer" in page
        assert "Nothing has taken effect yet, and nothing is lost." in page
        assert "the platform’s" in page
        assert "/reject/" not in page
    assert "the timestamp service does not answer" in client.get("/approvals/").content.decode()
    assert client.get(f"/signing/approvals/{approval.pk}/")["Location"] == f"/signing/approvals/{approval.pk}/result/"


def test_registration_waits_and_says_so(city: Debtor, stamping: Simulated, client: Client, now: datetime) -> None:
    stamping.misbehave("down")
    person_id = city.signer.person_id or 0
    with acting_as(city.signer):
        ready = actions.prepare(
            "signing.register", person_id, city.file.certificate_der, city.file.others, by=city.signer, at=at()
        )
        value = flow.signed_value(city, ready)
        waiting.sign(ready.request.pk, value, by=city.signer, at=at(), origin=ORIGIN)
    with flow.acting(Actor.system("test")):
        client.force_login(Person.objects.get(pk=person_id), "allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["language"] = "en"
    before = client.get("/signing/certificates/").content.decode()
    # The page has read the city's clock, which nobody moved.
    clock.set_offset(now - clock.real_now())
    stamping.misbehave()

    run_proof_job(city, after=timedelta(minutes=1))

    assert "it waits for its proof: the timestamp service does not answer" in before
    assert "it waits for its proof" not in client.get("/signing/certificates/").content.decode()
    assert evidences(city) == 1
