"""Changes of regions and calendar days, each proposed by one member of staff and carried out when another agrees."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.events import EventDraft, record
from yingshou.identity.models import Region, RegionLevel, Workday
from yingshou.tenancy.actor import Actor

CHANGE = "identity.change_reference"
REGION, WORKDAY = "identity.region", "identity.workday"
# Reference rows carry no version; a line says what the row shall be, whatever it is now.
_NO_VERSION = 1


@transaction.atomic
def propose_region(
    *, code: str, name: str, valid_from: date | None, valid_to: date | None, by: Actor, at: datetime
) -> Approval:
    """
    Propose a region as it shall be: new, renamed or retired on a day.

    :raises DutyMissing: if the actor does not maintain reference data
    """
    payload = {
        "code": code,
        "name": name,
        "valid_from": valid_from.isoformat() if valid_from else "",
        "valid_to": valid_to.isoformat() if valid_to else "",
    }
    return _submit(REGION, int(code), f"{code} {name}", payload, by=by, at=at)


@transaction.atomic
def propose_workday(*, day: date, is_workday: bool, note: str, by: Actor, at: datetime) -> Approval:
    """
    Propose whether a day is a working day.

    :raises DutyMissing: if the actor does not maintain reference data
    """
    payload = {"day": day.isoformat(), "is_workday": is_workday, "note": note}
    return _submit(WORKDAY, int(day.strftime("%Y%m%d")), day.isoformat(), payload, by=by, at=at)


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> None:
    """Write the row that a line describes."""
    wanted = line.payload
    if line.object_type == REGION:
        code = str(wanted["code"])
        Region.objects.update_or_create(
            code=code,
            defaults={
                "name": wanted["name"],
                "level": region_level(code),
                "parent_id": parent_code(code),
                "valid_from": wanted["valid_from"] or None,
                "valid_to": wanted["valid_to"] or None,
            },
        )
    else:
        Workday.objects.update_or_create(
            day=wanted["day"], defaults={"is_workday": wanted["is_workday"], "note": wanted["note"]}
        )
    record(
        [
            EventDraft(
                kind="identity.reference.changed",
                object_type=line.object_type,
                object_id=line.object_id,
                object_version=None,
                audience=[by.organisation_id or 0],
                by=by,
                at=at,
                body=dict(wanted),
            )
        ]
    )


def region_level(code: str) -> RegionLevel:
    """How many of the six digits count."""
    if code.endswith("0000"):
        return RegionLevel.PROVINCE
    return RegionLevel.PREFECTURE if code.endswith("00") else RegionLevel.COUNTY


def parent_code(code: str) -> str | None:
    """The code of the region above, where it is in the list; provinces have none."""
    level = region_level(code)
    if level == RegionLevel.PROVINCE:
        return None
    above = [f"{code[:4]}00", f"{code[:2]}0000"] if level == RegionLevel.COUNTY else [f"{code[:2]}0000"]
    known = set(Region.objects.filter(code__in=above).values_list("code", flat=True))
    return next((candidate for candidate in above if candidate in known), None)


def _submit(
    object_type: str, object_id: int, label: str, payload: Mapping[str, object], *, by: Actor, at: datetime
) -> Approval:
    line = LineDraft(
        object_type=object_type,
        object_id=object_id,
        object_version=_NO_VERSION,
        label=label,
        payload=payload,
        document={"purpose": CHANGE, **payload},
    )
    return approvals.submit(CHANGE, [line], by=by, at=at)
