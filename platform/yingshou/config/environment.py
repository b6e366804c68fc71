"""
The one place that reads environment variables.

Every value has a default that lets the settings be imported with nothing set; production settings refuse the
defaults that would be unsafe there (see `settings.prod`).
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[3]
INSECURE_PREFIX = "insecure-"
DEFAULT_SECRET = "insecure-for-development-and-tests-only-0123456789abcdef0123456789"  # noqa: S105
_DEFAULT_KEY = base64.b64encode(b"insecure-insecure-insecure-key-!").decode()

env = environ.Env()


@dataclass(frozen=True)
class DatabaseAddress:
    """A PostgreSQL address taken apart; `host` may be a folder with a Unix socket."""

    name: str
    user: str
    password: str
    host: str
    port: str
    options: dict[str, str]

    def settings(self, engine: str) -> dict[str, object]:
        """Return the entry of Django's DATABASES for this address and the given engine."""
        return {
            "ENGINE": engine,
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "OPTIONS": dict(self.options),
        }


def parse_database_url(url: str) -> DatabaseAddress:
    """
    Take a `postgresql://user:password@host:port/name?host=/socket/folder&sslmode=…` address apart.

    :raises ImproperlyConfigured: if it is not a PostgreSQL address or names no database
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL must look like postgresql://user:password@host:5432/name."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    port = query.pop("port", "") or str(parts.port or "")
    return DatabaseAddress(
        name=name,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=host,
        port=port,
        options=query,
    )


def parse_key(text: str) -> bytes:
    """
    Decode one base64 key of at least 32 bytes.

    :raises ImproperlyConfigured: if the text is not base64 or the key is shorter
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured("Keys in the environment must be base64 text.") from error
    if len(key) < 32:
        raise ImproperlyConfigured("Keys in the environment must have at least 32 bytes.")
    return key


def broker_url(redis_url: str) -> str:
    """Return a Redis address as Celery writes it: a Unix socket has another scheme there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={number}"


SECRET_KEY: str = env.str("YINGSHOU_SECRET_KEY", default=DEFAULT_SECRET)
DEBUG: bool = env.bool("YINGSHOU_DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list("YINGSHOU_ALLOWED_HOSTS", default=[])
TRUSTED_ORIGINS: list[str] = env.list("YINGSHOU_TRUSTED_ORIGINS", default=[])
PUBLIC_URL: str = env.str("YINGSHOU_PUBLIC_URL", default="http://localhost:8000")
BEHIND_PROXY: bool = env.bool("YINGSHOU_BEHIND_PROXY", default=False)
TRUSTED_PROXIES: int = env.int("YINGSHOU_TRUSTED_PROXIES", default=0)
LIMIT_FACTOR: float = env.float("YINGSHOU_LIMIT_FACTOR", default=1.0)
DATABASE = parse_database_url(env.str("DATABASE_URL", default="postgresql://yingshou_app@localhost/yingshou"))
DATABASE_OWNER = parse_database_url(
    env.str("DATABASE_OWNER_URL", default="postgresql://yingshou_owner@localhost/yingshou")
)
DATABASE_SEAL = parse_database_url(
    env.str("DATABASE_SEAL_URL", default="postgresql://yingshou_seal@localhost/yingshou")
)
DATABASE_REPORT = parse_database_url(
    env.str("DATABASE_REPORT_URL", default="postgresql://yingshou_report@localhost/yingshou")
)
REDIS_URL: str = env.str("REDIS_URL", default="redis://localhost:6379/0")
DATA_DIR = Path(env.str("YINGSHOU_DATA_DIR", default=str(BASE_DIR / ".data")))
STATIC_ROOT = Path(env.str("YINGSHOU_STATIC_ROOT", default=str(DATA_DIR / "static")))
FIELD_KEYS_ARE_DEFAULT: bool = "YINGSHOU_FIELD_KEYS" not in env.ENVIRON
FIELD_KEYS: list[bytes] = [parse_key(k)[:32] for k in env.list("YINGSHOU_FIELD_KEYS", default=[_DEFAULT_KEY])]
HMAC_KEY: bytes = parse_key(env.str("YINGSHOU_HMAC_KEY", default=_DEFAULT_KEY))
NUMBER_KEY: bytes = parse_key(env.str("YINGSHOU_NUMBER_KEY", default=_DEFAULT_KEY))
SEAL_KEY: bytes = parse_key(env.str("YINGSHOU_SEAL_KEY", default=_DEFAULT_KEY))[:32]
SEAL_FORMER_KEYS: list[bytes] = [parse_key(k)[:32] for k in env.list("YINGSHOU_SEAL_FORMER_KEYS", default=[])]
SEAL_ORIGIN: str = env.str("YINGSHOU_SEAL_ORIGIN", default="yingshou.example/history")
SEAL_WITNESSES: list[str] = env.list("YINGSHOU_SEAL_WITNESSES", default=[])
OCSP_URL: str = env.str("YINGSHOU_OCSP_URL", default="")
CRL_URLS: list[str] = env.list("YINGSHOU_CRL_URLS", default=[])
TSA_URL: str = env.str("YINGSHOU_TSA_URL", default="")
ELICENCE_URL: str = env.str("YINGSHOU_ELICENCE_URL", default="")
ELICENCE_PROVIDER: str = env.str("YINGSHOU_ELICENCE_PROVIDER", default="sample")
ELICENCE_APP: str = env.str("YINGSHOU_ELICENCE_APP", default="")
ELICENCE_SECRET: str = env.str("YINGSHOU_ELICENCE_SECRET", default="")
TSA_POLICIES: list[str] = env.list("YINGSHOU_TSA_POLICIES", default=[])
TIMESTAMP_REQUIRED: bool = env.bool("YINGSHOU_TIMESTAMP_REQUIRED", default=bool(TSA_URL))
OUTGOING_ALLOWED: list[str] = env.list("YINGSHOU_OUTGOING_ALLOWED", default=[])
OUTGOING_PRIVATE: list[str] = env.list("YINGSHOU_OUTGOING_PRIVATE", default=[])
DEFAULT_KEY: bytes = parse_key(_DEFAULT_KEY)
METRICS_TOKEN: str = env.str("YINGSHOU_METRICS_TOKEN", default="")
EMAIL_URL: dict[str, object] = env.email_url("EMAIL_URL", default="consolemail://")
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Yingshou <noreply@localhost>")
LOG_LEVEL: str = env.str("YINGSHOU_LOG_LEVEL", default="INFO")
LOG_FORMAT: str = env.str("YINGSHOU_LOG_FORMAT", default="json")
