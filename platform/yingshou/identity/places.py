"""
Where people sign in from, and what is said when a device and its network are both new.

One of the two alone is ordinary: a new phone in the office, the known laptop on a journey. The very first sign-in has nothing to be compared with.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction

from yingshou.identity import crypto, devices
from yingshou.identity.models import Membership, Person, SignInNetwork
from yingshou.jobs import domain_events
from yingshou.tenancy.actor import Actor

UNUSUAL = "identity.unusual_sign_in"
LINK_AGE = timedelta(days=7)
_SALT = "yingshou.identity.not_me"
_FIELD = "identity.network"


@transaction.atomic
def signed_in(person_id: int, *, address: str, device: str, is_known_device: bool, by: Actor, at: datetime) -> bool:
    """Remember the network; where it and the device are new to this person, have her told. Returns whether."""
    network_hmac = crypto.blind_index(devices.network_of(address) or "unknown", field=_FIELD)
    own = SignInNetwork.objects.filter(person_id=person_id)
    if own.filter(network_hmac=network_hmac).update(last_at=at):
        return False
    has_history = own.exists()
    SignInNetwork.objects.get_or_create(
        person_id=person_id, network_hmac=network_hmac, defaults={"first_at": at, "last_at": at}
    )
    if is_known_device or not has_history:
        return False
    organisation_id = (
        Membership.objects.live(at).filter(person_id=person_id).order_by("organisation_id").values_list("organisation_id", flat=True).first()
    )  # fmt: skip
    # Asked for by nobody's organisation: at this moment the person acts for none yet.
    key = {
        "person": person_id,
        "organisation": organisation_id,
        "device": device,
        "address": devices.masked(address),
        "once": uuid.uuid4().hex,
    }
    domain_events.publish(UNUSUAL, key=key, organisation_id=None, by=by, at=at)
    return True


def forget(person_id: int) -> None:
    """Forget all networks of a person: one of them was a stranger's."""
    SignInNetwork.objects.filter(person_id=person_id).delete()


def token_for(person: Person) -> str:
    """What the link of the mail carries: it works until the password changes, at most seven days."""
    return signing.dumps({"p": person.pk, "h": _mark(person)}, salt=_SALT)


def person_of(token: str) -> Person | None:
    """Whose link it is; None if it is forged, too old, or the password has changed since."""
    try:
        content = signing.loads(token, salt=_SALT, max_age=LINK_AGE)
    except signing.BadSignature:
        return None
    person = Person.objects.filter(pk=content.get("p")).first()
    return person if person is not None and content.get("h") == _mark(person) else None


def _mark(person: Person) -> str:
    return crypto.blind_index(person.password, field=_SALT)[:24]
