"""
`list`: one creditor owns all rows, a hundred debtors, a signed-in maker under row-level security, gunicorn, chip counts on;
400 requests: the first page, a page deep down, by state, by two characters of the counterpart's name, by an amount range.
`ratio`: the 95th percentile at 1,000,000 rows against the same at 10,000 (at most 1.3). `queries`: the statements that reach
PostgreSQL in the dearest request, BEGIN included (at most 12).
"""

import base64
import itertools
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

from django.db import connections

from benchmarks import city, claims, timing
from benchmarks.environment import INSTANCE
from receivables.filters import ClaimList
from yingshou.runtime import binaries
from yingshou.runtime.places import APPLICATION_ROLE, OWNER_ROLE, PROJECT, places
from yingshou.runtime.postgres import PostgresServer

ROWS, FEW = 1_000_000, 10_000
REQUESTS = 400
DEEP_PAGES = 500
SMALL = "yingshou_small"


def run(folder: Path) -> dict[str, Any]:
    """Two databases, two web servers, measured in turns."""
    cookie = city.session_cookie(claims.full(ROWS))
    elsewhere, few_cookie = _small_database()
    with city.web(folder) as large, city.web(folder, elsewhere) as small:
        ours = Site(large, cookie, ROWS)
        reference = Site(small, few_cookie, FEW)
        ours.p95(), reference.p95()
        many, few = timing.in_turns(ours.p95, reference.p95)
        slowest = ours.slowest()
        statements = _statements(ours)
    return {
        "bench": "list",
        "ratio": round(many / few, 2),
        "queries": statements,
        "p95_ms": round(many * 1000, 1),
        "p95_ms_at_10000": round(few * 1000, 1),
        "slowest_kind": slowest,
        "rows": ROWS,
    }


class Site:
    """A web server over a database with so many rows."""

    def __init__(self, address: str, cookie: str, rows: int) -> None:
        self.address = address
        self.cookie = cookie
        # 500 pages deep; a smaller table is left a few pages before its end.
        deep = max(rows - DEEP_PAGES * ClaimList.page_size, 10 * ClaimList.page_size)
        self.queries = {
            "first": "",
            "deep": urllib.parse.urlencode({"after": _cursor(claims.FIRST + deep)}),
            "state": "state=waiting",
            "counterpart": urllib.parse.urlencode({"party": "海川"}),
            "amount": "amount_from=200000&amount_to=300000",
        }

    def get(self, query: str) -> float:
        """Seconds of one request."""
        address = f"{self.address}/receivables/?{query}"
        began = time.perf_counter()
        body = city.fetch(address, self.cookie)
        seconds = time.perf_counter() - began
        assert body.count(b"/receivables/AR") >= ClaimList.page_size, f"{query} finds a full page"
        return seconds

    def p95(self) -> float:
        """The 95th percentile of 400 requests of every kind in turn."""
        turns = itertools.islice(itertools.cycle(self.queries.values()), REQUESTS)
        return timing.p95([self.get(query) for query in turns])

    def slowest(self) -> str:
        """Which kind of request takes longest."""
        times = {name: min(self.get(query) for _round in range(5)) for name, query in self.queries.items()}
        return max(times, key=lambda name: times[name])


def _cursor(pk: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([pk]).encode()).decode().rstrip("=")


def _server() -> PostgresServer:
    where = places(INSTANCE)
    return PostgresServer(where, binaries.find(where))


def _small_database() -> tuple[dict[str, str], str]:
    """A second database with 10,000 rows; the variables that lead to it, and a cookie."""
    server = _server()
    server.prepare(SMALL)
    variables = {
        "DATABASE_URL": server.where.database_url(APPLICATION_ROLE, SMALL),
        "DATABASE_OWNER_URL": server.where.database_url(OWNER_ROLE, SMALL),
    }
    _child([sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"], variables)
    said = _child([sys.executable, "-m", "benchmarks.fill", str(FEW)], variables)
    return variables, said.strip().splitlines()[-1]


def _child(command: list[str], variables: dict[str, str]) -> str:
    """What a command prints that works on other servers."""
    around = {**os.environ, **variables}
    return subprocess.run(command, cwd=PROJECT, env=around, check=True, stdout=subprocess.PIPE, text=True).stdout


def _statements(site: Site) -> int:
    """What PostgreSQL's own log counts in the dearest request."""
    server = _server()
    log = server.where.logs / "postgres.log"
    with server.cursor() as cursor:
        cursor.execute(f"alter role {APPLICATION_ROLE} set log_statement = 'all'")
        # Connections that are open keep the old setting; our own is closed first, the web server's are ended.
        connections["default"].close()
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s and datname = 'yingshou'",
            [APPLICATION_ROLE],
        )
    dearest = 0
    for query in site.queries.values():
        for _warm in range(16):
            _quietly(site, query)
        before = log.stat().st_size
        site.get(query)
        with log.open("rb") as text:
            text.seek(before)
            dearest = max(dearest, len(re.findall(rb"LOG:  statement:", text.read())))
    with server.cursor() as cursor:
        cursor.execute(f"alter role {APPLICATION_ROLE} reset log_statement")
    return dearest


def _quietly(site: Site, query: str) -> None:
    """Warm a connection; the first request of a terminated one may fail."""
    try:
        site.get(query)
    except (RuntimeError, OSError, AssertionError):
        time.sleep(0.1)
