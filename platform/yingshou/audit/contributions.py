"""What audit registers of itself, and the books of the apps that stand below it."""

from django.utils.translation import gettext_lazy as _

from yingshou.audit import books
from yingshou.tenancy import classes
from yingshou.tenancy.classes import RowClass

classes.register("audit.AuditEvent", RowClass.TENANT)
classes.register("audit.AccessEvent", RowClass.TENANT)

books.register(
    "tenancy.grants", _("An object is open to another organisation while a reason for it lives."), books.reasons_sql
)
# The real clock: leases and the sweeper follow it, also where the sample city has moved its own.
books.register(
    "jobs.open",
    _("A job that is due is taken up, and one whose worker died is given back."),
    "select 'jobs.job', id, concat(name, ' state=', state, ' run=', run_at, ' lease=', lease_until) from jobs_job "
    "where (state = 'QUEUED' and greatest(run_at, created_at) < now() - interval '1 hour') "
    "or (state = 'RUNNING' and lease_until < now() - interval '1 hour')",
)
books.register(
    "jobs.ended",
    _("A job that is over says when it ended, and holds no lease."),
    "select 'jobs.job', id, concat(name, ' state=', state) from jobs_job where state not in ('QUEUED', 'RUNNING') "
    "and (state not in ('DONE', 'FAILED') or finished_at is null or lease_until is not null)",
)
books.register(
    "jobs.answers",
    _("Every key that was used has its answer."),
    "select 'jobs.idempotencykey', id, route from jobs_idempotencykey where location = ''",
)
books.accounted("audit.AuditEvent", "it is the event")
books.accounted("audit.AccessEvent", "it is the event")
books.accounted("jobs.Job", "books open and ended; the act that asked for it is told")
books.accounted("jobs.IdempotencyKey", "book answers")
books.accounted("ui.SavedView", "a convenience of one person, without effect on anybody's rows")
