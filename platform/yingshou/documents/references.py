"""
Who refers to a stored file, by name; apps that hold ids of files register it.

A file that came with a form nobody sent has no reader. It is deleted once nobody refers to it; what a registered app has taken over
is kept for good.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from yingshou.kernel.registry import Registry


@dataclass(frozen=True)
class Reference:
    """
    Rows that hold ids of stored files.

    :param find: which of these ids are referred to, asked as the organisation that owns the files
    :param lasts: whether a file that is referred to once is kept for good; a draft only borrows it
    """

    find: Callable[[Collection[int]], set[int]]
    lasts: bool = True


references: Registry[Reference] = Registry("references to stored files")
