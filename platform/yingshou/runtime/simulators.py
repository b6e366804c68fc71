"""
The outside world of the sample city: services that elsewhere other organisations run, each a process of its own.

They listen on the loopback network, on free ports that the supervisor hands to the platform by the same variables with
which an operator names real services. A variable that is set already is left alone, and its simulator is not started.
"""

import socket
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from yingshou.runtime.children import Child

# Where the sample city's services read by how much the city's clock is moved.
CLOCK_FILE = "clock-offset"


@dataclass(frozen=True)
class Simulator:
    """
    One service.

    :param name: `python -m simulators.<name> --folder <data>/<name> serve --port … --clock …` runs it
    :param variables: what the platform is told; `{address}` stands for `http://127.0.0.1:<port>`
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)


SIMULATORS = (
    Simulator(
        "authority",
        {
            "YINGSHOU_OCSP_URL": "{address}/ocsp/",
            "YINGSHOU_CRL_URLS": "{address}/lists/root.crl,{address}/lists/issuing.crl",
        },
    ),
    Simulator("timestamp", {"YINGSHOU_TSA_URL": "{address}/timestamp/"}),
    Simulator(
        "elicence",
        {
            "YINGSHOU_ELICENCE_URL": "{address}/",
            "YINGSHOU_ELICENCE_APP": "yingshou-sample",
            "YINGSHOU_ELICENCE_SECRET": "sample-secret-of-the-sample-city",
        },
    ),
)


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether this is the sample city and no installation of its own."""
    city = environment.get("YINGSHOU_SAMPLE_CITY", "yes") == "yes"
    return city and environment.get("DJANGO_SETTINGS_MODULE", "").endswith(".dev")


def arrange(environment: MutableMapping[str, str], logs: Path, data: Path) -> list[Child]:
    """Choose ports, tell the platform the addresses, and return the services, not yet started."""
    arranged: list[Child] = []
    if not wanted(environment):
        return arranged
    for one in SIMULATORS:
        if any(environment.get(name) for name in one.variables):
            continue
        port = _free_port()
        address = f"http://127.0.0.1:{port}"
        for name, value in one.variables.items():
            environment[name] = value.format(address=address)
        private = [base for base in environment.get("YINGSHOU_OUTGOING_PRIVATE", "").split(",") if base]
        environment["YINGSHOU_OUTGOING_PRIVATE"] = ",".join([*private, f"{address}/"])
        command = [
            sys.executable, "-m", f"simulators.{one.name}", "--folder", str(data / one.name),
            "serve", "--port", str(port), "--clock", str(data / CLOCK_FILE),
        ]  # fmt: skip
        arranged.append(Child(f"simulated {one.name}", command, dict(environment), logs / f"{one.name}.log", grace=3.0))
    return arranged


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
