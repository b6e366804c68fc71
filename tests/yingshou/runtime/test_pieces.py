"""The pieces of the runtime, one by one."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.harness import environment
from tests.harness.cluster import Cluster
from yingshou.runtime import checks, places, processes, roles
from yingshou.runtime.children import Backoff
from yingshou.runtime.problems import CannotStart


def test_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"is full: .* free some space"):
        checks.check_disk(tmp_path / "not" / "there", needed=2**62)


def test_write_to_a_full_disk_is_explained() -> None:
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")

    assert caught.value.errno == errno.ENOSPC
    assert str(checks.explain(caught.value)) == "The disk is full; free some space and start again."


def test_other_errors_of_the_system_are_not_hidden() -> None:
    assert checks.explain(OSError(errno.EIO, "broken")) is None


def test_missing_library_names_the_line_to_run() -> None:
    with pytest.raises(CannotStart, match=r"libnothing\.so\.0 is missing; as root run: apt-get install -y libpango"):
        checks.check_libraries(("libnothing.so.0",))


def test_backoff_doubles_up_to_half_a_minute_and_starts_anew_after_a_good_run() -> None:
    backoff = Backoff()

    assert [backoff.died(0.1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.died(61) == 1


def test_stop_ends_a_child_that_does_not_listen_and_its_children(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\nprint('up', flush=True)\ntime.sleep(60)"
    )
    with (tmp_path / "out").open("wb") as output:
        child = processes.spawn([sys.executable, "-c", script], output=output)
    while b"up" not in (tmp_path / "out").read_bytes():
        time.sleep(0.02)

    processes.stop(child, grace=0.2)

    assert not processes.group_alive(child.pid)


def test_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import time\nfrom yingshou.runtime import processes\n"
        "print(processes.spawn(['sleep', '60']).pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        parent.kill()

    deadline = time.monotonic() + 10
    while processes.group_alive(number):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    made = places.local_keys(tmp_path)

    assert places.local_keys(tmp_path) == made
    assert len(set(made.values())) == 5
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_broken_key_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("[")

    with pytest.raises(CannotStart, match="cannot be read"):
        places.local_keys(tmp_path)


def test_long_project_path_gets_a_short_socket_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    found = places.places(project=Path("/home/clerk") / ("deep/" * 30))

    assert len(str(found.sockets / ".s.PGSQL.5432.lock")) <= 107
    assert found.user is None


def test_instances_and_copies_never_share_a_folder() -> None:
    homes = {places.places(kind, Path(path)).home for kind in ("", "test") for path in ("/a", "/b")}

    assert len(homes) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["postgres", "yingshou_launcher", "yingshou_backup"])
def test_no_other_role_enters_without_a_password(role: str) -> None:
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(environment.CLUSTER.database_url(role, environment.DATABASE))


@pytest.mark.django_db
def test_servers_open_no_port_and_keep_their_folders_private() -> None:
    cluster = Cluster()

    with cluster.server.cursor() as cursor:
        cursor.execute("select current_setting('listen_addresses'), current_setting('data_checksums')")
        assert cursor.fetchone() == ("", "on")
        cursor.execute("select distinct auth_method from pg_hba_file_rules order by 1")
        assert cursor.fetchall() == [("peer",), ("scram-sha-256",)]
    for folder in (environment.CLUSTER.home, environment.CLUSTER.sockets, environment.REDIS.sockets):
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_redis_refuses_to_be_administered() -> None:
    client = redis.Redis(unix_socket_path=str(environment.REDIS.redis_socket))

    with pytest.raises(redis.exceptions.NoPermissionError):
        client.config_set("dir", "/tmp")
    client.close()


def test_roles_are_never_privileged() -> None:
    statements = roles.create_roles_sql()

    for role in ("yingshou_owner", "yingshou_app", "yingshou_seal"):
        assert f"alter role {role} login nocreatedb nosuperuser nobypassrls nocreaterole noreplication;" in statements
    assert "alter role yingshou_report login nocreatedb nosuperuser bypassrls nocreaterole noreplication;" in statements
    assert "truncate" not in roles.grants_sql()
