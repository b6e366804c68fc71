"""Logs: one JSON object a line, the request's id in it, and nothing secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from yingshou.config.logs import REDACTED, logging_settings, redact, redact_text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of the configured kind writes."""
    entry: dict[str, Any] = logging_settings(level="INFO", style="json")["formatters"]["structured"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=entry["foreign_pre_chain"], processors=entry["processors"]
        )
    )
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    structlog.contextvars.clear_contextvars()


def test_record_is_one_json_object_with_the_request_id(written: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="3f2a")

    structlog.get_logger("test.logs").info("receivable_confirmed", count=3)
    logging.getLogger("test.logs").info("plain %s", "text")

    ours, theirs = (json.loads(line) for line in written.getvalue().splitlines())
    assert (ours["event"], ours["count"], ours["request_id"]) == ("receivable_confirmed", 3, "3f2a")
    assert (theirs["event"], theirs["request_id"], theirs["level"]) == ("plain text", "3f2a", "info")


@pytest.mark.parametrize(
    "name",
    ["password", "new_password1", "pin", "certificate_pin", "token", "csrfmiddlewaretoken", "Authorization", "cookie",
     "sessionid_cookie", "account_no", "account_number", "phone", "pfx", "private_key", "secret_key"],
)  # fmt: skip
def test_value_of_a_secret_key_is_never_written(name: str) -> None:
    event = redact(None, "info", {"event": "form", name: "Geheim-123", "data": {name: ["Geheim-123"]}})

    assert "Geheim" not in json.dumps(event)
    assert event[name] == REDACTED


@pytest.mark.parametrize(
    "text",
    [
        "paid to 6222020200112233445 today",
        "paid to 6222 0202 0011 2233 445 today",
        "call 13800138000",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc",
        "password=hunter22 next",
        "postgresql://app:hunter22@db/n",
        "-----BEGIN PRIVATE KEY-----\nMIIEhunter22\n-----END PRIVATE KEY-----",
    ],
)
def test_secret_is_recognised_by_its_shape(text: str) -> None:
    cleaned = redact_text(text)

    assert REDACTED in cleaned
    for secret in ("6222020200112233445", "2233", "13800138000", "eyJhbGci", "hunter22"):
        assert secret not in cleaned


@pytest.mark.parametrize(
    "text",
    ["receivable AR2026112200000017-3 confirmed", "took 1234567 ms", "1,234,567.89 yuan", "2026-11-22T19:24:11.312173Z",
     "91350100M000100Y43", "task c9690a19-e8c1-4e31-a082-75f55db5ef94"],
)  # fmt: skip
def test_what_is_not_secret_stays(text: str) -> None:
    assert redact_text(text) == text


def test_error_trace_is_cleaned_too(written: io.StringIO) -> None:
    try:
        raise ValueError("account 6222020200112233445 is unknown")
    except ValueError:
        structlog.get_logger("test.logs").exception("failed")

    record = json.loads(written.getvalue())
    assert "ValueError" in record["exception"]
    assert "6222020200112233445" not in written.getvalue()
