"""
A small city for the walk: nine houses, one per capability, with a person per duty; two strangers who deal with each other.

Every house holds one object of each kind (`own`), shares some with the selling stranger (`shared`), and must never learn of what
the strangers hold between themselves (`foreign`). Strings that only their owner may read carry the owner's mark.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import transaction

from receivables import actions as claims
from receivables.models import (
    AnswerPolicy,
    AnswerRouting,
    Appeal,
    Department,
    LikenessFlag,
    PayableLine,
    Receivable,
    Substitute,
)
from tests.factories import identity
from tests.factories import receivables as make
from yingshou.approvals.models import Approval
from yingshou.audit.events import record_access
from yingshou.audit.models import AccessEvent, AuditEvent
from yingshou.documents import actions as documents
from yingshou.documents.models import ImportBatch, ImportRow, Layout
from yingshou.documents.states import RowState
from yingshou.documents.states import State as BatchState
from yingshou.drafts.models import FormDraft
from yingshou.identity.actions import accounts, appointments
from yingshou.identity.grants import SUPPORT_VIEW
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import (
    BankAccount,
    Membership,
    Organisation,
    OrganisationGrant,
    OrganisationInvite,
    Person,
    Workday,
)
from yingshou.identity.proofs import FACTOR_KEY
from yingshou.jobs.models import IdempotencyKey, Job
from yingshou.kernel import clock
from yingshou.notifications.models import ChannelChoice, Message
from yingshou.signing.models import Certificate, RevocationList, SignatureEvidence, SignedLine, SigningRequest
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as
from yingshou.ui.models import SavedView

AT = make.AT
ORDINARY = (Duty.ADMINISTRATOR, Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.VIEWER, Duty.AUDITOR)
STAFF_ONLY = (Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR)
FOREIGN, SHARED = "ZMARKFOREIGN", "ZMARKSHARED"
NOWHERE = 987_654_321
SIGNED_TEXT = '{"purpose":{"zh":"确认","en":"Confirm"},"legal_effect":{"zh":"有效","en":"Binding"},"mark":"MARK"}'


@dataclass
class House:
    """An organisation with a person per duty and its objects by the name of the argument that an address takes."""

    organisation: Organisation
    mark: str
    members: dict[str, Membership] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)

    def actor(self, duty: Duty) -> Actor:
        """The person with this duty."""
        return actor_of(self.members[str(duty)], "walk")

    @property
    def worker(self) -> Actor:
        """A job of the house."""
        return Actor.system("walk", organisation_id=self.organisation.pk)


@dataclass(frozen=True)
class Principal:
    """
    Who knocks at the door, described by hand: what the person is, not what the product makes of it.

    :param duties: the duties that count; empty while the organisation is not verified
    """

    key: str
    capability: str = ""
    duties: frozenset[str] = frozenset()
    signed_in: bool = True
    house: House | None = None
    membership: Membership | None = None
    person: Person | None = None
    session: str = ""
    session_row: int = 0


@dataclass
class World:
    """Everything the walk knows."""

    houses: dict[str, House]
    seller: House
    buyer: House
    waiting: Organisation
    principals: dict[str, Principal]
    # Places of the administration: a row of the operator's own house, or of everybody, and one of the selling stranger.
    places: dict[str, dict[str, Any]]

    def place(self, name: str, relation: str) -> Any:
        """The row of a place of the administration; None where the relation does not exist."""
        if relation == "nonexistent":
            return NOWHERE
        found = next((rows for place, rows in self.places.items() if name.startswith(f"admin:{place}_")), {})
        return found.get(relation)

    def arguments(self, principal: Principal, relation: str) -> dict[str, Any] | None:
        """Objects by argument name in a relation to the principal; None where the relation does not exist."""
        if relation == "nonexistent":
            return NONEXISTENT
        if relation == "foreign":
            return self.seller.own | {"organisation_id": NOWHERE}
        house = principal.house
        if house is None:
            return None
        if relation == "shared":
            return house.shared
        return house.own | {"session_id": principal.session_row, "organisation_id": self.waiting.pk}


NONEXISTENT: dict[str, Any] = dict.fromkeys(("approval_id", "change_id", "certificate_id", "evidence_id", "line_id", "file_id", "batch_id", "job_id", "message_id", "session_id", "account_id", "membership_id", "invite_id", "organisation_id", "dispute_id", "change_request_id", "event_id", "flag_id", "appeal_id", "department_id", "substitute_id"), NOWHERE) | {"public_no": "AR2026112000000000X", "draft_no": "AR2026112000000000X", "answer_no": "AR2026112000000000X", "payable_no": "AR2026112000000000X", "token": "nobody-has-this-one"}  # fmt: skip


def keys() -> list[str]:
    """The names of all principals, known before the city is built, so that the walk can be spread over workers."""
    ordinary = [f"{capability}-{duty}" for capability in Capability for duty in ORDINARY]
    return [*ordinary, *(f"staff-{duty}" for duty in STAFF_ONLY), "anonymous", "inactive", "unverified", "homeless"]


def build() -> World:
    """Make the city; commits where the caller is in no transaction."""
    seller = _house(Capability.CREDITOR, FOREIGN)
    buyer = _house(Capability.DEBTOR, FOREIGN)
    houses = {str(capability): _house(capability, f"ZMARK{n}OWN") for n, capability in enumerate(Capability)}
    operator = houses[str(Capability.PLATFORM_OPERATOR)]
    for duty in STAFF_ONLY:
        operator.members[str(duty)] = identity.membership(operator.organisation, [duty])
    for house in (seller, *houses.values()):
        _desk(house)
        _papers(house)
        _signature(house, audience=[])
        _claims(house, buyer)
    for house in houses.values():
        _shared(house, seller)
    waiting = identity.organisation(state="PENDING_VERIFICATION", verified_at=None)
    return World(houses, seller, buyer, waiting, _principals(houses, waiting), _places(operator, seller))


def _places(operator: House, seller: House) -> dict[str, dict[str, Any]]:
    """A row of each place of the administration, of the operator and of the selling stranger."""
    found: dict[str, dict[str, Any]] = {"identity_region": {"own": "350200"}}
    found["identity_organisationgrant"] = {"own": _support(operator, seller)}
    with acting_as(Actor.system("walk")), transaction.atomic():
        found["identity_workday"] = {"own": Workday.objects.earliest("day").pk}
    for relation, house in (("own", operator), ("foreign", seller)):
        pk, maker = house.organisation.pk, house.members[str(Duty.MAKER)]
        with acting_as(house.actor(Duty.AUDITOR)), transaction.atomic():
            rows = {
                "identity_organisation": pk, "identity_person": maker.person_id, "identity_membership": maker.pk,
                "approvals_approval": house.own["approval_id"], "jobs_job": house.own["job_id"],
                "audit_auditevent": _event_of(house, operator if house is seller else seller),
                "audit_accessevent": AccessEvent.objects.filter(organisation_id=pk).latest("pk").pk,
            }  # fmt: skip
        for name, row in rows.items():
            found.setdefault(name, {})[relation] = row
    return found


def _event_of(house: House, other: House) -> int:
    """An event that one house may read and the other may not."""
    mine = AuditEvent.objects.filter(audience__contains=[house.organisation.pk])
    return int(mine.exclude(audience__contains=[other.organisation.pk]).latest("pk").pk)


def _support(operator: House, seller: House) -> int:
    """A support view that was opened to a colleague of the operator."""
    maker, security = operator.members[str(Duty.MAKER)], operator.members[str(Duty.SECURITY_ADMINISTRATOR)]
    with acting_as(Actor.system("walk")), transaction.atomic():
        permission = Permission.objects.get(codename=SUPPORT_VIEW, content_type__app_label="identity")
        row = OrganisationGrant.objects.create(
            user=maker.person, permission=permission, content_object=seller.organisation, reason="walk",
            granted_by=security.person, approved_by=operator.members[str(Duty.CHECKER)].person, starts_at=AT, ends_at=AT + timedelta(hours=4),
        )  # fmt: skip
    return int(row.pk)


def _house(capability: Capability, mark: str) -> House:
    house = House(identity.organisation(capability), mark)
    for duty in ORDINARY:
        person = identity.person(display_name=f"{mark}人")
        house.members[str(duty)] = identity.membership(house.organisation, [duty], person)
    return house


def _desk(house: House) -> None:
    """Accounts, approvals, people, invitations, messages, jobs."""
    maker, pk, mark = house.actor(Duty.MAKER), house.organisation.pk, house.mark
    with acting_as(maker), transaction.atomic():
        approval = accounts.propose_account(
            bank_code="102100000072", bank_name=f"{mark}银行", account_name=f"{mark}户名", number=f"6222{pk:012d}", by=maker, at=AT
        )  # fmt: skip
        account = BankAccount.objects.visible_to(maker).get()
    colleague = identity.membership(house.organisation, [Duty.VIEWER], identity.person(display_name=f"{mark}同事"))
    administrator = identity.membership(
        house.organisation, [Duty.ADMINISTRATOR], identity.person(display_name=f"{mark}管")
    )
    other = actor_of(administrator, "walk")
    with acting_as(other):
        change = appointments.set_duties(membership_id=colleague.pk, duties=[Duty.MAKER], version=1, by=other, at=AT)
    assert isinstance(change, Approval)
    with acting_as(house.worker), transaction.atomic():
        invite = OrganisationInvite.objects.create(
            organisation=house.organisation, email=f"{mark.lower()}-{pk}@example.com", display_name=f"{mark}受邀", duties=["viewer"],
            token_hash=hashlib.sha256(f"token-{pk}".encode()).hexdigest(), invited_by_id=1, created_at=AT,
            expires_at=clock.real_now() + timedelta(days=7),
        )  # fmt: skip
        message = Message.objects.create(
            organisation_id=pk, kind="receivables.requested", counterpart=f"{mark}往来", params={"number": f"{mark}编号"},
            url="/notifications/", source=f"walk-{pk}", at=AT,
        )  # fmt: skip
        event = AuditEvent.objects.filter(audience=[pk]).latest("pk")
        job = Job.objects.create(
            name="walk", key={"n": pk}, key_hash=f"walk-{pk}", organisation_id=pk, asked_by_id=pk, asked_at=AT, run_at=AT,
            state="DONE", finished_at=AT, note=f"{mark}备注",
        )  # fmt: skip
    house.own |= {
        "approval_id": approval.pk, "account_id": account.pk, "change_id": change.pk, "membership_id": colleague.pk, "invite_id": invite.pk,
        "message_id": message.pk, "job_id": job.pk, "event_id": event.pk, "token": f"token-{pk}",
        "session_id": _user_session(house.members["viewer"].person, f"device-{pk}"),
    }  # fmt: skip


def _user_session(person: Person, key: str) -> int:
    with acting_as(Actor.system("walk")), transaction.atomic():
        row = UserSession.objects.create(
            user=person, ip="127.0.0.1", session_key=key, user_agent="walk", created_at=AT, last_seen_at=AT
        )
    return int(row.pk)


def _papers(house: House) -> None:
    """A stored file, an import batch that was checked, lines of the own book."""
    maker, mark = house.actor(Duty.MAKER), house.mark
    with acting_as(maker), transaction.atomic():
        content = io.BytesIO(f"%PDF-1.4\n%{mark}{house.organisation.pk}\n%%EOF\n".encode())
        stored = documents.store(f"{mark}合同.pdf", content, by=maker, at=AT)
    with acting_as(house.worker), transaction.atomic():
        batch = ImportBatch.objects.create(
            organisation_id=house.organisation.pk, person_id=maker.person_id, kind="receivables.claims", file=stored, created_at=AT,
            state=BatchState.CHECKED, checked_at=AT, counts={},
        )  # fmt: skip
        PayableLine.objects.create(
            organisation_id=house.organisation.pk, supplier_uscc=identity.uscc(), supplier_name=f"{mark}供货", invoice_number="12345678",
            contract_no=f"{mark}HT", amount=Decimal("10.00"), due_date=date(2027, 1, 30), line_key=uuid4(), created_at=AT, note=f"{mark}注",
        )  # fmt: skip
        ImportRow.objects.create(
            batch=batch, seq=1, organisation_id=house.organisation.pk, sheet_no=1, row_no=2, row_hash=uuid4(), state=RowState.READY,
            data=[f"{mark}行" if one.name == "contract_no" else None for one in batch.import_kind.columns],
        )  # fmt: skip
        Layout.objects.create(
            organisation_id=house.organisation.pk, kind="walk", fingerprint="0", headers=[mark], mapping={}, saved_at=AT
        )
    _traces(house)
    house.own |= {"file_id": stored.pk, "batch_id": batch.pk}


def _traces(house: House) -> None:
    """What use leaves behind: a saved view, a form's key, a chosen channel, a denial."""
    maker = house.actor(Duty.MAKER)
    own = {"organisation_id": house.organisation.pk, "person_id": maker.person_id or 0}
    with acting_as(maker), transaction.atomic():
        SavedView.objects.create(**own, list_name="walk", name=house.mark, query="q=1")
        FormDraft.objects.create(**own, key=f"begun-{house.mark}", kind="receivables.claim", variant="S1", values={"contract_no": [house.mark]}, begun_at=AT, saved_at=AT)  # fmt: skip
        IdempotencyKey.objects.create(**own, key=f"walk-{house.mark}", route="walk", body_hash="0", at=AT)
        ChannelChoice.objects.create(**own, channel="walk", chosen_at=AT)
        record_access(kind="denied.404", by=maker, at=AT, body={"mark": house.mark})


