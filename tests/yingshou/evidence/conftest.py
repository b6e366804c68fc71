"""The sample authority of the signing tests, whose clock is the real one: the town signs now."""

from pathlib import Path

import pytest

from simulators.authority.authority import Authority
from tests.yingshou.signing.signer import World
from yingshou.kernel import clock


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An authority of this minute."""
    folder: Path = tmp_path_factory.mktemp("authority")
    return World(Authority(folder / "sample", clock.now()), folder)
