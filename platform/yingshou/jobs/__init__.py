"""
Durable work. PostgreSQL remembers every job in the transaction that asked for it; Celery runs it; a sweeper sends again
what Redis or a dead worker lost (`docs/architecture.md`, durable work).
"""
