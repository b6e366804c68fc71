"""
The decorator every view carries: who may come in, by which method, and the one transaction a reading runs in.

A view without it is refused by the middleware (fail closed). Three questions in fixed order: signed in, allowed,
visible; the last is the view's own scoped query, whose answer for foreign and nonexistent objects is the same 404.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate
from urllib.parse import quote

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import NotAllowed
from yingshou.tenancy.backend.base import read_only
from yingshou.tenancy.permissions import PERMISSIONS
from yingshou.tenancy.step_up import Proof, ask

if TYPE_CHECKING:
    from datetime import datetime

    from yingshou.tenancy.actor import Actor

READING = frozenset({"GET", "HEAD"})


class AppRequest(HttpRequest):
    """A request after the middleware: it knows its actor and its moment. For annotations only."""

    actor: "Actor"
    at: "datetime"
    # Who writes what after this reading, in a transaction of its own; most leave nothing behind.
    afterwards: "tuple[Actor, Callable[[], None]]"


class NotPermitted(NotAllowed):
    """The person's duties or the organisation's capabilities do not cover this act."""

    code = "ACC-001"
    message = _("Your duties do not include this: %(sentence)s")
    cure = _("Ask an administrator of your organisation to grant the duty, or switch to another organisation.")


class WriteInReading(RuntimeError):
    """A GET tried to write. Always a programming error."""


@dataclass(frozen=True)
class Guard:
    """How a view is guarded; the authorisation walk reads it from the view."""

    permission: str = ""
    public: bool = False
    methods: frozenset[str] = READING
    proof: Proof = Proof.NONE

    def asks_by(self, method: str | None) -> bool:
        """Whether this method needs the proof: what is sent, and of a page that is only read, the reading."""
        return self.proof is not Proof.NONE and (method not in READING or self.methods == READING)


View = Callable[..., HttpResponseBase]


def page(
    permission: str = "",
    *,
    methods: Collection[str] = ("GET",),
    public: bool = False,
    signed_in: bool = False,
    step_up: bool | Proof = False,
) -> Callable[[Callable[Concatenate[Any, ...], HttpResponseBase]], View]:
    """
    Guard a view.

    :param permission: the registered permission that the actor needs
    :param methods: the methods the view answers; GET brings HEAD
    :param public: whether anybody may come in
    :param signed_in: whether every signed-in person may come in, whatever the duties
    :param step_up: whether the act binds: a second factor must have been proven within minutes (`yingshou.tenancy.step_up`)
    """
    if sum([bool(permission), public, signed_in]) != 1:
        raise TypeError("a view is guarded by exactly one of: a permission, public, signed_in")
    allowed = frozenset(methods) | (READING if "GET" in methods else frozenset())
    proof = Proof(step_up) if isinstance(step_up, Proof) else Proof.FACTOR if step_up else Proof.NONE
    guard = Guard(permission=permission, public=public, methods=allowed, proof=proof)

    def decorate(view: Callable[Concatenate[Any, ...], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(request: AppRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.method not in allowed:
                return HttpResponseNotAllowed(sorted(allowed))
            refusal = _refusal(guard, request)
            if refusal is None and guard.asks_by(request.method):
                refusal = ask(request, guard.proof)
            if refusal is not None:
                return refusal
            if request.method in READING:
                with reading():
                    return view(request, *args, **kwargs)
            return view(request, *args, **kwargs)

        guarded.guard = guard  # type: ignore[attr-defined]  # read by the middleware and by the authorisation walk
        return guarded

    return decorate


def _refusal(guard: Guard, request: AppRequest) -> HttpResponseBase | None:
    if guard.public:
        return None
    if not request.actor.is_signed_in:
        return HttpResponseRedirect(f"{reverse('account_login')}?next={quote(request.get_full_path())}")
    if guard.permission and not request.actor.may(guard.permission):
        raise NotPermitted(sentence=PERMISSIONS.get(guard.permission).sentence)
    return None


def reading() -> ExitStack:
    """One READ ONLY transaction for a page; inside another transaction, writes are refused in Python instead."""
    stack = ExitStack()
    nested = connection.in_atomic_block
    stack.enter_context(nullcontext() if nested else read_only())
    stack.enter_context(transaction.atomic())
    if nested:
        stack.enter_context(connection.execute_wrapper(_refuse_writes))
    return stack


def _refuse_writes(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    if str(sql).lstrip().split(" ", 1)[0].lower() in {"insert", "update", "delete", "truncate", "copy"}:
        raise WriteInReading(str(sql))
    return execute(sql, params, many, context)
