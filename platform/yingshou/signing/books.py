"""The books of signatures: what was signed is what was asked, whole, and told."""

from django.utils.translation import gettext_lazy as _

from yingshou.audit import books
from yingshou.signing.states import HOLDER, LIFECYCLE

EVIDENCE = """
select 'signing.signatureevidence', s.id, concat('request=', s.request_id, ' used=', r.used_at)
from signing_signatureevidence s join signing_signingrequest r on r.id = s.request_id
where r.used_at is null or sha256(s.payload) <> s.payload_sha256
   or (s.organisation_id, s.person_id, s.purpose, s.object_type, s.object_id, s.object_version, s.nonce, s.payload,
       s.manifest_root, s.manifest_size) is distinct from
      (r.organisation_id, r.person_id, r.purpose, r.object_type, r.object_id, r.object_version, r.nonce, r.payload,
       r.manifest_root, r.manifest_size)
"""

SIGNED_LINES = """
select 'signing.signatureevidence', s.id,
    concat('lines=', s.manifest_size, '/', coalesce(l.lines, 0), ' altered=', coalesce(l.altered, 0))
from signing_signatureevidence s left join (
    select l.evidence_id, count(*) as lines, count(*) filter (
        where sha256('\\x00'::bytea || convert_to(l.document, 'UTF8')) <> l.leaf_hash or l.organisation_id <> e.organisation_id
    ) as altered
    from signing_signedline l join signing_signatureevidence e on e.id = l.evidence_id group by l.evidence_id
) l on l.evidence_id = s.id
where s.manifest_size <> coalesce(l.lines, 0) or l.altered > 0
"""

TOLD = """
select 'signing.signatureevidence', s.id, concat('person=', s.person_id)
from signing_signatureevidence s
where not exists (select 1 from audit_auditevent e where e.object_type = 'signing.signatureevidence' and e.object_id = s.id
                  and e.kind = 'signing.signatureevidence.sign' and e.person_id = s.person_id)
"""


def register() -> None:
    """Put the books of signatures with the others."""
    books.life("signing.Certificate", "signing_certificate", LIFECYCLE)
    books.life("signing.LicenceHolder", "signing_licenceholder", HOLDER)
    for code, sentence, sql in (
        ("evidence", _("What was signed is what was prepared, and each request was used once."), EVIDENCE),
        ("signed_lines", _("A signature has all its lines, unaltered."), SIGNED_LINES),
        ("told", _("Every signature has its event, by the person who signed."), TOLD),
    ):
        books.register(f"signing.{code}", sentence, sql)
    books.accounted("signing.SignatureEvidence", "books evidence and told")
    books.accounted("signing.SignedLine", "book signed_lines; its signature's event tells of it")
    books.accounted("signing.SigningRequest", "good for minutes; the signature made from it is told")
    books.accounted("signing.LicenceRequest", "good for minutes; what was made of its answer is told")
    books.accounted("signing.WaitingSignature", "not in effect yet; the signature made from it is told")
