"""Certificates, requests to sign, evidence of signatures, signed lines; and the trust list they are judged by."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.states import Waits
from yingshou.signing.elicence_models import LicenceHolder, LicenceRequest
from yingshou.signing.states import CertificateState
from yingshou.tenancy.actor import Actor

__all__ = [
    "AnchorKind",
    "Certificate",
    "LicenceHolder",
    "LicenceRequest",
    "RevocationList",
    "SignatureEvidence",
    "SignatureFormat",
    "SignedLine",
    "SigningRequest",
    "TrustAnchor",
    "trusted_at",
]


class AnchorKind(models.TextChoices):
    """What an authority on the trust list is trusted for."""

    ROOT = "ROOT", _("root authority")
    ISSUING = "ISSUING", _("issuing authority")
    ELICENCE = "ELICENCE", _("authority of electronic business licences")
    TIMESTAMP = "TIMESTAMP", _("timestamp authority")


class TrustAnchor(models.Model):
    """An authority the platform trusts; an issuing one only helps to find the path to a root."""

    kind = models.TextField(choices=AnchorKind.choices)
    der = models.BinaryField()
    sha256 = models.BinaryField(unique=True)
    subject = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    trusted_from = models.DateTimeField()
    trusted_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(trusted_until__isnull=True) | Q(trusted_until__gte=F("trusted_from")),
                name="trust_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class RevocationList(models.Model):
    """A revocation list as it was fetched; kept for good, because evidence refers to it."""

    issuer = models.TextField()
    number = models.DecimalField(max_digits=60, decimal_places=0)
    this_update = models.DateTimeField()
    next_update = models.DateTimeField()
    der = models.BinaryField()
    sha256 = models.BinaryField(unique=True)
    fetched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["issuer", "-this_update"], name="revocation_by_issuer")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.number}"


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Certificates, scoped."""

    def visible_to(self, actor: Actor) -> "CertificateQuerySet":
        """Those of the actor's organisation."""
        return self.filter(organisation_id=actor.organisation_id or 0)

    def locked(self, ids: Iterable[int]) -> list["Certificate"]:
        """Lock rows for a change, in id order."""
        return list(self.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True, of=("self",)))


class Certificate(models.Model):
    """A signing certificate, bound to one person of one organisation by a signature made with its key."""

    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    der = models.BinaryField()
    sha256 = models.BinaryField(unique=True)
    chain = ArrayField(models.BinaryField())
    serial = models.TextField()
    subject = models.TextField()
    issuer = models.TextField()
    common_name = models.TextField()
    key_label = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    registered_at = models.DateTimeField()
    state = models.TextField(choices=CertificateState.choices, default=CertificateState.REGISTERED)
    withdrawn_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=CertificateState.WITHDRAWN) | Q(withdrawn_at__isnull=False),
                name="withdrawn_certificate_has_time",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="certificates_by_org")]

    def __str__(self) -> str:
        return f"{self.common_name} {self.serial}"


class SigningRequestQuerySet(models.QuerySet["SigningRequest"]):
    """Requests, scoped."""

    def visible_to(self, actor: Actor) -> "SigningRequestQuerySet":
        """A request is the business of the one person it was prepared for."""
        return self.filter(organisation_id=actor.organisation_id or 0, person_id=actor.person_id or 0)


class SignatureFormat(models.TextChoices):
    """How a signature is kept: the detached CMS of a certificate file, or the bare value of an electronic licence."""

    CMS = "CMS", _("certificate file")
    ELICENSE = "ELICENSE", _("electronic business licence")


class SigningRequest(models.Model):
    """What the server prepared for one signature: the exact bytes, the attributes, a nonce; good once, and not for long."""

    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField()
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    object_version = models.IntegerField()
    nonce = models.TextField(unique=True)
    payload = models.BinaryField()
    manifest_root = models.BinaryField()
    manifest_size = models.IntegerField()
    certificate_der = models.BinaryField()
    chain = ArrayField(models.BinaryField())
    attributes = models.BinaryField()
    format = models.TextField(choices=SignatureFormat.choices, default=SignatureFormat.CMS)
    # What the service of electronic licences asserted about licence and holder, signed like the document.
    assertion = models.BinaryField(default=b"")
    assertion_signature = models.BinaryField(default=b"")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = SigningRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(used_at__lte=F("expires_at")), name="request_used_in_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.object_type} {self.object_id}"


class WaitingSignatureQuerySet(models.QuerySet["WaitingSignature"]):
    """Waiting signatures, scoped."""

    def visible_to(self, actor: Actor) -> "WaitingSignatureQuerySet":
        """Those of the actor's organisation."""
        return self.filter(organisation_id=actor.organisation_id or 0)

    def open(self) -> "WaitingSignatureQuerySet":
        """Those whose proof is still waited for."""
        return self.filter(ended_at__isnull=True)


