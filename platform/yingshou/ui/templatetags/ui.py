"""How amounts, dates, waiting times and numbers are written on every page, in both languages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BaseForm, BoundField
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from yingshou.kernel import clock, money
from yingshou.ui import counts

register = template.Library()

CURRENCY_SIGNS = {"CNY": "¥", "": ""}
NO_BREAK = "\N{NO-BREAK SPACE}"
MASK = "****"
VISIBLE_DIGITS = 4
# Before a tenth is done, a forecast would only jump about.
MEANINGFUL_PERCENT = 10
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@register.filter
def amount(value: object) -> str:
    """An amount with separators and two decimals: 113,000.00; nothing for None."""
    if value is None or value == "":
        return ""
    return f"{Decimal(str(value)):,.2f}"


@register.simple_tag
def money_text(value: object, currency: str = "CNY") -> str:
    """An amount with its sign, never parted from it: ¥ 113,000.00; other currencies by their ISO code."""
    if value is None or value == "":
        return ""
    return f"{CURRENCY_SIGNS.get(currency, currency)}{NO_BREAK}{amount(value)}".strip()


@register.filter
def in_words(value: object) -> str:
    """An amount in Chinese capitals as bills and contracts require: 壹拾壹万叁仟元整."""
    if value is None or value == "":
        return ""
    # The law's form carries 人民币 in front; beside a figure with ¥ the prefix says nothing new.
    return money.in_words(Decimal(str(value))).removeprefix("人民币")


@register.filter
def day(value: date | datetime | None) -> str:
    """A day in Shanghai: 2026-11-18."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(clock.SHANGHAI)
    return value.strftime("%Y-%m-%d")


@register.filter
def minute(value: datetime | None) -> str:
    """An instant in Shanghai to the minute: 2026-11-18 14:22."""
    return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


@register.filter
def second(value: datetime | None) -> str:
    """An instant in Shanghai to the second, where the law cares: 2026-11-18 14:22:07."""
    return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if value else ""


@register.filter
def short_minute(value: datetime | None) -> str:
    """An instant without its year: 11-18 14:22."""
    return value.astimezone(clock.SHANGHAI).strftime("%m-%d %H:%M") if value else ""


@register.filter
def duration_words(value: timedelta | float | None) -> str:
    """A span in its largest fitting unit: 6 days, 3 hours, 12 minutes."""
    if value is None:
        return ""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds >= _DAY:
        days = seconds // _DAY
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if seconds >= _HOUR:
        hours = seconds // _HOUR
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    if seconds >= _MINUTE:
        minutes = seconds // _MINUTE
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    return gettext("under a minute")


@register.simple_tag
def waiting(since: datetime | date | None, at: datetime | None = None) -> str:
    """
    How long something has waited, in words.

    :param since: an instant, or a day, which counts in whole days
    :param at: the moment of the page (`request.at`); the clock of now where it is not given
    """
    if since is None:
        return ""
    moment = at or clock.now()
    if isinstance(since, datetime):
        return duration_words(moment - since)
    days = max((clock.business_date(moment) - since).days, 0)
    return gettext("today") if days == 0 else ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@register.filter
def masked(value: object) -> str:
    """An account number down to its last four: ****7731."""
    text = str(value or "").replace(" ", "")
    return MASK + text[-VISIBLE_DIGITS:] if text else ""


@register.filter
def digest(value: object) -> str:
    """A hash short enough to read: its first four and last four characters."""
    text = str(value or "")
    return f"{text[:4]}…{text[-4:]}" if len(text) > 2 * VISIBLE_DIGITS else text


@register.filter
def count(value: int | None) -> str:
    """A capped count as pages show it: 1,000+ beyond a thousand."""
    return "" if value is None else counts.shown(value)


@register.filter
def number(value: int | None) -> str:
    """A whole number with separators."""
    return "" if value is None else f"{value:,}"


@register.filter
def get(mapping: Mapping[str, Any] | None, key: str) -> Any:
    """The value under a key; None where there is none."""
    return mapping.get(key) if mapping else None


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of the sprite; decoration unless a label is given."""
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="y-icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="y-icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def query_with(query: Mapping[str, Any], **changes: object) -> str:
    """
    An address's query with some parameters changed; None or "" takes a parameter away.

    :param query: `request.GET` or a plain mapping
    """
    lists: dict[str, Sequence[Any]] = (
        {key: query.getlist(key) for key in query} if hasattr(query, "getlist") else {k: [v] for k, v in query.items()}
    )
    for key, value in changes.items():
        lists[key] = [] if value is None or value == "" else [value]
    return "?" + urlencode([(key, item) for key, items in lists.items() for item in items])


@register.simple_tag
def wait_tone(since: datetime | date | None, at: datetime | None, amber_after: object, red_after: object) -> str:
    """The tone of a waiting time: none until it is long; limits in whole days, "" for no limit."""
    if since is None:
        return ""
    moment = at or clock.now()
    days = (moment - since).days if isinstance(since, datetime) else (clock.business_date(moment) - since).days
    if red_after not in ("", None) and days >= int(str(red_after)):
        return "red"
    return "amber" if amber_after not in ("", None) and days >= int(str(amber_after)) else ""


@register.simple_tag
def seal_word(state: str) -> str:
    """What a seal means, in words."""
    words = {
        "valid": gettext("Signed and verified"),
        "expired": gettext("Signed and verified; the certificate has expired since"),
        "broken": gettext("The signature does not match"),
        "unsigned": gettext("Not signed"),
    }
    return words.get(state, words["unsigned"])


@dataclass(frozen=True)
class JobView:
    """What the progress component shows of a job."""

    is_running: bool
    is_failed: bool
    word: str
    percent: int
    left: str
    url: str


@register.simple_tag
def job_view(job: Any) -> JobView:
    """State, share and time left of a job; the time left only once a tenth is done."""
    words = {
        "QUEUED": gettext("Waiting to start"),
        "RUNNING": gettext("Working"),
        "DONE": gettext("Done"),
        "FAILED": gettext("This work failed"),
        "CANCELLED": gettext("This work was cancelled"),
    }
    state = str(job.state)
    percent = int(job.done * 100 / job.total) if job.total else 0
    started: datetime | None = getattr(job, "started_at", None)
    left = ""
    if state == "RUNNING" and started is not None and percent >= MEANINGFUL_PERCENT:
        gone = (clock.now() - started).total_seconds()
        left = str(duration_words(gone * (job.total - job.done) / job.done))
    return JobView(
        is_running=state in {"QUEUED", "RUNNING"},
        is_failed=state in {"FAILED", "CANCELLED"},
        word=words.get(state, state),
        percent=percent,
        left=left,
        url=_address("jobs:progress", job.pk),
    )


@register.simple_tag
def field_target(field: BoundField) -> str:
    """The id that a link to a field must name: the first input of a group, else the input itself."""
    return str(field.id_for_label or field.auto_id)


@register.simple_tag
def idempotency_key(form: object, key: str = "") -> str:
    """The key that makes a double submit one act: the one that was posted, else a new one."""
    posted = form.data.get("idempotency_key", "") if isinstance(form, BaseForm) and form.is_bound else ""
    return key or str(posted) or uuid.uuid4().hex


@register.simple_tag
def money_sign(currency: str = "CNY") -> str:
    """¥ for renminbi, the ISO code for others."""
    return CURRENCY_SIGNS.get(currency, currency)


@register.filter
def last_four(value: object) -> str:
    """The last four characters of an account number."""
    return str(value or "").replace(" ", "")[-VISIBLE_DIGITS:]


def _address(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
