"""Settings: importable with nothing set; production refuses what would be unsafe."""

import base64
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from yingshou.config import environment


def _key(letter: str) -> str:
    return base64.b64encode((letter * 32).encode()).decode()


SAFE = {
    "YINGSHOU_SECRET_KEY": "kR7-vN2_pQ9xLs4TzW8yBc6MdF3hJg5AeUiOoPqZrXtYwVnCbHm1",
    "YINGSHOU_FIELD_KEYS": _key("f"),
    "YINGSHOU_HMAC_KEY": _key("h"),
    "YINGSHOU_NUMBER_KEY": _key("n"),
    "YINGSHOU_SEAL_KEY": _key("s"),
    "YINGSHOU_ALLOWED_HOSTS": "ar.example.com",
}


def _import(name: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"import yingshou.config.settings.{name}"],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.mark.parametrize("name", ["base", "dev", "test"])
def test_settings_import_with_no_environment_set(name: str) -> None:
    done = _import(name, {})

    assert done.returncode == 0, done.stderr


def test_production_accepts_keys_of_its_own() -> None:
    done = _import("prod", SAFE)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"YINGSHOU_SECRET_KEY": ""}, "YINGSHOU_SECRET_KEY must be set"),
        ({"YINGSHOU_SECRET_KEY": environment.DEFAULT_SECRET}, "YINGSHOU_SECRET_KEY must be set"),
        ({"YINGSHOU_TRUSTED_PROXIES": "-1"}, "YINGSHOU_TRUSTED_PROXIES must be"),
        ({"YINGSHOU_SECRET_KEY": "short"}, "YINGSHOU_SECRET_KEY must be set"),
        ({"YINGSHOU_SECRET_KEY": "a" * 60}, "YINGSHOU_SECRET_KEY must be set"),
        ({"YINGSHOU_FIELD_KEYS": None}, "YINGSHOU_FIELD_KEYS must be set"),
        ({"YINGSHOU_HMAC_KEY": None}, "YINGSHOU_HMAC_KEY must be set"),
        ({"YINGSHOU_NUMBER_KEY": None}, "YINGSHOU_NUMBER_KEY must be set"),
        ({"YINGSHOU_HMAC_KEY": base64.b64encode(b"short").decode()}, "at least 32 bytes"),
        ({"YINGSHOU_HMAC_KEY": "not base64!"}, "must be base64"),
        ({"YINGSHOU_ALLOWED_HOSTS": None}, "YINGSHOU_ALLOWED_HOSTS must name"),
        ({"YINGSHOU_ALLOWED_HOSTS": "*"}, "must not be *"),
        ({"YINGSHOU_DEBUG": "yes"}, "YINGSHOU_DEBUG must be off"),
    ],
)
def test_production_refuses_what_is_unsafe(changes: dict[str, str | None], sentence: str) -> None:
    variables = {name: value for name, value in {**SAFE, **changes}.items() if value is not None}

    done = _import("prod", variables)

    assert done.returncode == 1
    assert sentence in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "name", "options"),
    [
        (
            "postgresql://a:b%40c@db.example:6432/n?sslmode=require",
            "db.example",
            "6432",
            "a",
            "n",
            {"sslmode": "require"},
        ),
        ("postgres://a@/n?host=%2Fvar%2Frun", "/var/run", "", "a", "n", {}),
        ("postgresql:///n", "", "", "", "n", {}),
    ],
)
def test_database_address_is_taken_apart(
    url: str, host: str, port: str, user: str, name: str, options: dict[str, str]
) -> None:
    found = environment.parse_database_url(url)

    assert (found.host, found.port, found.user, found.name, found.options) == (host, port, user, name, options)


@pytest.mark.parametrize("url", ["mysql://h/n", "postgresql://h/", "n"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must look like postgresql"):
        environment.parse_database_url(url)


def test_broker_understands_a_unix_socket() -> None:
    assert environment.broker_url("unix:///run/redis.sock?db=3") == "redis+socket:///run/redis.sock?virtual_host=3"
    assert environment.broker_url("redis://h:6379/0") == "redis://h:6379/0"


def test_tasks_end_before_their_message_comes_back() -> None:
    visible_again = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]

    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < visible_again
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]


def test_application_never_uses_the_owner() -> None:
    assert settings.DATABASES["default"]["USER"] == "yingshou_app"
    assert settings.DATABASES["default"]["ENGINE"] == "yingshou.tenancy.backend"
    assert settings.DATABASES["owner"]["USER"] == "yingshou_owner"
    assert not any(entry["ATOMIC_REQUESTS"] for entry in settings.DATABASES.values())
