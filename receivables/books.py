"""The books of receivables: what holds about claims, their ledger, decisions and invoices, whoever wrote the rows (I1-I12)."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from receivables.states import APPEAL_LIFECYCLE, CHANGE_LIFECYCLE, DISPUTE_LIFECYCLE, FLAG_LIFECYCLE, LIFECYCLE
from yingshou.audit import books

_ROW: Final = "receivables.receivable"

BALANCES = """
select 'receivables.receivable', coalesce(b.receivable_id, e.receivable_id),
    concat(row(b.confirmed_amount, b.adjusted_amount, b.paid_amount, b.encumbered_amount, b.reserved_amount,
               b.retained_amount, b.overpaid_amount)::text, ' entries=',
           row(e.confirmed, e.adjusted, e.paid, e.encumbered, e.reserved, e.retained, e.overpaid)::text)
from receivables_receivablebalance b full join (
    select receivable_id,
        sum(direction * amount) filter (where bucket = 'CONFIRMED') as confirmed,
        sum(direction * amount) filter (where bucket = 'ADJUSTED') as adjusted,
        sum(direction * amount) filter (where bucket = 'PAID') as paid,
        sum(direction * amount) filter (where bucket = 'ENCUMBERED') as encumbered,
        sum(direction * amount) filter (where bucket = 'RESERVED') as reserved,
        sum(direction * amount) filter (where bucket = 'RETAINED') as retained,
        sum(direction * amount) filter (where bucket = 'OVERPAID') as overpaid
    from receivables_receivableentry group by receivable_id
) e on e.receivable_id = b.receivable_id
where (b.confirmed_amount, b.adjusted_amount, b.paid_amount, b.encumbered_amount, b.reserved_amount, b.retained_amount,
       b.overpaid_amount) is distinct from
      (coalesce(e.confirmed, 0), coalesce(e.adjusted, 0), coalesce(e.paid, 0), coalesce(e.encumbered, 0),
       coalesce(e.reserved, 0), coalesce(e.retained, 0), coalesce(e.overpaid, 0))
"""

# The CHECK of the table, said again: a constraint can be dropped.
NEVER_BELOW_ZERO = """
select 'receivables.receivable', receivable_id,
    concat('confirmed=', confirmed_amount, ' gone=', adjusted_amount + paid_amount, ' held=',
           encumbered_amount + reserved_amount + retained_amount)
from receivables_receivablebalance
where confirmed_amount < adjusted_amount + paid_amount + encumbered_amount + reserved_amount + retained_amount
   or least(confirmed_amount, paid_amount, encumbered_amount, reserved_amount, retained_amount, disputed_amount,
            open_cut_amount) < 0
"""

LEDGER_AND_CLAIM = """
select 'receivables.receivable', r.id,
    concat('state=', r.state, ' posted=', b.posted_at is not null, ' ledger=', b.confirmed_amount, ' claim=',
           coalesce(r.confirmed_amount, r.face_amount))
from receivables_receivable r left join receivables_receivablebalance b on b.receivable_id = r.id
where b.receivable_id is null
   or (b.posted_at is not null) is distinct from (r.state in ('CONFIRMED', 'DIRECT', 'SETTLED', 'WRITTEN_OFF'))
   or (b.posted_at is not null and b.confirmed_amount <> coalesce(r.confirmed_amount, r.face_amount))
   or (r.state in ('SETTLED', 'WRITTEN_OFF')
       and b.confirmed_amount - b.adjusted_amount - b.paid_amount + b.encumbered_amount + b.reserved_amount <> 0)
"""

HOLDINGS = """
select 'receivables.receivable', b.receivable_id,
    concat('encumbered=', b.encumbered_amount, '/', coalesce(h.encumbered, 0), ' reserved=', b.reserved_amount, '/',
           coalesce(h.reserved, 0), ' cut=', b.open_cut_amount, '/', coalesce(h.cut, 0))
