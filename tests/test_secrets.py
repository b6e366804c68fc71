"""
Nothing secret leaves through logs, mails, task arguments, audit bodies or addresses (G13): marked secrets are pushed through every form,
through errors and through the shapes in which libraries would show them; then everything that was written is searched.
"""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.urls import reverse

from tests.factories import identity
from tests.walk import world
from tests.walk.policy import POLICY
from tests.walk.walker import Walk, addresses, body_of
from tests.walk.world import World
from tests.yingshou.home.sign_in import client_in, client_of
from tests.yingshou.identity.test_registration import PNG, first_page
from yingshou.identity.actions import accounts
from yingshou.jobs import tasks
from yingshou.runtime.places import PROJECT

# Twenty marked secrets of the kinds a bank's auditor asks for; each is a string that stands nowhere else.
PASSWORDS = {f"password{n or ''}": f"Zq7-geheim-{n}-Lw93mK" for n in range(6)}
PINS = {"pin": "zPin-48213977", "certificate_pin": "zPin-77120458", "passphrase": "zPhrase-kRt55"}
NUMBERS = {
    "number": "6222029876501234567", "account_no": "6217003810099887766", "account_number": "6228480402564890018",
    "card_no": "6225888812345678901", "phone": "13987654321", "mobile": "15912348765", "id_number": "350203199001019876",
}  # fmt: skip
TOKENS = {
    "token": "tok_live_9fKq27Zx1LpW", "key": "zKey-3bb1c44e8d", "secret": "zSecret-00aa11bb22", "api_key": "zApi-778899aabb",
    "session_key": "zSession-4f4f4f4f", "pfx": "zPfx-MIIKAgIBAzCC",
}  # fmt: skip
SECRETS = {**PASSWORDS, **PINS, **NUMBERS, **TOKENS}
# Fields under which people type them by the forms of this platform.
TYPED = {
    **SECRETS, "password1": PASSWORDS["password1"], "password2": PASSWORDS["password1"], "oldpassword": PASSWORDS["password3"],
    "new_password1": PASSWORDS["password4"], "login": "nobody-at-all", "certificate": TOKENS["pfx"], "signature": TOKENS["secret"],
}  # fmt: skip


@dataclass
class Trail:
    """Everything that was said while the secrets went through."""

    log: io.StringIO = field(default_factory=io.StringIO)
    locations: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def leaks(self, text: str) -> list[str]:
        """Names of the secrets that stand in a text."""
        return sorted(name for name, secret in SECRETS.items() if secret in text)


@pytest.fixture
def trail() -> Iterator[Trail]:
    """Listens to all logs as production writes them: same formatter, everything from DEBUG up, but for the SQL log, which is off there."""
    found = Trail()
    root = logging.getLogger()
    handler = logging.StreamHandler(found.log)
    handler.setFormatter(root.handlers[0].formatter)
    names = ["", "django", "django_structlog", "yingshou", "allauth", "celery", "django.request", "django.security"]
    before = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)

    def publish(body: object = None, headers: object = None, **_rest: Any) -> None:
        found.messages.append(repr((body, headers)))

    before_task_publish.connect(publish)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield found
    before_task_publish.disconnect(publish)
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def push_through_every_form(city: World, trail: Trail) -> int:
    """Every POST address as four kinds of people, with every secret under every name; and as query, referrer and header."""
    count = 0
    for key in ("anonymous", "creditor-maker", "debtor-signer", "bank-administrator"):
        walk = Walk(city, city.principals[key], check_rows=False)
        walk.factory.defaults |= {
            "HTTP_REFERER": f"http://testserver/?token={TOKENS['token']}",
            "HTTP_AUTHORIZATION": f"Bearer {TOKENS['secret']}",
        }
        for address in addresses():
            if address.name.startswith("admin:") or address.name in {
                "account_logout",
                "identity:switch",
                "identity:end_session",
            }:
                continue
            for method in POLICY.get(address.name, {}):
                path = walk.path(address, "own") or walk.path(address, "nonexistent") or "/"
                query = f"?token={TOKENS['token']}&q={NUMBERS['number']}&phone={NUMBERS['phone']}"
                response = walk.send(method, path + query if method == "GET" else path, TYPED)
                if method == "POST":
                    trail.locations.append(str(response.headers.get("Location", "")))
                body_of(response)
                count += 1
    return count


def push_through_valid_forms(trail: Trail) -> None:
    """The forms that really keep something: registration, sign-in, an account, an invitation, a one-time link."""
    stranger = client_in()
    answers: list[Any] = [
        stranger.post(reverse("identity:register"), first_page(phone=NUMBERS["phone"])),
    ]
    page = stranger.get(reverse("identity:register_check"))
    files = {"licence": SimpleUploadedFile("licence.png", PNG, "image/png")}
    secret = PASSWORDS["password2"]
    answers.append(
        stranger.post(
            reverse("identity:register_check"),
            {"password1": secret, "password2": secret, "agreed": "on", "idempotency_key": hidden_key(page)} | files,
        )
    )
    assert answers[-1].status_code == 302, answers[-1].content.decode()[-3000:]
    person = identity.person(username="secretly")
    for password in (PASSWORDS["password4"], identity.PASSWORD):
        answers.append(client_in().post("/account/login/", {"login": "secretly", "password": password}))
    house = identity.organisation()
    maker = client_of(identity.membership(house))
    values = {
        "bank_code": "102100000072",
        "bank_name": "工商银行",
        "account_name": house.name,
        "number": NUMBERS["number"],
    }
    page = maker.get(reverse("identity:add_account"))
    answers.append(maker.post(reverse("identity:add_account"), values | {"idempotency_key": hidden_key(page)}))
    assert answers[-1].status_code == 302, answers[-1].content.decode()[-3000:]
    answers.append(maker.get(reverse("identity:accept_invite", args=[TOKENS["token"]])))
    answers.append(maker.get(f"/account/password/reset/key/{person.pk}-{TOKENS['key']}/"))
    trail.locations += [str(answer.headers.get("Location", "")) for answer in answers]


