"""What the tests of the whole flow share: an action to approve, two people, an authority that the database trusts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from tests.factories import identity
from tests.yingshou.signing.signer import KeyFile, World, to_der
from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import HANDLERS, Handler, LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.lifecycle import Outcome
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import StaleVersion
from yingshou.signing import actions
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.audiences import audiences
from yingshou.signing.keeping import Origin
from yingshou.signing.models import SignatureEvidence
from yingshou.tenancy.actor import Actor, Duty, acting_as

ACTION = "signing.test"
OBJECT = "signing_test.thing"
stale: set[int] = set()
parties: dict[int, Sequence[int]] = {}


class Confirm(Handler):
    """An action like a confirmation: signed always, line by line."""

    title = "Confirm receivables"
    maker_permission = "approvals.withdraw"
    checker_permission = "approvals.decide"
    legal_effect = "The debt exists and will be paid."
    second_person = "ALWAYS"
    signature = "ALWAYS"

    def apply(
        self,
        lines: Sequence[ApprovalLine],
        *,
        approval: Approval,
        by: Actor,
        at: datetime,
        signature_id: int | None,
    ) -> list[Outcome]:
        return [
            Outcome(line.object_id, line.object_id not in stale, StaleVersion() if line.object_id in stale else None)
            for line in lines
        ]


if ACTION not in dict(HANDLERS.items()):
    HANDLERS.register(ACTION, Confirm())
    audiences.register(OBJECT, lambda ids: {pk: parties.get(pk, ()) for pk in ids})


@dataclass(frozen=True)
class Debtor:
    """An organisation with a maker and a signer, and the signer's key file."""

    organisation: Organisation
    maker: Actor
    signer: Actor
    username: str
    file: KeyFile


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Act in one transaction."""
    with acting_as(who), transaction.atomic():
        yield


def debtor(world: World, key: str = "rsa") -> Debtor:
    """A new organisation whose signer holds a certificate of the sample authority."""
    organisation = identity.organisation()
    makers = identity.membership(organisation, [Duty.MAKER])
    signers = identity.membership(organisation, [Duty.CHECKER, Duty.SIGNER])
    return Debtor(
        organisation,
        actor_of(makers, "test-request"),
        actor_of(signers, "test-request"),
        signers.person.username,
        world.key_file(f"signer-{organisation.uscc}", key=key, uscc=organisation.uscc),
    )


def trusted(world: World, at: datetime) -> None:
    """Put the sample authority on the trust list and store its revocation lists."""
    with acting_as(Actor.system("test")):
        actions.trust_authority(to_der(world.authority.root), at=at)
        actions.store_revocation_lists([facts.der for facts in world.lists], at=at)


def submitted(of: Debtor, count: int, at: datetime, start: int = 1) -> Approval:
    """An approval with so many lines."""
    lines = [
        LineDraft(OBJECT, pk, 1, f"AR-{pk}", Decimal("100.10"), document={"id": pk, "amount": Decimal("100.10")})
        for pk in range(start, start + count)
    ]
    with acting_as(of.maker):
        return approvals.submit(ACTION, lines, by=of.maker, at=at)


def prepared(of: Debtor, approval_id: int, at: datetime) -> actions.Prepared:
    """The first step, as the browser asks for it."""
    with acting_as(of.signer):
        return actions.prepare(
            "approvals.approve", approval_id, of.file.certificate_der, of.file.others, by=of.signer, at=at
        )


def signed_value(of: Debtor, ready: actions.Prepared) -> bytes:
    """What the browser answers."""
    algorithm = browser_algorithm(of.file.certificate.public_key)
    return of.file.browser_value(bytes(ready.request.attributes), algorithm)


def completed(of: Debtor, ready: actions.Prepared, value: bytes, at: datetime) -> SignatureEvidence:
    """The last step."""
    with acting_as(of.signer):
        return actions.complete(
            ready.request.pk, value, by=of.signer, at=at, origin=Origin("test browser", "127.0.0.1")
        )


def signed(of: Debtor, approval: Approval, at: datetime) -> SignatureEvidence:
    """All steps."""
    ready = prepared(of, approval.pk, at)
    return completed(of, ready, signed_value(of, ready), at)
