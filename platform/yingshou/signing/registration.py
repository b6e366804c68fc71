"""Registering a certificate: the holder signs a short document that says so, which proves the key is at hand."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import NotVisible
from yingshou.kernel.merkle import root
from yingshou.signing.approvals import SignerDutyMissing
from yingshou.signing.models import SignatureEvidence
from yingshou.signing.purposes import Purpose, Subject
from yingshou.tenancy.actor import Actor

PURPOSE = "signing.register"


class RegistrationPurpose(Purpose):
    """Bind a certificate to the person who signs; the signature itself does it, nothing else follows."""

    def subject(self, object_id: int, *, by: Actor, at: datetime) -> Subject:
        if object_id != by.person_id:
            raise NotVisible
        if not by.may("signing.sign"):
            raise SignerDutyMissing
        registered = SignatureEvidence.objects.filter(
            organisation_id=by.organisation_id or 0, person_id=object_id, purpose=PURPOSE
        ).count()
        return Subject(
            object_type="identity.person",
            object_id=object_id,
            # The version counts the registrations, so that each is a document of its own.
            object_version=registered + 1,
            title=_("Register a signing certificate"),
            legal_effect=_(
                "I hold the key of this certificate alone. What is signed with it on this platform counts as signed by "
                "my organisation (Electronic Signature Law, articles 13 and 14)."
            ),
            manifest_root=root([]),
            manifest_size=0,
            body={"person": object_id},
        )

    def audience(self, subject: Subject) -> list[int]:
        return []

    def completed(self, evidence: SignatureEvidence, *, by: Actor, at: datetime) -> None:
        """Nothing more: verifying the signature registered the certificate."""
