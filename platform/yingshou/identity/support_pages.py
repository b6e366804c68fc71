"""What may be opened in a support view: each app names its read-only pages, and the objects a view can be limited to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# Each look at a page is an event about the organisation it belongs to.
LOOKED = "identity.support_view.looked"
LOOKED_OBJECT = "identity.support_view"


@dataclass(frozen=True)
class SupportObject:
    """
    A kind of object that a view can be limited to.

    :param label: how staff choose it
    :param address: the page of the object of this number; None for what is no such number. Asks no database: whether the customer
        has such an object, staff learn by opening it, which is on record
    """

    label: "StrOrPromise"
    address: Callable[[str], str | None]


# By app: the names of addresses that only read.
PAGES: Registry[frozenset[str]] = Registry("pages of a support view")
OBJECTS: Registry[SupportObject] = Registry("objects of a support view")


def opens(url_name: str) -> bool:
    """Whether a view of a whole organisation shows this page."""
    return any(url_name in names for _app, names in PAGES.items())


def page_address(grant_id: int, address: str) -> str:
    """The address of a customer's page within a view."""
    return f"/support/{grant_id}{address}"
