"""
Who acts, and what rows they may reach. The actor of the moment is bound to every transaction by our own database
backend; row-level security, forced on every business table, is the second net under the explicit scopes of the
querysets. A query without an actor is an error, here and in the database (`docs/architecture.md`).
"""
