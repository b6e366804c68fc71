"""
The database backend that writes the actor into each transaction before its first statement.

The context is local to the transaction (`set_config(…, true)`), so that a pooled connection can never carry one
organisation's context into another's transaction; it is written again after a rollback to a savepoint, which would
otherwise restore an older context.
"""

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_UNKNOWN

from yingshou.kernel import clock
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import ActorKind, NoActor, bound_actor

if TYPE_CHECKING:
    from collections.abc import Iterator

_read_only: ContextVar[bool] = ContextVar("yingshou_read_only", default=False)


@contextmanager
def read_only() -> "Iterator[None]":
    """Make the transactions that begin inside the block READ ONLY."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


# A server that restarts breaks every connection: one used within this time is then found out by the first statement.
FRESH_SECONDS = 5.0
_BROKEN = (TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_UNKNOWN)
# Classes of SQLSTATE: the operator ended the connection, too many connections, the connection failed.
_AWAY = ("57P", "53300", "08")


def is_away(error: BaseException | None) -> bool:
    """Whether the server ended, restarts, is full or cut the connection; not what it said about a statement."""
    if isinstance(error, InterfaceError):
        return True
    code = getattr(getattr(error, "__cause__", None), "pgcode", None)
    return isinstance(error, OperationalError) and (code is None or code.startswith(_AWAY))


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, with the actor bound to each transaction."""

    # What the transaction's context says; None where it may say anything.
    _bound: tuple[str, ...] | None = None
    _used_at: float = 0.0

    def _set_autocommit(self, autocommit: bool) -> None:
        self._bound = None
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs leave Django's private hook out

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]  # the stubs leave Django's private hook out
        self._bound = None

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # the stubs leave Django's private hook out
        self._bound = None

    def is_usable(self) -> bool:
        """Whether the connection still answers; one that was used a moment ago is judged by what it knows of itself."""
        if self.connection is not None and time.monotonic() - self._used_at < FRESH_SECONDS:
            return self.connection.info.transaction_status not in _BROKEN
        usable: bool = super().is_usable()
        if usable:
            self._used_at = time.monotonic()
        return usable

    def follow_actor(self) -> None:
        """Write the present actor's context at once where a cursor may already be held; the same context is not written twice."""
        if self.connection is not None and not self.autocommit and bound_actor() is not None:
            self._bind()

    def _cursor(self, name: str | None = None) -> Any:
        if bound_actor() is None:
            raise NoActor("a query was about to run without an actor: wrap the call in acting_as(actor)")
        self.ensure_connection()
        if not self.autocommit:
            self._bind()
        self._used_at = time.monotonic()
        return super()._cursor(name)  # type: ignore[misc]  # the stubs leave Django's private hook out

    def _bind(self) -> None:
        actor = bound_actor()
        if actor is None or self.needs_rollback:
            return
        wanted = (
            str(actor.kind),
            "" if actor.organisation_id is None else str(actor.organisation_id),
            "" if actor.person_id is None else str(actor.person_id),
            "on" if actor.is_staff_organisation else "off",
            actor.link,
        )
        if self._bound == wanted or self.connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
            return
        statement = (
            "select set_config('app.kind', %s, true), set_config('app.org_id', %s, true), "
            "set_config('app.person_id', %s, true), set_config('app.staff', %s, true), "
            "set_config('app.link', %s, true), clock_timestamp()"
        )
        # Only a transaction that has not begun may become READ ONLY.
        reads = _read_only.get() or actor.kind is ActorKind.SUPPORT
        if reads and self._bound is None and not self.savepoint_ids and len(self.atomic_blocks) <= 1:
            statement += ", set_config('transaction_read_only', 'on', true)"
        # Set first: the statement below runs through Django's cursor, so that query counts and logs stay true.
        self._bound = wanted
        with super()._cursor() as cursor:  # type: ignore[misc]  # the stubs leave Django's private hook out
            before = clock.real_now()
            cursor.execute(statement, wanted)
            clocks.note(before, cursor.fetchone()[5], clock.real_now())
