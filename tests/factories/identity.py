"""Organisations, people and memberships for tests; every credit code is valid and used once."""

import itertools
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client

from yingshou.identity import crypto, factors
from yingshou.identity.mfa_adapter import SECRET
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation, OrganisationDetails, OrganisationKind, Person
from yingshou.identity.proofs import FACTOR_KEY
from yingshou.identity.states import OrganisationState
from yingshou.kernel.identifiers import org_check_character, uscc_check_character
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def uscc(number: int | None = None, *, region: str = "350200", kind: str = "91") -> str:
    """A valid credit code that no other call returned."""
    body = f"{number if number is not None else next(_numbers):08d}"
    first17 = f"{kind}{region}{body}{org_check_character(body)}"
    return first17 + uscc_check_character(first17)


def organisation(*capabilities: Capability, **fields: Any) -> Organisation:
    """A verified organisation; with its details. Version 1, as if its life began so."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "uscc": uscc(number),
        "name": f"厦门测试第{number}有限公司",
        "short_name": f"测试{number}",
        "capabilities": [str(one) for one in capabilities or (Capability.CREDITOR,)],
        "kind": OrganisationKind.ENTERPRISE,
        "region_id": "350200",
        "size": 30,
        "state": OrganisationState.VERIFIED,
        "registered_at": AT,
        "verified_at": AT,
    }
    row = Organisation(**(values | fields))
    row.index_name()
    with acting_as(Actor.system("factory")), transaction.atomic():
        row.save(force_insert=True)
    with acting_as(Actor.system("factory", organisation_id=row.pk)), transaction.atomic():
        OrganisationDetails.objects.create(organisation=row, legal_representative="法定代表人")
    return row


def person(**fields: Any) -> Person:
    """A person who can sign in with `PASSWORD`; the address is confirmed."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "username": f"person{number}",
        "email": f"person{number}@example.com",
        "display_name": f"人员{number}",
        "date_joined": AT,
    }
    with acting_as(Actor.system("factory")), transaction.atomic():
        row = Person.objects.create_user(password=PASSWORD, **(values | fields))
        EmailAddress.objects.create(user=row, email=row.email, verified=True, primary=True)
    return row


def membership(
    of: Organisation, duties: Iterable[Duty] = (Duty.MAKER,), who: Person | None = None, **fields: Any
) -> Membership:
    """A person's membership, active since long ago."""
    with acting_as(Actor.system("factory")), transaction.atomic():
        return Membership.objects.create(
            person=who or person(),
            organisation=of,
            duties=sorted(str(duty) for duty in duties),
            **({"since": datetime(2026, 1, 1, tzinfo=UTC)} | fields),
        )


def app(who: Person) -> str:
    """Give a person an authenticator app; its secret."""
    secret = factors.new_secret()
    with acting_as(Actor.system("factory")), transaction.atomic():
        data = {"secret": crypto.encrypt(secret, field=SECRET)}
        Authenticator.objects.create(user=who, type=factors.APP, data=data, created_at=AT)
    return secret


def proven(client: Client, seconds_ago: int = 0) -> Client:
    """A browser whose session has proven a second factor."""
    with acting_as(Actor.system("factory")):
        session = client.session
        session[FACTOR_KEY] = int(time.time()) - seconds_ago
        session.save()
    return client


def actor_for(of: Organisation, *duties: Duty) -> Actor:
    """The actor of a new person with these duties."""
    return actor_of(membership(of, duties or (Duty.MAKER,)), "test-request")


def by_code(code: str) -> Organisation:
    """The organisation of a credit code; it must exist. Call inside a transaction."""
    found = Organisation.objects.by_uscc(code)
    assert found is not None, code
    return found


def first_group(pattern: str, text: object) -> str:
    """What the pattern's first group (or the whole pattern) matches; it must match."""
    found = re.search(pattern, str(text))
    assert found is not None, pattern
    return found.group(found.lastindex or 0)
