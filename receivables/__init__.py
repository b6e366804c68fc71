"""
Receivables: what a creditor claims, what the debtor confirmed, what is still free, and who has money on it.

The words: a *receivable* is a money claim of a creditor on a debtor; a *confirmation* is the debtor's signed statement of
seven fields; the *encumbrance ledger* is one balance row per receivable, kept by append-only entries under a CHECK; a
*fingerprint* tells whether an invoice is used elsewhere without saying by whom. Rule book: domain 2, features F010-F029,
decisions D01-D05, invariants I1-I6.
"""
