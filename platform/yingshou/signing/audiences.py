"""
Who may see a signed line besides the organisation that signed it: its object's parties, as the object's app says.

Registered by object type in `contributions.py`: a function from object ids to the organisation ids of each.
"""

from collections.abc import Callable, Mapping, Sequence

from yingshou.kernel.registry import Registry

Audience = Callable[[Sequence[int]], Mapping[int, Sequence[int]]]

audiences: Registry[Audience] = Registry("audiences of signed lines")


def audience_of(object_type: str, object_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """The parties of each object; none where its app registered nothing."""
    found = dict(audiences.items()).get(object_type)
    return found(object_ids) if found else {}
