"""The books of approvals: two people, whole lists, one open change of an object at a time."""

from django.utils.translation import gettext_lazy as _

from yingshou.approvals.states import LIFECYCLE
from yingshou.audit import books

FOUR_EYES = """
select 'approvals.approval', a.id,
    concat('state=', a.state, ' maker=', a.maker_id, ' checker=', a.checker_id, ' asked by=', s.person_id)
from approvals_approval a
left join audit_auditevent s on s.object_type = 'approvals.approval' and s.object_id = a.id and s.object_version = 1
where (a.needs_second_person and a.checker_id = a.maker_id)
   or (a.state in ('APPROVED', 'REJECTED') and a.checker_id is null)
   or s.person_id is distinct from a.maker_id
   or (a.checker_id is not null and not exists (
       select 1 from audit_auditevent d where d.object_type = 'approvals.approval' and d.object_id = a.id
       and d.object_version > 1 and d.person_id = a.checker_id))
"""

LINES = """
select 'approvals.approval', a.id,
    concat('lines=', a.line_count, '/', coalesce(l.lines, 0), ' total=', a.total_amount, '/', coalesce(l.total, 0),
           ' altered=', coalesce(l.altered, 0))
from approvals_approval a left join (
    select approval_id, count(*) as lines, coalesce(sum(amount), 0) as total,
        count(*) filter (where sha256('\\x00'::bytea || convert_to(document, 'UTF8')) <> leaf_hash) as altered
    from approvals_approvalline group by approval_id
) l on l.approval_id = a.id
where (a.line_count, a.total_amount) is distinct from (coalesce(l.lines, 0), coalesce(l.total, 0)) or l.altered > 0
"""

OPEN_CHANGES = """
select l.object_type, l.object_id, concat('open changes=', count(*)) from approvals_approvalline l
where l.is_live group by l.object_type, l.object_id having count(*) > 1
union all
select 'approvals.approval', a.id, concat('state=', a.state, ' line=', l.position, ' live=', l.is_live)
from approvals_approvalline l join approvals_approval a on a.id = l.approval_id
where l.is_live is distinct from (a.state in ('SUBMITTED', 'SIGNED_WAITING_PROOF'))
"""

SIGNED = """
select 'approvals.approval', a.id, concat('signature=', a.signature_id, ' of=', s.object_type, ' ', s.object_id)
from approvals_approval a left join signing_signatureevidence s on s.id = a.signature_id
where (a.state = 'APPROVED' and a.needs_signature and a.signature_id is null)
   or (a.signature_id is not null
       and (s.id is null or s.organisation_id <> a.organisation_id or s.manifest_root <> a.manifest_root
            or s.object_type <> 'approvals.approval' or s.object_id <> a.id))
"""

POLICIES = """
select 'approvals.approvalpolicy', p.id, concat('action=', p.action, ' organisation=', p.organisation_id)
from approvals_approvalpolicy p
where not exists (select 1 from audit_auditevent e where e.object_type = 'approvals.approvalpolicy' and e.object_id = p.id
                  and e.body ->> 'action' = p.action and e.organisation_id = p.organisation_id)
"""


def register() -> None:
    """Put the books of approvals with the others."""
    books.life("approvals.Approval", "approvals_approval", LIFECYCLE)
    for code, sentence, sql in (
        ("four_eyes", _("Who checks is not who made it, and both are who the events name."), FOUR_EYES),
        ("lines", _("A submission has the lines, the total and the documents it was made with."), LINES),
        ("open_changes", _("One change of an object is open at a time, and decided ones are not."), OPEN_CHANGES),
        ("signed", _("What was approved with a signature is what was signed."), SIGNED),
        ("policies", _("Every policy was set by somebody."), POLICIES),
    ):
        books.register(f"approvals.{code}", sentence, sql)
    books.accounted("approvals.ApprovalLine", "book lines; its approval's events tell of it")
    books.accounted("approvals.ApprovalPolicy", "book policies")
