"""The registry: a name once, in order, and loud when it is wrong."""

import pytest

from yingshou.kernel.registry import AlreadyRegistered, NotRegistered, Registry


def test_entries_come_back_in_the_order_of_registration() -> None:
    registry: Registry[int] = Registry("numbers")

    registry.register("b", 2)
    registry.register("a", 1)

    assert list(registry.items()) == [("b", 2), ("a", 1)]
    assert registry.names() == ["b", "a"]
    assert registry.values() == [2, 1]
    assert list(registry) == ["b", "a"]
    assert len(registry) == 2
    assert "a" in registry
    assert "c" not in registry


def test_the_decorator_hands_back_what_it_registered() -> None:
    registry: Registry[object] = Registry("functions")

    @registry.register("double")
    def double(number: int) -> int:
        return number * 2

    assert double(4) == 8
    assert registry.get("double") is double


def test_none_can_be_registered() -> None:
    registry: Registry[int | None] = Registry("optional")

    registry.register("nothing", None)

    assert registry.get("nothing") is None


def test_a_second_registration_is_refused_even_with_the_same_value() -> None:
    registry: Registry[int] = Registry("numbers")
    registry.register("one", 1)

    with pytest.raises(AlreadyRegistered, match="numbers already has 'one'"):
        registry.register("one", 1)


def test_an_unknown_name_is_refused_and_the_known_ones_are_named() -> None:
    registry: Registry[int] = Registry("numbers")
    registry.register("one", 1)

    with pytest.raises(NotRegistered, match="no 'two'; it knows one"):
        registry.get("two")