class WaitingSignature(models.Model):
    """
    A signature that was given and verified as far as it can be, and waits for the proof of its time and standing.

    It takes effect only with that proof; `problem` says why one came to nothing.
    """

    request = models.OneToOneField(SigningRequest, on_delete=models.PROTECT, related_name="waiting")
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField()
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    # The object's version once the signature waits; another one at the end means that it was decided otherwise.
    object_version = models.IntegerField()
    value = models.BinaryField()
    device = models.TextField(blank=True, default="")
    ip = models.GenericIPAddressField(null=True)
    arrived_at = models.DateTimeField()
    due_at = models.DateTimeField()
    waits = models.TextField(choices=Waits.choices, default=Waits.STARTED)
    attempts = models.IntegerField(default=0)
    attempted_at = models.DateTimeField(null=True)
    timestamp_token = models.BinaryField(default=b"")
    ended_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)

    objects = WaitingSignatureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "purpose", "object_type", "object_id"],
                condition=Q(ended_at__isnull=True),
                name="one_waiting_signature_per_object",
            ),
            models.CheckConstraint(
                condition=Q(problem__isnull=True) | Q(ended_at__isnull=False), name="problem_ends_the_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.object_type} {self.object_id}"


class SignatureEvidenceQuerySet(models.QuerySet["SignatureEvidence"]):
    """Evidence, scoped. Who may see a signed object may see its evidence; row-level security decides that."""

    def visible_to(self, actor: Actor) -> "SignatureEvidenceQuerySet":
        """Own signatures, those over documents the actor's organisation is a party to, and over lines it may see."""
        line = SignedLine.objects.filter(evidence_id=models.OuterRef("pk")).visible_to(actor)
        return self.filter(
            Q(organisation_id=actor.organisation_id)
            | Q(audience__contains=[actor.organisation_id or 0])
            | Q(models.Exists(line))
        )


class SignatureEvidence(models.Model):
    """One verified signature with everything needed to verify it again (domain 6.2). Append-only."""

    request = models.OneToOneField(SigningRequest, on_delete=models.PROTECT, related_name="evidence")
    organisation = models.ForeignKey("identity.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="+")
    audience = ArrayField(models.BigIntegerField())
    purpose = models.TextField()
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    object_version = models.IntegerField()
    nonce = models.TextField(unique=True)
    payload = models.BinaryField()
    payload_sha256 = models.BinaryField()
    payload_sm3 = models.BinaryField()
    manifest_root = models.BinaryField()
    manifest_size = models.IntegerField()
    format = models.TextField(choices=SignatureFormat.choices, default=SignatureFormat.CMS)
    cms = models.BinaryField()
    algorithm = models.TextField()
    algorithm_oid = models.TextField()
    value = models.BinaryField()
    assertion = models.BinaryField(default=b"")
    assertion_signature = models.BinaryField(default=b"")
    certificate_der = models.BinaryField()
    chain = ArrayField(models.BinaryField())
    serial = models.TextField()
    subject = models.TextField()
    issuer = models.TextField()
    subject_uscc = models.TextField()
    organisation_name = models.TextField()
    signer_name = models.TextField()
    key_usages = ArrayField(models.TextField())
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    revocation_list_ids = ArrayField(models.BigIntegerField())
    revocation_fetched_at = models.DateTimeField()
    # Answers about single certificates (OCSP), and the token that proves the time (RFC 3161); empty where none was asked for.
    ocsp_responses = ArrayField(models.BinaryField(), default=list)
    timestamp_token = models.BinaryField(default=b"")
    timestamp_at = models.DateTimeField(null=True)
    timestamp_authority = models.TextField(blank=True, default="")
    arrived_at = models.DateTimeField()
    signed_at = models.DateTimeField()
    verified_at = models.DateTimeField()
    verifier = models.TextField()
    device = models.TextField(blank=True, default="")
    ip = models.GenericIPAddressField(null=True)

    objects = SignatureEvidenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "purpose", "object_type", "object_id", "object_version"],
                name="document_version_signed_once",
            ),
            models.CheckConstraint(condition=~Q(chain__len=0), name="evidence_has_chain"),
            models.CheckConstraint(
                condition=~Q(revocation_list_ids__len=0) | ~Q(ocsp_responses__len=0),
                name="evidence_has_revocation_proof",
            ),
            models.CheckConstraint(
                condition=Q(timestamp_token=b"") | Q(timestamp_at__isnull=False), name="timestamp_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.object_type} {self.object_id} v{self.object_version}"


class SignedLineQuerySet(models.QuerySet["SignedLine"]):
    """Signed lines, scoped."""

    def visible_to(self, actor: Actor) -> "SignedLineQuerySet":
        """Own lines, lines of objects the organisation is a party to, and of objects it was given access to."""
        granted = models.Func(
            F("object_type"),
            F("object_id"),
            actor.organisation_id,
            function="app_can_see",
            output_field=models.BooleanField(),
        )
        return self.alias(_granted=granted).filter(
            Q(organisation_id=actor.organisation_id)
            | Q(audience__contains=[actor.organisation_id or 0])
            | Q(_granted=True)
        )

    def about(self, object_type: str, object_ids: Iterable[int]) -> "SignedLineQuerySet":
        """Lines about these objects, the latest signature first."""
        return self.filter(object_type=object_type, object_id__in=list(object_ids)).order_by("-evidence_id")


class SignedLine(models.Model):
    """One line of a signed manifest: the document that was signed for one object, and the proof that it is in the tree."""

    evidence = models.ForeignKey(SignatureEvidence, on_delete=models.PROTECT, related_name="lines")
    organisation_id = models.BigIntegerField()
    audience = ArrayField(models.BigIntegerField())
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    object_version = models.IntegerField()
    leaf_index = models.IntegerField()
    leaf_hash = models.BinaryField()
    document = models.TextField()
    proof = models.BinaryField()

    objects = SignedLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "leaf_index"], name="one_line_per_leaf"),
            models.CheckConstraint(condition=Q(leaf_index__gte=0), name="leaf_index_from_zero"),
        ]
        indexes = [models.Index(fields=["object_type", "object_id", "evidence"], name="signed_lines_by_object")]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id} v{self.object_version}"

    @property
    def proof_hashes(self) -> list[bytes]:
        """The inclusion proof, from the leaf up; stored as hashes of 32 bytes side by side."""
        held = bytes(self.proof)
        return [held[start : start + 32] for start in range(0, len(held), 32)]


def trusted_at(moment: datetime) -> Q:
    """Which anchors were on the trust list at a moment."""
    return Q(trusted_from__lte=moment) & (Q(trusted_until__isnull=True) | Q(trusted_until__gt=moment))
