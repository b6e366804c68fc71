"""Forms of the inbox."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.actions import Rule
from yingshou.approvals.models import ApprovalPolicy, When


class RejectForm(forms.Form):
    """Why the checker says no; the maker reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The maker reads this. Say what is wrong and what to change."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PolicyForm(forms.Form):
    """When one action needs a second person and a signature."""

    second_person = forms.ChoiceField(label=_("Second person"), choices=When.choices)
    second_person_from_amount = forms.DecimalField(
        label=_("Second person from (yuan)"), min_value=0, decimal_places=2, max_digits=17, required=False
    )
    signature = forms.ChoiceField(label=_("Signature"), choices=When.choices)
    signature_from_amount = forms.DecimalField(
        label=_("Signature from (yuan)"), min_value=0, decimal_places=2, max_digits=17, required=False
    )

    def rule(self) -> Rule:
        """What was chosen; an amount left empty counts as zero."""
        chosen = self.cleaned_data
        return Rule(
            second_person=chosen["second_person"],
            second_person_from_amount=chosen["second_person_from_amount"] or Decimal("0.00"),
            signature=chosen["signature"],
            signature_from_amount=chosen["signature_from_amount"] or Decimal("0.00"),
        )

    @classmethod
    def showing(cls, policy: ApprovalPolicy) -> "PolicyForm":
        """The form filled with the policy in force."""
        names = ("second_person", "second_person_from_amount", "signature", "signature_from_amount")
        return cls(initial={name: getattr(policy, name) for name in names})
