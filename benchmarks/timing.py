"""Medians, percentiles, and two measurements taken in turns so that the machine's mood hits both."""

import statistics
import time
from collections.abc import Callable, Sequence

ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 stay below."""
    return sorted(values)[max(0, round(len(values) * 0.95) - 1)]


def in_turns(ours: Callable[[], float], reference: Callable[[], float]) -> tuple[float, float]:
    """The medians of three, measured alternately."""
    pairs = [(ours(), reference()) for _round in range(ROUNDS)]
    return statistics.median(one for one, _other in pairs), statistics.median(other for _one, other in pairs)
