"""The crawl: everything a principal can read, searched for strings that only others may read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from tests.walk.policy import POLICY
from tests.walk.walker import PEOPLE, Address, Walk, addresses, body_of
from tests.walk.world import FOREIGN, SHARED, Principal, World
from yingshou.tenancy.actor import Actor, acting_as

# What a stranger might type to find what is not his: parts of the marks, so that the echo of the search is no find.
QUERIES = (
    "?q=ZMARKFOREIG",
    "?q=%E6%B5%8B%E8%AF%95",
    "?contract=ZMARKFOREIG",
    "?counterpart=%E6%B5%8B%E8%AF%95",
    "?amount_from=1",
)


@dataclass
class Crawl:
    """One principal reads everything it can; `found` says where a foreign mark stood."""

    world: World
    principal: Principal
    marks: frozenset[bytes]
    read: int = 0
    found: list[str] = field(default_factory=list)
    shared_seen: bool = False

    def run(self) -> None:
        """Pages, lists with searches, exports and files, of the own house and of what is shared with it."""
        walk = Walk(self.world, self.principal, check_rows=False)
        for address in addresses():
            for method in POLICY.get(address.name, {}):
                for path in self._paths(walk, address, method):
                    self._look(walk, address, method, path)

    def _paths(self, walk: Walk, address: Address, method: str) -> Iterator[str]:
        relations = ("own", "shared") if address.arguments else ("own",)
        for relation in relations:
            path = walk.path(address, relation)
            if path is None:
                continue
            yield path
            if (
                method == "GET"
                and not address.arguments
                and not address.name.startswith(("account_", "admin:", "home:mode"))
            ):
                yield from (path + query for query in QUERIES)

    def _look(self, walk: Walk, address: Address, method: str, path: str) -> None:
        forms = ({"format": "csv"}, {"format": "xlsx"}) if address.name.endswith("export") else ({},)
        for form in forms:
            with acting_as(Actor.anonymous("walk")), transaction.atomic():
                response = walk.send(method, path, form)
                text = opened(body_of(response)) + repr(sorted(response.headers.items())).encode()
                transaction.set_rollback(True)
            self.read += 1
            self.shared_seen |= SHARED.encode() in text
            if address.name.startswith((*PEOPLE, "admin:audit_")) or self._answers_everybody(address):
                continue
            for mark in self.marks:
                if mark in text:
                    self.found.append(f"{self.principal.key} {method} {path}: {mark.decode()}")

    def _answers_everybody(self, address: Address) -> bool:
        """The platform's staff answer the appeals of all organisations; there they see whose they are."""
        return self.principal.capability == "platform_operator" and address.name.startswith("receivables:appeal")


def foreign_marks(world: World, principal: Principal) -> frozenset[bytes]:
    """The marks of everybody else."""
    others = {house.mark for house in world.houses.values() if house is not principal.house}
    return frozenset(mark.encode() for mark in {FOREIGN, *others})


def opened(body: bytes) -> bytes:
    """The body; a workbook unpacked."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return b"\n".join(book.read(name) for name in book.namelist())


def crawled(world: World, principal: Principal, **options: Any) -> Crawl:
    """A crawl that is over."""
    crawl = Crawl(world, principal, foreign_marks(world, principal), **options)
    crawl.run()
    return crawl
