"""Property tests of the kernel: the same examples on every run, no deadline on a busy machine, no files left behind."""

from hypothesis import settings

settings.register_profile("kernel", deadline=None, derandomize=True, database=None, max_examples=200)
settings.load_profile("kernel")
