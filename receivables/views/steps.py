"""The course of every step over many rows: pick, ask what is still to be said, carry out, show the result."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from receivables import acts, duplicates
from receivables.acts import Act, Picked
from receivables.duplicates import Hint
from receivables.forms.answers import ActForm
from receivables.models import Receivable
from yingshou.approvals.models import Approval
from yingshou.audit.lifecycle import Outcome
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest
from yingshou.ui.lists import List

# What an address can name of what stayed behind; the result says how many more there are.
NAMED = 40
# Before these steps is said what looks as if it were entered twice.
LOOKED_AT = frozenset({"submit", "resubmit", "direct", "publish", "confirm"})


def run(
    request: AppRequest, act: Act, list_: List[Receivable], rows: QuerySet[Receivable], *, back: str
) -> HttpResponse:
    """Answer the POST of a step, from a list or from its own page."""
    try:
        picked = acts.pick(list_, rows, request.POST, act, at=request.at)
        is_said = bool(request.POST.get("said"))
        form = acts.form_of(act, picked, request.POST if is_said or not act.asks else None)
    except DomainError as error:
        messages.error(request, f"{error.message_text} {error.cure_text}".strip())
        return redirect(back)
    hints = [] if is_said or act.name not in LOOKED_AT else duplicates.hints(picked.rows, request.actor)
    if picked.rows and (is_said or (_goes_at_once(act, picked) and not hints)) and form.is_valid():
        try:
            result = acts.carry_out(act, picked, form, by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.place or ''} {error.message_text} {error.cure_text}".strip())
        else:
            return redirect(_result_url(request, act, picked, result, back))
    return _page(request, act, picked, form, back=back, hints=hints)


def _goes_at_once(act: Act, picked: Picked) -> bool:
    """Nothing is left to say or to look at: every row was seen, and agrees with the book where that is asked."""
    return not act.asks and not picked.left and not picked.is_all and (act.name != "confirm" or not picked.not_agreeing)


def _page(
    request: AppRequest, act: Act, picked: Picked, form: ActForm, *, back: str, hints: list[Hint]
) -> HttpResponse:
    fresh = form if request.POST.get("said") or act.asks else acts.form_of(act, picked, None)
    shown = form if form.is_bound and form.errors else fresh
    context = acts.context(act, picked, shown, back=back, action=request.path, hints=hints)
    return render(request, "receivables/act.html", context, status=422 if shown.errors else 200)


def _result_url(request: AppRequest, act: Act, picked: Picked, result: Approval | list[Outcome], back: str) -> str:
    if isinstance(result, Approval):
        left = [("left", str(one.row.pk)) for one in picked.left[:NAMED]]
        query = urlencode([*left, ("from", act.name)])
        return f"{reverse('receivables:asked', args=[result.pk])}?{query}"
    done = sum(outcome.ok for outcome in result)
    said = ngettext("%(title)s: %(n)s receivable.", "%(title)s: %(n)s receivables.", done)
    messages.success(request, said % {"title": act.title, "n": done})
    for outcome in result:
        if outcome.error is not None:
            messages.warning(request, f"{outcome.label} {outcome.error.message_text} {outcome.error.cure_text}")
    return back
