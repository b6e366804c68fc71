"""The actor of the moment: who acts, for which organisation, with which duties. Bound to the thread by `acting_as`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import connections

from yingshou.tenancy.permissions import PERMISSIONS


class ActorKind(StrEnum):
    """
    How an actor came in. A link visitor holds a one-time link; a system actor is a job and names it; support is a member of the
    platform's staff who looks at a customer's pages and can write nothing.
    """

    ANONYMOUS = "anonymous"
    PERSON = "person"
    MACHINE = "machine"
    LINK = "link"
    SYSTEM = "system"
    SUPPORT = "support"


class Duty(StrEnum):
    """What a person does for an organisation (domain 16). An administrator manages people and has no business rights."""

    ADMINISTRATOR = "administrator"
    MAKER = "maker"
    CHECKER = "checker"
    SIGNER = "signer"
    VIEWER = "viewer"
    AUDITOR = "auditor"
    # The platform operator's own split of powers (GB/T 22239 level 3): nobody can both change and erase traces.
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDIT_ADMINISTRATOR = "audit_administrator"


class Capability(StrEnum):
    """What an organisation may be on the platform; one organisation may hold several (F008)."""

    CREDITOR = "creditor"
    DEBTOR = "debtor"
    CORE_ENTERPRISE = "core_enterprise"
    BANK = "bank"
    FACTORING_COMPANY = "factoring_company"
    FINANCE_DEPARTMENT = "finance_department"
    PBC_BRANCH = "pbc_branch"
    GUARANTOR = "guarantor"
    PLATFORM_OPERATOR = "platform_operator"


class NoActor(RuntimeError):
    """A query was about to run although nobody had said who is acting. Always a programming error."""


@dataclass(frozen=True)
class Actor:
    """
    Who acts at this moment.

    :param person_id: the person, also for a job that runs on a person's behalf; None when nobody is signed in
    :param organisation_id: the organisation acted for; None before sign-in and for platform-wide jobs
    :param label: how the actor is named in a timeline, without contact data
    :param job: the name of the job, for a system actor
    :param link: the one object that a link visitor may see and answer, as `type:id`
    """

    kind: ActorKind
    person_id: int | None = None
    organisation_id: int | None = None
    duties: frozenset[Duty] = field(default_factory=frozenset)
    capabilities: frozenset[Capability] = field(default_factory=frozenset)
    request_id: str = ""
    job: str = ""
    label: str = ""
    link: str = ""

    @classmethod
    def anonymous(cls, request_id: str = "") -> "Actor":
        """Somebody who has not signed in: sees no business row."""
        return cls(kind=ActorKind.ANONYMOUS, request_id=request_id)

    @classmethod
    def system(
        cls, job: str, organisation_id: int | None = None, person_id: int | None = None, request_id: str = ""
    ) -> "Actor":
        """A job that works for one organisation at a time, or for none when it only looks for what is due."""
        return cls(
            kind=ActorKind.SYSTEM,
            job=job,
            organisation_id=organisation_id,
            person_id=person_id,
            request_id=request_id,
            label=job,
        )

    @classmethod
    def visitor(cls, object_type: str, object_id: int, *, label: str, request_id: str = "") -> "Actor":
        """Who came by a one-time link: sees the one object the link opens, and nothing else."""
        return cls(kind=ActorKind.LINK, link=f"{object_type}:{object_id}", label=label, request_id=request_id)

    def linked(self, object_type: str) -> int:
        """The id of the object of this type that a link visitor came for; 0, which no object has, for others."""
        kind, _colon, number = self.link.rpartition(":")
        return int(number) if self.kind is ActorKind.LINK and kind == object_type else 0

    @property
    def is_signed_in(self) -> bool:
        """Whether this is a person who has signed in, in a support view too."""
        return self.kind in {ActorKind.PERSON, ActorKind.SUPPORT} and self.person_id is not None

    @property
    def reads_only(self) -> bool:
        """Whether nothing is offered that would be sent: a support view."""
        return self.kind is ActorKind.SUPPORT

    @property
    def is_staff_organisation(self) -> bool:
        """Whether the actor works for the platform operator. Staff can never act for customers."""
        return Capability.PLATFORM_OPERATOR in self.capabilities

    @property
    def scope_id(self) -> int:
        """The organisation for the scopes of querysets; 0, which no organisation has, where there is none."""
        return self.organisation_id or 0

    def may(self, permission: str) -> bool:
        """
        Whether the actor's duties and organisation allow an act at all; which rows it may touch is the scopes' matter.

        :raises NotRegistered: if no app has registered the permission
        """
        return PERMISSIONS.get(permission).allows(self.duties, self.capabilities)


_current: ContextVar[Actor | None] = ContextVar("yingshou_actor", default=None)


def current_actor() -> Actor:
    """
    The actor bound to this thread.

    :raises NoActor: if there is none
    """
    actor = _current.get()
    if actor is None:
        raise NoActor("nobody is acting: wrap the call in acting_as(actor)")
    return actor


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Bind the actor for the duration of the block, also inside a transaction that is already open."""
    token = _current.set(actor)
    _rebind()
    try:
        yield actor
    finally:
        _current.reset(token)
        _rebind()


def _rebind() -> None:
    for connection in connections.all(initialized_only=True):
        follow = getattr(connection, "follow_actor", None)
        if follow is not None:
            follow()


def bound_actor() -> Actor | None:
    """The actor bound to this thread, or None. For the database backend, which turns None into an error."""
    return _current.get()