def _claims(house: House, buyer: House) -> None:
    """A draft, and a confirmed claim on the buying stranger with a dispute."""
    mark = house.mark
    draft = make.drafted(house.organisation, buyer.organisation, contract_no=f"{mark}CG", contract_name=f"{mark}合同名")
    live = _confirmed(house.organisation, buyer.organisation, f"{mark}QR")
    dispute = _disputed(live, house)
    change = make.proposed(live, house.worker, contract_name=f"{mark}变更").pk
    owed = make.pending(buyer.organisation, house.organisation, contract_no=f"{mark}YF")
    with acting_as(house.worker), transaction.atomic():
        payable = claims.create_draft(
            make.draft(buyer.organisation, contract_no=f"{mark}FB"), by=house.worker, at=AT, side="debtor"
        )
    house.own |= {
        "public_no": live.public_no, "draft_no": draft.public_no, "dispute_id": dispute, "change_request_id": change, "answer_no": owed.public_no,
        "payable_no": payable.public_no,
    }  # fmt: skip
    _ladder(house, owed)
    with acting_as(house.worker), transaction.atomic():
        flag = LikenessFlag.objects.create(
            organisation_id=house.organisation.pk, receivable=draft, other_ids=[live.pk], rule="SAME_FIGURES", score=82,
            reasons=[["SAME_AMOUNT", 0]], found_at=AT,
        )  # fmt: skip
        appeal = Appeal.objects.create(
            organisation_id=house.organisation.pk, organisation_name=house.mark, rule="SAME_FIGURES", flag_id=flag.pk,
            data=f"{mark}QR", reason=f"{mark}不同", raised_at=AT, due_on=AT.date(),
        )  # fmt: skip
    house.own |= {"flag_id": flag.pk, "appeal_id": appeal.pk}


