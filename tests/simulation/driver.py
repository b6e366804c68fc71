"""Draws a plan from a seed, plays it with its faults, looks after every step, and shrinks a plan that failed."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, connection, connections, transaction

from tests.harness import environment, reset
from tests.harness.cluster import Cluster
from tests.simulation.roles import ROLES, Call
from tests.simulation.world import World, build
from yingshou.audit import books
from yingshou.audit.books import REPORT
from yingshou.evidence import sealing, verification
from yingshou.kernel import clock
from yingshou.kernel.errors import DomainError
from yingshou.runtime.places import PROJECT
from yingshou.tenancy.actor import acting_as


class Fault(StrEnum):
    """What goes wrong with a step. A crash after the commit and a lost reply look alike: who asked, asks again."""

    NONE = "none"
    CRASH = "crash before commit"
    KILLED = "connection killed before commit"
    LOST_REPLY = "reply lost, asked again"
    DUPLICATE = "sent twice, the second time later"
    DELAYED = "delayed"
    REORDERED = "after the next one"


_FAULTS = {
    Fault.NONE: 74,
    Fault.CRASH: 5,
    Fault.KILLED: 3,
    Fault.LOST_REPLY: 5,
    Fault.DUPLICATE: 4,
    Fault.DELAYED: 5,
    Fault.REORDERED: 4,
}
# Read after every step; all books at the end.
CHEAP = (
    "receivables.balances",
    "receivables.never_below_zero",
    "receivables.ledger_and_claim",
    "receivables.holdings",
    "receivables.disputed",
    "receivables.decisions",
    "receivables.fingerprints",
    "receivables.invoice_uses",
    "receivables.changes",
    "receivables.receivable.versions",
    "approvals.open_changes",
    "approvals.four_eyes",
)
# Whatever an act leaves behind, in figures that every act changes.
TRACE = """
select (select count(*) from audit_auditevent), (select count(*) from receivables_receivableentry),
    (select coalesce(sum(version), 0) from receivables_receivable), (select count(*) from approvals_approval),
    (select count(*) from receivables_confirmationact), (select coalesce(sum(used_amount), 0) from invoice_fingerprint),
    (select coalesce(sum(claim_amount), 0) from receivables_holding), (select coalesce(sum(version), 0) from identity_membership),
    (select count(*) from documents_importrow), (select count(*) from jobs_job)
"""


@dataclass(frozen=True)
class Step:
    """One step of a plan; all it decides comes from its own seed and from what exists when its turn comes."""

    number: int
    name: str
    seed: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.number:4d} {self.name}({self.seed})" + (f"  ! {self.fault}" if self.fault != Fault.NONE else "")


class Broken(Exception):
    """A play in which something did not hold; says where and what."""

    def __init__(self, step: Step | None, what: str) -> None:
        super().__init__(f"{step or 'at the end'}: {what}")
        self.what = what

    @property
    def kind(self) -> str:
        """What broke, without the ids: a shorter plan must break the same."""
        return self.what.partition(":")[0]


class _Crash(Exception):
    """The process dies before the commit."""


@dataclass
class Play:
    """What a plan did: how often each role had its way, was refused by which code, and each fault struck."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


def plan(seed: int, length: int) -> list[Step]:
    """The plan of a seed."""
    draw = random.Random(seed)
    names, weights = list(ROLES), [weight for weight, _role in ROLES.values()]
    faults, often = list(_FAULTS), list(_FAULTS.values())
    return [
        Step(
            number,
            draw.choices(names, weights)[0],
            draw.getrandbits(32),
            draw.choices(faults, often)[0],
        )
        for number in range(length)
    ]


def fresh() -> None:
    """An empty database, its sequences at their start."""
    for one in connections.all(initialized_only=True):
        one.close()
    assert reset.resetter is not None
    reset.resetter.reset()


def play(steps: Sequence[Step], *, prepare: Callable[[], None] = lambda: None) -> Play:
    """
    Play a plan in a fresh database.

    :param prepare: what a canary spoils first
    :raises Broken: at the first thing that does not hold
    """
    fresh()
    prepare()
    world, told = build(), Play()
    late: list[tuple[int, Step, Call]] = []
    for step in steps:
        for due in [one for one in late if one[0] <= step.number]:
            late.remove(due)
            _one(world, due[1], due[2], Fault.NONE, told, late=True)
        call = ROLES[step.name][1](world, random.Random(step.seed))
        if call is None:
            continue
        if step.fault != Fault.NONE:
            told.faults[step.fault] += 1
        if step.fault in (Fault.DELAYED, Fault.REORDERED):
            wait = 2 + step.seed % 9 if step.fault == Fault.DELAYED else 2
            late.append((step.number + wait, step, call))
            continue
        _one(world, step, call, step.fault, told)
        if step.fault == Fault.DUPLICATE:
            late.append((step.number + 2 + step.seed % 5, step, call))
    for _due, step, call in late:
        _one(world, step, call, Fault.NONE, told, late=True)
    _at_the_end(world)
    return told