from receivables_receivablebalance b left join (
    select receivable_id,
        sum(claim_amount) filter (where is_live and kind = 'ENCUMBRANCE') as encumbered,
        sum(claim_amount) filter (where is_live and kind = 'RESERVATION') as reserved,
        sum(cut_amount) filter (where is_cut_open) as cut
    from receivables_holding group by receivable_id
) h on h.receivable_id = b.receivable_id
where (b.encumbered_amount, b.reserved_amount, b.open_cut_amount) is distinct from
      (coalesce(h.encumbered, 0), coalesce(h.reserved, 0), coalesce(h.cut, 0))
union all
select 'receivables.holding', h.id, concat('claim=', h.claim_amount, ' live=', h.is_live, ' entries=', e.held)
from receivables_holding h left join (
    select holding_id, sum(direction * amount) as held from receivables_receivableentry
    where holding_id is not null group by holding_id
) e on e.holding_id = h.id
where h.claim_amount is distinct from coalesce(e.held, 0) or (not h.is_live and h.claim_amount <> 0)
"""

DISPUTED = """
select 'receivables.receivable', b.receivable_id,
    concat('disputed=', b.disputed_amount, ' open disputes=', coalesce(d.amount, 0), ' count=', coalesce(d.count, 0))
from receivables_receivablebalance b left join (
    select receivable_id, sum(disputed_amount) as amount, count(*) as count
    from receivables_dispute where state = 'OPEN' group by receivable_id
) d on d.receivable_id = b.receivable_id
where b.disputed_amount <> coalesce(d.amount, 0) or d.count > 1
"""

DECISIONS = """
select 'receivables.receivable', a.receivable_id, concat('version=', a.receivable_version, ' decisions=', count(*))
from receivables_confirmationact a where a.outcome <> 'ACKNOWLEDGED'
group by a.receivable_id, a.receivable_version having count(*) > 1
union all
select 'receivables.receivable', r.id,
    concat('state=', r.state, ' confirming=', coalesce(d.count, 0), ' amount=', r.confirmed_amount, '/', d.amount)
from receivables_receivable r full join (
    select receivable_id, count(*) filter (where outcome <> 'CHANGED') as count,
        (array_agg(confirmed_amount order by receivable_version desc))[1] as amount,
        (array_agg(confirmed_due_date order by receivable_version desc))[1] as due
    from receivables_confirmationact where outcome in ('CONFIRMED', 'CONFIRMED_IN_PART', 'PUBLISHED', 'CHANGED')
    group by receivable_id
) d on d.receivable_id = r.id
where coalesce(d.count, 0) <> (r.confirmed_at is not null)::int
   or (r.confirmed_amount, r.confirmed_due_date) is distinct from (d.amount, d.due)
"""

ACTS_AND_EVENTS = """
select 'receivables.receivable', a.receivable_id,
    concat('act=', a.id, ' outcome=', a.outcome, ' version=', a.receivable_version, ' person=', a.person_id, '/', e.person_id)
from receivables_confirmationact a
left join audit_auditevent e on e.object_type = 'receivables.receivable' and e.object_id = a.receivable_id
    and e.object_version = a.receivable_version + 1
where a.outcome <> 'ACKNOWLEDGED'
  and (e.id is null or (a.organisation_id, a.person_id) is distinct from (e.organisation_id, e.person_id)
       or e.kind is distinct from 'receivables.receivable.' || case a.outcome when 'CONFIRMED' then 'confirm'
           when 'CONFIRMED_IN_PART' then 'confirm_part' when 'RETURNED' then 'return' when 'REFUSED' then 'refuse'
           when 'PUBLISHED' then 'publish' when 'CHANGED' then 'accept_change' end)
"""

# An acknowledgement repeats the debtor's figures and freezes no document of its own.
ACTS_AND_APPROVALS = """
select 'receivables.receivable', a.receivable_id,
    concat('act=', a.id, ' approval=', a.approval_id, ' state=', p.state, ' signature=', a.signature_id, '/', p.signature_id)
from receivables_confirmationact a
left join approvals_approval p on p.id = a.approval_id
left join approvals_approvalline l on l.approval_id = a.approval_id and l.object_type = 'receivables.receivable'
    and l.object_id = a.receivable_id