def _ladder(house: House, owed: Receivable) -> None:
    """What the house set for its reminders, a department, a substitute, and whom it asked to answer."""
    pk, mark = house.organisation.pk, house.mark
    with acting_as(house.worker), transaction.atomic():
        AnswerPolicy.objects.create(organisation_id=pk, department=f"{mark}部", changed_at=AT)
        department = Department.objects.create(
            organisation_id=pk, name=f"{mark}采购", contact_id=NOWHERE, created_at=AT
        )
        deputy = Substitute.objects.create(
            organisation_id=pk, person_id=NOWHERE, substitute_id=NOWHERE + 1, from_date=AT.date(),
            until_date=date(2099, 1, 1), named_at=AT,
        )  # fmt: skip
        AnswerRouting.objects.create(
            receivable=owed,
            organisation_id=pk,
            person_id=NOWHERE,
            reason_code="NOT_MINE",
            comment=f"{mark}转交",
            routed_at=AT,
        )
    house.own |= {"department_id": department.pk, "substitute_id": deputy.pk}


def _confirmed(seller: Organisation, buyer: Organisation, contract_no: str) -> Receivable:
    return make.confirmed(seller, buyer, contract_no=contract_no)


def _disputed(row: Receivable, house: House) -> int:
    by = house.worker
    with acting_as(by), transaction.atomic():
        opened = claims.dispute(
            row.pk, amount=Decimal("10.00"), reason_code="QUALITY", comment=f"{house.mark}争议", by=by, at=AT
        )
    return int(opened.pk)


