"""What can be wrong with a signature: one class per finding, codes of domain 6.2 (stable, shown to users and partners)."""

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Conflict, DomainError, Invalid, NotAllowed


class SignatureRefused(DomainError):
    """The parent of every refusal of a signature; ``code`` says which."""


class MalformedSignature(SignatureRefused, Invalid):
    """The signature or the certificate is not strict DER of the one shape we accept."""

    code = "SIG-001"
    message = _("The signature or certificate is not in the required format (strict DER): %(detail)s.")
    cure = _(
        "Sign again with an up-to-date browser; if it happens again, ask your certificate authority for a new key file."
    )


class DigestMismatch(SignatureRefused, Invalid):
    """What was signed is not the content that is presented."""

    code = "SIG-002"
    message = _("The signature belongs to other content than the one presented.")
    cure = _("Open the signing page again and sign what it shows now.")


class InvalidSignature(SignatureRefused, Invalid):
    """The signature value was not made by the key of the certificate over these attributes."""

    code = "SIG-003"
    message = _("The signature does not match the certificate.")
    cure = _("Choose the key file that belongs to this certificate and sign again.")


class OutsideValidity(SignatureRefused, Invalid):
    """A certificate of the chain was not yet valid or no longer valid when it signed."""

    code = "SIG-004"
    message = _("The certificate was not valid at signing time (valid from %(valid_from)s to %(valid_to)s).")
    cure = _("Renew the certificate with its authority, then sign again.")


class Revoked(SignatureRefused, Invalid):
    """The authority revoked a certificate of the chain."""

    code = "SIG-005"
    message = _("The certificate was revoked by its authority on %(revoked_at)s.")
    cure = _("Ask the authority for a new certificate; if the key may be in other hands, tell your administrator now.")


class RevocationUnknown(SignatureRefused, Conflict):
    """No genuine, fresh revocation list covers a certificate of the chain: it must be treated as revoked."""

    code = "SIG-005"
    message = _("Whether the certificate was revoked cannot be told: %(detail)s.")
    cure = _(
        "Try again in some minutes; if it lasts, tell the platform operator, who keeps the revocation lists up to date."
    )


class UnknownAuthority(SignatureRefused, Invalid):
    """No valid path leads from the certificate to an authority on the trust list."""

    code = "SIG-006"
    message = _("The certificate was not issued by an authority that the platform trusts.")
    cure = _("Use a certificate of a listed authority; the list is on the certificates page.")


class OtherOrganisation(SignatureRefused, Invalid):
    """The unified social credit code in the certificate is not that of the organisation that signs."""

    code = "SIG-007"
    message = _("The certificate does not carry the credit code of your organisation (%(uscc)s).")
    cure = _("Use a certificate that was issued to your organisation, or switch to the organisation it was issued to.")


class WrongKeyUsage(SignatureRefused, Invalid):
    """The certificate was not issued for signing documents."""

    code = "SIG-008"
    message = _(
        "The certificate may not be used to sign documents (digital signature and non-repudiation are required)."
    )
    cure = _("Choose the signing certificate, not the one for encryption or for servers.")


class Replayed(SignatureRefused, Conflict):
    """This signature, its nonce or this version of the document was used before, or the request ran out."""

    code = "SIG-009"
    message = _("This signing request was already used, has run out, or belongs to another version of the document.")
    cure = _("Open the signing page again; it shows what is still to be signed.")


class WeakAlgorithm(SignatureRefused, Invalid):
    """The algorithm or key is not on the list of those strong enough."""

    code = "SIG-010"
    message = _("The algorithm or key length is too weak or not supported: %(detail)s.")
    cure = _(
        "Use a certificate with RSA of 2048 bits or more or ECDSA P-256 or P-384, with SHA-256 or stronger, "
        "or with SM2 and SM3 from the root to the signer."
    )


class WrongUserId(SignatureRefused, Invalid):
    """An SM2 signature was made by the right key, but with another user identifier than the default of GM/T 0009."""

    code = "SIG-012"
    message = _("The SM2 signature was made with another user identifier than 1234567812345678.")
    cure = _(
        "Set the user identifier of the signing program or USB key to 1234567812345678 (GM/T 0009) and sign again; "
        "its supplier can tell where."
    )


class NotYourCertificate(NotAllowed):
    """Somebody who may see a colleague's certificate, but not take it out of use, tried to."""

    code = "SGN-005"
    message = _("This is a colleague's certificate; you may look at it, but not take it out of use.")
    cure = _("Ask its holder, or an administrator of your organisation.")


class CertificateTaken(SignatureRefused, Conflict):
    """The certificate is registered to somebody else."""

    code = "CRT-001"
    message = _("This certificate is registered to another person or organisation.")
    cure = _("Each person signs with a certificate of their own; ask your administrator who holds this one.")


class CertificateWithdrawn(SignatureRefused, Conflict):
    """The holder withdrew the certificate on this platform."""

    code = "CRT-002"
    message = _("This certificate was withdrawn from use on this platform.")
    cure = _("Choose another certificate; a withdrawn one does not come back.")
