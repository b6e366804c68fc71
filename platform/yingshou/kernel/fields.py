"""
The one field for money: whole fen as `bigint` in the database, exact Decimal yuan with two places in Python, forms and
queries. `NUMERIC` is not used because its comparison is not leakproof under row-level security (rule book X1). In Python a
number always means yuan, also inside `F("free") - Decimal("1.00")`; only rows and SQL written by hand see fen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import lookups
from django.db.models.expressions import (
    Case,
    Combinable,
    CombinedExpression,
    ExpressionWrapper,
    Value,
    When,
    register_combinable_fields,
)
from django.db.models.functions import Coalesce, Greatest, Least, NullIf
from django.utils.text import format_lazy

from yingshou.kernel.errors import DomainError
from yingshou.kernel.money import from_minor, parse_amount, to_minor

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler
    from typing_extensions import TypeVar

_ADDING = frozenset({Combinable.ADD, Combinable.SUB})
# What has the same unit as its arguments.
_TRANSPARENT = (Case, ExpressionWrapper, Coalesce, Greatest, Least, NullIf, models.Sum, models.Min, models.Max)


class AmountFormField(forms.DecimalField):
    """A form field that reads what people type (`1,234.50`, full-width digits, ¥ and 元) and gives an exact Decimal."""

    widget = forms.TextInput

    def __init__(self, *, allow_negative: bool = False, **kwargs: Any) -> None:
        self.allow_negative = allow_negative
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(**kwargs)

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]  # the stub repeats IntegerField's
        """
        The amount in yuan, or None for an empty field.

        :raises ValidationError: with the code and the sentence of the reason
        """
        if value in self.empty_values:
            return None
        try:
            return parse_amount(cast("str", value), allow_negative=self.allow_negative)
        except DomainError as error:
            raise ValidationError(format_lazy("{} {}", error.message_text, error.cure_text), code=error.code) from error

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """A text box with the keyboard of numbers: browsers refuse separators in a number box."""
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}


if TYPE_CHECKING:
    # The plugin of django-stubs fills these in, with None where the column may be empty.
    _Set = TypeVar("_Set", default=Any)
    _Get = TypeVar("_Get", default=Any)

    class _AmountBase(models.Field[_Set, _Get]):
        pass
else:
    _Set = _Get = None

    class _AmountBase(models.Field):
        def __class_getitem__(cls, _types: object) -> type:
            return cls


class AmountField(_AmountBase[_Set, _Get]):
    """
    An amount of money in yuan; `bigint` fen in the database.

    It descends from `Field`, not from `BigIntegerField`, so that Django does not take sums of it for plain integers.
    Ordering, lookups with Decimal, `F()` sums and differences, Sum, Min, Max, defaults and CHECK constraints work in yuan.
    """

    _pyi_private_set_type: Decimal | int | Combinable
    _pyi_private_get_type: Decimal
    _pyi_lookup_exact_type: Decimal | int

    description = "Amount in yuan, stored in fen"
    empty_strings_allowed = False

    def get_internal_type(self) -> str:
        """The column is a bigint."""
        return "BigIntegerField"

    def to_python(self, value: object) -> Decimal | None:
        """
        Decimal yuan from a Decimal, an int or the text of a number (fixtures, forms).

        :raises ValidationError: if it is none of them, or has parts of a fen
        """
        if value is None:
            return None
        try:
            return parse_amount(cast("str", value), allow_negative=True)
        except TypeError as error:
            raise ValidationError(str(error), code="invalid") from error
        except DomainError as error:
            raise ValidationError(error.message_text, code=error.code) from error

    def from_db_value(self, value: object, expression: object, connection: object) -> Decimal | None:
        """Yuan from fen; an average keeps its further decimals, to be rounded where it is shown."""
        if value is None:
            return None
        minor = Decimal(cast("int", value))
        return from_minor(int(minor)) if minor == minor.to_integral_value() else minor / 100

    def get_prep_value(self, value: Any) -> Any:
        """
        Fen from yuan.

        :raises TypeError: for a float
        :raises NotExact: if there are parts of a fen
        """
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if isinstance(value, str):
            value = parse_amount(value, allow_negative=True)
        return to_minor(value)

    def get_placeholder(self, value: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> str:
        """Called with what an INSERT or UPDATE assigns: numbers inside such an expression are yuan."""
        if hasattr(value, "resolve_expression"):
            bind_amounts(value, self)
        return "%s"

    def value_to_string(self, obj: models.Model) -> str:
        """Plain decimal text, for fixtures."""
        value = self.value_from_object(obj)
        return "" if value is None else format(value, "f")

    def formfield(self, **kwargs: Any) -> Any:
        """A field that reads separators and full-width digits."""
        return super().formfield(**{"form_class": AmountFormField, **kwargs})


def amount_value(amount: Decimal | int) -> Value:
    """A constant in yuan for queries: `Coalesce(Sum("face_amount"), amount_value(0))`."""
    return Value(amount, output_field=AmountField())


def bind_amounts(expression: object, field: AmountField) -> None:
    """
    Tell the plain numbers of an expression whose result is an amount that they are amounts: Django would send yuan as fen.

    Follows sums, differences, Coalesce, Greatest, Least, Case and aggregates, never conditions.

    :raises TypeError: if an amount is multiplied or divided in the database by anything but a whole number
    """
    if isinstance(expression, Value):
        if isinstance(expression.value, Decimal | int | float) and not isinstance(expression.value, bool):
            expression.output_field = field
    elif isinstance(expression, CombinedExpression):
        if expression.connector in _ADDING:
            bind_amounts(expression.lhs, field)
            bind_amounts(expression.rhs, field)
        else:
            _bind_product(expression, field)
    elif isinstance(expression, When):
        bind_amounts(expression.result, field)
    elif isinstance(expression, _TRANSPARENT):
        for source in expression.get_source_expressions():
            bind_amounts(source, field)


def _bind_product(expression: CombinedExpression, field: AmountField) -> None:
    for operand in (expression.lhs, expression.rhs):
        if not isinstance(operand, Value):
            bind_amounts(operand, field)
        elif not isinstance(operand.value, int):
            raise TypeError("multiply amounts in Python with round_half_up, not in the database")


class _AmountLookup:
    """Numbers on the right side of a lookup are yuan, also inside an expression."""

    rhs: Any
    lhs: Any

    def get_prep_lookup(self) -> Any:
        bind_amounts(self.rhs, self.lhs.output_field)
        return super().get_prep_lookup()  # type: ignore[misc]


@AmountField.register_lookup
class AmountExact(_AmountLookup, lookups.Exact):
    """Equal, in yuan."""


@AmountField.register_lookup
class AmountGreaterThan(_AmountLookup, lookups.GreaterThan):
    """Above, in yuan."""


@AmountField.register_lookup
class AmountGreaterThanOrEqual(_AmountLookup, lookups.GreaterThanOrEqual):
    """At least, in yuan."""


@AmountField.register_lookup
class AmountLessThan(_AmountLookup, lookups.LessThan):
    """Below, in yuan."""


@AmountField.register_lookup
class AmountLessThanOrEqual(_AmountLookup, lookups.LessThanOrEqual):
    """At most, in yuan."""


def _register_sums() -> None:
    for connector in (Combinable.ADD, Combinable.SUB):
        register_combinable_fields(AmountField, connector, AmountField, AmountField)
    for connector in (Combinable.MUL, Combinable.DIV):
        register_combinable_fields(AmountField, connector, models.IntegerField, AmountField)
    register_combinable_fields(models.IntegerField, Combinable.MUL, AmountField, AmountField)


_register_sums()
