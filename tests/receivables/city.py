"""A supplier, a buyer and their people, signed in; claims of every verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.test import Client

from receivables import actions
from receivables.models import PayableLine, Receivable
from tests.factories import identity
from tests.factories import receivables as make
from yingshou.identity.models import Membership, Organisation
from yingshou.tenancy.actor import Duty, acting_as


@dataclass(frozen=True)
class Desk:
    """A person at work: her membership and her browser."""

    membership: Membership
    client: Client


def desk(of: Organisation, *duties: Duty, language: str = "zh-hans") -> Desk:
    """A new person of an organisation, signed in."""
    membership = identity.membership(of, duties or (Duty.MAKER,))
    client = Client()
    client.cookies["yingshou_language"] = language
    with acting_as(identity.actor_of(membership, "sign-in")):
        client.force_login(membership.person)
    return Desk(membership, client)


def booked(buyer: Organisation, seller: Organisation, row: Receivable, *, less: str = "0", later: int = 0) -> None:
    """Put a claim into the buyer's own book, perhaps with other figures, and compare again."""
    with acting_as(make.job(buyer)), transaction.atomic():
        number = row.invoice_uses.select_related("invoice").get().invoice.number
        PayableLine.objects.create(
            organisation_id=buyer.pk,
            supplier_uscc=seller.uscc,
            supplier_name=seller.name,
            invoice_number=number,
            contract_no=row.contract_no,
            amount=row.face_amount - Decimal(less),
            due_date=row.due_date + timedelta(days=later),
            line_key=uuid4(),
            created_at=make.AT,
        )
        actions.sending.match_book([row.pk], at=make.AT)
