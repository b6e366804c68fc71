"""The walk itself: every address, every method, every relation, for one principal; what came back, against the table."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, connection, transaction
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test.client import ClientHandler, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from tests.walk.policy import FIXED, NOT_ALLOWED, OTHERWISE, POLICY, SIGN_IN, Rule, signed_in
from tests.walk.world import Principal, World
from yingshou.tenancy.actor import Actor, Duty, acting_as

METHODS = ("GET", "POST")
# Methods no address of ours takes; every address refuses them to everyone alike.
OTHER_METHODS = ("PUT", "PATCH", "DELETE")
DENIED = "audit_accessevent"
# Not business: the key of a form is claimed before the work and taken back with it; a session keeps its own notes.
BOOKKEEPING = frozenset({"jobs_idempotencykey", "django_session"})
# A value that fits whole numbers and texts alike and stands nowhere else.
STUFFING = "424242424"
# What makes forms valid, so that they write something.
PLAUSIBLE: dict[str, Any] = {
    "display_name": "经办人", "language": "en", "text_size": "large", "duties": ["viewer"], "email": "new@example.com",
    "bank_code": "102100000072", "bank_name": "工商银行", "account_name": "户名", "number": "6222021234567890123",
    "amount": "5.00", "reason_0": "QUALITY", "reason_1": "", "reason": "不符", "comment": "不符", "text": "答复", "channels": ["mail"],
    "event": "verify",
}  # fmt: skip
_CHANGING = (
    (re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*'), rb"\1"),
    (re.compile(rb'(name="idempotency_key" value=")[^"]*'), rb"\1"),
    (re.compile(rb"(X-CSRFToken&quot;: &quot;)[^&]*"), rb"\1"),
)


@dataclass(frozen=True)
class Address:
    """One pattern of the URL configuration."""

    name: str
    route: str
    arguments: tuple[str, ...]


def addresses(resolver: URLResolver | None = None, spaces: tuple[str, ...] = (), before: str = "") -> Iterator[Address]:
    """Every address of the URL configuration."""
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            names = (*spaces, one.name or "-")
            yield Address(":".join(names), route, tuple(one.pattern.regex.groupindex))
        else:
            yield from addresses(one, (*spaces, one.namespace) if one.namespace else spaces, route)


def unclassified(policy: Mapping[str, Any]) -> list[str]:
    """Addresses that nobody put into the table."""
    return sorted({one.name for one in addresses()} - set(policy))


@dataclass
class Walk:
    """One principal's way through everything, with what was found wrong."""

    world: World
    principal: Principal
    policy: Mapping[str, Mapping[str, Rule]] = field(default_factory=lambda: POLICY)
    check_rows: bool = True
    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._before: dict[str, int] = written() if self.check_rows else {}
        self.door = ClientHandler(enforce_csrf_checks=False)
        self.door.load_middleware()
        self.factory = RequestFactory(headers={"host": "testserver", "x-request-id": "walk-walk-walk"})
        self.factory.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        if self.principal.session:
            self.factory.cookies[settings.SESSION_COOKIE_NAME] = self.principal.session

    def run(self) -> None:
        """Every address."""
        for address in addresses():
            rules = self.policy.get(address.name)
            if rules is None:
                self.wrong.append(f"{address.name}: nobody said who may call this address")
                continue
            for method in METHODS:
                self._method(address, method, rules.get(method))
            for method in OTHER_METHODS:
                if self.principal.key in {"anonymous", "creditor-maker", "staff-system_administrator"}:
                    self._refused_method(address, method)

    def _method(self, address: Address, method: str, rule: Rule | None) -> None:
        if rule is None:
            self._refused_method(address, method)
            return
        if not rule.objects:
            self._cell(address, method, rule, "own")
            return
        foreign = self._cell(address, method, rule, "foreign")
        # Who does not pass the door gets the same answer for every object: it comes before any object is looked at.
        if rule.who(self.principal):
            missing = self._cell(address, method, rule, "nonexistent")
            if missing != foreign:
                where = difference(missing, foreign)
                self.wrong.append(f"{self.principal.key} {method} {address.name}: foreign unlike nonexistent: {where}")
            self._cell(address, method, rule, "shared")
            self._cell(address, method, rule, "own")

    def foreign_only(self) -> None:
        """Only what belongs to others and what belongs to nobody."""
        for address in addresses():
            for method, rule in self.policy.get(address.name, {}).items():
                if rule.objects and rule.who(self.principal):
                    missing = self._cell(address, method, rule, "nonexistent")
                    foreign = self._cell(address, method, rule, "foreign")
                    if missing != foreign:
                        where = difference(missing, foreign)
                        self.wrong.append(f"{self.principal.key} {method} {address.name}: told apart: {where}")

    def stuffed(self, path: str, names: set[str]) -> list[str]:
        """Tables in which a value lands that a form never asked for; the form itself is filled in plausibly."""
        with acting_as(Actor.anonymous("walk")), transaction.atomic():
            page = body_of(self.send("GET", path, {})).decode(errors="replace")
            asked = set(re.findall(r'name="([^"]+)"', page))
            before = written()
            extra = dict.fromkeys(names - asked - set(PLAUSIBLE), STUFFING)
            body_of(self.send("POST", path, {**PLAUSIBLE, **extra}))
            touched = [table for table, count in written().items() if count > before.get(table, 0)]
            found = [table for table in touched if table not in BOOKKEEPING and self._holds(table)]
            transaction.set_rollback(True)
        return found

    def _holds(self, table: str) -> bool:
        house = self.principal.house
        assert house is not None
        with acting_as(house.actor(Duty.MAKER)), connection.cursor() as cursor:
            cursor.execute(f'select count(*) from "{table}" where "{table}"::text like %s', [f"%{STUFFING}%"])
            return bool(cursor.fetchone()[0])

    def _refused_method(self, address: Address, method: str) -> None:
        path = self.path(address, "nonexistent")
        if path is None or address.name.startswith(("account_", "usersessions", "admin:")):
            return
        status, _body = self._call(method, path)
        self._judge(address, method, "any", status, NOT_ALLOWED)

    def path(self, address: Address, relation: str) -> str | None:
        """The address with its arguments; None where the principal has no object in this relation."""
        objects = self.world.arguments(self.principal, relation)
        named = OTHERWISE.get(address.name, {})
        values: dict[str, Any] = {}
        for argument in address.arguments:
            fixed = FIXED.get(address.name, {})
            if argument in fixed:
                values[argument] = fixed[argument]
            elif address.name.startswith("admin:"):
                values[argument] = "987654321"
            elif objects is not None and named.get(argument, argument) in objects:
                values[argument] = objects[named.get(argument, argument)]
            else:
                return None
        try:
            return reverse(address.name, kwargs=values)
        except NoReverseMatch:
            # The administration's nameless redirects cannot be asked for by name.
            route = re.sub(r"<[^>]*>|\(\?P.*$", "987654321", address.route).replace("^", "").replace("$", "")
            return f"/{route}"

    def _expected(self, rule: Rule, relation: str) -> frozenset[Any]:
        if not rule.who(self.principal):
            return SIGN_IN if not self.principal.signed_in else frozenset({403})
        if relation in {"foreign", "nonexistent"}:
            return rule.absent
        if relation == "shared":
            if rule.shared is None:
                return rule.absent
            return rule.ok if rule.shared(self.principal) else rule.refused
        return rule.ok if rule.own(self.principal) else rule.refused

    def _cell(self, address: Address, method: str, rule: Rule, relation: str) -> tuple[Any, bytes] | None:
        path = self.path(address, relation)
        if path is None:
            return None
        status, body = self._call(method, path)
        self._judge(address, method, relation, status, self._expected(rule, relation))
        return status, body

    def _judge(self, address: Address, method: str, relation: str, status: Any, expected: frozenset[Any]) -> None:
        self.cells += 1
        self.outcomes[str(status)] += 1
        if status not in expected:
            wanted = "/".join(str(one) for one in sorted(expected, key=str))
            self.wrong.append(f"{self.principal.key} {method} {address.name} {relation}: {status}, wanted {wanted}")

    def _call(self, method: str, path: str) -> tuple[Any, bytes]:
        """Call, take everything back that was written, say how it went."""
        with acting_as(Actor.anonymous("walk")), transaction.atomic():
            response = self.send(method, path, {})
            content = masked(body_of(response), path)
            status = self._status(response)
            if self.check_rows:
                self._rows(method, path, status)
            transaction.set_rollback(True)
        return status, content

    def send(self, method: str, path: str, data: Mapping[str, Any]) -> HttpResponseBase:
        """One request through the whole stack; a POST gets the hidden key that every form carries."""
        # Sessions are cached outside the transaction: what a call left there that was taken back must not reach the next.
        cache.clear()
        make = getattr(self.factory, method.lower())
        request = make(path, {"idempotency_key": uuid.uuid4().hex, **data}) if method == "POST" else make(path)
        response: HttpResponseBase = self.door(request.environ)
        return response

    def _status(self, response: HttpResponseBase) -> Any:
        location = str(response.headers.get("Location", ""))
        if response.status_code == 302 and location.startswith(reverse("account_login")):
            return "sign-in" if not signed_in(self.principal) else 302
        return response.status_code

    def _rows(self, method: str, path: str, status: Any) -> None:
        """A refusal changes no row; that of somebody signed in leaves exactly one event."""
        before, after = self._before, written()
        self._before = after
        changed = {
            table: count - before.get(table, 0) for table, count in after.items() if count != before.get(table, 0)
        }
        if status not in {403, 404, "sign-in"}:
            return
        wanted = {DENIED: 1} if self.principal.signed_in and status != "sign-in" else {}
        rest = {table: count for table, count in changed.items() if table not in BOOKKEEPING}
        if rest != wanted:
            self.wrong.append(f"{self.principal.key} {method} {path} {status}: wrote {rest}, wanted {wanted}")


def written() -> dict[str, int]:
    """Rows written so far in this transaction, by table: PostgreSQL's own counters, rolled-back ones included."""
    with acting_as(Actor.anonymous("walk")), connection.cursor() as cursor:
        cursor.execute(
            "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables "
            "where n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


def body_of(response: HttpResponseBase) -> bytes:
    """Everything the response says, a stream read to its end."""
    if isinstance(response, StreamingHttpResponse):
        content = b"".join(response)
    else:
        content = response.content  # type: ignore[attr-defined]  # every other response has it
    # Closing ends the request, which would drop the connection and with it the transaction around the walk.
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)
    return content


def masked(body: bytes, path: str) -> bytes:
    """The body without what differs from request to request: tokens, and the address itself."""
    for pattern, replacement in _CHANGING:
        body = pattern.sub(replacement, body)
    return body.replace(path.encode(), b"PATH")


def difference(one: tuple[Any, bytes] | None, other: tuple[Any, bytes] | None) -> str:
    """Where two answers part."""
    if one is None or other is None or one[0] != other[0]:
        return f"{one and one[0]} and {other and other[0]}"
    place = next((at for at, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b), 0)
    return f"{one[1][max(0, place - 60) : place + 40]!r} and {other[1][place : place + 40]!r}"
