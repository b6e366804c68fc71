"""The two sheets that receivables understand: a creditor's claims and a debtor's payables."""
