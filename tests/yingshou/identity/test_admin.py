"""The staff's administration: who sees what, nothing changes without a second person, business tables do not exist there."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from tests.yingshou.identity.test_registration import signed_in
from yingshou.approvals.actions import DutyMissing
from yingshou.approvals.models import Approval
from yingshou.audit.models import AuditEvent
from yingshou.identity.actions import job_care
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation, OrganisationGrant, Region, Workday
from yingshou.jobs.models import Job
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.tenancy.classes import ROW_CLASSES

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = {
    "identity_organisation": {Duty.MAKER, Duty.CHECKER},
    "identity_region": {
        Duty.MAKER,
        Duty.CHECKER,
        Duty.SYSTEM_ADMINISTRATOR,
        Duty.SECURITY_ADMINISTRATOR,
        Duty.AUDIT_ADMINISTRATOR,
    },
    "identity_workday": {
        Duty.MAKER,
        Duty.CHECKER,
        Duty.SYSTEM_ADMINISTRATOR,
        Duty.SECURITY_ADMINISTRATOR,
        Duty.AUDIT_ADMINISTRATOR,
    },
    "approvals_approval": {
        Duty.MAKER,
        Duty.CHECKER,
        Duty.SYSTEM_ADMINISTRATOR,
        Duty.SECURITY_ADMINISTRATOR,
        Duty.AUDIT_ADMINISTRATOR,
    },
    "identity_person": {Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR},
    "identity_membership": {Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR},
    "identity_organisationgrant": {Duty.SECURITY_ADMINISTRATOR},
    "jobs_job": {Duty.SYSTEM_ADMINISTRATOR},
    "audit_auditevent": {Duty.AUDIT_ADMINISTRATOR},
    "audit_accessevent": {Duty.AUDIT_ADMINISTRATOR},
}
STAFF = (Duty.MAKER, Duty.CHECKER, Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR)


@pytest.fixture
def operator() -> Organisation:
    return make.organisation(Capability.PLATFORM_OPERATOR, size=None)


@pytest.mark.parametrize("duty", STAFF)
def test_each_duty_sees_its_own_places(operator: Organisation, duty: Duty) -> None:
    client = signed_in(make.membership(operator, [duty]).person)

    assert client.get(reverse("admin:index")).status_code == 200
    seen = {place for place in PLACES if client.get(reverse(f"admin:{place}_changelist")).status_code == 200}

    assert seen == {place for place, duties in PLACES.items() if duty in duties}


def test_strangers_and_customers_stay_outside() -> None:
    customer = signed_in(make.membership(make.organisation(), list(STAFF[:2])).person)

    for place in PLACES:
        url = reverse(f"admin:{place}_changelist")
        stranger: Any = Client().get(url)
        assert (stranger.status_code, stranger.url.split("?")[0]) == (302, reverse("account_login"))
        assert customer.get(url).status_code == 403
    signing_in: Any = Client().get("/admin/login/")
    assert signing_in.url == reverse("account_login")


def test_only_named_models_are_registered_and_no_business_table(operator: Organisation) -> None:
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    staff = signed_in(make.membership(operator, STAFF).person)

    assert set(PLACES) <= registered
    assert not [name for name in registered if name.startswith("receivables_")]
    for model in apps.get_app_config("receivables").get_models():
        assert staff.get(f"/admin/receivables/{model._meta.model_name}/").status_code == 404
    assert "identity.Person" in dict(ROW_CLASSES.items())


def test_nothing_can_be_deleted(operator: Organisation) -> None:
    staff = signed_in(make.membership(operator, STAFF).person)

    for url in ("/admin/identity/region/350000/delete/", f"/admin/identity/organisation/{operator.pk}/delete/"):
        assert staff.post(url, {"post": "yes"}).status_code == 403
    with acting_as(Actor.system("test")), transaction.atomic():
        assert Region.objects.filter(code="350000").exists()


def test_reference_data_change_waits_for_a_second_person(operator: Organisation) -> None:
    system, security = (
        make.membership(operator, [Duty.SYSTEM_ADMINISTRATOR]),
        make.membership(operator, [Duty.SECURITY_ADMINISTRATOR]),
    )
    maker, checker = signed_in(system.person), signed_in(security.person)

    sent = maker.post(
        "/admin/identity/region/add/", {"code": "350299", "name": "新区", "valid_from": "2026-11-01", "valid_to": ""}
    )
    assert sent.status_code == 302, sent.content.decode()
    with acting_as(actor_of(system, "r")), transaction.atomic():
        assert not Region.objects.filter(code="350299").exists()
        approval = Approval.objects.get()
    choice = {"action": "agree", "_selected_action": [approval.pk]}
    maker.post(reverse("admin:approvals_approval_changelist"), choice)
    with acting_as(Actor.system("test")), transaction.atomic():
        assert not Region.objects.filter(code="350299").exists()
    done = checker.post(reverse("admin:approvals_approval_changelist"), choice)

    assert done.status_code == 302
    with acting_as(Actor.system("test")), transaction.atomic():
        assert Region.objects.get(code="350299").parent_id == "350200"


def test_workday_can_be_proposed_and_refused(operator: Organisation) -> None:
    system, second = (
        make.membership(operator, [Duty.SYSTEM_ADMINISTRATOR]),
        make.membership(operator, [Duty.SECURITY_ADMINISTRATOR]),
    )
    sent = signed_in(system.person).post("/admin/identity/workday/add/", {"day": "2031-01-01", "note": "元旦"})
    assert sent.status_code == 302, sent.content.decode()
    with acting_as(actor_of(system, "r")), transaction.atomic():
        approval = Approval.objects.get()

    signed_in(second.person).post(
        reverse("admin:approvals_approval_changelist"), {"action": "refuse", "_selected_action": [approval.pk]}
    )

    with acting_as(actor_of(system, "r")), transaction.atomic():
        approval.refresh_from_db()
        assert approval.state == "REJECTED"
        assert not Workday.objects.filter(day="2031-01-01").exists()


@pytest.mark.parametrize("duty", [Duty.MAKER, Duty.CHECKER, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR])
def test_others_cannot_propose_reference_data(operator: Organisation, duty: Duty) -> None:
    client = signed_in(make.membership(operator, [duty]).person)

    assert client.get("/admin/identity/region/add/").status_code == 403
    assert client.post("/admin/identity/region/350000/change/", {"name": "别名"}).status_code == 403


def test_registration_is_proposed_from_the_list(operator: Organisation) -> None:
    maker = make.membership(operator, [Duty.MAKER])
    waiting = make.organisation(state="PENDING_VERIFICATION", verified_at=None)

    response = signed_in(maker.person).post(
        reverse("admin:identity_organisation_changelist"),
        {"action": "propose_verification", "_selected_action": [waiting.pk]},
    )

    assert response.status_code == 302
    with acting_as(actor_of(maker, "r")), transaction.atomic():
        assert Approval.objects.get().lines.get().object_id == waiting.pk
        waiting.refresh_from_db()
        assert waiting.state == "PENDING_VERIFICATION"


def test_support_view_is_opened_by_two_and_ends(operator: Organisation) -> None:
    first, second = (make.membership(operator, [Duty.SECURITY_ADMINISTRATOR]) for _ in range(2))
    helper = make.membership(operator, [Duty.MAKER])
    customer = make.organisation()
    sent = signed_in(first.person).post(
        "/admin/identity/organisationgrant/add/",
        {"person": helper.person_id, "organisation": customer.pk, "reason": "T-1 看不到到期日"},
    )
    assert sent.status_code == 302, sent.content.decode()
    with acting_as(actor_of(first, "r")), transaction.atomic():
        approval = Approval.objects.get()
        assert not OrganisationGrant.objects.exists()
    signed_in(second.person).post(
        reverse("admin:approvals_approval_changelist"), {"action": "agree", "_selected_action": [approval.pk]}
    )

    with acting_as(Actor.system("test")), transaction.atomic():
        grant = OrganisationGrant.objects.get()
        assert (grant.user_id, grant.content_object_id) == (helper.person_id, customer.pk)
        assert (grant.ends_at - grant.starts_at).total_seconds() == 7200
        assert helper.person.has_perm("support_view", customer)


def failed_job(name: str = "identity.forget_attempts") -> Job:
    with acting_as(Actor.system("test")), transaction.atomic():
        return Job.objects.create(
            name=name, key={}, key_hash="x", state="FAILED", attempts=5, asked_at=make.AT, run_at=make.AT,
            finished_at=make.AT, error="boom",
        )  # fmt: skip


def state_of(job: Job) -> tuple[str, str]:
    with acting_as(Actor.system("test")), transaction.atomic():
        job.refresh_from_db()
    return job.state, job.error


def propose_retry(operator: Organisation, job: Job) -> tuple[Client, Approval]:
    """A system administrator selects the failed job in the administration; the client and what waits."""
    proposer = make.membership(operator, [Duty.SYSTEM_ADMINISTRATOR])
    client = signed_in(proposer.person)
    assert client.get(reverse("admin:jobs_job_change", args=[job.pk])).status_code == 200
    answer = client.post(reverse("admin:jobs_job_changelist"), {"action": "try_again", "_selected_action": [job.pk]})
    assert answer.status_code == 302
    with acting_as(actor_of(proposer, "r")), transaction.atomic():
        return client, Approval.objects.get()


def agree(client: Client, approval: Approval) -> int:
    address = reverse("admin:approvals_approval_changelist")
    return client.post(address, {"action": "agree", "_selected_action": [approval.pk]}).status_code


def test_failed_job_is_tried_again_by_two(operator: Organisation) -> None:
    job = failed_job()
    client, approval = propose_retry(operator, job)

    assert state_of(job) == ("FAILED", "boom")
    agree(client, approval)
    assert state_of(job) == ("FAILED", "boom"), "not by the proposer"
    for duty in (Duty.MAKER, Duty.AUDIT_ADMINISTRATOR):
        agree(signed_in(make.membership(operator, [duty]).person), approval)
        assert state_of(job) == ("FAILED", "boom"), duty

    assert agree(signed_in(make.membership(operator, [Duty.SYSTEM_ADMINISTRATOR]).person), approval) == 302
    assert state_of(job) == ("QUEUED", "")
    auditor = make.actor_for(operator, Duty.AUDIT_ADMINISTRATOR)
    with acting_as(auditor), transaction.atomic():
        kinds = set(AuditEvent.objects.visible_to(auditor).values_list("kind", flat=True))
    assert {"approvals.approval.submit", "approvals.approval.approve", "identity.reference.job_retried"} <= kinds


def test_job_that_did_not_fail_or_failed_again_is_not_tried(operator: Organisation) -> None:
    job = failed_job()
    _client, approval = propose_retry(operator, job)
    with acting_as(Actor.system("test")), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(finished_at=make.AT + timedelta(hours=1), error="other")

    agree(signed_in(make.membership(operator, [Duty.CHECKER]).person), approval)

    assert state_of(job) == ("FAILED", "other")
    with acting_as(Actor.system("test")), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="DONE")
    actor = make.actor_for(operator, Duty.SYSTEM_ADMINISTRATOR)
    with acting_as(actor), transaction.atomic(), pytest.raises(job_care.JobNotFailed):
        job_care.propose_retry(job_id=job.pk, by=actor, at=make.AT)


@pytest.mark.parametrize("duty", [Duty.MAKER, Duty.CHECKER, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR])
def test_only_the_system_administrator_proposes_a_retry(operator: Organisation, duty: Duty) -> None:
    actor, job = make.actor_for(operator, duty), failed_job()
    with acting_as(actor), transaction.atomic(), pytest.raises(DutyMissing):
        job_care.propose_retry(job_id=job.pk, by=actor, at=make.AT)


def test_pages_of_the_administration_need_no_inline_script(operator: Organisation) -> None:
    client = signed_in(make.membership(operator, STAFF).person)

    for place in PLACES:
        response = client.get(reverse(f"admin:{place}_changelist"))
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "style=" not in response.content.decode()
