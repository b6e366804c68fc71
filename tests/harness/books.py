"""The books, read after the tests that try hardest to break them: crashes, races, the main journey."""

from collections.abc import Collection

from yingshou.audit import books
from yingshou.kernel import clock

# The factories make organisations and policies without the event that a registration and an administrator leave.
MADE_BY_FACTORIES = frozenset({"identity.organisation.versions", "approvals.policies"})


def books_hold(without: Collection[str] = MADE_BY_FACTORIES) -> None:
    """
    Read every book but those left out.

    :raises AssertionError: with each row that breaks a statement
    """
    report = books.verify(at=clock.now(), without=without)
    assert report.good, "\n".join(str(one) for one in report.violations)