def _shared(house: House, seller: House) -> None:
    """What the selling stranger let this house see."""
    live = _confirmed(seller.organisation, house.organisation, f"{SHARED}QR")
    # A draft that names this house: nobody but its maker's organisation may know of it before it is submitted.
    make.drafted(seller.organisation, house.organisation, contract_no=f"{FOREIGN}DR", contract_name=f"{FOREIGN}DR")
    plain = House(seller.organisation, SHARED)
    dispute = _disputed(live, plain)
    change = make.proposed(live, plain.worker, contract_name=f"{SHARED}变更").pk
    maker = seller.actor(Duty.MAKER)
    with acting_as(maker), transaction.atomic():
        content = io.BytesIO(f"%PDF-1.4\n%{SHARED}{house.organisation.pk}\n%%EOF\n".encode())
        stored = documents.store(f"{SHARED}{house.organisation.pk}.pdf", content, by=maker, at=AT)
        documents.share([stored.pk], [house.organisation.pk], by=maker)
    evidence, line = _signature(seller, audience=[house.organisation.pk])
    house.shared |= {
        "public_no": live.public_no, "dispute_id": dispute, "change_request_id": change, "file_id": stored.pk, "evidence_id": evidence, "line_id": line,
    }  # fmt: skip


def _signature(house: House, audience: list[int]) -> tuple[int, int]:
    """Evidence as the tables hold it; that the cryptography does not verify is what its page will say."""
    signer, pk = house.members[str(Duty.SIGNER)], house.organisation.pk
    mark = SHARED if audience else house.mark
    tag = f"{pk}-{audience}"
    with acting_as(house.worker), transaction.atomic():
        common: dict[str, Any] = {"organisation": house.organisation, "person": signer.person}
        certificate = Certificate.objects.create(
            **common, der=b"0", sha256=hashlib.sha256(tag.encode()).digest(), chain=[b"0"], serial=f"{mark}01", subject=mark, issuer="CA",
            common_name=f"{mark}章", key_label="RSA", not_before=AT, not_after=AT + timedelta(days=900), registered_at=AT,
        )  # fmt: skip
        revocations = RevocationList.objects.create(
            issuer="CA",
            number=1,
            this_update=AT,
            next_update=AT,
            der=b"0",
            sha256=hashlib.sha256(tag.encode()).digest(),
            fetched_at=AT,
        )
        payload = (SIGNED_TEXT.replace("MARK", mark)).encode()
        signed = {
            "purpose": "walk", "object_type": "walk.thing", "object_id": pk * 1000 + len(audience) + sum(audience), "object_version": 1,
            "nonce": f"walk-{tag}", "payload": payload, "manifest_root": b"0" * 32, "manifest_size": 1, "certificate_der": b"0",
            "chain": [b"0"],
        }  # fmt: skip
        request = SigningRequest.objects.create(
            **common, **signed, attributes=b"0", created_at=AT, expires_at=AT + timedelta(minutes=5), used_at=AT
        )
        evidence = SignatureEvidence.objects.create(
            **common, **signed, request=request, certificate=certificate, audience=audience, payload_sha256=b"0" * 32, payload_sm3=b"0" * 32,
            cms=b"0", algorithm="RSA", algorithm_oid="1.2.3", value=b"0", serial=f"{mark}01", subject=mark, issuer="CA",
            subject_uscc=house.organisation.uscc, organisation_name=house.organisation.name, signer_name=f"{mark}签",
            key_usages=["digital_signature"], not_before=AT, not_after=AT, revocation_list_ids=[revocations.pk],
            revocation_fetched_at=AT, signed_at=AT, arrived_at=AT, verified_at=AT, verifier="walk",
        )  # fmt: skip
        line = SignedLine.objects.create(
            evidence=evidence, organisation_id=pk, audience=audience, object_type="walk.thing", object_id=pk, object_version=1, leaf_index=0,
            leaf_hash=b"0" * 32, document=SIGNED_TEXT.replace("MARK", mark), proof=b"",
        )  # fmt: skip
    if not audience:
        house.own |= {"certificate_id": certificate.pk, "evidence_id": evidence.pk, "line_id": line.pk}
    return evidence.pk, line.pk


