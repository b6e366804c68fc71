"""
Lists at any size: filters that live in the address, keyset pages, chips with counts, selection by filter, exports.

An app declares a `List` (columns, orders, chips, a django-filter FilterSet) and renders it with `<c-list :list="list">`.
A page costs two statements whatever the filter: the rows, and all counts with the person's saved views.
"""

from yingshou.ui.lists.columns import Cell, Column, Kind
from yingshou.ui.lists.filters import Chip, FilterGroup, contains_filter
from yingshou.ui.lists.keyset import Order, Page
from yingshou.ui.lists.listing import Fact, List
from yingshou.ui.lists.selection import Selection, TooManySelected

__all__ = [
    "Cell",
    "Chip",
    "Column",
    "Fact",
    "FilterGroup",
    "Kind",
    "List",
    "Order",
    "Page",
    "Selection",
    "TooManySelected",
    "contains_filter",
]
