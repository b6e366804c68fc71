"""Samples for the gallery."""
from typing import Any


def samples(request: Any) -> dict[str, Any]:
    """Everything the gallery shows."""
    return {}
