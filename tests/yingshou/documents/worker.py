"""A process that runs one job, to be killed by a test. Says that it is ready before it begins."""

import sys

import django

django.setup()

# After Django is set up: the kind belongs to its registry.
from tests.yingshou.documents import sample  # noqa: E402
from yingshou.jobs.running import run_job  # noqa: E402

assert sample.KIND.name == "sample"
sys.stdout.write("ready\n")
sys.stdout.flush()
run_job(int(sys.argv[1]))
