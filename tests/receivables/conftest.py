"""What the tests of the pages share."""

import pytest

from tests.factories import receivables as make
from yingshou.identity.models import Organisation


@pytest.fixture
def parties() -> tuple[Organisation, Organisation]:
    """A supplier and its buyer."""
    return make.creditor(), make.debtor()
