"""
`page`: the home of a debtor with 46 things to do, four clients at once, in requests a second; `ratio` against a bare page
behind the same middleware, session and actor (at least 0.3).
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import city, claims, timing
from receivables import actions
from receivables.actions import Proposal
from receivables.models import Receivable
from yingshou.identity.models import Membership
from yingshou.kernel import clock
from yingshou.tenancy.actor import Capability, Duty, acting_as

TO_DOS = 46
CLIENTS = 4
SUPPLIERS = 12
SECONDS = 5.0


def run(folder: Path) -> dict[str, Any]:
    """Measure both pages in turns."""
    debtor = _debtor()
    cookie = city.session_cookie(debtor)
    with city.web(folder, {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as address:
        home = partial(city.fetch, f"{address}/", cookie)
        bare = partial(city.fetch, f"{address}/bare/", cookie)
        for warm in (home, bare):
            _rate(warm, 1.0)
        ours, reference = timing.in_turns(lambda: _rate(home, SECONDS), lambda: _rate(bare, SECONDS))
        weight = len(home())
    return {
        "bench": "page",
        "ratio": round(ours / reference, 3),
        "requests_per_second": round(ours, 1),
        "bare_per_second": round(reference, 1),
        "html_bytes": weight,
    }


def _debtor() -> Membership:
    """A debtor whom twelve suppliers ask to confirm 46 receivables."""
    debtor = city.member(city.organisation("厦门恒川机械制造有限公司", Capability.DEBTOR), Duty.MAKER)
    at = clock.now()
    for turn in range(SUPPLIERS):
        supplier = city.member(city.organisation(f"厦门明泰第{turn}零部件有限公司", Capability.CREDITOR), Duty.MAKER)
        claims.policy_without_checker(supplier.organisation, "submit")
        by = city.actor(supplier)
        numbers = range(TO_DOS)[turn::SUPPLIERS]
        with acting_as(by):
            file_id = claims.evidence_file(by)
            rows: list[Receivable] = [
                actions.create_draft(claims.draft(debtor.organisation, 7_000 + number, file_id), by=by, at=at)
                for number in numbers
            ]
            actions.propose("submit", [Proposal(row.pk) for row in rows], by=by, at=at)
    return debtor


def _rate(get: Callable[[], bytes], seconds: float) -> float:
    """Requests a second by four clients that ask again at once."""
    end = time.monotonic() + seconds

    def client(_number: int) -> int:
        count = 0
        while time.monotonic() < end:
            get()
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(client, range(CLIENTS))) / seconds
