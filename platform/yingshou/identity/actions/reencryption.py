"""
Encrypt stored values again after a key was put in front, so that the old key can be taken away.

A value names its key, so that what is left to do is a query: a run that was cut short goes on where it stopped, and running twice does no
harm. Rows under row-level security are reached organisation by organisation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from yingshou.identity import crypto
from yingshou.identity.models import BankAccount, Organisation, OrganisationDetails, Person
from yingshou.tenancy.actor import Actor, acting_as

JOB = "identity.reencrypt"


@dataclass(frozen=True)
class Column:
    """
    One encrypted column.

    :param field: the name that is bound to each value
    :param is_private: whether its rows are seen by their own organisation only
    """

    model: type[models.Model]
    name: str
    field: str
    is_private: bool


COLUMNS = (
    Column(Person, "phone_cipher", Person.PHONE, is_private=False),
    Column(OrganisationDetails, "phone_cipher", OrganisationDetails.PHONE, is_private=True),
    Column(BankAccount, "number_cipher", BankAccount.NUMBER, is_private=True),
)


@dataclass(frozen=True)
class Batch:
    """What one transaction did; `unreadable` are primary keys whose value no active key opens."""

    done: int
    unreadable: Sequence[int]


def remaining(column: Column) -> int:
    """How many values were encrypted with another key than the first."""
    count = 0
    for _actor in _actors(column):
        with transaction.atomic():
            count += _old(column).count()
    return count


def reencrypt(column: Column, *, size: int) -> Iterator[Batch]:
    """Encrypt the column's old values with the first key, `size` rows a transaction; each step says what it did."""
    for _actor in _actors(column):
        after: Any = None
        while True:
            with transaction.atomic():
                batch, after = _step(column, after, size)
            if after is None:
                break
            yield batch


def _actors(column: Column) -> Iterator[Actor]:
    """Bind the job for each organisation that may hold rows; once for all where the rows are nobody's own."""
    job = Actor.system(JOB)
    with acting_as(job), transaction.atomic():
        ids: list[int | None] = list(Organisation.objects.order_by("pk").values_list("pk", flat=True))
    for organisation_id in ids if column.is_private else [None]:
        with acting_as(Actor.system(JOB, organisation_id=organisation_id)) as actor:
            yield actor


def _old(column: Column) -> Any:
    current = Q(**{f"{column.name}__startswith": crypto.current_prefix()})
    return column.model._default_manager.exclude(Q(**{column.name: ""}) | current)


def _step(column: Column, after: Any, size: int) -> tuple[Batch, Any]:
    rows = _old(column).order_by("pk").select_for_update(no_key=True)
    rows = list((rows.filter(pk__gt=after) if after is not None else rows)[:size])
    unreadable = []
    for row in rows:
        try:
            plain = crypto.decrypt(getattr(row, column.name), field=column.field)
        except crypto.CannotDecrypt:
            unreadable.append(row.pk)
            continue
        setattr(row, column.name, crypto.encrypt(plain, field=column.field))
    readable = [row for row in rows if row.pk not in unreadable]
    column.model._default_manager.bulk_update(readable, [column.name])
    return Batch(len(readable), unreadable), rows[-1].pk if rows else None
