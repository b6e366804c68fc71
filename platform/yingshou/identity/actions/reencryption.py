"""
Encrypt stored values again after a key was put in front, so that the old key can be taken away.

A value names its key, so that what is left to do is a query: a run that was cut short goes on where it stopped, and running twice does no
harm. Rows under row-level security are reached organisation by organisation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import models, transaction
from django.db.models import Q

from yingshou.identity import crypto
from yingshou.identity.mfa_adapter import SECRET
from yingshou.identity.models import BankAccount, Organisation, OrganisationDetails, Person
from yingshou.tenancy.actor import Actor, acting_as

JOB = "identity.reencrypt"


@dataclass(frozen=True)
class Column:
    """
    One encrypted column.

    :param field: the name that is bound to each value
    :param is_private: whether its rows are seen by their own organisation only
    :param key: the key of the value, in a column of JSON
    """

    model: type[models.Model]
    name: str
    field: str
    is_private: bool
    key: str = ""

    def read(self, row: models.Model) -> str:
        """The value as it is stored."""
        value = getattr(row, self.name)
        return str(value[self.key] if self.key else value)

    def write(self, row: models.Model, value: str) -> None:
        """Put another value in its place."""
        setattr(row, self.name, getattr(row, self.name) | {self.key: value} if self.key else value)


COLUMNS = [
    Column(Person, "phone_cipher", Person.PHONE, is_private=False),
    Column(OrganisationDetails, "phone_cipher", OrganisationDetails.PHONE, is_private=True),
    Column(BankAccount, "number_cipher", BankAccount.NUMBER, is_private=True),
    Column(Authenticator, "data", SECRET, is_private=False, key="secret"),
    Column(Authenticator, "data", SECRET, is_private=False, key="seed"),
]


def register(column: Column) -> None:
    """Name an encrypted column of an app above; called in `contributions.py`."""
    if column not in COLUMNS:
        COLUMNS.append(column)


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
    if column.key:
        rows = column.model._default_manager.filter(**{f"{column.name}__has_key": column.key})
        return rows.exclude(**{f"{column.name}__{column.key}__startswith": crypto.current_prefix()})
    current = Q(**{f"{column.name}__startswith": crypto.current_prefix()})
    return column.model._default_manager.exclude(Q(**{column.name: ""}) | current)


def _step(column: Column, after: Any, size: int) -> tuple[Batch, Any]:
    rows = _old(column).order_by("pk").select_for_update(no_key=True)
    rows = list((rows.filter(pk__gt=after) if after is not None else rows)[:size])
    unreadable = []
    for row in rows:
        try:
            plain = crypto.decrypt(column.read(row), field=column.field)
        except crypto.CannotDecrypt:
            unreadable.append(row.pk)
            continue
        column.write(row, crypto.encrypt(plain, field=column.field))
    readable = [row for row in rows if row.pk not in unreadable]
    column.model._default_manager.bulk_update(readable, [column.name])
    return Batch(len(readable), unreadable), rows[-1].pk if rows else None