where a.approval_id is not null and a.outcome <> 'ACKNOWLEDGED'
  and (l.id is null or p.state <> 'APPROVED' or p.organisation_id <> a.organisation_id
       or a.signature_id is distinct from p.signature_id
       or encode(sha256(convert_to(l.document, 'UTF8')), 'hex') <> a.document_hash)
"""

INVOICE_USES = """
select 'receivables.receivable', u.receivable_id, concat('invoice=', u.invoice_id, ' alive=', u.is_alive, ' state=', r.state)
from receivables_invoiceuse u join receivables_receivable r on r.id = u.receivable_id
where u.is_alive is distinct from (r.state not in ('REFUSED', 'WITHDRAWN', 'UNDONE'))
union all
select 'receivables.invoice', i.id, concat('gross=', i.gross_amount, ' used=', u.used, ' alive=', i.is_alive)
from receivables_invoice i left join (
    select invoice_id, sum(used_amount) as used from receivables_invoiceuse where is_alive group by invoice_id
) u on u.invoice_id = i.id
where coalesce(u.used, 0) > i.gross_amount or i.is_alive is distinct from (u.used is not null)
"""

FINGERPRINTS = """
select 'receivables.invoice', coalesce(u.invoice, 0),
    concat(encode(coalesce(f.digest, u.fingerprint), 'hex'), ' kept=', f.used_amount, ' used=', u.used, ' gross=',
           f.gross_amount, ' red=', f.red_amount)
from invoice_fingerprint f full join (
    select i.fingerprint, min(i.id) as invoice, sum(x.used_amount) as used
    from receivables_invoiceuse x join receivables_invoice i on i.id = x.invoice_id
    where x.is_alive group by i.fingerprint
) u on u.fingerprint = f.digest
where coalesce(f.used_amount, 0) <> coalesce(u.used, 0) or f.used_amount < 0
   or f.used_amount > f.gross_amount - f.red_amount
"""

# Who was asked before a claim was corrected, or made over to another debtor, keeps what it was told then.
PARTIES = """
with part as (
    select receivable_id, creditor_id, debtor_id, 'balance' as what from receivables_receivablebalance
    union all select receivable_id, creditor_id, debtor_id, 'entry' from receivables_receivableentry
    union all select receivable_id, creditor_id, debtor_id, 'invoice' from receivables_invoiceuse
    union all select receivable_id, creditor_id, debtor_id, 'evidence' from receivables_evidence
    union all select receivable_id, creditor_id, debtor_id, 'dispute' from receivables_dispute
    union all select receivable_id, creditor_id, debtor_id, 'change' from receivables_changerequest
)
select 'receivables.receivable', r.id, concat(p.what, '=', p.creditor_id, '/', p.debtor_id)
from part p join receivables_receivable r on r.id = p.receivable_id
where p.creditor_id <> r.creditor_id or (p.debtor_id is not null and p.debtor_id is distinct from r.debtor_id)
   or (p.what in ('invoice', 'evidence') and p.debtor_id is not null
       and r.state in ('DRAFT', 'UNDONE') and r.origin <> 'DEBTOR_UPLOAD')
union all
select 'receivables.receivable', m.receivable_id, concat('match=', m.organisation_id)
from receivables_bookmatch m join receivables_receivable r on r.id = m.receivable_id
where m.organisation_id is distinct from r.debtor_id
  and not exists (select 1 from audit_auditevent e where e.object_type = 'receivables.receivable'
                  and e.object_id = r.id and m.organisation_id = any(e.audience))
