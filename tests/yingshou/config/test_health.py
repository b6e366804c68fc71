"""`/healthz`, `/readyz`, `/metrics` and the headers of every answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client, override_settings
from pytest_django import DjangoAssertNumQueries

from tests.harness import environment


@pytest.mark.django_db(transaction=True)
@override_settings(YINGSHOU_CLOCK_MAY_MOVE=False)
def test_healthz_asks_nothing_of_the_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert not answer.cookies


def as_a_worker_does(client: Client, path: str) -> Any:
    """Ask in a thread of its own: the checks run an event loop, and a browser test leaves one in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(client.get, path).result()


@pytest.mark.django_db(transaction=True)
def test_readyz_names_its_checks(client: Client) -> None:
    answer = as_a_worker_does(client, "/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": "OK", "redis": "OK", "clock": "OK"})
    assert not answer.cookies


@pytest.mark.django_db(transaction=True)
@override_settings(REDIS_URL="redis://127.0.0.1:1/0")
def test_readyz_fails_when_redis_is_away(client: Client) -> None:
    answer = as_a_worker_does(client, "/readyz")

    assert answer.status_code == 500
    assert answer.json()["database"] == "OK"
    assert "Redis does not answer" in answer.json()["redis"]
    assert "127.0.0.1" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic c2VjcmV0"])
@pytest.mark.parametrize("token", ["", "a-token-of-the-collector"])
def test_metrics_are_refused_without_the_token(client: Client, header: str, token: str) -> None:
    with override_settings(METRICS_TOKEN=token):
        answer = client.get("/metrics", headers={"Authorization": header} if header else {})

    assert answer.status_code == 403
    assert b"django_http" not in answer.content


@pytest.mark.django_db
@override_settings(METRICS_TOKEN="a-token-of-the-collector")
def test_metrics_are_shown_to_the_holder_of_the_token(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer a-token-of-the-collector"})

    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/account/login/", "/there/is/no/such/page"])
def test_every_answer_carries_the_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.django_db
def test_language_is_never_guessed_from_the_browser(client: Client) -> None:
    answer = client.get("/account/login/", headers={"Accept-Language": "en-GB,en;q=0.9"})

    assert answer.headers["Content-Language"] == "zh-hans"
    assert "Accept-Language" not in answer.headers.get("Vary", "")


def test_environment_of_the_tests_is_this_process_alone() -> None:
    assert environment.DATABASE in environment.variables()["DATABASE_URL"]
