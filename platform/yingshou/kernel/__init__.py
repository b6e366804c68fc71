"""
Pure rules and values that know no model, no request and no database row: the error family, lifecycle tables, registries,
money, the clock and the working-day calendar, identifiers with their check digits, canonical JSON, hashes and Merkle trees.
Source: sections 0, 1 and 2 of the rule book.
"""