def _one(world: World, step: Step, call: Call, fault: Fault, told: Play, *, late: bool = False) -> None:
    """One step, and a look. What comes late is another request; who asks again after a lost reply repeats the same."""
    world.turn.request_id = f"step-{step.number}{'-late' if late else ''}"
    before = _trace()
    if fault == Fault.CRASH:
        _in_vain(step, call, _crash)
        _same(step, before)
    elif fault == Fault.KILLED:
        _in_vain(step, call, _kill)
        _same(step, before)
    else:
        done = _attempt(step, call, told)
        if not done:
            _same(step, before)
        elif fault == Fault.LOST_REPLY and call.once:
            after = _trace()
            _attempt(step, call, told)
            _same(step, after)
    _look(step)


def _attempt(step: Step, call: Call, told: Play) -> bool:
    """Whether it was done; a refusal is an answer, anything else is a fault of the program."""
    try:
        call()
    except DomainError as error:
        told.refused[f"{step.name} {error.code}"] += 1
        return False
    except (DatabaseError, AssertionError, LookupError, TypeError, ValueError) as error:
        raise Broken(step, f"{type(error).__name__}: {error}") from error
    told.done[step.name] += 1
    return True


def _in_vain(step: Step, call: Call, strike: Callable[[], None]) -> None:
    """Do all of it, and be struck before the commit."""
    try:
        with acting_as(call.by), transaction.atomic():
            call()
            strike()
    except (_Crash, DomainError):
        pass
    except DatabaseError as error:
        if strike is not _kill:
            raise Broken(step, f"{type(error).__name__}: {error}") from error
    finally:
        if strike is _kill:
            connection.close()


def _crash() -> None:
    raise _Crash


def _kill() -> None:
    """The administrator ends the connection; the commit that follows finds nobody."""
    pid = connection.connection.info.backend_pid
    with Cluster().server.cursor(environment.DATABASE) as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [pid])


def _trace() -> tuple[Any, ...]:
    with connections[REPORT].cursor() as cursor:
        cursor.execute(TRACE)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def _same(step: Step, before: tuple[Any, ...]) -> None:
    now = _trace()
    if now != before:
        raise Broken(step, f"what should have left no trace did: {before} -> {now}")


def _look(step: Step) -> None:
    with connections[REPORT].cursor() as cursor:
        for code in CHEAP:
            cursor.execute(books.query(books.BOOKS.get(code)), {"at": clock.now()})
            found = cursor.fetchone()
            if found:
                raise Broken(step, f"{code}: {found[0]} {found[1]} ({found[2]})")


def _at_the_end(world: World) -> None:
    report = books.verify(at=world.at)
    for one in report.violations:
        raise Broken(None, f"{one.book}: {one.object_type} {one.object_id} ({one.detail})")
    while sealing.seal(at=clock.now()).count:
        pass
    with sealing.reading() as cursor:
        history = verification.verify(cursor, at=clock.now())
    for finding in history.findings:
        raise Broken(None, f"history: {finding.text}")


def shrink(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool], most: int = 60) -> list[Step]:
    """
    A short plan that still fails: parts are left out as long as it does.

    :param most: how often it is played at most
    """
    kept, size, plays = list(steps), max(1, len(steps) // 2), 0
    while plays < most:
        place, smaller = 0, False
        while place < len(kept) and plays < most:
            rest = kept[:place] + kept[place + size :]
            plays += 1
            if rest and fails(rest):
                kept, smaller = rest, True
            else:
                place += size
        if size == 1 and not smaller:
            break
        size = max(1, size // 2)
    return kept


def check(seed: int, length: int, *, prepare: Callable[[], None] = lambda: None, most: int = 60) -> Play:
    """
    Play the plan of a seed; where it fails, say how to see it again.

    :raises AssertionError: with the seed, the commit and the steps that are enough
    """
    steps = plan(seed, length)
    try:
        return play(steps, prepare=prepare)
    except Broken as broken:
        first = broken

    def fails(some: Sequence[Step]) -> bool:
        try:
            play(some, prepare=prepare)
        except Broken as broken:
            return broken.kind == first.kind
        return False

    enough = shrink(steps, fails, most)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.strip()
    listing = "\n".join(str(step) for step in enough)
    raise AssertionError(
        f"seed {seed}, {length} steps, commit {commit or 'unknown'}: {first}\nthese {len(enough)} steps are enough:\n{listing}"
    )
