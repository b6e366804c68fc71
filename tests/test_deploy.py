"""
Containers without a container engine: what they run is run here, with production settings against servers by URL.

`Dockerfile` and the compose file only call `deploy/install.sh` and `deploy/entrypoint.sh`.
"""

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.harness import environment, servers
from yingshou.runtime import processes
from yingshou.runtime.places import PROJECT

HOST = "ar.example.com"
ENTRYPOINT = PROJECT / "deploy" / "entrypoint.sh"


def _key(letter: str) -> str:
    return base64.b64encode((letter * 32).encode()).decode()


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """The environment of a container: addresses and keys, nothing of the tests' settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    addresses = {name: value for name, value in environment.variables().items() if name.endswith("_URL")}
    return {
        **kept,
        **addresses,
        "VENV": str(Path(sys.executable).parent.parent),
        "YINGSHOU_SECRET_KEY": "kR7-vN2_pQ9xLs4TzW8yBc6MdF3hJg5AeUiOoPqZrXtYwVnCbHm1",
        "YINGSHOU_FIELD_KEYS": _key("f"),
        "YINGSHOU_HMAC_KEY": _key("h"),
        "YINGSHOU_NUMBER_KEY": _key("n"),
        "YINGSHOU_SEAL_KEY": _key("s"),
        "YINGSHOU_ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "YINGSHOU_PUBLIC_URL": f"https://{HOST}",
        "YINGSHOU_BEHIND_PROXY": "true",
        "YINGSHOU_DATA_DIR": str(tmp_path / "data"),
        "YINGSHOU_STATIC_ROOT": str(tmp_path / "static"),
    }


def _run(*arguments: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(ENTRYPOINT), *arguments], env=variables, capture_output=True, text=True, check=False, timeout=180, cwd="/"
    )


@contextlib.contextmanager
def _running(*arguments: str, variables: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        child = processes.spawn([str(ENTRYPOINT), *arguments], environment=variables, output=output)
    try:
        yield child
    finally:
        processes.stop(child, grace=15)


def _get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], list[str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": HOST, **{k.replace("_", "-"): v for k, v in headers.items()}})
    answer = connection.getresponse()
    answer.read()
    found = (answer.status, dict(answer.getheaders()), answer.headers.get_all("Set-Cookie") or [])
    connection.close()
    return found


def test_deployment_check_finds_nothing(production: dict[str, str]) -> None:
    done = _run("check", variables=production)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.mark.django_db(transaction=True)
def test_web_serves_with_production_settings(production: dict[str, str], tmp_path: Path) -> None:
    migrated = _run("migrate", variables=production)
    assert migrated.returncode == 0, migrated.stderr
    collected = _run("collectstatic", variables=production)
    assert collected.returncode == 0, collected.stderr
    port = servers.free_port()

    log = tmp_path / "web.log"
    with _running("web", variables={**production, "PORT": str(port), "WEB_WORKERS": "1"}, log=log) as child:
        servers.wait_for(f"http://127.0.0.1:{port}/healthz", child=child)
        plain = _get(port, "/account/login/")
        secure = _get(port, "/account/login/", X_Forwarded_Proto="https")
        foreign = _get(port, "/healthz", Host="evil.example")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            ready = json.load(answer)
        environ = Path(f"/proc/{child.pid}/environ").read_bytes()

    assert ready == {"database": "OK", "redis": "OK", "clock": "OK"}
    assert (plain[0], plain[1]["Location"]) == (301, f"https://{HOST}/account/login/")
    assert secure[0] == 200
    assert "max-age=63072000" in secure[1]["Strict-Transport-Security"]
    assert secure[2], "the sign-in form sets the CSRF cookie"
    for cookie in secure[2]:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert foreign[0] == 400
    assert b"DATABASE_OWNER_URL" not in environ
    for line in log.read_text().splitlines():
        assert production["YINGSHOU_SECRET_KEY"] not in line
        assert set(json.loads(line)) >= {"event", "level", "logger", "timestamp"}
        assert json.loads(line)["logger"] != "gunicorn.access"


@pytest.mark.django_db(transaction=True)
def test_worker_and_scheduler_run_and_stop(production: dict[str, str], tmp_path: Path) -> None:
    worker_log, beat_log = tmp_path / "worker.log", tmp_path / "beat.log"

    with (
        _running("worker", variables=production, log=worker_log) as worker,
        _running("scheduler", variables=production, log=beat_log) as scheduler,
    ):
        _until(lambda: b"ready" in worker_log.read_bytes() and b"beat: Starting" in beat_log.read_bytes(), worker_log)
        healthy = _run("healthy", "worker", variables=production)
        worker.terminate()
        scheduler.terminate()
        ends = (worker.wait(30), scheduler.wait(30))

    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    assert ends == (0, 0)
    for line in (worker_log.read_text() + beat_log.read_text()).splitlines():
        # As root, Celery warns on standard error before there are any logs.
        if os.geteuid() != 0 or line.startswith("{"):
            assert "event" in json.loads(line)


def _until(condition: Any, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL", "YINGSHOU_SECRET_KEY"])
@pytest.mark.parametrize("what", ["web", "worker", "scheduler"])
def test_missing_variable_is_one_sentence(production: dict[str, str], what: str, missing: str) -> None:
    del production[missing]

    done = _run(what, variables=production)

    assert (done.returncode, done.stderr) == (1, f"{missing} must be set.\n")


def test_unknown_command_is_refused(production: dict[str, str]) -> None:
    assert _run("dance", variables=production).returncode == 1


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file, merged as YAML merges it."""
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    return loaded


