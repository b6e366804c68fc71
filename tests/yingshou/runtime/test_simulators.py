"""The services of the sample city as the supervisor runs them."""

import urllib.request
from pathlib import Path

from tests.harness import servers
from yingshou.runtime import simulators
from yingshou.runtime.simulators import arrange

CITY = {"DJANGO_SETTINGS_MODULE": "yingshou.config.settings.dev"}


def test_services_listen_where_the_platform_is_told(tmp_path: Path) -> None:
    environment = dict(CITY)
    children = arrange(environment, tmp_path, tmp_path)
    try:
        for child in children:
            child.environment = {**servers.child_environment(), **child.environment}
            child.start()
        address = environment["YINGSHOU_TSA_URL"].removesuffix("timestamp/")
        servers.wait_for(f"{address}control")
        crl_url = environment["YINGSHOU_CRL_URLS"].split(",")[0]
        servers.wait_for(crl_url)

        with urllib.request.urlopen(crl_url, timeout=5) as answer:
            assert answer.headers["Content-Type"] == "application/pkix-crl"
    finally:
        for child in children:
            child.stop()

    assert f"{address}" in environment["YINGSHOU_OUTGOING_PRIVATE"].split(",")
    assert {"authority", "timestamp"} <= {one.name for one in simulators.SIMULATORS}


def test_service_of_ones_own_is_used_instead(tmp_path: Path) -> None:
    environment = {**CITY, "YINGSHOU_TSA_URL": "https://tsa.example.org/"}

    names = [child.name for child in arrange(environment, tmp_path, tmp_path)]

    assert environment["YINGSHOU_TSA_URL"] == "https://tsa.example.org/"
    assert "simulated timestamp" not in names
    assert "simulated authority" in names


def test_nothing_is_simulated_outside_of_the_sample_city(tmp_path: Path) -> None:
    for other in ({"DJANGO_SETTINGS_MODULE": "yingshou.config.settings.prod"}, {**CITY, "YINGSHOU_SAMPLE_CITY": "no"}):
        environment = dict(other)

        assert arrange(environment, tmp_path, tmp_path) == []
        assert environment == other
