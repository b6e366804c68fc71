"""The client's address behind proxies: counted from the right, only as many as the operator says, forgeries ignored."""

from typing import Any

import pytest
from django.test import RequestFactory

from yingshou.tenancy.addresses import client_address

PROXY, CLIENT, FORGED = "10.0.0.1", "203.0.113.9", "198.51.100.66"


def asked(forwarded: str | None, connection: str = PROXY) -> Any:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=connection)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, PROXY),
        (0, CLIENT, PROXY),
        (1, CLIENT, CLIENT),
        (1, f"{FORGED}, {CLIENT}", CLIENT),
        (1, f"{FORGED},{FORGED} ,  {CLIENT} ", CLIENT),
        (2, f"{FORGED}, {CLIENT}, 10.0.0.2", CLIENT),
        (2, CLIENT, PROXY),
        (1, None, PROXY),
        (1, "", PROXY),
        (1, "unknown", PROXY),
        (1, f"{FORGED}, <script>", PROXY),
        (1, f"{CLIENT}:51234", CLIENT),
        (1, "[2001:DB8::7]:443", "2001:db8::7"),
        (1, "2001:db8:0:0::7", "2001:db8::7"),
        (1, f"::ffff:{CLIENT}", CLIENT),
        (1, "fe80::1%eth0", PROXY),
    ],
)
def test_address_is_what_the_outermost_trusted_proxy_saw(
    settings: Any, proxies: int, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert client_address(asked(forwarded)) == expected


def test_connection_without_an_address_has_none(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0

    assert client_address(asked(CLIENT, connection="")) is None
