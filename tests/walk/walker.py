"""The walk itself: every address, every method, every relation, for one principal; what came back, against the table."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, connection, connections, transaction
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test.client import ClientHandler, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from tests.walk.policy import FIXED, NOT_ALLOWED, OTHERWISE, POLICY, SIGN_IN, Rule, signed_in
from tests.walk.world import FOREIGN, Principal, World
from yingshou.tenancy.actor import Actor, Duty, acting_as

METHODS = ("GET", "POST")
RELATIONS = ("own", "shared", "foreign", "nonexistent")
# Methods no address of ours takes; every address refuses them to everyone alike.
OTHER_METHODS = ("PUT", "PATCH", "DELETE")
DENIED = "audit_accessevent"
# Staff whose work it is to look after people see their names there, of every organisation, and no contact data.
PEOPLE = ("admin:identity_person", "admin:identity_membership", "admin:identity_organisationgrant")
# Its checks run an event loop, and a browser test leaves one behind in the main thread; a web worker has none.
ELSEWHERE = frozenset({"/readyz"})
# Not business: the key of a form is claimed before the work and taken back with it; a session keeps its own notes; a draft
# is what one person typed, for nobody else and without effect until the form is sent and checked.
BOOKKEEPING = frozenset({"jobs_idempotencykey", "django_session", "drafts_formdraft"})
# A value that fits whole numbers and texts alike and stands nowhere else.
STUFFING = "424242424"
# What makes forms valid, so that they write something.
PLAUSIBLE: dict[str, Any] = {
    "display_name": "经办人", "language": "en", "text_size": "large", "duties": ["viewer"], "email": "new@example.com",
    "bank_code": "102100000072", "bank_name": "工商银行", "account_name": "户名", "number": "6222021234567890123",
    "amount": "5.00", "reason_0": "QUALITY", "reason_1": "", "reason": "不符", "comment": "不符", "text": "答复", "channels": ["mail"],
    "event": "verify",
}  # fmt: skip
# As the view pg_stat_xact_user_tables, without its look at every index.
WRITTEN = """
select relname, count from pg_class, lateral (
    select pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
        + pg_stat_get_xact_tuples_deleted(oid) as count
) counted
where relkind = 'r' and relnamespace = 'public'::regnamespace and count > 0
"""
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


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs from request to request."""

    status: Any
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Walk:
    """One principal's way through everything, with what was found wrong."""

    world: World
    principal: Principal
    policy: Mapping[str, Mapping[str, Rule]] = field(default_factory=lambda: POLICY)
    check_rows: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._is_cache_true = False
        self._paths: dict[tuple[Address, str], str | None] = {}
        self.door = ClientHandler(enforce_csrf_checks=False)
        self.door.load_middleware()
        self.factory = RequestFactory(headers={"host": "testserver", "x-request-id": "walk-walk-walk", **self.headers})
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
        self._other_methods()

    def _method(self, address: Address, method: str, rule: Rule | None) -> None:
        if rule is None:
            self._not_taken(address, method)
            return
        if not rule.objects:
            self._cell(address, method, rule, "own")
            return
        foreign = self._cell(address, method, rule, "foreign")
        # Who does not pass the door gets the same answer for every object: it comes before any object is looked at.
        if rule.who(self.principal):
            missing = self._cell(address, method, rule, "nonexistent")
            if foreign is not None and not self._reaches_all(rule) and missing != foreign:
                where = difference(missing, foreign)
                self.wrong.append(f"{self.principal.key} {method} {address.name}: foreign unlike nonexistent: {where}")
            self._cell(address, method, rule, "shared")
            self._cell(address, method, rule, "own")

    def foreign_only(self) -> None:
        """Only what belongs to others and what belongs to nobody."""
        for address in addresses():
            for method, rule in self.policy.get(address.name, {}).items():
                if rule.objects and rule.who(self.principal) and not self._reaches_all(rule):
                    missing = self._cell(address, method, rule, "nonexistent")
                    foreign = self._cell(address, method, rule, "foreign")
                    if foreign is not None and missing != foreign:
                        where = difference(missing, foreign)
                        self.wrong.append(f"{self.principal.key} {method} {address.name}: told apart: {where}")

    def _reaches_all(self, rule: Rule) -> bool:
        return rule.everywhere is not None and rule.everywhere(self.principal)

    def _relations(self, address: Address) -> Iterator[tuple[str, str]]:
        """The paths of an address by relation; one path without arguments."""
        seen = set()
        for relation in RELATIONS if address.arguments else ("own",):
            path = self.path(address, relation)
            if path is not None and path not in seen:
                seen.add(path)
                yield relation, path

    def _not_taken(self, address: Address, method: str) -> None:
        """A method the address does not take: refused alike whatever the object."""
        # Pages of libraries say by themselves what they take.
        if address.name.startswith(("account_", "usersessions", "admin:")):
            return
        first: Answer | None = None
        for relation, path in self._relations(address):
            answer = self._call(method, path)
            first = first or answer
            self._judge(address, method, relation, answer.status, NOT_ALLOWED)
            if answer != first:
                self.wrong.append(f"{method} {address.name} {relation}: unlike the others: {difference(first, answer)}")

    def _other_methods(self) -> None:
        """Methods that no address takes: refused to everyone alike, on every object, before anything is asked or written."""
        asked = 0
        with acting_as(Actor.anonymous("walk")), transaction.atomic():
            before = written()
            with connection.execute_wrapper(_refuse_all):
                for address in addresses():
                    if address.name not in self.policy:
                        continue
                    for relation, path in self._relations(address):
                        for method in OTHER_METHODS:
                            response = self.door(getattr(self.factory, method.lower())(path).environ)
                            self._judge(address, method, relation, response.status_code, NOT_ALLOWED)
                            asked += bool(body_of(response))
            self.wrong += [f"{self.principal.key}: refused methods wrote {written()}"] if written() != before else []
            transaction.set_rollback(True)
        self.wrong += [f"{self.principal.key}: {asked} refused methods said something"] if asked else []

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
            cursor.execute("select has_table_privilege(%s, 'select')", [table])
            if not cursor.fetchone()[0]:
                return False  # reached through functions alone, whose arguments are ours
            cursor.execute(f'select count(*) from "{table}" where "{table}"::text like %s', [f"%{STUFFING}%"])
            return bool(cursor.fetchone()[0])

    def path(self, address: Address, relation: str) -> str | None:
        """The address with its arguments; None where the principal has no object in this relation."""
        if (address, relation) not in self._paths:
            self._paths[address, relation] = self._path(address, relation)
        return self._paths[address, relation]

    def _path(self, address: Address, relation: str) -> str | None:
        objects = self.world.arguments(self.principal, relation)
        named = OTHERWISE.get(address.name, {})
        values: dict[str, Any] = {}
        for argument in address.arguments:
            fixed = FIXED.get(address.name, {})
            if argument in fixed:
                values[argument] = fixed[argument]
            elif address.name.startswith("admin:"):
                values[argument] = self.world.place(address.name, relation)
            elif objects is not None and named.get(argument, argument) in objects:
                values[argument] = objects[named.get(argument, argument)]
            else:
                return None
        if None in values.values():
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
        if rule.early and not rule.own(self.principal):
            return rule.refused
        if relation == "nonexistent" or (relation == "foreign" and not self._reaches_all(rule)):
            return rule.absent
        if relation == "shared":
            if rule.shared is None:
                return rule.absent
            return rule.ok if rule.shared(self.principal) else rule.refused
        return rule.ok if rule.own(self.principal) else rule.refused

    def _cell(self, address: Address, method: str, rule: Rule, relation: str) -> Answer | None:
        path = self.path(address, relation)
        if path is None:
            return None
        answer = self._call(method, path)
        self._judge(address, method, relation, answer.status, self._expected(rule, relation))
        # Whom the table lets reach everybody's objects sees what is written on them.
        may_see = address.name.startswith(PEOPLE) or self._reaches_all(rule)
        if relation == "foreign" and FOREIGN.encode() in answer.body and not may_see:
            self.wrong.append(
                f"{self.principal.key} {method} {address.name} foreign: shows what is marked as a stranger's"
            )
        return answer

    def _judge(self, address: Address, method: str, relation: str, status: Any, expected: frozenset[Any]) -> None:
        self.cells += 1
        self.outcomes[str(status)] += 1
        if status not in expected:
            wanted = "/".join(str(one) for one in sorted(expected, key=str))
            self.wrong.append(f"{self.principal.key} {method} {address.name} {relation}: {status}, wanted {wanted}")

    def _call(self, method: str, path: str) -> Answer:
        """Call, take everything back that was written, say how it went."""
        # A transaction of its own for each call, so that savepoints and dead rows do not pile up.
        with acting_as(Actor.anonymous("walk")), transaction.atomic():
            before = written() if self.check_rows else {}
            response = self.send(method, path, {})
            content = body_of(response)
            status = self._status(response)
            changed = changes(before) if self.check_rows else None
            if changed is not None:
                self._rows(method, path, status, changed)
            # What a call left in the cache that is taken back here must not reach the next.
            self._is_cache_true = changed is not None and set(changed) <= {DENIED}
            transaction.set_rollback(True)
        return Answer(status, headers_of(response, content, path), masked(content, path))

    def send(self, method: str, path: str, data: Mapping[str, Any]) -> HttpResponseBase:
        """One request through the whole stack; a POST gets the hidden key that every form carries."""
        if not self._is_cache_true:
            cache.clear()
        make = getattr(self.factory, method.lower())
        request = make(path, {"idempotency_key": uuid.uuid4().hex, **data}) if method == "POST" else make(path)
        if path in ELSEWHERE:
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(self._as_a_worker_does, request.environ).result()
        response: HttpResponseBase = self.door(request.environ)
        return response

    def _as_a_worker_does(self, environ: Any) -> HttpResponseBase:
        """Ask in a thread with connections of its own."""
        try:
            response: HttpResponseBase = self.door(environ)
            return response
        finally:
            connections.close_all()

    def _status(self, response: HttpResponseBase) -> Any:
        location = str(response.headers.get("Location", ""))
        if response.status_code == 302 and location.startswith(reverse("account_login")):
            return "sign-in" if not signed_in(self.principal) else 302
        return response.status_code

    def _rows(self, method: str, path: str, status: Any, changed: dict[str, int]) -> None:
        """A refusal changes no row; that of somebody signed in leaves exactly one event."""
        if status not in {403, 404, "sign-in"}:
            return
        wanted = {DENIED: 1} if self.principal.signed_in and status != "sign-in" else {}
        rest = {table: count for table, count in changed.items() if table not in BOOKKEEPING}
        if rest != wanted:
            self.wrong.append(f"{self.principal.key} {method} {path} {status}: wrote {rest}, wanted {wanted}")


