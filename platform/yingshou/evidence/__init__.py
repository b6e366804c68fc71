"""
Evidence that the history was not rewritten: events sealed in one growing Merkle tree, signed checkpoints, copies outside.

The database's own rows prove nothing against whoever administers the database. What does is a signed root that was
copied to places the administrator cannot reach: any row changed, removed or slipped in later no longer fits it.
"""
