"""The cache may be lost at any moment: a Redis that is away is an empty cache, never an error on a page."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def _or(default: Any) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Answer the default where Redis does not answer."""

    def decorate(method: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(method)
        def forgiving(*args: Any, **kwargs: Any) -> Answer:
            try:
                return method(*args, **kwargs)
            except (RedisError, OSError) as error:
                logger.warning("cache_away", extra={"error": type(error).__name__})
                answer: Answer = default() if callable(default) else default
                return answer

        return forgiving

    return decorate


class ForgivingRedisCache(RedisCache):
    """Redis as a cache; whoever needs more than a cache asks PostgreSQL."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default)(super().get)(key, default, version=version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _or(dict)(super().get_many)(keys, version=version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return _or(False)(super().has_key)(key, version=version)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _or(False)(super().add)(key, value, timeout=timeout, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _or(None)(super().set)(key, value, timeout=timeout, version=version)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return _or(lambda: list(data))(super().set_many)(data, timeout=timeout, version=version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _or(False)(super().touch)(key, timeout=timeout, version=version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _or(False)(super().delete)(key, version=version)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        _or(None)(super().delete_many)(keys, version=version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return _or(delta)(super().incr)(key, delta, version=version)

    def clear(self) -> None:
        _or(None)(super().clear)()
