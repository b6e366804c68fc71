"""`python -m benchmarks [name]`: all benchmarks, or one."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import bench_signatures, bench_start, environment

# `start` measures the servers' own start, so it runs before any are up; `signatures` needs none; the others share one set.
# The import compares whole tables, so it comes before those that fill them.
OTHERS = ("import", "confirm", "page", "list", "guard", "duplicates")


def tell(result: dict[str, Any]) -> None:
    """Print one line."""
    print(json.dumps(result), flush=True)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 2 for a name that does not exist."""
    known = ("start", "signatures", *OTHERS)
    wanted = names or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(known)}.", file=sys.stderr)
        return 2
    if "start" in wanted:
        tell(bench_start.run())
    if "signatures" in wanted:
        tell(bench_signatures.run())
    rest = [name for name in OTHERS if name in wanted]
    if rest:
        with environment.servers() as folder:
            import_module("django").setup()
            for name in rest:
                run: Callable[[Path], dict[str, Any]] = import_module(f"benchmarks.bench_{name}").run
                tell(run(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
