"""Who plays: two suppliers, two buyers, a funder, the platform's staff; their clock; and what may be chosen from."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connections, transaction

from tests.factories import identity
from tests.factories.receivables import AT
from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import Rule
from yingshou.audit.books import REPORT
from yingshou.audit.lifecycle import created
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

ZERO = Decimal("0.00")
_UNSIGNED = Rule("ALWAYS", ZERO, "NEVER", ZERO)
_DEBTORS_STEPS = ("confirm", "confirm_part", "return", "refuse", "publish")


@dataclass
class Turn:
    """Whose request it is: each step is one of its own."""

    request_id: str = "simulation"


@dataclass(frozen=True)
class House:
    """An organisation and its people."""

    organisation: Organisation
    turn: Turn
    people: dict[str, Actor]
    maker_membership: int

    def _person(self, name: str) -> Actor:
        return replace(self.people[name], request_id=self.turn.request_id)

    @property
    def maker(self) -> Actor:
        """Who prepares."""
        return self._person("maker")

    @property
    def checker(self) -> Actor:
        """Who checks and signs."""
        return self._person("checker")

    @property
    def administrator(self) -> Actor:
        """Who manages the people."""
        return self._person("administrator")

    @property
    def pk(self) -> int:
        """Its id."""
        return self.organisation.pk

    @property
    def job(self) -> Actor:
        """A job that works for it."""
        return Actor.system("simulation", self.pk, request_id=self.turn.request_id)


@dataclass
class World:
    """Everybody, and the instant it is."""

    creditors: list[House]
    debtors: list[House]
    funder: House
    operator: House
    turn: Turn
    at: datetime = AT
    papers: int = 0

    @property
    def day(self) -> date:
        """Today in Shanghai."""
        return clock.business_date(self.at)

    @property
    def houses(self) -> list[House]:
        """All who trade."""
        return [*self.creditors, *self.debtors]

    def house(self, organisation_id: int) -> House:
        """The house of an organisation."""
        return next(one for one in [*self.houses, self.funder, self.operator] if one.pk == organisation_id)

    def paper(self) -> str:
        """The number of an invoice that nobody used."""
        self.papers += 1
        return f"{self.papers:08d}"

    def pick(self, draw: random.Random, sql: str, *values: Any) -> dict[str, Any] | None:
        """One of the rows of a query, in a fixed order; None where there is none."""
        with connections[REPORT].cursor() as cursor:
            cursor.execute(sql, values)
            names = [column.name for column in cursor.description]
            rows = cursor.fetchall()
        return dict(zip(names, draw.choice(rows), strict=True)) if rows else None

    def move(self, by: timedelta) -> None:
        """Move the clock, forwards or back."""
        self.at += by


def build() -> World:
    """A new world; the same in every empty database."""
    turn = Turn()
    creditors = [_house(turn, Capability.CREDITOR) for _number in range(2)]
    debtors = [_house(turn, Capability.DEBTOR) for _number in range(2)]
    for house in debtors:
        with acting_as(house.administrator):
            for step in _DEBTORS_STEPS:
                approvals.set_policy(f"receivables.{step}", rule=_UNSIGNED, by=house.administrator, at=AT)
    staff = [Duty.MAKER, Duty.SYSTEM_ADMINISTRATOR]
    funder, operator = _house(turn, Capability.BANK), _house(turn, Capability.PLATFORM_OPERATOR, staff)
    return World(creditors, debtors, funder, operator, turn)


def _house(turn: Turn, capability: Capability, makers_duties: list[Duty] | None = None) -> House:
    row = identity.organisation(capability)
    own = Actor.system("founding", row.pk)
    with acting_as(own), transaction.atomic():
        created([row], by=own, at=AT, event="register")
    maker = identity.membership(row, makers_duties or [Duty.MAKER])
    return House(
        organisation=row,
        turn=turn,
        people={
            "maker": actor_of(maker, "simulation"),
            "checker": identity.actor_for(row, Duty.CHECKER, Duty.SIGNER),
            "administrator": identity.actor_for(row, Duty.ADMINISTRATOR),
        },
        maker_membership=maker.pk,
    )
