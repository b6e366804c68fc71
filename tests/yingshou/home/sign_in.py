"""A signed-in client for the tests of pages."""

from django.conf import settings
from django.test import Client

from tests.factories import identity
from yingshou.identity.models import Membership, Organisation
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def client_in(language: str = "zh-hans") -> Client:
    """A browser that has chosen a language and nothing else."""
    client = Client(headers={"user-agent": BROWSER})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def client_of(membership: Membership, language: str = "zh-hans") -> Client:
    """A browser in which the member has signed in."""
    client = client_in(language)
    with acting_as(Actor.system("test")):
        client.force_login(membership.person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return identity.proven(client)


def member(*duties: Duty, of: Organisation | None = None, capability: Capability = Capability.DEBTOR) -> Membership:
    """A new person with duties, of a new organisation unless one is given."""
    return identity.membership(of or identity.organisation(capability), duties)