"""

READERS = """
with told as (
    select e.object_id, reader from audit_auditevent e
    join receivables_receivable r on r.id = e.object_id
    cross join lateral unnest(e.audience) reader
    where e.object_type = 'receivables.receivable'
      and not (e.audience <@ array[r.creditor_id, coalesce(r.debtor_id, r.creditor_id)])
    union
    select m.object_id, m.organisation_id from notifications_message m
    where m.object_type = 'receivables.receivable' and m.object_id is not null
    union
    select l.object_id, reader from signing_signedline l cross join lateral unnest(l.audience) reader
    where l.object_type = 'receivables.receivable'
)
select 'receivables.receivable', t.object_id, concat('organisation=', t.reader)
from told t left join receivables_receivable r on r.id = t.object_id
where (r.id is null or t.reader not in (r.creditor_id, coalesce(r.debtor_id, r.creditor_id)))
  and not exists (select 1 from receivables_confirmationact a where a.receivable_id = t.object_id and a.debtor_id = t.reader)
  and not exists (select 1 from receivables_holding h where h.receivable_id = t.object_id and h.holder_id = t.reader)
  and not exists (select 1 from tenancy_accessgrant g where g.object_type = 'receivables.receivable'
                  and g.object_id = t.object_id and g.organisation_id = t.reader)
"""

FILES = """
select 'documents.storedfile', f.id, concat('organisation=', reader)
from documents_storedfile f cross join lateral unnest(f.audience) reader
where reader <> f.organisation_id
  and not exists (select 1 from identity_organisation o where o.id = reader and 'platform_operator' = any(o.capabilities))
  and not exists (
      select 1 from receivables_evidence v join receivables_receivable r on r.id = v.receivable_id
      where v.file_id = f.id and reader in (r.creditor_id, r.debtor_id))
  and not exists (select 1 from receivables_confirmationact a where a.creditor_id = f.organisation_id and a.debtor_id = reader)
"""

CHANGES = """
select 'receivables.changerequest', min(c.id), concat('receivable=', c.receivable_id, ' open=', count(*))
from receivables_changerequest c where c.state = 'OPEN' group by c.receivable_id having count(*) > 1
union all
select 'receivables.changerequest', c.id, concat('receivable=', c.receivable_id, ' state=', c.state, ' act=', a.id)
from receivables_changerequest c
left join receivables_confirmationact a on a.receivable_id = c.receivable_id and a.outcome = 'CHANGED'
    and a.receivable_version = c.receivable_version
    and (a.confirmed_amount, a.confirmed_due_date) = (c.new_amount, c.new_due_date)
where (c.state = 'ACCEPTED') is distinct from (a.id is not null)
  and (c.state = 'ACCEPTED' or not exists (
      select 1 from receivables_changerequest o where o.receivable_id = c.receivable_id and o.state = 'ACCEPTED'
      and o.receivable_version = c.receivable_version))
"""

DEADLINES = """
select 'receivables.receivable', r.id, concat('asked=', r.confirm_requested_at, ' deadline=', r.confirm_deadline)
from receivables_receivable r
where r.state = 'PENDING_CONFIRM' and r.debtor_id is not null
  and (r.confirm_requested_at is null or r.confirm_deadline is null
       or r.confirm_deadline < (r.confirm_requested_at at time zone 'Asia/Shanghai')::date)
union all
select 'receivables.changerequest', c.id, concat('proposed=', c.proposed_at, ' expires=', c.expires_on)
from receivables_changerequest c
where c.state = 'OPEN' and c.expires_on < (c.proposed_at at time zone 'Asia/Shanghai')::date
"""

# Told by the jobs themselves, whatever the clock says: one that was asked for later than the end, and is done, passed it over.
ENDED = """
with done (name, asked_at) as (
    select name, max(asked_at) from jobs_job where state = 'DONE'
    and name in ('receivables.expire_reservations', 'receivables.lapse_changes') group by name
)
select 'receivables.holding', h.id, concat('expires=', h.expires_at)
from receivables_holding h join done d on d.name = 'receivables.expire_reservations'
where h.is_live and h.kind = 'RESERVATION' and not h.expiry_paused and h.expires_at < d.asked_at - interval '1 hour'
union all
select 'receivables.changerequest', c.id, concat('expires=', c.expires_on)
from receivables_changerequest c join done d on d.name = 'receivables.lapse_changes'
where c.state = 'OPEN' and c.expires_on < (d.asked_at at time zone 'Asia/Shanghai')::date - 1
"""

IMPORTED = """
select 'documents.importbatch', b.id, concat('accepted=', coalesce(w.rows, 0), ' receivables=', coalesce(r.rows, 0))
from documents_importbatch b
left join (select batch_id, count(*) as rows, count(distinct result_id) as results from documents_importrow
           where result_type = 'receivables.receivable' and state in ('ACCEPTED', 'UNDONE') group by batch_id) w
    on w.batch_id = b.id
