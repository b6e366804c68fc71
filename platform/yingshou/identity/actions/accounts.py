"""Bank accounts of an organisation: entered by a maker, checked by a second person, shown whole only on record."""

from datetime import datetime

from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.events import record_access
from yingshou.identity import crypto
from yingshou.identity.actions.duties import record_change
from yingshou.identity.errors import AccountKnown, NotYours
from yingshou.identity.models import BankAccount
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor

ADD_ACCOUNT = "identity.add_account"


@transaction.atomic
def propose_account(
    *, bank_code: str, bank_name: str, account_name: str, number: str, by: Actor, at: datetime
) -> Approval:
    """
    Enter an account of the actor's organisation. It can be used once a second person has checked it.

    :raises AccountKnown: if the organisation has this account already
    :raises DutyMissing: if the actor is not a maker
    """
    account = BankAccount(
        organisation_id=by.scope_id,
        bank_code=bank_code,
        bank_name=normalise(bank_name),
        account_name=normalise(account_name),
        active=False,
        created_at=at,
    )
    account.set_number(number)
    known = BankAccount.objects.visible_to(by).filter(bank_code=bank_code, number_hmac=account.number_hmac)
    if known.exists():
        raise AccountKnown(place="number")
    account.save(force_insert=True)
    facts = {"bank_code": bank_code, "bank_name": account.bank_name, "account_name": account.account_name}
    line = LineDraft(
        object_type="identity.bankaccount",
        object_id=account.pk,
        object_version=1,
        label=str(account),
        document={"purpose": ADD_ACCOUNT, "number_index": account.number_hmac, **facts},
    )
    return approvals.submit(ADD_ACCOUNT, [line], by=by, at=at)


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> None:
    """
    Open an account that was checked for use; the first one becomes the one used unless another is chosen.

    :raises NotYours: if it is not an account of the checker's organisation
    """
    accounts = BankAccount.objects.visible_to(by)
    first = not accounts.filter(active=True, is_default=True).exists()
    if not accounts.filter(pk=line.object_id).update(active=True, is_default=first):
        raise NotYours
    record_change("identity.organisation.account_added", by.scope_id, by=by, at=at, body={"name": line.label})


def refuse(line: ApprovalLine, *, by: Actor) -> None:
    """Drop an account that was entered and not agreed to, so that it can be entered again."""
    BankAccount.objects.visible_to(by).filter(pk=line.object_id, active=False).update(number_hmac="", number_cipher="")


@transaction.atomic
def reveal_account(*, account_id: int, by: Actor, at: datetime) -> str:
    """
    The whole account number; who saw it and when goes on record.

    :raises NotYours: if it is not an account of the actor's organisation
    """
    account = BankAccount.objects.visible_to(by).filter(pk=account_id).first()
    if account is None or not account.number_cipher:
        raise NotYours
    record_access(
        kind="identity.account_revealed", by=by, at=at, object_type="identity.bankaccount", object_id=account.pk
    )
    return crypto.decrypt(account.number_cipher, field=BankAccount.NUMBER)
