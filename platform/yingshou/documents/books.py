"""The books of imports: as many rows as were read, the totals they add up to, no batch that nobody works on."""

from django.utils.translation import gettext_lazy as _

from yingshou.audit import books
from yingshou.documents.kinds import import_kinds
from yingshou.documents.states import LIFECYCLE

COUNTS = """
select 'documents.importbatch', b.id, concat('state=', b.state, ' read=', b.rows_read, ' kept=', coalesce(r.rows, 0), ' counts=',
    (b.counts - 'WARNED')::text, '/', r.counts::text)
from documents_importbatch b left join (
    select batch_id, sum(rows) as rows, jsonb_object_agg(state, rows) as counts
    from (select batch_id, state, count(*) as rows from documents_importrow group by batch_id, state) s group by batch_id
) r on r.batch_id = b.id
where b.state in ('CHECKED', 'DONE', 'UNDONE')
  and (b.rows_read <> coalesce(r.rows, 0) or b.counts - 'WARNED' is distinct from coalesce(r.counts, '{}')
       or (b.state <> 'CHECKED' and r.counts ? 'READY'))
"""

WORKED_ON = """
select 'documents.importbatch', b.id, concat('state=', b.state, ' job=', b.job_id, ' ', j.state)
from documents_importbatch b left join jobs_job j on j.id = b.job_id
where b.state in ('RECEIVED', 'READING', 'ACCEPTING') and (j.id is null or j.state in ('DONE', 'FAILED'))
"""


def totals() -> str:
    """The sums that a batch shows are those of its rows; where a kind has an amount."""
    kinds = []
    for kind in import_kinds.values():
        if not kind.amount_column:
            continue
        names = [column.name for column in kind.columns]
        amount = names.index(kind.amount_column) + 1
        currency = f"r.data[{names.index(kind.currency_column) + 1}]" if kind.currency_column else "'CNY'"
        # Names of kinds and places of columns are constants of our own code.
        kinds.append(
            f"select r.batch_id, r.state, coalesce({currency}, 'CNY') as currency, sum(r.data[{amount}]::bigint) as amount "  # noqa: S608
            "from documents_importrow r join documents_importbatch b on b.id = r.batch_id "
            f"where b.kind = '{kind.name}' and b.state in ('CHECKED', 'DONE', 'UNDONE') group by 1, 2, 3"
        )
    known = ", ".join(f"'{kind.name}'" for kind in import_kinds.values() if kind.amount_column)
    return f"""
        with shown as (
            select b.id as batch_id, t ->> 'state' as state, t ->> 'currency' as currency, (t ->> 'amount')::bigint as amount
            from documents_importbatch b cross join lateral jsonb_array_elements(b.totals) t
            where b.state in ('CHECKED', 'DONE', 'UNDONE') and b.kind in ({known})
        ), kept as (select * from ({" union all ".join(kinds)}) k where k.amount is not null)
        select 'documents.importbatch', coalesce(s.batch_id, k.batch_id),
            concat(coalesce(s.state, k.state), ' ', coalesce(s.currency, k.currency), ' shown=', s.amount, ' rows=', k.amount)
        from shown s full join kept k on (k.batch_id, k.state, k.currency) = (s.batch_id, s.state, s.currency)
        where s.amount is distinct from k.amount
    """  # noqa: S608


def register() -> None:
    """Put the books of imports with the others."""
    books.life("documents.ImportBatch", "documents_importbatch", LIFECYCLE)
    for code, sentence, sql in (
        ("counts", _("Rows read are the rows accepted, refused and known together."), COUNTS),
        ("totals", _("The totals of an import are the sums of its rows."), totals),
        ("worked_on", _("A batch that is being worked on has a job that has not ended."), WORKED_ON),
    ):
        books.register(f"documents.{code}", sentence, sql)
    books.accounted("documents.ImportRow", "book counts; its batch's events tell of it")
    books.accounted("documents.StoredFile", "an import, a claim or a form refers to it, and their events tell of it")
    books.accounted("documents.AnnotatedCopy", "made again from the batch at any time")
    books.accounted("documents.Layout", "a convenience of one organisation, without effect on anybody's rows")
