"""The settings of `make run`, with one more page: the bare one that the home page is compared with."""

from yingshou.config.settings.dev import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
