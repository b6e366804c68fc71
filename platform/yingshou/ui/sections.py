"""Which entry of the navigation a page belongs to, where its own address does not tell: one page may serve two sections."""

from __future__ import annotations

from django.http import HttpRequest

_SECTION = "yingshou.section"


def belongs_to(request: HttpRequest, address: str) -> None:
    """Say where the page of this request belongs: the address of an entry of the navigation."""
    request.META[_SECTION] = address


def section_of(request: HttpRequest) -> str:
    """The address by which the current entry is found: the page's own unless a view has said otherwise."""
    return str(request.META.get(_SECTION, request.path))
