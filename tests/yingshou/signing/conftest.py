"""A sample authority for the whole session; made in a process of its own folder, as the product never imports it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.authority.authority import Authority
from simulators.authority.sm2_authority import Sm2Authority
from tests.yingshou.signing.signer import World

NOW = datetime(2026, 11, 20, 4, 0, 0, tzinfo=UTC)


def _world(folder: Path) -> World:
    # Both halves at once: the authority's command line makes a missing one by the clock of the day, not by `NOW`.
    Sm2Authority(folder / "sample", NOW)
    return World(Authority(folder / "sample", NOW), folder)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An authority whose clock stands at `NOW`."""
    return _world(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Another authority with the same names, which nobody trusts."""
    return _world(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="session")
def sm2_world(world: World) -> World:
    """The same authority with SM2 keys."""
    return World(Sm2Authority(world.authority.folder, NOW), world.folder / "sm2")


@pytest.fixture(scope="session")
def sm2_stranger(stranger: World) -> World:
    """The stranger with SM2 keys."""
    return World(Sm2Authority(stranger.authority.folder, NOW), stranger.folder / "sm2")


@pytest.fixture
def now() -> datetime:
    """The moment of these tests."""
    return NOW
