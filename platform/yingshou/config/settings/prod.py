"""
Settings of production: HTTPS only, own keys, refused otherwise.

:raises ImproperlyConfigured: at import, if a key is missing, is the development default or is short, if debugging
    is on, or if no host is named
"""

from django.core.exceptions import ImproperlyConfigured

from yingshou.config import environment
from yingshou.config.settings.base import *  # noqa: F403

_LEAST_SECRET = 50


def _refuse(condition: bool, sentence: str) -> None:
    if condition:
        raise ImproperlyConfigured(sentence)


_secret = environment.SECRET_KEY
_refuse(environment.DEBUG, "YINGSHOU_DEBUG must be off in production.")
_refuse(
    _secret.startswith(environment.INSECURE_PREFIX) or len(_secret) < _LEAST_SECRET or len(set(_secret)) < 10,
    "YINGSHOU_SECRET_KEY must be set to at least 50 random characters in production.",
)
for _name, _keys in (
    ("YINGSHOU_FIELD_KEYS", environment.FIELD_KEYS),
    ("YINGSHOU_HMAC_KEY", [environment.HMAC_KEY]),
    ("YINGSHOU_NUMBER_KEY", [environment.NUMBER_KEY]),
    ("YINGSHOU_SEAL_KEY", [environment.SEAL_KEY]),
):
    _refuse(environment.DEFAULT_KEY in _keys, f"{_name} must be set to a key of its own in production.")
_refuse(not environment.ALLOWED_HOSTS, "YINGSHOU_ALLOWED_HOSTS must name the hosts in production.")
_refuse("*" in environment.ALLOWED_HOSTS, "YINGSHOU_ALLOWED_HOSTS must not be * in production.")
_refuse(
    environment.TIMESTAMP_REQUIRED and not environment.TSA_URL,
    "YINGSHOU_TIMESTAMP_REQUIRED needs YINGSHOU_TSA_URL, the address of a timestamp authority.",
)
_refuse(environment.TRUSTED_PROXIES < 0, "YINGSHOU_TRUSTED_PROXIES must be 0 or the number of proxies.")

DEBUG = False
ALLOWED_HOSTS = environment.ALLOWED_HOSTS
SECURE_SSL_REDIRECT = True
# Health checks come from inside the machine or the cluster, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if environment.BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The prefix makes browsers refuse the cookie unless it is Secure, without Domain and for the whole site.
SESSION_COOKIE_NAME = "__Host-yingshou_session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-yingshou_csrf"
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_NAME = "__Host-language"
LANGUAGE_COOKIE_SECURE = True
TEXT_SIZE_COOKIE_NAME = "__Host-text_size"
