"""What holds after every race: the books."""

from collections.abc import Iterator

import pytest

from tests.harness.books import books_hold


@pytest.fixture(autouse=True)
def _books_after(transactional_db: None) -> Iterator[None]:
    yield
    books_hold()
