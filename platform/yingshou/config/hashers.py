"""A password hasher for tests."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2 with the least work it allows: the real algorithm at the price of a test."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
