"""What staff granted to a person on single organisations and regions (django-guardian), resolved once per request."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from yingshou.identity.models import OrganisationGrant, RegionGrant
from yingshou.tenancy.actor import Actor

SUPPORT_VIEW = "support_view"
WORK_IN_REGION = "work_in_region"


@dataclass(frozen=True)
class Grants:
    """Ids that are open to one person at one instant."""

    organisations: frozenset[int] = field(default_factory=frozenset)
    regions: frozenset[str] = field(default_factory=frozenset)


def of(actor: Actor, at: datetime) -> Grants:
    """
    The grants of the actor's person that are in force at `at`.

    Read from guardian's own tables; the ids then filter rows by ordinary foreign keys, never one grant per receivable.
    """
    if actor.person_id is None:
        return Grants()
    organisations = OrganisationGrant.objects.live(at).filter(
        user_id=actor.person_id, permission__codename=SUPPORT_VIEW
    )
    regions = RegionGrant.objects.filter(
        user_id=actor.person_id, permission__codename=WORK_IN_REGION, starts_at__lte=at
    ).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
    return Grants(
        organisations=frozenset(organisations.values_list("content_object_id", flat=True)),
        regions=frozenset(regions.values_list("content_object_id", flat=True)),
    )
