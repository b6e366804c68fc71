"""`make check`: every static check, each with its time; all run even if one fails."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
STEPS: list[tuple[str, list[str]]] = [
    ("format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("lint", [str(BIN / "ruff"), "check", "."]),
    ("types", [str(BIN / "mypy")]),
    ("import contracts", [str(BIN / "lint-imports")]),
    ("system checks", [sys.executable, "tools/project_checks.py", "system"]),
    ("migrations", [sys.executable, "tools/project_checks.py", "migrations"]),
    ("templates", [sys.executable, "tools/project_checks.py", "templates"]),
    ("translations", [sys.executable, "tools/messages.py", "check"]),
]


def main(chosen: list[str]) -> int:
    """Run the steps, or those named; return 1 if one failed."""
    failed = []
    for name, command in STEPS:
        if chosen and name not in chosen:
            continue
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print((done.stdout + done.stderr).strip(), flush=True)
    if failed:
        print(f"make check failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