left join (select batch_id, count(*) as rows from receivables_receivable where batch_id is not null group by batch_id) r
    on r.batch_id = b.id
where b.state <> 'ACCEPTING' and (coalesce(w.rows, 0), coalesce(w.results, 0)) is distinct from
      (coalesce(r.rows, 0), coalesce(r.rows, 0))
"""


def register() -> None:
    """Put the books of receivables with the others."""
    books.life("receivables.Receivable", "receivables_receivable", LIFECYCLE, edits=["change"])
    books.life("receivables.Dispute", "receivables_dispute", DISPUTE_LIFECYCLE)
    books.life("receivables.ChangeRequest", "receivables_changerequest", CHANGE_LIFECYCLE)
    books.life("receivables.LikenessFlag", "receivables_likenessflag", FLAG_LIFECYCLE)
    books.life("receivables.Appeal", "receivables_appeal", APPEAL_LIFECYCLE)
    for code, sentence, sql in (
        ("balances", _("Every balance is the sum of its entries."), BALANCES),
        ("never_below_zero", _("Nobody holds, and nothing is gone, beyond what was confirmed."), NEVER_BELOW_ZERO),
        ("ledger_and_claim", _("A claim is in the ledger once it is confirmed, with its amount."), LEDGER_AND_CLAIM),
        ("holdings", _("What is reserved, encumbered and cut is the sum of the holdings."), HOLDINGS),
        ("disputed", _("What is blocked is what is in dispute, and one dispute is open at a time."), DISPUTED),
        ("decisions", _("A version is decided once, and what is confirmed is what was decided."), DECISIONS),
        ("acts_and_events", _("Every decision has its event, by the same person."), ACTS_AND_EVENTS),
        (
            "acts_and_approvals",
            _("A decision that was submitted rests on the approved document and its signature."),
            ACTS_AND_APPROVALS,
        ),
        ("invoice_uses", _("An invoice is used by living claims, up to its amount."), INVOICE_USES),
        ("fingerprints", _("Fingerprints hold what living claims use of an invoice, up to its amount."), FINGERPRINTS),
        ("parties", _("Entries, invoices and papers belong to the parties of their claim."), PARTIES),
        ("readers", _("Nobody is told of a claim who is not a party, a holder or let in."), READERS),
        ("files", _("Papers are open to those whose claims they prove."), FILES),
        ("changes", _("One change is open at a time, and every agreed one has its act."), CHANGES),
        ("deadlines", _("What waits for an answer has its date."), DEADLINES),
        ("ended", _("What a finished job should have ended is ended."), ENDED),
        ("imported", _("Every accepted row became one claim, and no other claim names the batch."), IMPORTED),
    ):
        books.register(f"receivables.{code}", sentence, sql)
    for model in ("Invoice", "InvoiceUse", "Evidence", "ReceivableBalance", "ReceivableEntry", "Holding", "BookMatch"):
        books.accounted(f"receivables.{model}", "belongs to a receivable, whose events tell of it")
    books.accounted("receivables.ConfirmationAct", "books acts_and_events and decisions")
    for model in ("ClaimTrait", "AnswerProgress", "AnswerRouting", "AnswerLink", "LinkAnswer"):
        books.accounted(f"receivables.{model}", "made from a receivable and its events, which tell of it")
    for model in ("AnswerPolicy", "Department", "Substitute"):
        books.accounted(f"receivables.{model}", "how one organisation divides its work, without effect on what is owed")
    books.accounted("receivables.PayableLine", "private, without legal effect; the events of its import tell of it")
