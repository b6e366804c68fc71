"""The books of organisations and the people who act for them."""

from django.utils.translation import gettext_lazy as _

from yingshou.audit import books
from yingshou.identity.states import ORGANISATION, OrganisationState

SUPPORT = """
select 'identity.organisationgrant', g.id, concat('person=', g.user_id, ' granted by=', g.granted_by_id, ' ', g.approved_by_id)
from identity_organisationgrant g
where g.granted_by_id = g.approved_by_id or g.user_id in (g.granted_by_id, g.approved_by_id) or g.ends_at <= g.starts_at
   or not exists (
       select 1 from audit_auditevent e where e.kind = 'identity.organisation.support_granted'
       and e.object_type = 'identity.organisation' and e.object_id = g.content_object_id)
"""


def register() -> None:
    """Put the books of identity with the others."""
    # A firm of a ledger that was loaded for a demonstration begins verified.
    books.life("identity.Organisation", "identity_organisation", ORGANISATION, begins=[OrganisationState.VERIFIED])
    books.register("identity.support", _("A support view was granted by two others, for a time, and told."), SUPPORT)
    books.accounted("identity.Membership", "its changes are told, by name, as events of the organisation")
    books.accounted("identity.OrganisationDetails", "its organisation's events tell of it")
    books.accounted("identity.BankAccount", "told as events of the organisation, without the number")
