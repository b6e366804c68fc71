"""Pages by the values of the last row seen, not by number: page 500 costs what page 1 costs."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.db.models import BooleanField, F, Field, Func, Model, Q, QuerySet, Value

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler
    from django_stubs_ext import StrOrPromise

M = TypeVar("M", bound=Model)


class Order(Enum):
    """
    The orders of a list. Each member is `(keys, label)`; keys are field names, "-" for descending, and the last is the pk,
    so that every order is total and a page's end is one place.
    """

    def __init__(self, keys: tuple[str, ...], label: StrOrPromise) -> None:
        if keys[-1] not in {"pk", "-pk"}:
            raise TypeError(f"the last key of {self.name} must be the pk")
        self.keys = keys
        self.label = label

    @property
    def parameter(self) -> str:
        """How the order is written in an address."""
        return self.name.lower()


@dataclass(frozen=True)
class Page(Generic[M]):
    """
    One page of rows.

    :param before: where the page before ends, as a cursor; None on the first page
    :param after: where the next page begins; None on the last page
    """

    rows: Sequence[M]
    before: str | None
    after: str | None


class _RowIsAfter(Func):
    """`(a, b) > (x, y)`: PostgreSQL walks an index on (a, b) straight to the place."""

    conditional = True

    def __init__(self, columns: Sequence[F], values: Sequence[Value], operator: str) -> None:
        super().__init__(*columns, *values, output_field=BooleanField())
        self.width = len(columns)
        self.operator = operator

    def as_sql(  # type: ignore[override]  # none of the arguments of Func's templates applies
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Both rows side by side."""
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        columns = ", ".join(sql for sql, _params in parts[: self.width])
        values = ", ".join(sql for sql, _params in parts[self.width :])
        return f"({columns}) {self.operator} ({values})", tuple(item for _sql, params in parts for item in params)


def page_of(
    queryset: QuerySet[M], order: Order, *, size: int, after: str | None = None, before: str | None = None
) -> Page[M]:
    """
    The page after (or before) a cursor, in the order; one statement. An unreadable cursor gives the first page.

    :raises ImproperlyConfigured: if a key of the order may be NULL, because no row would then be surely after another
    """
    keys = order.keys
    fields = [_field(queryset, key) for key in keys]
    forward = before is None
    cursor = _read(after if forward else before, fields)
    if cursor is None:
        forward = True
    wanted = queryset.order_by(*(keys if forward else [_turned(key) for key in keys]))
    if cursor is not None:
        wanted = wanted.filter(_beyond(keys if forward else [_turned(key) for key in keys], fields, cursor))
    rows = list(wanted[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if not forward:
        rows.reverse()
    has_before = cursor is not None if forward else more
    has_after = more if forward else True
    return Page(
        rows=rows,
        before=cursor_of(rows[0], keys) if rows and has_before else None,
        after=cursor_of(rows[-1], keys) if rows and has_after else None,
    )


def cursor_of(row: Model, keys: Sequence[str]) -> str:
    """The place of a row in an order, for an address."""
    values = [_plain(_value(row, key.lstrip("-"))) for key in keys]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _beyond(keys: Sequence[str], fields: Sequence[Field[Any, Any]], values: Sequence[Any]) -> Any:
    """The condition "comes after these values"."""
    names = [key.lstrip("-") for key in keys]
    directions = {key.startswith("-") for key in keys}
    if len(directions) == 1:
        operator = "<" if directions.pop() else ">"
        wrapped = [Value(value, output_field=field) for value, field in zip(values, fields, strict=True)]
        return _RowIsAfter([F(name) for name in names], wrapped, operator)
    # Directions differ: no row comparison fits. The first conjunct repeats what the others imply, for the index.
    result, equal = Q(), Q()
    for key, name, value in zip(keys, names, values, strict=True):
        comparison = "lt" if key.startswith("-") else "gt"
        result |= equal & Q(**{f"{name}__{comparison}": value})
        equal &= Q(**{name: value})
    outer = "lte" if keys[0].startswith("-") else "gte"
    return Q(**{f"{names[0]}__{outer}": values[0]}) & result


def _field(queryset: QuerySet[Any], key: str) -> Field[Any, Any]:
    name = key.lstrip("-")
    if name in queryset.query.annotations:
        found: Field[Any, Any] = queryset.query.annotations[name].output_field
        return found
    model: type[Model] = queryset.model
    parts = name.split("__")
    for part in parts[:-1]:
        relation = model._meta.get_field(part)
        related = relation.related_model
        if related is None or isinstance(related, str):
            raise FieldDoesNotExist(f"{model.__name__}.{part} leads nowhere")
        model = related
    meta = model._meta
    field = meta.pk if parts[-1] == "pk" else meta.get_field(parts[-1])
    if not isinstance(field, Field):
        raise ImproperlyConfigured(f"{name} is no column")
    if field.null:
        raise ImproperlyConfigured(f"a list cannot be ordered by {name}, which may be NULL")
    return field


def _read(cursor: str | None, fields: Sequence[Field[Any, Any]]) -> list[Any] | None:
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if not isinstance(values, list) or len(values) != len(fields):
            return None
        read = [field.to_python(value) for field, value in zip(fields, values, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError):
        return None
    return None if any(value is None for value in read) or not _storable(read) else read


def _storable(values: Sequence[Any]) -> bool:
    """Whether the database can compare with the values: a forged cursor must not become an error of the server."""
    return all(
        not (isinstance(value, int) and abs(value) >= 2**63) and not (isinstance(value, str) and "\x00" in value)
        for value in values
    )


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _turned(key: str) -> str:
    return key[1:] if key.startswith("-") else f"-{key}"
