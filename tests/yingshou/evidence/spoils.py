"""One fault for every book, as somebody who administers the database can plant it; more where a book says several things."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spoil:
    """
    A planted fault.

    :param names: object type and object (an id, or a name of the town's) that the book must name; None where any will do
    :param also: other books that the same fault breaks
    :param without: constraints, as `table.name`, dropped first
    """

    book: str
    sql: str
    names: tuple[str, str | int | None]
    also: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()
    without_indexes: tuple[str, ...] = ()
    note: str = ""
    name: str = field(default="", compare=False)


def _spoil(
    book: str, names: tuple[str, str | int | None], sql: str, *, note: str = "", also: str = "", **more: tuple[str, ...]
) -> Spoil:
    return Spoil(
        book=book,
        sql=sql,
        names=names,
        also=frozenset(also.split()),
        note=note,
        name=f"{book} {note}".strip(),
        **more,
    )


ROW = "receivables.receivable"
R, B, E, H = (
    "receivables_receivable",
    "receivables_receivablebalance",
    "receivables_receivableentry",
    "receivables_holding",
)
ACT = "receivables_confirmationact"
_BELOW = (f"{B}.balance_never_below_zero",)


def _lives() -> list[Spoil]:
    """Version and path of every model with a life."""
    found = []
    for kind, table, which, target in (
        (ROW, R, "draft", "WITHDRAWN"),
        ("receivables.dispute", "receivables_dispute", "dispute", "RESOLVED"),
        ("receivables.changerequest", "receivables_changerequest", "proposed", "LAPSED"),
        ("approvals.approval", "approvals_approval", "waiting", "WITHDRAWN"),
        ("documents.importbatch", "documents_importbatch", "batch", "CANCELLED"),
        ("identity.organisation", "identity_organisation", "stranger", "SUSPENDED"),
    ):
        found += [
            _spoil(
                f"{kind}.versions", (kind, which), f"update {table} set version = version + 1 where id = %({which})s",
                note="counted on", also=_ALSO.get((kind, "version"), ""),
            ),
            _spoil(
                f"{kind}.versions",
                (kind, which),
                f"delete from audit_auditevent where object_type = '{kind}' and object_id = %({which})s "
                "and object_version = 1",
                note="first event removed", also=f"{kind}.path {_ALSO.get((kind, 'event'), '')}",
            ),
            _spoil(
                f"{kind}.path", (kind, which), f"update {table} set state = '{target}' where id = %({which})s",
                note="state without a step", also=_ALSO.get((kind, "state"), ""), without=_FACTS.get(kind, ()),
            ),
        ]  # fmt: skip
    return found


_ALSO = {
    (ROW, "version"): "",
    (ROW, "state"): "receivables.invoice_uses receivables.fingerprints receivables.parties",
    ("receivables.dispute", "state"): "receivables.disputed",
    ("approvals.approval", "event"): "approvals.four_eyes",
    ("approvals.approval", "state"): "approvals.open_changes approvals.four_eyes",
    ("documents.importbatch", "state"): "",
}
_FACTS = {
    ROW: (f"{R}.rcv_closed_has_time",),
    "receivables.dispute": ("receivables_dispute.dispute_closed_has_time",),
    "receivables.changerequest": ("receivables_changerequest.change_closed_has_time",),
}

_EVENT = (
    "insert into audit_auditevent (organisation_id, actor_kind, actor_label, kind, object_type, object_id, object_version, "
    "audience, at, request_id, body) values (%(creditor)s, 'system', '', {}, now(), '', {})"
)

_APPEAL = (
    "insert into receivables_appeal (organisation_id, organisation_name, rule, invoice_number, data, reason, raised_at, due_on, "
    "closed_at, version, state, outcome) values (%(creditor)s, 'X', 'SPLIT', '', '1', '1', now(), now(), now(), 1, {})"
)
_UPHELD = _APPEAL.format("'UPHELD', 'x'")

SPOILS: tuple[Spoil, ...] = (
    *_lives(),
    _spoil(
        f"{ROW}.path",
        (ROW, "draft"),
        _EVENT.format(
            f"'{ROW}.confirm', '{ROW}', %(draft)s, 2, array[%(creditor)s]", '\'{"from": "DRAFT", "to": "CONFIRMED"}\''
        ),
        note="a step that does not exist",
        also=f"{ROW}.versions",
    ),
    _spoil(
        "signing.certificate.versions",
        ("signing.certificate", None),
        "update signing_certificate set version = 9",
    ),
    _spoil(
        "signing.certificate.path",
        ("signing.certificate", None),
        "update signing_certificate set state = 'WITHDRAWN', withdrawn_at = now()",
    ),
    _spoil(
        "receivables.likenessflag.versions",
        ("receivables.likenessflag", None),
        "update receivables_likenessflag set version = 9",
    ),
    _spoil(
        "receivables.likenessflag.path",
        ("receivables.likenessflag", None),
        "update receivables_likenessflag set state = 'MERGED', closed_at = now()",
    ),
    _spoil(
        "receivables.appeal.versions",
        ("receivables.appeal", None),
        _APPEAL.format("'OPEN', ''"),
        also="receivables.appeal.path",
    ),
    _spoil(
        "receivables.appeal.path",
        ("receivables.appeal", None),
        f"with a as ({_UPHELD} returning id) "
        "insert into audit_auditevent (organisation_id, actor_kind, actor_label, kind, object_type, object_id, object_version, "
        "audience, at, request_id, body) select %(creditor)s, 'system', '', 'receivables.appeal.raise', 'receivables.appeal', "
        """id, 1, array[%(creditor)s], now(), '', '{"from": null, "to": "OPEN"}' from a""",
    ),
    _spoil(
        "signing.licenceholder.versions",
        ("signing.licenceholder", 4711),
        _EVENT.format(
            "'signing.licenceholder.ask', 'signing.licenceholder', 4711, 1, array[%(creditor)s]", '\'{"to": "ASKED"}\''
        ),
        note="a row removed",
    ),
    _spoil(
        "signing.licenceholder.path",
        ("signing.licenceholder", 4711),
        _EVENT.format(
            "'signing.licenceholder.link', 'signing.licenceholder', 4711, 1, array[%(creditor)s]",
            '\'{"from": "ENDED", "to": "LINKED"}\'',
        ),
        note="a step that does not exist",
        also="signing.licenceholder.versions",
    ),
    # --- the ledger -------------------------------------------------------------------------------------------------
    _spoil(
        "receivables.balances",
        (ROW, "financed"),
        f"update {B} set paid_amount = paid_amount - 1 where receivable_id = %(financed)s",
    ),
    _spoil(
        "receivables.balances",
        (ROW, "financed"),
        f"delete from {E} where receivable_id = %(financed)s and type = 'PAYMENT'",
        note="entry removed",
    ),
    _spoil(
        "receivables.balances",
        (ROW, "confirmed"),
        f"insert into {E} (receivable_id, creditor_id, debtor_id, type, bucket, direction, amount, reference_type, source, "
        "value_date, posted_at) values (%(confirmed)s, %(creditor)s, %(debtor)s, 'PAYMENT', 'PAID', 1, 500, '', '', now(), now())",
        note="entry slipped in",
    ),
    _spoil(
        "receivables.never_below_zero",
        (ROW, "confirmed"),
        f"update {B} set paid_amount = confirmed_amount + 1 where receivable_id = %(confirmed)s",
        also="receivables.balances",
        without=_BELOW,
    ),
    _spoil(
        "receivables.ledger_and_claim",
        (ROW, "confirmed"),
        f"update {B} set posted_at = null where receivable_id = %(confirmed)s",
        note="not posted",
    ),
    _spoil(
        "receivables.ledger_and_claim",
        (ROW, "draft"),
        f"delete from {B} where receivable_id = %(draft)s",
        note="no balance",
    ),
    _spoil(
        "receivables.holdings",
        ("receivables.holding", "reservation"),
        f"update {H} set claim_amount = claim_amount + 1 where id = %(reservation)s",
        note="enlarged",
    ),
    _spoil(
        "receivables.holdings",
        (ROW, "financed"),
        f"update {H} set is_live = false, ended_at = now() where id = %(encumbrance)s",
        note="ended in silence",
    ),
    _spoil(
        "receivables.disputed",
        (ROW, "disputed"),
        f"update {B} set disputed_amount = 0 where receivable_id = %(disputed)s",
        note="unblocked",
    ),
    _spoil(
        "receivables.disputed",
        (ROW, "disputed"),
        "insert into receivables_dispute (receivable_id, creditor_id, debtor_id, opened_by_id, disputed_amount, reason_code, "
        "comment, answer, resolution, state, version, opened_at) select receivable_id, creditor_id, debtor_id, opened_by_id, "
        "100, reason_code, comment, answer, resolution, state, version, opened_at from receivables_dispute where id = %(dispute)s",
        note="a second one open",
        also="receivables.dispute.versions",
        without_indexes=("dispute_one_open",),
    ),
    # --- decisions --------------------------------------------------------------------------------------------------
    _spoil(
        "receivables.decisions",
        (ROW, "confirmed"),
        f"insert into {ACT} (receivable_id, creditor_id, debtor_id, receivable_version, document_hash, outcome, basis, "
        "reason_code, comment, channel, organisation_id, person_id, at) select receivable_id, creditor_id, debtor_id, "
        "receivable_version, document_hash, 'REFUSED', '', 'AMOUNT', '', channel, organisation_id, person_id, at "
        f"from {ACT} where receivable_id = %(confirmed)s",
        note="decided twice",
        also="receivables.acts_and_events",
    ),
    _spoil(
        "receivables.decisions",
        (ROW, "confirmed"),
        f"update {R} set confirmed_due_date = confirmed_due_date + 1 where id = %(confirmed)s",
        note="another date",
    ),
    _spoil(
        "receivables.decisions",
        (ROW, "confirmed"),
        f"delete from {ACT} where receivable_id = %(confirmed)s",
        note="act removed",
    ),
    _spoil(
        "receivables.acts_and_events",
        (ROW, "confirmed"),
        f"update {ACT} set person_id = %(maker)s where receivable_id = %(confirmed)s",
    ),
    _spoil(
        "receivables.acts_and_approvals",
        (ROW, "confirmed"),
        f"update {ACT} set document_hash = repeat('0', 64) where receivable_id = %(confirmed)s",
        note="another document",
    ),
    _spoil(
        "receivables.acts_and_approvals",
        (ROW, "confirmed"),
        f"update {ACT} set signature_id = %(evidence)s where receivable_id = %(confirmed)s",
        note="another's signature",
    ),
    _spoil(
        "receivables.changes",
        ("receivables.changerequest", "agreed"),
        f"delete from {ACT} where receivable_id = %(changed)s and outcome = 'CHANGED'",
        note="agreed without an act",
        also="receivables.decisions",
    ),
    _spoil(
        "receivables.changes",
        ("receivables.changerequest", "agreed"),
        "update receivables_changerequest set new_amount = new_amount - 1 where id = %(agreed)s",
        note="other terms",
    ),
    _spoil(
        "receivables.deadlines",
        (ROW, "pending"),
        f"update {R} set confirm_deadline = null where id = %(pending)s",
        without=(f"{R}.rcv_pending_has_clock",),
    ),
    _spoil(
        "receivables.ended",
        ("receivables.holding", "reservation"),
        f"with job as (insert into jobs_job (name, key, key_hash, request_id, state, asked_at, run_at, finished_at, attempts, done, "
        "note, error) values ('receivables.expire_reservations', '{}', 'canary', '', 'DONE', now(), now(), now(), 1, 0, '', '')) "
        f"update {H} set expires_at = now() - interval '2 days' where id = %(reservation)s",
    ),
    # --- invoices, parties, readers ---------------------------------------------------------------------------------
    _spoil(
        "receivables.invoice_uses",
        (ROW, "refused"),
        "update receivables_invoiceuse set is_alive = true where receivable_id = %(refused)s",
        note="taken again",
        also="receivables.fingerprints",
    ),
    _spoil(
        "receivables.invoice_uses",
        ("receivables.invoice", None),
        "update receivables_invoice set gross_amount = 1 where id in (select invoice_id from receivables_invoiceuse "
        "where receivable_id = %(confirmed)s)",
        note="used beyond its amount",
    ),
    _spoil(
        "receivables.fingerprints",
        ("receivables.invoice", None),
        "update invoice_fingerprint set used_amount = 0 where digest in (select i.fingerprint from receivables_invoice i "
        "join receivables_invoiceuse u on u.invoice_id = i.id where u.receivable_id = %(confirmed)s)",
        note="free to be used again",
    ),
    _spoil(
        "receivables.parties",
        (ROW, "confirmed"),
        f"update {B} set creditor_id = %(stranger)s where receivable_id = %(confirmed)s",
        note="another's balance",
    ),
    _spoil(
        "receivables.parties",
        (ROW, "draft"),
        "update receivables_evidence set debtor_id = %(debtor)s where receivable_id = %(draft)s",
        note="papers of a draft shown",
    ),
    _spoil(
        "receivables.readers",
        (ROW, "confirmed"),
        f"update audit_auditevent set audience = audience || %(stranger)s::bigint where object_type = '{ROW}' "
        "and object_id = %(confirmed)s and object_version = 1",
        note="told a stranger",
    ),
    _spoil(
        "receivables.files",
        ("documents.storedfile", "file"),
        "update documents_storedfile set audience = array[%(stranger)s::bigint] where id = %(file)s",
    ),
    _spoil(
        "receivables.imported",
        ("documents.importbatch", "batch"),
        f"update {R} set batch_id = null where batch_id = %(batch)s",
    ),
    # --- approvals --------------------------------------------------------------------------------------------------
    _spoil(
        "approvals.four_eyes",
        ("approvals.approval", "approval"),
        "update approvals_approval set checker_id = maker_id where id = %(approval)s",
        note="checked by the maker",
        without=("approvals_approval.checker_is_not_maker",),
    ),
    _spoil(
        "approvals.four_eyes",
        ("approvals.approval", "approval"),
        "update approvals_approval set maker_id = 4711 where id = %(approval)s",
        note="another maker",
    ),
    _spoil(
        "approvals.lines",
        ("approvals.approval", "approval"),
        "update approvals_approvalline set document = replace(document, '\"', '\"\"') where approval_id = %(approval)s",
        note="document altered",
        also="receivables.acts_and_approvals",
    ),
    _spoil(
        "approvals.lines",
        ("approvals.approval", "waiting"),
        "delete from approvals_approvalline where approval_id = %(waiting)s",
        note="line removed",
    ),
    _spoil(
        "approvals.open_changes",
        ("approvals.approval", "approval"),
        "update approvals_approvalline set is_live = true where approval_id = %(approval)s",
    ),
    _spoil(
        "approvals.signed",
        ("approvals.approval", "signed"),
        "update approvals_approval set signature_id = null where id = %(signed)s",
        note="signature removed",
        without=("approvals_approval.approved_is_signed_where_needed",),
    ),
    _spoil(
        "approvals.signed",
        ("approvals.approval", "signed"),
        "update approvals_approval set manifest_root = '\\x00' where id = %(signed)s",
        note="other lines",
    ),
    _spoil(
        "approvals.policies",
        ("approvals.approvalpolicy", None),
        "insert into approvals_approvalpolicy (organisation_id, action, second_person, second_person_from_amount, signature, "
        "signature_from_amount) values (%(debtor)s, 'receivables.refuse', 'NEVER', 0, 'NEVER', 0)",
    ),
    # --- imports ----------------------------------------------------------------------------------------------------
    _spoil(
        "documents.counts",
        ("documents.importbatch", "batch"),
        "delete from documents_importrow where batch_id = %(batch)s and state = 'ERROR'",
        note="row removed",
        also="documents.totals",
    ),
    _spoil(
        "documents.totals",
        ("documents.importbatch", "batch"),
        "update documents_importbatch set totals = replace(totals::text, '\"amount\": ', '\"amount\": 1')::jsonb "
        "where id = %(batch)s",
    ),
    _spoil(
        "documents.worked_on",
        ("documents.importbatch", "batch"),
        "update documents_importbatch set state = 'ACCEPTING', job_id = null where id = %(batch)s",
        also="documents.importbatch.path",
    ),
    # --- signatures -------------------------------------------------------------------------------------------------
    _spoil(
        "signing.evidence",
        ("signing.signatureevidence", "evidence"),
        "update signing_signatureevidence set payload = payload || '\\x20' where id = %(evidence)s",
        note="payload altered",
    ),
    _spoil(
        "signing.signed_lines",
        ("signing.signatureevidence", "evidence"),
        "delete from signing_signedline where evidence_id = %(evidence)s and leaf_index = 0",
        note="line removed",
    ),
    _spoil(
        "signing.signed_lines",
        ("signing.signatureevidence", "evidence"),
        "update signing_signedline set document = document || ' ' where evidence_id = %(evidence)s and leaf_index = 1",
        note="line altered",
    ),
    _spoil(
        "signing.told",
        ("signing.signatureevidence", "evidence"),
        "delete from audit_auditevent where object_type = 'signing.signatureevidence' and object_id = %(evidence)s",
    ),
    # --- access and jobs --------------------------------------------------------------------------------------------
    _spoil(
        "tenancy.grants",
        (ROW, "confirmed"),
        "insert into tenancy_accessgrant (object_type, object_id, organisation_id, reason_type, reason_id, starts_at) "
        f"values ('{ROW}', %(confirmed)s, %(stranger)s, 'nothing', 1, now() - interval '1 minute')",
    ),
    _spoil(
        "jobs.open",
        ("jobs.job", None),
        "update jobs_job set state = 'QUEUED', finished_at = null, run_at = now() - interval '2 hours', "
        "created_at = now() - interval '2 hours' where id = (select max(id) from jobs_job)",
    ),
    _spoil(
        "jobs.ended",
        ("jobs.job", None),
        "update jobs_job set state = 'DONE', finished_at = now(), lease_until = now() + interval '1 day' "
        "where id = (select max(id) from jobs_job)",
    ),
    _spoil(
        "jobs.answers",
        ("jobs.idempotencykey", None),
        "insert into jobs_idempotencykey (organisation_id, person_id, key, route, body_hash, location, at) "
        "values (%(debtor)s, %(maker)s, 'canary', 'x', '', '', now())",
    ),
    _spoil(
        "identity.support",
        ("identity.organisationgrant", None),
        "insert into identity_organisationgrant (permission_id, user_id, content_object_id, reason, address, granted_by_id, "
        "approved_by_id, starts_at, ends_at) select min(id), %(maker)s, %(creditor)s, 'canary', '', %(checker)s, %(checker)s, "
        "now(), now() + interval '1 hour' from auth_permission",
        without=("identity_organisationgrant.support_grant_two_others",),
    ),
)
