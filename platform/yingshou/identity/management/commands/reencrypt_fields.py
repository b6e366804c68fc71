"""Encrypt stored phone and account numbers and the secrets of second factors again, after a new key was put in front of `YINGSHOU_FIELD_KEYS`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from yingshou.identity import crypto
from yingshou.identity.actions import reencryption

_BATCH = 500


class Command(BaseCommand):
    """`manage.py reencrypt_fields`: may be stopped and started again, may run while people work."""

    help = (
        "Encrypt old values with the first of YINGSHOU_FIELD_KEYS, in batches. With --check only say how many are left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How large a step is, and whether to write at all."""
        parser.add_argument("--batch", type=int, default=_BATCH, help=f"rows in one transaction (default {_BATCH})")
        parser.add_argument("--check", action="store_true", help="change nothing; fail while old values are left")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Go through every encrypted column.

        :raises CommandError: if a value cannot be read with the active keys, or, with `--check`, if old values are left
        """
        if options["batch"] < 1:
            raise CommandError("--batch must be at least 1.")
        left, unreadable = 0, 0
        for column in reencryption.COLUMNS:
            total = reencryption.remaining(column)
            self.stdout.write(f"{column.field}: {total:,} to encrypt with the key {crypto.current_prefix()[2:-1]}")
            left += total
            if not options["check"]:
                unreadable += self._encrypt(column, total, options["batch"])
        if options["check"] and left:
            raise CommandError(f"{left:,} values still need an older key; run reencrypt_fields without --check.")
        if unreadable:
            raise CommandError(
                f"{unreadable:,} values cannot be read with the active keys; add the key that wrote them."
            )
        self.stdout.write("Every value is encrypted with the first key; the older ones can be taken away.")

    def _encrypt(self, column: reencryption.Column, total: int, size: int) -> int:
        done, unreadable = 0, 0
        for batch in reencryption.reencrypt(column, size=size):
            done += batch.done
            unreadable += len(batch.unreadable)
            self.stdout.write(f"{column.field}: {done:,} of {total:,}")
            for pk in batch.unreadable:
                self.stderr.write(f"{column.field}: row {pk} cannot be read with the active keys")
        return unreadable
