"""Pages of imports, and the download of files."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yingshou.audit.selectors import timeline
from yingshou.documents import actions, files, presenters, selectors, workbooks
from yingshou.documents.forms import EncodingForm, MappingForm, UploadForm
from yingshou.documents.kinds import ImportKind, import_kinds
from yingshou.documents.models import ImportBatch, StoredFile
from yingshou.documents.states import LIFECYCLE, State
from yingshou.jobs.idempotency import idempotent
from yingshou.jobs.models import Job
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RUNNING = frozenset({State.RECEIVED, State.READING, State.ACCEPTING})
STOP_POLLING = 286
SAMPLE_BYTES = 160


def _kind(request: AppRequest, name: str) -> ImportKind:
    found = dict(import_kinds.items()).get(name)
    if found is None:
        raise Http404
    if not request.actor.may(found.permission):
        raise actions.MayNotImport(title=str(found.title))
    return found


def _batch(request: AppRequest, batch_id: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.visible_to(request.actor).select_related("file"), pk=batch_id)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _attachment(response: HttpResponseBase, name: str) -> HttpResponseBase:
    """What was uploaded is never shown by us: always saved, never sniffed, and without rights should it be opened."""
    plain = "".join(character if character.isascii() and character not in '"\\' else "_" for character in name)
    response["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


@page("documents.read")
def download(request: AppRequest, file_id: int) -> HttpResponseBase:
    """A stored file, to those who may read it."""
    stored = get_object_or_404(StoredFile.objects.visible_to(request.actor), pk=file_id)
    path = files.path_of(stored.sha256)
    if not path.exists():
        raise files.FileMissing(name=stored.name)
    response = FileResponse(path.open("rb"), content_type=stored.media_type)
    return _attachment(response, stored.name)


@page("documents.read")
def imports(request: AppRequest) -> HttpResponse:
    """Every import of the organisation, newest first, and what can be uploaded."""
    batches, before = selectors.batches(request.actor, _number(request.GET.get("before")))
    kinds = selectors.kinds_for(request.actor)
    rows = [(one, presenters.TONES.get(one.state, "")) for one in batches]
    return render(request, "documents/imports.html", {"rows": rows, "before": before, "kinds": kinds})


@page("documents.import", methods=["GET", "POST"])
@idempotent
def upload(request: AppRequest, kind: str) -> HttpResponse:
    """Upload a file of one kind; it is read and checked, nothing is taken over yet."""
    found = _kind(request, kind)
    if found.upload_url is not None:
        return redirect(found.upload_url())
    form = UploadForm(found, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            stored = actions.store(sent.name, sent, by=request.actor, at=request.at, purpose=files.IMPORT)
            batch = actions.receive(found.name, stored, by=request.actor, at=request.at, options=form.options)
        except DomainError as error:
            form.add_error("file", f"{error.message_text} {error.cure_text}")
        else:
            return redirect("documents:batch", batch.pk)
    status = 422 if form.is_bound else 200
    return render(request, "documents/upload.html", {"form": form, "kind": found}, status=status)


@page("documents.import")
def template(request: AppRequest, kind: str, form: str) -> HttpResponseBase:
    """The template of a kind, as a workbook or as CSV."""
    found = _kind(request, kind)
    if not found.has_template:
        raise Http404
    name = f"{found.title}-{found.template_version}.{form}"
    if form == "xlsx":
        return _attachment(FileResponse(workbooks.xlsx_template(found), content_type=XLSX), name)
    if form == "csv":
        return _attachment(HttpResponse(workbooks.csv_template(found), content_type="text/csv; charset=utf-8"), name)
    raise Http404


@page("documents.read")
def batch(request: AppRequest, batch_id: int) -> HttpResponse:
    """One import: how far it is, what was found, what can be done next."""
    found = _batch(request, batch_id)
    which = request.GET.get("show") or ("error" if found.error_count else "new")
    if which not in {*selectors.FILTERS, "warned"}:
        raise Http404
    columns, lines, after = selectors.row_lines(found, which, _number(request.GET.get("after")) or 0)
    may = request.actor.may("documents.import") and request.actor.may(found.import_kind.permission)
    job = Job.objects.visible_to(request.actor).filter(pk=found.job_id or 0).first()
    context = {
        "batch": found,
        "kind": found.import_kind,
        "tone": presenters.TONES.get(found.state, ""),
        "is_running": found.state in RUNNING,
        "job": job,
        "copy": selectors.copy_of(found, get_language() or settings.LANGUAGE_CODE, request.actor),
        "undo_failed": job is not None and job.name == actions.UNDO_JOB and job.state == "FAILED",
        "undo_waits": job is not None and job.name == actions.UNDO_JOB and not job.is_over,
        "figures": presenters.figures(found),
        "notes": presenters.notes(found),
        "refusal": presenters.refusal(found),
        "sheets": selectors.recognised(found),
        "show": which,
        "lines": lines,
        "after": after,
        "columns": columns,
        "chips": presenters.chips(found, which),
        "available": {step.event for step in LIFECYCLE.available(found.state, "owner")} if may else set(),
        "result_url": found.import_kind.result_url(found.pk) if found.import_kind.result_url else "",
        "story": timeline("documents.importbatch", found.pk, actor=request.actor),
    }
    return render(request, "documents/batch.html", context)


@page("documents.read")
def progress(request: AppRequest, batch_id: int) -> HttpResponse:
    """How far the work on a batch is; when it is over, the page is loaded again with its result."""
    found = _batch(request, batch_id)
    copy = selectors.copy_of(found, get_language() or settings.LANGUAGE_CODE, request.actor)
    is_read = found.state in RUNNING
    job = Job.objects.visible_to(request.actor).filter(pk=found.job_id or 0).first() if is_read else None
    if not is_read and copy is not None:
        job = copy.job
    is_over = job is None or job.is_over
    context = {"batch": found, "job": job, "copying": not is_read}
    response = render(request, "documents/progress.html", context, status=STOP_POLLING if is_over else 200)
    if is_over:
        response["HX-Refresh"] = "true"
    return response


@page("documents.import", methods=["GET", "POST"])
@idempotent
def mapping(request: AppRequest, batch_id: int) -> HttpResponse:
    """Answer what the reader could not tell: which column is which, or which encoding the text has."""
    found = _batch(request, batch_id)
    question = found.question
    if found.state != State.QUESTION or question is None:
        return redirect("documents:batch", found.pk)
    if question["about"] == "facts":
        assert found.import_kind.answer_url is not None, "a kind that asks has a page that asks"
        return redirect(found.import_kind.answer_url(found.pk))
    posted = request.POST if request.method == "POST" else None
    form: MappingForm | EncodingForm
    if question["about"] == "encoding":
        with files.path_of(found.file.sha256).open("rb") as stream:
            form = EncodingForm(stream.read(SAMPLE_BYTES), posted)
    else:
        form = MappingForm(found.import_kind, question, posted)
    if posted is not None and form.is_valid():
        try:
            if isinstance(form, EncodingForm):
                actions.choose_encoding(found.pk, form.cleaned_data["encoding"], by=request.actor, at=request.at)
            else:
                actions.map_columns(found.pk, form.mapping, by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            return redirect("documents:batch", found.pk)
    context = {"batch": found, "kind": found.import_kind, "form": form, "question": question}
    return render(request, "documents/mapping.html", context, status=422 if form.errors else 200)


@page("documents.import", methods=["POST"])
@idempotent
def accept(request: AppRequest, batch_id: int) -> HttpResponse:
    """Take over all good rows."""
    actions.accept(batch_id, by=request.actor, at=request.at)
    return redirect("documents:batch", batch_id)


@page("documents.import", methods=["POST"])
@idempotent
def cancel(request: AppRequest, batch_id: int) -> HttpResponse:
    """Drop the import; nothing was taken over."""
    actions.cancel(batch_id, by=request.actor, at=request.at)
    messages.success(request, _("Cancelled; nothing was taken over."))
    return redirect("documents:batch", batch_id)


@page("documents.import", methods=["POST"])
@idempotent
def undo(request: AppRequest, batch_id: int) -> HttpResponse:
    """Take back everything the import made, while nobody acted on it."""
    actions.undo(batch_id, by=request.actor, at=request.at)
    return redirect("documents:batch", batch_id)


@page("documents.read", methods=["POST"])
@idempotent
def annotated(request: AppRequest, batch_id: int) -> HttpResponse:
    """Ask for the user's own file with a reason beside each row that is not taken over; the page then offers it."""
    actions.annotate(batch_id, get_language() or settings.LANGUAGE_CODE, by=request.actor, at=request.at)
    return redirect(reverse("documents:batch", args=[batch_id]) + "#copy")