def test_compose_file_keeps_to_its_schema(compose: dict[str, Any]) -> None:
    schema = json.loads((PROJECT / "tests" / "harness" / "compose.schema.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(compose)

    compose["services"]["web"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(compose)
    del compose["services"]["web"]["helthcheck"]


def test_compose_services_are_complete(compose: dict[str, Any]) -> None:
    services = compose["services"]
    known = re.search(r"knows (.*), not", ENTRYPOINT.read_text())
    assert known is not None
    commands = set(re.findall(r"\w+", known[1])) - {"and"}

    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "scheduler"}
    for name, service in services.items():
        assert name == "migrate" or "healthcheck" in service, name
        assert set(service.get("depends_on", {})) <= set(services)
        if "build" in service:
            assert service["command"][0] in commands
            assert ("DATABASE_OWNER_URL" in service["environment"]) == (name == "migrate")
    assert services["postgres"]["image"] == "postgres:18"


def test_dockerfile_only_calls_the_scripts() -> None:
    text = (PROJECT / "Dockerfile").read_text()

    assert "RUN deploy/install.sh production" in text
    assert 'ENTRYPOINT ["deploy/entrypoint.sh"]' in text
    assert "pip install" not in text
    for source in re.findall(r"^COPY (\S.*) \S+$", text, re.MULTILINE):
        for name in source.split():
            assert (PROJECT / name).exists(), name


def test_container_finds_its_static_files_beside_the_data_volume() -> None:
    """They are collected while the image is built; the data folder of the running container is another one."""
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    variables = dict(line.removeprefix("ENV ").split("=", 1) for line in lines if line.startswith("ENV "))
    collected = next(number for number, line in enumerate(lines) if "collectstatic" in line)

    assert not variables["YINGSHOU_STATIC_ROOT"].startswith(variables["YINGSHOU_DATA_DIR"])
    # Uploaded files are private, and so would these be, of the user who builds.
    assert "chmod -R a+rX .static" in lines[collected]
    assert lines.index(f"ENV YINGSHOU_STATIC_ROOT={variables['YINGSHOU_STATIC_ROOT']}") < collected


def test_roles_of_the_container_are_those_of_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "database_roles"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    container = (PROJECT / "deploy" / "database" / "roles.psql").read_text()

    asked = [line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\password"))]
    written = [
        line for line in container.splitlines() if line and not line.startswith("--") and " password :" not in line
    ]
    assert asked == written
    assert container.count(" password :'") == 4


@pytest.mark.parametrize("script", ["deploy/install.sh", "deploy/entrypoint.sh", "deploy/database/roles.sh", ".ci/run"])
def test_scripts_are_correct_shell(script: str) -> None:
    file = PROJECT / script

    assert os.access(file, os.X_OK)
    subprocess.run(["sh", "-n", str(file)], check=True)


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """A machine that lacks the libraries, for a person who is neither root nor may use sudo."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3.11").write_text(f'#!/bin/sh\ncase "$2" in *CDLL*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "sudo").write_text("#!/bin/sh\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return {"PATH": f"{tools}:/usr/bin:/bin", "VENV": str(tmp_path / "venv"), "PYTHON": str(tools / "python3.11")}


def test_missing_library_without_root_is_one_sentence(bare_machine: dict[str, str]) -> None:
    done = subprocess.run(
        [str(PROJECT / "deploy" / "install.sh"), "run"], env=bare_machine, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "System packages are missing; as root run: apt-get update && apt-get install -y --no-install-recommends "
        "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0\n"
    )
    assert not Path(bare_machine["VENV"]).exists()


def test_bare_debian_without_root_gets_one_line_with_everything(bare_machine: dict[str, str]) -> None:
    """Debian's python3 has neither `ensurepip` nor the libraries."""
    python = Path(bare_machine["PYTHON"])
    python.write_text(python.read_text().replace("*CDLL*)", "*CDLL*|*ensurepip*)"))

    done = subprocess.run(
        [str(PROJECT / "deploy" / "install.sh"), "run"], env=bare_machine, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "System packages are missing; as root run: apt-get update && apt-get install -y --no-install-recommends "
        "python3-venv libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0\n"
    )


def test_full_disk_is_one_sentence_before_anything_is_installed(bare_machine: dict[str, str]) -> None:
    Path(bare_machine["PYTHON"]).write_text(
        f'#!/bin/sh\ncase "$2" in *CDLL*) exit 0 ;; *disk_usage*) echo 12; exit ;; esac\nexec {sys.executable} "$@"\n'
    )

    done = subprocess.run(
        [str(PROJECT / "deploy" / "install.sh"), "run"], env=bare_machine, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"The disk of {PROJECT} is full: 12 MB are free and 600 MB are needed; free some space and start again.\n"
    )
    assert not Path(bare_machine["VENV"]).exists()


def test_old_python_is_one_sentence(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)

    done = subprocess.run(
        [str(PROJECT / "deploy" / "install.sh"), "run"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == "Python 3.11 or newer is needed; on Debian 12: apt-get install -y python3 python3-venv\n"


def test_manage_without_an_installation_says_what_to_run() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "manage.py", "check"], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.strip().endswith("run make install.")
