"""Headers, cookies and markup of every address (G11): strict content policy, nothing inline, nothing from elsewhere, nothing stored."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse

from tests.harness import reset
from tests.test_deploy import production
from tests.walk import world
from tests.walk.policy import POLICY
from tests.walk.walker import Walk, addresses, body_of
from tests.walk.world import World
from yingshou.runtime.places import PROJECT
from yingshou.tenancy.actor import Actor, acting_as

__all__ = ["production"]

READERS = [
    "anonymous", "creditor-maker", "debtor-maker", "core_enterprise-signer", "bank-auditor", "debtor-administrator",
    "platform_operator-maker", "staff-system_administrator", "staff-security_administrator", "staff-audit_administrator",
]  # fmt: skip
# Answers that a machine reads, or that only a script of ours asks for.
PLAIN = frozenset({"healthz", "readyz", "metrics"})


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The city, committed."""
    resetter = reset.resetter
    assert resetter is not None
    with world.committed(django_db_blocker.unblock, resetter.reset) as built:
        yield built


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Markup(HTMLParser):
    """Collects what a strict content policy forbids, and what is fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style":
            self.problems.append("<style>")
        self._script = tag == "script" and "src" not in values and values.get("type") != "application/json"
        for name, value in attrs:
            if name.startswith("on") or name == "style" or name.startswith(("hx-on", "@")):
                self.problems.append(f"<{tag} {name}>")
            if name in {"src", "href", "action", "formaction", "data", "srcset", "hx-get", "hx-post"}:
                self._address(tag, name, value or "")

    def _address(self, tag: str, name: str, value: str) -> None:
        if re.match(r"(?i)\s*(javascript|vbscript|data):", value) and not (
            tag == "img" and value.startswith("data:image/")
        ):
            self.problems.append(f"<{tag} {name}={value[:40]}>")
        if re.match(r"(?i)(https?:)?//", value) and not value.startswith("http://testserver/"):
            self.problems.append(f"<{tag} {name}={value[:40]}> leads elsewhere")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.problems.append(f"inline script {data.strip()[:30]!r}")
        self._script = False


def policy_problems(header: str, *, is_file: bool) -> list[str]:
    """What is weak in a content policy."""
    directives = {part.split()[0]: part.split()[1:] for part in header.split(";") if part.strip()}
    problems = [] if directives.get("default-src") == ["'none'"] else ["default-src is not 'none'"]
    if re.search(r"unsafe-|\*|https?:", header):
        problems.append(f"loose: {header}")
    if is_file:
        return problems if "sandbox" in directives else [*problems, "no sandbox"]
    for name in ("frame-ancestors", "base-uri"):
        if directives.get(name) != ["'none'"]:
            problems.append(f"{name} is {directives.get(name)}")
    if directives.get("form-action") != ["'self'"]:
        problems.append("form-action")
    return problems


def header_problems(response: HttpResponseBase, *, is_signed_in: bool) -> list[str]:
    """What is missing in the headers of one answer."""
    headers = response.headers
    is_file = "attachment" in headers.get("Content-Disposition", "")
    problems = policy_problems(headers.get("Content-Security-Policy", ""), is_file=is_file)
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    problems += [f"{name}: {headers.get(name)}" for name, value in wanted.items() if headers.get(name) != value]
    if headers.get("Referrer-Policy") not in {"same-origin", "no-referrer", "strict-origin"}:
        problems.append(f"Referrer-Policy: {headers.get('Referrer-Policy')}")
    if is_signed_in and "no-store" not in headers.get("Cache-Control", ""):
        problems.append(f"Cache-Control: {headers.get('Cache-Control')}")
    if "Server" in headers or "X-Powered-By" in headers:
        problems.append("says what it runs on")
    media_type = headers.get("Content-Type", "")
    if not is_file and media_type.split(";")[0] not in {
        "",
        "text/html",
        "application/json",
        "text/javascript",
        "text/plain",
    }:
        problems.append(f"{media_type} is shown, not saved")
    for name, morsel in response.cookies.items():
        # An empty one takes a cookie away.
        if morsel.value and (
            not morsel["httponly"]
            or morsel["samesite"] not in {"Lax", "Strict"}
            or morsel["path"] != "/"
            or morsel["domain"]
        ):
            problems.append(f"cookie {name}: {morsel.OutputString()}")
    return problems


@pytest.mark.parametrize("key", READERS)
def test_every_address_has_strict_headers_and_clean_markup(city: World, db: None, key: str) -> None:
    principal = city.principals[key]
    walk = Walk(city, principal, check_rows=False)
    problems, count = [], 0
    for address in addresses():
        for method in POLICY.get(address.name, {}):
            for relation in ("own", "nonexistent") if address.arguments else ("own",):
                path = walk.path(address, relation)
                if path is None:
                    continue
                with acting_as(Actor.anonymous("walk")), transaction.atomic():
                    response = walk.send(method, path, {})
                    body = body_of(response)
                    transaction.set_rollback(True)
                found = header_problems(response, is_signed_in=principal.signed_in)
                if response.headers.get("Content-Type", "").startswith("text/html"):
                    markup = Markup()
                    markup.feed(body.decode())
                    found += markup.problems
                count += 1
                problems += [f"{method} {address.name} {relation} {response.status_code}: {one}" for one in found]

    assert problems == []
    assert count > 120


def test_static_files_carry_the_same_protection(client: Any) -> None:
    answer = client.get(f"{settings.STATIC_URL}js/signing.js")

    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    body_of(answer)


LOOK = """
import json, django
django.setup()
from django.conf import settings
kinds = ("SESSION", "CSRF", "LANGUAGE")
guarded = {kind: [getattr(settings, f"{kind}_COOKIE_{one}") for one in ("NAME", "SECURE", "HTTPONLY")] for kind in kinds}
names = {one: getattr(settings, one) for one in dir(settings) if one.endswith("COOKIE_NAME")}
from yingshou.identity.signin import device_cookie_name
names["device"] = device_cookie_name()
print(json.dumps([guarded, names]))
"""


def test_production_names_every_cookie_so_that_browsers_guard_it(production: dict[str, str]) -> None:
    """That the answers carry them, and HTTPS for two years, the test of the deployment shows."""
    variables = {**production, "DJANGO_SETTINGS_MODULE": "yingshou.config.settings.prod"}

    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=variables,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    guarded, names = json.loads(done.stdout)
    for _name, is_secure, is_hidden in guarded.values():
        assert (is_secure, is_hidden) == (True, True)
    assert {"SESSION_COOKIE_NAME", "TEXT_SIZE_COOKIE_NAME", "LANGUAGE_COOKIE_NAME", "device"} <= set(names)
    assert [name for name in names.values() if not name.startswith("__Host-")] == []


@pytest.mark.parametrize(("name", "data"), [("ui:text_size", {"size": "large"}), ("ui:language", {"language": "en"})])
def test_switches_set_the_cookie_of_the_settings(
    db: None, client: Any, settings: Any, name: str, data: dict[str, str]
) -> None:
    settings.TEXT_SIZE_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME = "__Host-text_size", "__Host-language"
    settings.SESSION_COOKIE_SECURE = True

    cookies = client.post(reverse(name), data, secure=True).cookies

    (cookie,) = cookies.values()
    assert cookie.key.startswith("__Host-")
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