def _refuse_all(_execute: Any, sql: Any, _params: Any, _many: bool, _context: Any) -> Any:
    raise AssertionError(f"a method that no address takes asked the database: {sql}")


def changes(before: Mapping[str, int]) -> dict[str, int]:
    """Rows written since, by table."""
    return {table: count - before.get(table, 0) for table, count in written().items() if count != before.get(table, 0)}


def written() -> dict[str, int]:
    """Rows written so far, by table: PostgreSQL's own counters, rolled-back ones included; they grow while a transaction lasts."""
    with acting_as(Actor.anonymous("walk")), connection.cursor() as cursor:
        cursor.execute(WRITTEN)
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


def headers_of(response: HttpResponseBase, body: bytes, path: str) -> tuple[tuple[str, str], ...]:
    """The headers and cookies without what differs from request to request, the length that of the masked body."""
    named = {
        name: value.replace(path, "PATH").replace(quote(path), "PATH")
        for name, value in response.headers.items()
        if name not in {"Expires", "Last-Modified"}
    }
    if "Content-Length" in named:
        named["Content-Length"] = str(int(named["Content-Length"]) - len(body) + len(masked(body, path)))
    for name, morsel in response.cookies.items():
        attributes = ";".join(f"{key}={value}" for key, value in sorted(morsel.items()) if key != "expires")
        named[f"Set-Cookie {name}"] = f"{'a value' if morsel.value else 'empty'};{attributes}"
    return tuple(sorted(named.items()))


def masked(body: bytes, path: str) -> bytes:
    """The body without what differs from request to request: tokens, and the address itself."""
    for pattern, replacement in _CHANGING:
        body = pattern.sub(replacement, body)
    return body.replace(path.encode(), b"PATH")


def difference(one: Answer | None, other: Answer | None) -> str:
    """Where two answers part."""
    if one is None or other is None or one.status != other.status:
        return f"{one and one.status} and {other and other.status}"
    if one.headers != other.headers:
        return f"headers {sorted(set(one.headers) ^ set(other.headers))}"
    place = next((at for at, (a, b) in enumerate(zip(one.body, other.body, strict=False)) if a != b), 0)
    return f"{one.body[max(0, place - 60) : place + 40]!r} and {other.body[place : place + 40]!r}"
