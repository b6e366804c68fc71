"""
Coverage-guided fuzzing of what touches untrusted bytes first: the sniffer, the gate before workbooks, delimited text.

atheris is no dependency of the project (its wheel is larger than all other test tools together). In an environment of its own:
`pip install atheris==3.0.0 defusedxml`, then `PYTHONPATH=.:platform python -m tests.yingshou.documents.coverage_fuzz FOLDER`
with libFuzzer's options, as `-max_total_time=300` or `-runs=1000000`; FOLDER keeps what was found interesting. Whatever is raised
besides a refusal ends the run and leaves its input in a file.
"""

import io
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # not a dependency, see above

with atheris.instrument_imports(include=["yingshou.documents.reader"]):
    from yingshou.documents.reader import delimited, gate, sniff
    from yingshou.documents.reader.problem import Refused

WORDS = {"invoicenumber", "amount", "发票号码", "金额"}
MOST_ROWS = 200
# In memory where the machine has it: the gate opens a path, as it does in the product.
FILE = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)) / "upload"


def one_input(content: bytes) -> None:
    """Sniff, then read as what it is; only a refusal that can be worded may come out."""
    FILE.write_bytes(content)
    kind = sniff.sniff(io.BytesIO(content))
    try:
        if kind == "xlsx" or content.startswith(b"PK"):
            gate.inspect(FILE)
        else:
            how = delimited.open_text(FILE, WORDS, "utf-16-le" if kind == "utf16_text" else None)
            for _row in islice(delimited.read_rows(FILE, how), MOST_ROWS):
                continue
    except Refused:
        return


def main() -> None:
    """Hand the target to libFuzzer."""
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
