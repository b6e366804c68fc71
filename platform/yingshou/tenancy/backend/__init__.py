"""Django's PostgreSQL backend plus one thing: every transaction carries its actor."""