def hidden_key(response: Any) -> str:
    """The key the form carries."""
    match = re.search(r'name="idempotency_key" value="([^"]+)"', response.content.decode())
    assert match is not None
    return match[1]


def push_through_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An action that fails with everything in its message, as libraries' errors do."""

    def fail(**facts: Any) -> None:
        raise RuntimeError(f"could not keep {facts!r} password={PASSWORDS['password5']} token: {TOKENS['token']}")

    monkeypatch.setattr(accounts, "propose_account", fail)
    house = identity.organisation()
    maker = client_of(identity.membership(house))
    maker.raise_request_exception = False
    page = maker.get(reverse("identity:add_account"))
    values = {
        "bank_code": "102100000072",
        "bank_name": "工商银行",
        "account_name": house.name,
        "number": NUMBERS["number"],
    }
    answer = maker.post(reverse("identity:add_account"), values | {"idempotency_key": hidden_key(page)})

    assert answer.status_code == 500
    assert not [secret for secret in SECRETS.values() if secret in answer.content.decode()]


def stored() -> Iterator[tuple[str, str]]:
    """Every row of every table, as the owner reads it."""
    with connections["owner"].cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'select t::text from "{table}" t')
            yield from ((table, row) for (row,) in cursor.fetchall())
    connections["owner"].close()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_marked_secrets_come_out_nowhere(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SECRETS) >= 20
    city = world.build()

    count = push_through_every_form(city, trail)
    push_through_valid_forms(trail)
    push_through_an_error(monkeypatch)
    tasks.sweep()

    log = trail.log.getvalue()
    assert count > 250
    assert log.count("request_finished") >= count, "the log that is searched is the log that is written"
    assert "could not keep" in log
    assert trail.leaks(log) == []
    assert trail.leaks("\n".join(trail.locations)) == [], "an address is what the next page gets as referrer"
    assert trail.messages, "tasks were sent"
    assert trail.leaks("\n".join(trail.messages)) == []
    assert mail.outbox, "mails were sent"
    assert trail.leaks("\n".join(f"{one.subject}{one.body}{one.extra_headers}" for one in mail.outbox)) == []
    held = [(table, name) for table, row in stored() for name in trail.leaks(row)]
    assert held == [], "keys of jobs, audit bodies, and everything else that is kept"


# Shapes of secrets that end up in repositories.
SHAPES = {
    "private key": re.compile(rb"-----BEGIN (?:RSA |EC |ENCRYPTED |OPENSSH )?PRIVATE KEY-----\s*[A-Za-z0-9+/]{40}"),
    "cloud key": re.compile(rb"\b(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{14,}\b"),
    "service token": re.compile(rb"\b(?:ghp|gho|ghs|glpat|xox[bap]|sk_live|rk_live|npm)[_-][A-Za-z0-9-]{20,}"),
    "web token": re.compile(rb"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "password in an address": re.compile(rb"[a-z]+://[^\s:/@{$'\"<]+:[^\s:/@{$'\"<*]{8,}@[a-z0-9.-]+\.[a-z]{2,}"),
}
KEY_FILES = re.compile(r"\.(p12|pfx|jks|key|pem|keystore|kdbx)$|(^|/)(\.env|id_rsa|id_ed25519)$")


def git(*arguments: str) -> bytes:
    """What git answers."""
    return subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, check=True, timeout=120).stdout


def test_the_repository_holds_no_secret_now_or_before() -> None:
    names = git("ls-files").decode().splitlines()
    past = git("log", "--all", "--no-color", "--name-only", "--format=").decode().splitlines()
    patches = git("log", "--all", "--no-color", "--no-textconv", "-p", "--unified=0", "--format=")

    added = b"\n".join(line for line in patches.splitlines() if line.startswith(b"+"))
    assert [name for name in {*names, *past} if KEY_FILES.search(name)] == []
    assert {name: shape.findall(added)[:3] for name, shape in SHAPES.items() if shape.search(added)} == {}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_scan_finds_what_it_looks_for(name: str) -> None:
    samples = {
        "private key": b"-----BEGIN " + b"PRIVATE KEY-----\n" + b"A" * 64,
        "cloud key": b"AKIA" + b"ABCDEFGHIJKLMNOP",
        "service token": b"ghp_" + b"a1B2" * 9,
        "web token": b".".join([b"eyJ" + b"a" * 20, b"eyJ" + b"b" * 20, b"c" * 20]),
        "password in an address": b"postgres://owner:" + b"hunter2hunter2@db.example.com",
    }

    assert SHAPES[name].search(samples[name])


def test_log_lines_of_one_time_links_lose_their_secret(client: Client, trail: Trail, db: None) -> None:
    client.get(reverse("identity:accept_invite", args=[TOKENS["token"]]))

    lines = [json.loads(line) for line in trail.log.getvalue().splitlines() if "/organisation/invite/" in line]
    assert lines
    assert all(TOKENS["token"] not in json.dumps(line) for line in lines)
