"""`python -m yingshou.runtime run` and `reset`: what `make run` and `make reset` call."""

import argparse
import os
import sys

from yingshou.runtime import supervisor
from yingshou.runtime.problems import CannotStart


def _port(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise CannotStart(f"PORT must be a number, not {text!r}.") from error


def main(arguments: list[str]) -> int:
    """Run one of the two commands; a problem is one sentence on standard error and status 1."""
    parser = argparse.ArgumentParser(prog="python -m yingshou.runtime")
    parser.add_argument("command", choices=["run", "reset"])
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "reset":
            supervisor.reset()
        else:
            host = os.environ.get("HOST") or "127.0.0.1"
            port = _port(os.environ.get("PORT") or "8000")
            supervisor.Supervisor(os.environ, host=host, port=port).run()
    except CannotStart as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
