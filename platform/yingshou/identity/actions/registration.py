"""Registering an organisation and correcting a rejected registration (F007 to F009, domain 16)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.db.models import Q

from yingshou.audit import lifecycle
from yingshou.documents.actions import share, store
from yingshou.identity.errors import AlreadyRegistered, CapabilityNotOpen, NotAnAdministrator, SignInNameTaken
from yingshou.identity.models import Membership, Organisation, OrganisationDetails, OrganisationKind, Person
from yingshou.identity.states import ORGANISATION, OrganisationState
from yingshou.kernel.errors import NotVisible
from yingshou.kernel.identifiers import normalise_uscc
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

JOB = "identity.registration"
# What can be asked for; the operator is never registered through a form.
OPEN_CAPABILITIES = tuple(capability for capability in Capability if capability is not Capability.PLATFORM_OPERATOR)


@dataclass(frozen=True)
class OrganisationDraft:
    """What an applicant says about the organisation; text as typed."""

    uscc: str
    name: str
    capabilities: Sequence[str]
    kind: str
    region: str
    size: int | None
    legal_representative: str
    short_name: str = ""
    name_en: str = ""
    industry: str = ""
    address: str = ""
    licence_expires_on: date | None = None


@dataclass(frozen=True)
class AdministratorDraft:
    """Who will manage the organisation's people."""

    username: str
    display_name: str
    email: str
    phone: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Upload:
    """A file of the licence, as it came."""

    name: str
    stream: BinaryIO


def uscc_taken(uscc: str) -> bool:
    """Whether the code is registered; answers nothing about whom."""
    with connection.cursor() as cursor:
        cursor.execute("select app_uscc_taken(%s)", [normalise_uscc(uscc)])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def register(
    *,
    organisation: OrganisationDraft,
    administrator: AdministratorDraft,
    licence: Sequence[Upload],
    by: Actor,
    at: datetime,
) -> tuple[Organisation, Person]:
    """
    Register an organisation with its first administrator; it waits for verification.

    :raises AlreadyRegistered: if the credit code is registered
    :raises SignInNameTaken: if the sign-in name or address is in use
    :raises CapabilityNotOpen: if the platform operator's capability was asked for
    """
    uscc = normalise_uscc(organisation.uscc)
    _check_capabilities(organisation.capabilities)
    with acting_as(Actor.system(JOB, request_id=by.request_id)):
        if uscc_taken(uscc):
            raise AlreadyRegistered(place="uscc")
        person = create_person(administrator, at=at)
        row = Organisation(uscc=uscc, state=OrganisationState.PENDING_VERIFICATION, registered_at=at)
        fill(row, organisation)
        row.save(force_insert=True)
    worker = Actor.system(JOB, organisation_id=row.pk, person_id=person.pk, request_id=by.request_id)
    with acting_as(worker):
        Membership.objects.create(person=person, organisation=row, duties=[Duty.ADMINISTRATOR], since=at)
        details = OrganisationDetails(organisation=row, size_declared_at=at, size_declared_by_id=person.pk)
        _fill_details(details, organisation)
        details.contact_name = administrator.display_name
        details.set_phone(administrator.phone)
        details.licence_file_ids = _store(licence, by=worker, at=at)
        details.save(force_insert=True)
        lifecycle.created([row], by=worker, at=at, event="register", body=_said)
    return row, person


@transaction.atomic
def correct(
    *,
    organisation_id: int,
    draft: OrganisationDraft,
    licence: Sequence[Upload],
    by: Actor,
    at: datetime,
) -> Organisation:
    """
    Correct a rejected registration and hand it in again; the credit code stays.

    :raises NotAnAdministrator: if the actor does not administer this organisation
    :raises IllegalTransition: if the registration was not rejected
    """
    if by.organisation_id != organisation_id or Duty.ADMINISTRATOR not in by.duties:
        raise NotAnAdministrator
    rows = Organisation.objects.locked([organisation_id])
    if not rows:
        raise NotVisible
    row = rows[0]
    _check_capabilities(draft.capabilities)
    ORGANISATION.check(row.state, "resubmit")
    fill(row, draft)
    details = OrganisationDetails.objects.get(pk=row.pk)
    _fill_details(details, draft)
    details.size_declared_at, details.size_declared_by_id = at, by.person_id
    details.rejection_code = details.rejection_text = ""
    if licence:
        details.licence_file_ids = _store(licence, by=by, at=at)
    details.save()
    facts = {name: getattr(row, name) for name in _FILLED}
    lifecycle.advance(ORGANISATION, [row], "resubmit", by=by, at=at, facts=facts, body=_said).only()
    return row


def create_person(draft: AdministratorDraft, *, at: datetime, confirmed: bool = False) -> Person:
    """
    A person who can sign in.

    :param confirmed: whether the address is known to be hers, because she came by a link sent there
    :raises SignInNameTaken: if the sign-in name or address is in use
    """
    username, email = draft.username.strip().lower(), draft.email.strip().lower()
    # A name that is somebody's address would let one person sign in where another is meant.
    if Person.objects.filter(Q(username__in=[username, email]) | Q(email__in=[username, email])).exists():
        raise SignInNameTaken(place="username")
    person = Person(username=username, email=email, display_name=normalise(draft.display_name), date_joined=at)
    person.set_phone(draft.phone)
    person.set_password(draft.password)
    person.save(force_insert=True)
    EmailAddress.objects.create(user=person, email=email, verified=confirmed, primary=True)
    return person


_FILLED = (
    "name", "short_name", "name_en", "name_key", "bigrams", "capabilities", "kind", "region_id", "industry", "size", "is_public_body",
)  # fmt: skip


def fill(row: Organisation, draft: OrganisationDraft) -> None:
    """Write what was said about the organisation into its row, with the columns that are searched."""
    row.name = normalise(draft.name)
    row.short_name = normalise(draft.short_name)
    row.name_en = normalise(draft.name_en)
    row.capabilities = sorted({str(capability) for capability in draft.capabilities})
    row.kind = draft.kind
    row.region_id = draft.region or None
    row.industry = draft.industry
    row.size = draft.size
    row.is_public_body = draft.kind == OrganisationKind.PUBLIC_BODY
    row.index_name()


def _fill_details(details: OrganisationDetails, draft: OrganisationDraft) -> None:
    details.legal_representative = normalise(draft.legal_representative)
    details.address = normalise(draft.address)
    details.licence_expires_on = draft.licence_expires_on


def _store(licence: Sequence[Upload], *, by: Actor, at: datetime) -> list[int]:
    """Keep the files as the organisation's own, opened to the platform operator, whose staff compare them."""
    ids = [store(upload.name, upload.stream, by=by, at=at).pk for upload in licence]
    operators = Organisation.objects.with_capability(Capability.PLATFORM_OPERATOR).values_list("pk", flat=True)
    if ids and operators:
        share(ids, list(operators), by=by)
    return ids


def _check_capabilities(capabilities: Sequence[str]) -> None:
    if not capabilities or not set(capabilities) <= {str(capability) for capability in OPEN_CAPABILITIES}:
        raise CapabilityNotOpen(place="capabilities")


def _said(row: Organisation) -> dict[str, Any]:
    return {"name": row.name, "capabilities": row.capabilities, "size": row.size}
