"""
`guard`: what the guard of double financing costs. `milliseconds`: the median of asking the free balance of 2,000 random
receivables among 1,000,000, one connection, the transaction included (at most 1). `guardian_ratio`: one page of 20 by
django-guardian's `get_objects_for_user`, with 600,000 grants on 200,000 objects, against the same page by our scope under
row-level security (at least 3 times dearer).
"""

import random
import statistics
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from guardian.shortcuts import get_objects_for_user

from benchmarks import city, claims, timing
from receivables.models import Receivable, ReceivableBalance
from yingshou.identity.models import Membership
from yingshou.tenancy.actor import acting_as

ROWS = 1_000_000
ASKS = 2_000
GRANTED_OBJECTS = 200_000
GRANTS_PER_OBJECT = 3
PAGES = 60


def run(_folder: Path) -> dict[str, Any]:
    """Fill once, measure both."""
    creditor = claims.full(ROWS)
    milliseconds = _ask(creditor)
    _grant(creditor)
    ours, guardians = timing.in_turns(lambda: _our_page(creditor), lambda: _guardian_page(creditor))
    return {
        "bench": "guard",
        "milliseconds": round(milliseconds, 3),
        "guardian_ratio": round(guardians / ours, 2),
        "rows": ROWS,
    }


def _ask(creditor: Membership) -> float:
    chance = random.Random(7)
    with acting_as(city.actor(creditor)):
        ids = [claims.FIRST + chance.randrange(ROWS) for _number in range(ASKS)]

        def free(pk: int) -> None:
            with transaction.atomic():
                assert ReceivableBalance.objects.get(pk=pk).available_amount >= 0

        return statistics.median(timing.seconds(lambda pk=pk: free(pk)) for pk in ids) * 1000  # type: ignore[misc]


def _grant(creditor: Membership) -> None:
    """Three people each may see 200,000 of the receivables, one grant an object, as guardian would keep it."""
    others = [city.member(creditor.organisation) for _number in range(GRANTS_PER_OBJECT - 1)]
    people = [creditor.person_id, *(one.person_id for one in others)]
    with connections["owner"].cursor() as cursor:
        content_type = ContentType.objects.db_manager("owner").get_for_model(Receivable)
        permission, _new = Permission.objects.db_manager("owner").get_or_create(
            codename="view_receivable", content_type=content_type, defaults={"name": "view"}
        )
        cursor.execute(
            "insert into guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id) "
            "select r.id::text, %s, %s, p from (select id from receivables_receivable order by id limit %s) r, "
            "unnest(%s::bigint[]) p",
            [content_type.pk, permission.pk, GRANTED_OBJECTS, people],
        )
        cursor.execute("vacuum analyze guardian_userobjectpermission")


def _our_page(creditor: Membership) -> float:
    actor = city.actor(creditor)

    def page() -> None:
        with transaction.atomic():
            assert len(Receivable.objects.visible_to(actor).order_by("-pk")[:20]) == 20

    with acting_as(actor):
        return statistics.median(timing.seconds(page) for _number in range(PAGES))


def _guardian_page(creditor: Membership) -> float:
    """As the owner, without row-level security: the comparison favours guardian."""
    person = creditor.person

    def page() -> None:
        rows = get_objects_for_user(
            person, "receivables.view_receivable", klass=Receivable.objects.using("owner"), accept_global_perms=False
        )
        assert len(rows.order_by("-pk")[:20]) == 20

    with acting_as(city.SYSTEM):
        return statistics.median(timing.seconds(page) for _number in range(5))
