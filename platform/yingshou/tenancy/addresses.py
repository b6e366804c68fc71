"""From which network address a request comes, also behind proxies that the operator names by number."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """
    The address of whoever asked, as the outermost trusted proxy saw it; None where the connection has none.

    Each proxy appends to `X-Forwarded-For` whom it got the request from, so that only the last `TRUSTED_PROXIES` entries were
    written by ours: what stands further left was sent by the client and may be forged. Without the setting, and where the header has
    fewer entries than there are proxies, the address of the connection counts.
    """
    connection = _address(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    if proxies < 1:
        return connection
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    return (_address(entries[-proxies]) if len(entries) >= proxies else None) or connection


def _address(text: str) -> str | None:
    """An address in its usual spelling; some proxies write the port behind it."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    if "%" in bare:
        return None
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)
