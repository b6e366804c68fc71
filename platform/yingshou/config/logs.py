"""
Structured logs: one JSON object a line, with the request's id, and without secrets.

`redact` runs on every record, ours and the libraries'. It removes by key (passwords, PINs, tokens, cookies, keys)
and by shape (long digit runs as account and phone numbers have, bearer tokens, key blocks).
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

REDACTED = "[redacted]"
_SECRET_KEY = re.compile(
    r"(passw|pwd|passphrase|secret|token|authorization|cookie|csrf|session_?key|^pin$|_pin$|pfx|pkcs12|"
    r"private|api_?key|account_?(no|number)|card_?(no|number)|phone|mobile|id_?number|credential)",
    re.IGNORECASE,
)
_SECRET_TEXT = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), r"\1 " + REDACTED),
    (
        re.compile(
            r"(?i)\b(password|passwd|pin|token|secret|sessionid|csrfmiddlewaretoken)\b(\s*[=:]\s*|%3D)[^\s&,;\"']+"
        ),
        r"\1=" + REDACTED,
    ),
    # Links that work once carry their secret in the path.
    (
        re.compile(
            r"(/organisation/invite/|/account/password/reset/key/|/account/confirm-email/|/answer/link/)[^/\s\"']+"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)(://[^:/@\s]+):[^@/\s]+@"), r"\1:" + REDACTED + "@"),
    # Bank account numbers have 9 to 30 digits, with or without blanks; phones have 11. Amounts and ids are shorter.
    (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){10,29}(?![\w.-])"), REDACTED),
)
# These hold long digit runs by nature and nothing secret.
_PLAIN_KEYS = frozenset({"timestamp", "request_id", "task_id", "child_task_id", "correlation_id", "logger", "level"})


def redact_text(text: str) -> str:
    """Return the text with everything that looks like a secret or an account number taken out."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if depth < 6 and isinstance(value, Mapping):
        return {k: REDACTED if _SECRET_KEY.search(str(k)) else _clean(v, depth + 1) for k, v in value.items()}
    if depth < 6 and isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact_text(str(value))


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: take secrets out of one record, by key and by shape."""
    for key, value in list(event.items()):
        if key in _PLAIN_KEYS or key.startswith("_"):
            continue
        event[key] = REDACTED if _SECRET_KEY.search(key) else _clean(value)
    return event


def shared_processors() -> list[Any]:
    """Return the processors that our own records and those of the libraries go through alike."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]


def configure_structlog() -> None:
    """Send structlog's records through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_settings(*, level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, as JSON or, for `style="console"`, as text."""
    configure_structlog()
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if style == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared_processors(),
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True, "handlers": []},
            # The query log would write parameters, personal data among them.
            "django.db.backends": {"level": "WARNING"},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            "weasyprint": {"level": "ERROR"},
            "fontTools": {"level": "ERROR"},
        },
    }
