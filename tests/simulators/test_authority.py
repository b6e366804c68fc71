"""The sample authority as the loader of the sample city calls it: a process of its own, idempotent, safe to repeat."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from simulators.authority.profiles import FAULTS
from yingshou.runtime.places import PROJECT

PIN = "246810"


def run(folder: Path, *arguments: str, stdin: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "simulators.authority", "--folder", str(folder), *arguments],
        cwd=PROJECT,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def issue(folder: Path, name: str = "one", *more: str) -> dict[str, Any]:
    out = str(folder / "signers" / f"{name}.p12")
    who = ["--uscc", "91310000MA1FL0000B", "--organisation", "样例机构", "--person", "签章人"]
    return run(folder, "issue", *who, "--out", out, "--pin", PIN, *more)


def revoked(folder: Path) -> set[str]:
    listed = x509.load_der_x509_crl((folder / "issuing.crl").read_bytes())
    return {f"{entry.serial_number:X}" for entry in listed}


def test_issuing_twice_keeps_the_file(tmp_path: Path) -> None:
    first = issue(tmp_path)
    content = Path(first["file"]).read_bytes()

    second = issue(tmp_path)

    assert first == second
    assert Path(second["file"]).read_bytes() == content
    assert Path(second["file"]).stat().st_mode & 0o077 == 0


def test_file_opens_with_its_pin_and_chains_to_the_root(tmp_path: Path) -> None:
    made = issue(tmp_path, "two", "--key", "ec")

    opened = pkcs12.load_pkcs12(Path(made["file"]).read_bytes(), PIN.encode())
    root = x509.load_pem_x509_certificate((tmp_path / "root.crt").read_bytes())

    assert opened.cert is not None
    issuing = opened.additional_certs[0].certificate
    opened.cert.certificate.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_pkcs12(Path(made["file"]).read_bytes(), b"wrong")


def test_sm2_key_is_issued_and_revoked_beside_the_others(tmp_path: Path) -> None:
    made, other = issue(tmp_path, "three", "--key", "sm2"), issue(tmp_path, "four", "--key", "ec")

    text = Path(made["file"]).read_text()
    run(tmp_path, "revoke", "--serial", made["serial"])

    listed = x509.load_der_x509_crl((tmp_path / "sm2-issuing.crl").read_bytes())
    assert [f"{entry.serial_number:X}" for entry in listed] == [made["serial"]]
    assert revoked(tmp_path) == set()
    assert text.startswith("-----BEGIN PRIVATE KEY-----")
    assert text.count("-----BEGIN CERTIFICATE-----") == 2
    assert issue(tmp_path, "three", "--key", "sm2") == made
    run(tmp_path, "revoke", "--serial", other["serial"])
    assert revoked(tmp_path) == {other["serial"]}
    assert len(run(tmp_path, "crl")["lists"]) == 4


def test_issue_many_in_one_process(tmp_path: Path) -> None:
    rows = [
        {
            "uscc": "91310000MA1FL0000B",
            "organisation": "样例",
            "person": "签章人",
            "out": f"{n}.p12",
            "pin": PIN,
            "key": "ec",
        }
        for n in range(3)
    ]

    made = run(tmp_path, "issue-many", "--into", str(tmp_path / "signers"), stdin=json.dumps(rows))["issued"]

    assert len({one["serial"] for one in made}) == 3
    assert all(Path(one["file"]).exists() for one in made)


def test_revoked_certificate_is_listed_and_stays_listed(tmp_path: Path) -> None:
    made = issue(tmp_path)
    assert revoked(tmp_path) == set()

    run(tmp_path, "revoke", "--serial", made["serial"])
    run(tmp_path, "crl")

    assert revoked(tmp_path) == {made["serial"]}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_hostile_certificates_can_be_made(tmp_path: Path, fault: str) -> None:
    made = issue(tmp_path, fault, "--fault", fault)

    assert Path(made["file"]).exists()


def test_product_never_imports_a_simulator() -> None:
    sources = [*(PROJECT / "platform").rglob("*.py"), *(PROJECT / "receivables").rglob("*.py")]

    assert len(sources) > 100
    assert [
        str(path) for path in sources if "import simulators" in (text := path.read_text()) or "from simulators" in text
    ] == []
