"""
The checks of a claim, each written once as a sentence, a predicate for the form and a condition for the import
(`claims.py`); dates and interest of domain 2.6 (`terms.py`).
"""
