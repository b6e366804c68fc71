"""Words for duties and capabilities in templates."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django import template

from yingshou.identity import labels

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

register = template.Library()


@register.filter
def duty_labels(values: Iterable[str]) -> list["StrOrPromise"]:
    """Duties in words."""
    return labels.duty_labels(values)


@register.filter
def capability_labels(values: Iterable[str]) -> list["StrOrPromise"]:
    """Capabilities in words."""
    return labels.capability_labels(values)
