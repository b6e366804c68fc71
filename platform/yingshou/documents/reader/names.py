"""Names that both sides of the reader know."""

# The hidden sheet of our templates and annotated copies: which kind, which version, which batch.
META_SHEET = "_meta"
