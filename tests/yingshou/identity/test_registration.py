"""From the public form to a verified organisation, by the pages; the refusals on the way."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity as make
from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import Rule
from yingshou.approvals.models import Approval
from yingshou.identity import begun
from yingshou.identity.actions import decisions, registration
from yingshou.identity.errors import AlreadyRegistered, CapabilityNotOpen, SignInNameTaken
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation, OrganisationDetails, Person
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

PNG = (
    b"\x89PNG\r\n\x1a\n"
    b"\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" + b"\x00" * 64
)


def key(response: Any) -> str:
    return make.first_group(r'name="idempotency_key" value="([^"]+)"', response.content.decode())


def first_page(**changes: Any) -> dict[str, Any]:
    return {
        "uscc": make.uscc(990001),
        "name": "厦门鹭岛精密机械有限公司",
        "short_name": "鹭岛精密",
        "name_en": "Ludao Precision",
        "kind": "02",
        "capabilities": ["creditor", "debtor"],
        "region": "350200",
        "size": "30",
        "industry": "C3521",
        "legal_representative": "法定代表人",
        "username": "ludao-admin",
        "display_name": "管理员",
        "email": "admin@ludao.example.com",
        "phone": "13800138000",
    } | changes


def register_by_pages(client: Client, **changes: Any) -> Any:
    first = client.post(reverse("identity:register"), first_page(**changes))
    assert first.status_code == 302, first.content.decode()
    check = client.get(reverse("identity:register_check"))
    return client.post(
        reverse("identity:register_check"),
        {
            "idempotency_key": key(check),
            "licence": SimpleUploadedFile("licence.png", PNG, "image/png"),
            "password1": make.PASSWORD,
            "password2": make.PASSWORD,
            "agreed": "on",
        },
    )


def operators() -> Any:
    row = make.organisation(Capability.PLATFORM_OPERATOR, kind="09", size=None)
    return make.membership(row, [Duty.MAKER, Duty.CHECKER]), make.membership(row, [Duty.MAKER, Duty.CHECKER])


def signed_in(person: Person) -> Client:
    client = Client()
    response = client.post(reverse("account_login"), {"login": person.username, "password": make.PASSWORD})
    assert response.status_code == 302, response.content.decode()
    return make.proven(client)


def test_registration_leads_to_a_verified_organisation(client: Client) -> None:
    first, second = operators()

    done = register_by_pages(client)
    assert done.url == reverse("identity:register_done")
    link = make.first_group(r"/account/confirm-email/\S+", mail.outbox[-1].body)
    blocked: Any = client.post(reverse("account_login"), {"login": "ludao-admin", "password": make.PASSWORD})
    assert blocked.url == reverse("account_email_verification_sent")
    assert client.get(link).status_code == 200
    client.post(link)
    applicant = Client()
    applicant.post(reverse("account_login"), {"login": "ludao-admin", "password": make.PASSWORD})
    waiting = applicant.get(reverse("identity:organisation"))
    assert waiting.status_code == 200
    assert "PENDING_VERIFICATION" in waiting.content.decode()

    with acting_as(Actor.system("test")), transaction.atomic():
        row = make.by_code(make.uscc(990001))
    reviewer, decider = signed_in(first.person), signed_in(second.person)
    listed = reviewer.get(reverse("identity:registrations"))
    assert row.name in listed.content.decode()
    page = reviewer.get(reverse("identity:review", args=[row.pk]))
    proposed = reviewer.post(
        reverse("identity:propose", args=[row.pk]),
        {"idempotency_key": key(page), "event": "verify", "reason_0": "", "reason_code": ""},
    )
    assert proposed.status_code == 302, proposed.content.decode()
    with acting_as(Actor.system("test", organisation_id=first.organisation_id)), transaction.atomic():
        approval = Approval.objects.get()
    own = reviewer.post(reverse("approvals:approve", args=[approval.pk]), {"idempotency_key": "k-own"})
    assert own.status_code == 403
    agreed = decider.post(reverse("approvals:approve", args=[approval.pk]), {"idempotency_key": "k-second"})
    assert agreed.status_code == 302, agreed.content.decode()

    with acting_as(Actor.system("test", organisation_id=row.pk)), transaction.atomic():
        row.refresh_from_db()
        assert (row.state, row.version) == ("VERIFIED", 2)
        assert OrganisationDetails.objects.get().licence_file_ids
        assert Membership.objects.get(organisation=row).duties == ["administrator"]
    assert "VERIFIED" in applicant.get(reverse("identity:organisation")).content.decode()


def test_rejected_registration_is_shown_with_its_reason_and_can_be_handed_in_again(client: Client) -> None:
    first, second = operators()
    register_by_pages(client)
    with acting_as(Actor.system("test")), transaction.atomic():
        row = make.by_code(make.uscc(990001))
        person = Person.objects.get(username="ludao-admin")
        EmailAddress.objects.filter(user=person).update(verified=True)
    staff = [actor_of(one, "r") for one in (first, second)]
    with acting_as(staff[0]):
        approval = decisions.propose_decision(
            organisation_id=row.pk,
            event="reject",
            reason_code="NAME_DIFFERS",
            reason="执照名称不同",
            by=staff[0],
            at=make.AT,
        )
    with acting_as(staff[1]):
        outcomes = approvals.approve(approval.pk, by=staff[1], at=make.AT)
    assert [outcome.ok for outcome in outcomes] == [True]

    applicant = signed_in(person)
    shown = applicant.get(reverse("identity:organisation")).content.decode()
    assert "执照名称不同" in shown
    assert reverse("identity:correct") in shown
    page = applicant.get(reverse("identity:correct"))
    values = {
        name: value
        for name, value in first_page(name="厦门鹭岛机械有限公司").items()
        if name not in ("uscc", "username", "email", "phone", "display_name")
    }
    again = applicant.post(reverse("identity:correct"), values | {"idempotency_key": key(page)})

    assert again.status_code == 302, again.content.decode()
    with acting_as(staff[0]), transaction.atomic():
        row.refresh_from_db()
        assert (row.state, row.version, row.name) == ("PENDING_VERIFICATION", 3, "厦门鹭岛机械有限公司")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"uscc": "91350100M000100Y4Z"}, "uscc"),
        ({"uscc": "9135010OM000100Y43"}, "uscc"),
        ({"name": ""}, "name"),
        ({"capabilities": []}, "capabilities"),
        ({"capabilities": ["platform_operator"]}, "capabilities"),
        ({"region": "999999"}, "region"),
        ({"size": ""}, "size"),
        ({"email": "nobody"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"username": "Admin Mit Leer"}, "username"),
        ({"industry": "Z99"}, "industry"),
    ],
)
def test_registration_form_names_what_is_wrong(client: Client, changes: dict[str, Any], field: str) -> None:
    response = client.post(reverse("identity:register"), first_page(**changes))

    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_full_width_and_small_letters_of_a_credit_code_are_understood(client: Client) -> None:
    code = make.uscc(990002)
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code.lower())

    response = client.post(reverse("identity:register"), first_page(uscc=wide))

    assert response.status_code == 302
    assert code in client.get(reverse("identity:register_check")).content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"password1": "short", "password2": "short"},
        {"password1": "passwordpassword", "password2": "passwordpassword2"},
        {"password1": "123456789012", "password2": "123456789012"},
        {"password1": "ludao-admin12", "password2": "ludao-admin12"},
        {"agreed": ""},
    ],
)
def test_weak_password_or_missing_consent_registers_nothing(client: Client, changes: dict[str, Any]) -> None:
    client.post(reverse("identity:register"), first_page())
    check = client.get(reverse("identity:register_check"))
    values = {
        "idempotency_key": key(check),
        "licence": SimpleUploadedFile("licence.png", PNG, "image/png"),
        "password1": make.PASSWORD,
        "password2": make.PASSWORD,
        "agreed": "on",
    }

    response = client.post(reverse("identity:register_check"), values | changes)

    assert response.status_code == 422
    with acting_as(Actor.system("test")), transaction.atomic():
        assert Organisation.objects.by_uscc(make.uscc(990001)) is None
        assert not Person.objects.filter(username="ludao-admin").exists()


def test_what_was_typed_is_kept_encrypted_and_without_passwords(client: Client) -> None:
    client.post(reverse("identity:register"), first_page(password1="secret words", password2="secret words"))

    raw = client.session["registration"]
    held = begun.kept(client.session).restored
    assert "13800138000" not in raw
    assert "ludao" not in raw
    assert held is not None
    assert held["phone"] == "13800138000"
    assert not any("password" in name for name in held)
    with connections["owner"].cursor() as cursor:
        cursor.execute("select session_data from django_session")
        rows = [SessionStore().decode(row) for (row,) in cursor.fetchall()]
    assert any("registration" in row for row in rows)
    assert "13800138000" not in repr(rows)


def test_a_registration_that_was_begun_is_found_again_and_can_be_discarded(client: Client) -> None:
    typed_so_far = {"uscc": "9135", "phone": "138", "capabilities": ["debtor"], "address": "软件园 <b>1</b> 号"}
    saved = client.post(reverse("identity:keep_registration"), typed_so_far)
    page = client.get(reverse("identity:register")).content.decode()

    assert saved.status_code == 200
    assert make.first_group(r"(\d\d:\d\d)", saved.json()["words"]) in page
    assert 'value="9135"' in page
    assert "软件园 &lt;b&gt;1&lt;/b&gt; 号" in page
    assert Client().get(reverse("identity:register")).context["begun"].restored is None
    assert client.get(reverse("identity:register_check")).status_code == 302

    client.post(reverse("identity:discard_registration"))
    assert 'value="9135"' not in client.get(reverse("identity:register")).content.decode()


def test_a_registration_longer_than_any_is_not_kept(client: Client) -> None:
    answer = client.post(reverse("identity:keep_registration"), {"name": "很" * 30_000})

    assert answer.status_code == 422
    assert client.get(reverse("identity:register")).context["begun"].restored is None


def test_a_registration_that_was_handed_in_is_not_kept(client: Client) -> None:
    assert register_by_pages(client).status_code == 302

    assert "registration" not in client.session


def test_registered_code_is_refused_while_typing_and_at_the_end(client: Client) -> None:
    row = make.organisation()

    fragment = client.get(reverse("identity:check_code"), {"uscc": row.uscc})
    page = client.post(reverse("identity:register"), first_page(uscc=row.uscc))

    assert fragment.context["taken"] is True
    assert row.name not in fragment.content.decode()
    assert page.status_code == 422


def draft(**changes: Any) -> Any:
    values = first_page(**changes)
    return registration.OrganisationDraft(
        uscc=values["uscc"],
        name=values["name"],
        capabilities=values["capabilities"],
        kind="02",
        region="350200",
        size=30,
        legal_representative="甲",
    ), registration.AdministratorDraft(
        username=values["username"],
        display_name="管理员",
        email=values["email"],
        phone="13800138000",
        password=make.PASSWORD,
    )


def register(**changes: Any) -> Any:
    organisation, administrator = draft(**changes)
    stranger = Actor.anonymous("r")
    with acting_as(stranger):
        return registration.register(
            organisation=organisation,
            administrator=administrator,
            licence=[registration.Upload("a.png", BytesIO(PNG))],
            by=stranger,
            at=make.AT,
        )


def test_same_code_or_person_cannot_register_twice() -> None:
    register()

    with pytest.raises(AlreadyRegistered):
        register(username="other-admin", email="other@example.com")
    with pytest.raises(SignInNameTaken):
        register(uscc=make.uscc(990003))
    with pytest.raises(SignInNameTaken):
        register(uscc=make.uscc(990003), username="other-admin", email="ADMIN@ludao.example.com")
    with pytest.raises(SignInNameTaken):
        register(uscc=make.uscc(990003), username="admin@ludao.example.com", email="x@example.com")


def test_nobody_registers_as_the_platform_operator() -> None:
    with pytest.raises(CapabilityNotOpen):
        register(capabilities=["platform_operator"])


def test_one_member_of_staff_cannot_decide_alone_even_if_a_policy_says_so() -> None:
    row = make.organisation(Capability.PLATFORM_OPERATOR, size=None)
    staff = make.actor_for(row, Duty.MAKER, Duty.CHECKER)
    administrator = make.actor_for(row, Duty.ADMINISTRATOR)
    waiting = make.organisation(state="PENDING_VERIFICATION", verified_at=None)
    with acting_as(administrator):
        approvals.set_policy(
            decisions.DECIDE, rule=Rule("NEVER", Decimal(0), "NEVER", Decimal(0)), by=administrator, at=make.AT
        )

    with acting_as(staff), pytest.raises(DomainError) as refused:
        decisions.propose_decision(organisation_id=waiting.pk, event="verify", by=staff, at=make.AT)

    assert refused.value.code == "ORG-010"
    with acting_as(staff), transaction.atomic():
        waiting.refresh_from_db()
        assert waiting.state == "PENDING_VERIFICATION"


def test_customers_neither_see_nor_decide_registrations() -> None:
    waiting = make.organisation(state="PENDING_VERIFICATION", verified_at=None)
    who = make.membership(make.organisation(), [Duty.MAKER, Duty.CHECKER]).person
    client = signed_in(who)

    assert client.get(reverse("identity:registrations")).status_code == 403
    assert client.get(reverse("identity:review", args=[waiting.pk])).status_code == 403
    assert client.post(reverse("identity:propose", args=[waiting.pk]), {"event": "verify"}).status_code == 403
