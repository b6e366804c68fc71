"""Adding and removing second factors; the person learns of each by mail, the record of accesses keeps it."""

from datetime import datetime
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction

from yingshou.audit.events import record_access
from yingshou.identity import factors
from yingshou.identity.actions.duties import own_organisation, record_change
from yingshou.identity.errors import LastFactor, NotYours
from yingshou.identity.mail import send_factor_notice
from yingshou.identity.models import Organisation, Person
from yingshou.tenancy.actor import Actor

_MOST_PASSKEYS = 10


@transaction.atomic
def add_app(*, person_id: int, secret: str, step: int, is_told: bool = True, by: Actor, at: datetime) -> Authenticator:
    """
    Keep the secret of an app in place of a former one.

    :param step: the step of time of the code it was proven with, which is used up
    :param is_told: whether the person is written to
    """
    person = _locked(person_id)
    Authenticator.objects.filter(user_id=person_id, type=factors.APP).delete()
    row = Authenticator.objects.create(
        user=person,
        type=factors.APP,
        data={"secret": get_adapter().encrypt(secret), "last_step": step},
        created_at=at,
    )
    if is_told:
        _tell(person, "app_added", by=by, at=at)
    return row


@transaction.atomic
def add_passkey(*, person_id: int, name: str, credential: Any, by: Actor, at: datetime) -> Authenticator:
    """
    Keep a passkey that was proven.

    :raises NotYours: if the person has too many already
    """
    person = _locked(person_id)
    if Authenticator.objects.filter(user_id=person_id, type=factors.PASSKEY).count() >= _MOST_PASSKEYS:
        raise NotYours
    row = Authenticator.objects.create(
        user=person, type=factors.PASSKEY, data={"name": name, "credential": credential}, created_at=at
    )
    _tell(person, "passkey_added", by=by, at=at)
    return row


@transaction.atomic
def remove(*, person_id: int, factor_id: int, is_required: bool, by: Actor, at: datetime) -> None:
    """
    Remove a factor; with the last one the recovery codes go too.

    :param is_required: whether the person must keep one
    :raises NotYours: if the person has no such factor
    :raises LastFactor: if it is the last one and one must remain
    """
    person = _locked(person_id)
    own = Authenticator.objects.filter(user_id=person_id, type__in=[factors.APP, factors.PASSKEY])
    if not own.filter(pk=factor_id).exists():
        raise NotYours
    if own.count() == 1:
        if is_required:
            raise LastFactor
        Authenticator.objects.filter(user_id=person_id).delete()
    else:
        own.filter(pk=factor_id).delete()
    _tell(person, "removed", by=by, at=at)


@transaction.atomic
def remove_all(*, person_id: int, by: Actor, at: datetime) -> int:
    """Remove every factor of a person who lost them all; she sets up new ones at the next sign-in where one is required."""
    person = _locked(person_id)
    count: int = Authenticator.objects.filter(user_id=person_id).delete()[0]
    if count:
        _tell(person, "removed", by=by, at=at)
    return count


@transaction.atomic
def new_codes(*, person_id: int, by: Actor, at: datetime) -> list[str]:
    """
    Make ten recovery codes in place of the former ones; they are shown this once.

    :raises NotYours: if the person has no second factor that they could stand in for
    """
    person = _locked(person_id)
    if not factors.has_any(person_id):
        raise NotYours
    Authenticator.objects.filter(user_id=person_id, type=factors.CODES).delete()
    codes: list[str] = RecoveryCodes.activate(person).generate_codes()
    _tell(person, "codes_made", by=by, at=at)
    return codes


@transaction.atomic
def require_second_factor(*, required: bool, by: Actor, at: datetime) -> Organisation:
    """
    Say whether everyone who checks, signs or administers for the organisation needs a second factor.

    :raises NotAnAdministrator: if the actor does not administer an organisation
    """
    organisation = own_organisation(by)
    changed = Organisation.objects.filter(pk=organisation.pk).exclude(requires_second_factor=required)
    if changed.update(requires_second_factor=required):
        verb = "factor_required" if required else "factor_optional"
        record_change(f"identity.organisation.{verb}", organisation.pk, by=by, at=at)
    return organisation


def _locked(person_id: int) -> Person:
    return Person.objects.select_for_update(no_key=True).get(pk=person_id)


def _tell(person: Person, what: str, *, by: Actor, at: datetime) -> None:
    record_access(
        kind=f"identity.factor_{what}", by=by, at=at, object_type="identity.person", object_id=person.pk, body={}
    )
    transaction.on_commit(lambda: send_factor_notice(person, what, at=at))
