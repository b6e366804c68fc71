"""Build ``static/vendor/forge-1.4.3/key-file.js`` from npm; run by hand when a version changes, the result is committed.

Needs Node and npm; users need neither. The same sources give the same bytes: their SHA-256 stands in
``static/vendor/MANIFEST.json`` and as the integrity of the script on the signing page.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FORGE, ESBUILD = "node-forge@1.4.3", "esbuild@0.28.2"
TARGET = ROOT / "static" / "vendor" / "forge-1.4.3"
MANIFEST = ROOT / "static" / "vendor" / "MANIFEST.json"


def main() -> None:
    """Fetch, bundle, write the files and their hashes."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copy(HERE / "entry.js", work / "entry.js")
        subprocess.run(["npm", "install", "--silent", "--prefix", str(work), FORGE, ESBUILD], check=True, cwd=work)
        command = ["node_modules/.bin/esbuild", "entry.js", "--bundle", "--minify", "--format=iife"]
        command += ["--global-name=yingshouKeyFile", "--platform=browser", "--target=es2021", "--legal-comments=none"]
        subprocess.run([*command, f"--outfile={TARGET / 'key-file.js'}"], check=True, cwd=work)
        shutil.copy(work / "node_modules" / "node-forge" / "LICENSE", TARGET / "LICENSE")
    known = json.loads(MANIFEST.read_text(encoding="utf-8"))
    for path in (TARGET / "key-file.js", TARGET / "LICENSE"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known[str(path.relative_to(ROOT))] = {"package": FORGE, "sha256": digest}
    MANIFEST.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
