"""
What the scheduler (Celery beat) starts, and when; times are Asia/Shanghai.

Every entry names a task that does no harm when it runs twice, so that a second scheduler is harmless.
"""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    # Turns the clock into job rows: which jobs, and how often, stands beside each job (`jobs.schedule`).
    "tick-jobs": {"task": "jobs.tick", "schedule": 60.0, "options": {"expires": 60}},
    # Seals what was written since and copies it outside; a sealer at work turns a second one away.
    "seal-history": {"task": "evidence.seal", "schedule": 10.0, "options": {"expires": 10}},
    # Sends again what Redis or a dead worker lost; PostgreSQL remembers the job.
    "sweep-jobs": {"task": "jobs.sweep", "schedule": 15.0, "options": {"expires": 15}},
}