def _principals(houses: dict[str, House], waiting: Organisation) -> dict[str, Principal]:
    found = {"anonymous": Principal("anonymous", signed_in=False)}
    for capability, house in houses.items():
        for duty, membership in house.members.items():
            staff = duty in {str(one) for one in STAFF_ONLY}
            key = f"staff-{duty}" if staff else f"{capability}-{duty}"
            found[key] = _principal(key, membership, house, capability=capability, duties=frozenset({duty}))
    gone = identity.membership(houses["creditor"].organisation, ORDINARY, identity.person(is_active=False))
    inactive = _principal("inactive", gone, houses["creditor"])
    found["inactive"] = Principal(**(vars(inactive) | {"signed_in": False, "duties": frozenset()}))
    early = identity.membership(waiting, ORDINARY)
    found["unverified"] = _principal("unverified", early, None, duties=frozenset({"administrator"}))
    lonely = identity.person()
    found["homeless"] = Principal("homeless", person=lonely, **_signed_in(lonely))
    return found


def _principal(key: str, membership: Membership, house: House | None, **fields: Any) -> Principal:
    person = membership.person
    return Principal(key, house=house, membership=membership, person=person, **fields, **_signed_in(person))


def _signed_in(person: Person) -> dict[str, Any]:
    """A session as signing in leaves it, without the way there."""
    store = SessionStore()
    now = int(time.time())
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store["signed_in_at"] = now
    # Platform staff need one; nobody else of the city has one to be asked for.
    store[FACTOR_KEY] = now
    # Later than now: the walk must not be disturbed by the session's own note of when it was last used.
    store["last_seen_at"] = now + 900
    with acting_as(Actor.system("walk")), transaction.atomic():
        store.save()
    assert store.session_key is not None
    return {"session": store.session_key, "session_row": _user_session(person, f"other-{person.pk}")}


@contextmanager
def committed(unblock: Any, reset: Any) -> Iterator[World]:
    """The city, committed for all tests of a module, and taken away after the last."""
    with unblock():
        world = build()
    try:
        yield world
    finally:
        with unblock():
            reset()


def moment() -> datetime:
    """The business instant of the city."""
    return AT
