"""Entry of the reader process: a plan on standard input, rows and messages on standard output."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from yingshou.documents.reader.problem import Refused
from yingshou.documents.reader.run import Output, read_files, read_raw, read_rows


def limit(memory_mb: int, processor_seconds: int) -> None:
    """Bound what this process may take; it cannot raise the bounds again."""
    for what, bound in (
        (resource.RLIMIT_AS, memory_mb * 1024 * 1024),
        (resource.RLIMIT_CPU, processor_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        try:
            resource.setrlimit(what, (bound, bound))
        except (ValueError, OSError):
            if what == resource.RLIMIT_AS:
                raise


def main() -> int:
    """Read the plan, do it, say how it ended: a message of type ``end`` or ``refused`` is always last."""
    plan: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    limit(plan["memory_mb"], plan["processor_seconds"])
    output = Output(sys.stdout.buffer)
    try:
        if plan["mode"] == "raw":
            read_raw(plan, output)
        elif plan["mode"] == "files":
            read_files(plan, output)
        else:
            read_rows(plan, output)
    except Refused as refusal:
        output.message(refusal.as_message())
    except MemoryError:
        output.message(Refused("too_much_memory", limit=plan["memory_mb"]).as_message())
    except (
        BaseException
    ) as error:  # A panic of the Rust reader derives from BaseException: report it, never pass it on.
        output.message(Refused("reader_failed", reason=type(error).__name__).as_message())
    output.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
