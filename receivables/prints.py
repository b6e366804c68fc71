"""The code at the foot of a print: it stands on the page as well, so that a print can be compared with the platform."""

from __future__ import annotations

from receivables.models import Receivable
from yingshou.kernel.canonical import canonical_json, sha256_hex

# 64 bits: enough that no two versions share a code, short enough to be read out.
GROUPS, GROUP = 4, 4


def check_code(row: Receivable) -> str:
    """
    Sixteen characters that change with every change of the claim: "9f2c 11ab 66c7 08e0".

    They are the beginning of the SHA-256 of its canonical record: whoever may open the claim can compare them.
    """
    record = {
        "number": row.public_no,
        "version": row.version,
        "state": row.state,
        "creditor": row.creditor_id,
        "debtor": row.debtor_uscc,
        "currency": row.currency,
        "face_amount": row.face_amount,
        "confirmed_amount": row.confirmed_amount,
        "due_date": row.due_date.isoformat(),
    }
    digest = sha256_hex(canonical_json(record))
    return " ".join(digest[place : place + GROUP] for place in range(0, GROUPS * GROUP, GROUP))
