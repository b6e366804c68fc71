"""The documentation is true: links lead somewhere, commands exist, generated parts are fresh, the openssl commands verify."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polib
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from django.core.management import get_commands

from simulators.authority.authority import Authority, Signer
from simulators.authority.sm2 import Sm2Key
from simulators.authority.sm2_authority import Sm2Authority
from tests.harness import tree
from tools import docs, docs_catalogue, docs_structure
from tools.screenshots import LARGEST, SHOTS
from yingshou.kernel import merkle
from yingshou.kernel.canonical import canonical_json
from yingshou.runtime.places import PROJECT
from yingshou.signing import cms, presenters
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.certificates import read_certificate

PAGES = docs.files()
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_ID = re.compile(r"\b[FN]\d{2,3}\b")
_MACHINE = re.compile(r"/home/\w+|/Users/\w+|/wo" + r"rk/|file://")


def _named(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(PROJECT)) for page in pages]


def _anchor(heading: str) -> str:
    """The anchor that readers of Markdown make from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    return {_anchor(line.lstrip("#")) for line in page.read_text().splitlines() if line.startswith("#")}


def _prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("doc", PAGES, ids=_named(PAGES))
def test_links_lead_somewhere(doc: Path) -> None:
    broken = []
    for target in _LINK.findall(_prose(doc)):
        if re.match(r"\w+:", target):
            continue
        path, _sign, anchor = target.partition("#")
        found = (doc.parent / path).resolve() if path else doc
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            broken.append(target)

    assert not broken


def test_every_page_is_reached_from_the_readme() -> None:
    reached, to_visit = set[Path](), [PROJECT / "README.md"]
    while to_visit:
        page = to_visit.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [target.partition("#")[0] for target in _LINK.findall(_prose(page)) if ":" not in target]
        to_visit += [(page.parent / path).resolve() for path in targets if path.endswith(".md")]

    assert set(PAGES) <= reached


def test_generated_parts_are_as_the_code_is() -> None:
    # A process of its own: other tests register actions and errors that the product has not.
    done = subprocess.run(
        [sys.executable, "-m", "tools.docs", "check"], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, f"run python -m tools.docs write: {done.stdout}{done.stderr}"


def test_every_generated_part_is_used() -> None:
    used = {name for page in PAGES for name in docs.used(page.read_text())}

    assert used == set(docs.PARTS)


def test_every_lifecycle_is_drawn() -> None:
    declared = {
        found
        for file in tree.product()
        if file.name == "states.py"
        for found in re.findall(r"Lifecycle\(\s*(?:name=)?\"([\w.]+)\"", file.read_text())
    }

    assert {life.name for life in docs_structure.LIFECYCLES} == declared


def test_every_error_says_something_in_both_languages() -> None:
    for one in docs_catalogue.error_classes():
        assert one.code
        assert str(one.message)
    listed = (PROJECT / "docs" / "errors.md").read_text()
    assert all(f"| `{one.code}` |" in listed for one in docs_catalogue.error_classes())


@pytest.mark.parametrize("doc", PAGES, ids=_named(PAGES))
def test_commands_exist(doc: Path) -> None:
    text = doc.read_text()
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    asked = {word for line in re.findall(r"(?:`|^|\s)make ((?:[a-z-]+ ?)+)(?=[`\n]|[A-Z]|  |#)", text, re.MULTILINE)
             for word in line.split()}  # fmt: skip
    assert asked <= targets
    managed = set(re.findall(r"(?:manage\.py|entrypoint\.sh manage) ([a-z_]+)", text))
    assert managed <= set(get_commands())
    entry = (PROJECT / "deploy" / "entrypoint.sh").read_text()
    assert all(f"\n{word})" in entry for word in re.findall(r"entrypoint\.sh ([a-z]+)", text))


def test_every_setting_is_documented() -> None:
    source = (PROJECT / "platform" / "yingshou" / "config" / "environment.py").read_text()
    settings = set(re.findall(r"env\.\w+\(\s*\"(\w+)\"", source))
    text = (PROJECT / "docs" / "operations.md").read_text()

    assert len(settings) > 10
    assert {name for name in settings if f"`{name}`" not in text} == set()


def test_files_and_modules_named_exist() -> None:
    missing = []
    for page in PAGES:
        for name in re.findall(r"`([\w./-]+\.(?:py|sh|toml|yml))`", _prose(page)):
            places = [PROJECT / name, *PROJECT.glob(f"*/{name}"), *PROJECT.glob(f"*/*/{name}")]
            if not any(place.exists() for place in places):
                missing.append(f"{page.name}: {name}")

    assert missing == []


def test_the_readme_names_known_features_only() -> None:
    known = set(re.findall(r"^\| ([FN]\d+) \|", (PROJECT / "docs" / "features.md").read_text(), re.MULTILINE))
    readme = (PROJECT / "README.md").read_text()

    assert len(known) > 30
    assert set(_ID.findall(readme)) <= known


def test_features_have_one_of_three_states() -> None:
    rows = re.findall(r"^\| [FN]\d+ \|[^|]*\| ([^|]*) \|", (PROJECT / "docs" / "features.md").read_text(), re.MULTILINE)

    assert set(rows) == {"built", "part", "not yet"}


def _terms() -> list[tuple[str, str, str]]:
    lines = (PROJECT / "docs" / "glossary.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    return [(row[1], row[2], row[3].strip("`")) for row in cells if row[3].startswith("`")]


def test_glossary_is_what_pages_and_code_say() -> None:
    catalogue = polib.pofile(str(PROJECT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    chinese = "\n".join(text for entry in catalogue for text in (entry.msgstr, *entry.msgstr_plural.values()))
    code = "\n".join(file.read_text() for file in [*tree.product(), *tree.templates()])

    terms = _terms()
    assert len(terms) > 40
    assert [word for word, term, _name in terms if term not in chinese] == []
    assert [word for word, _term, name in terms if name not in code] == []
    assert len({word for word, _term, _name in terms}) == len({term for _word, term, _name in terms}) == len(terms)


def test_pictures_exist_and_are_small() -> None:
    folder = PROJECT / "docs" / "images"
    wanted = {f"{shot.name}.{language}.png" for shot in SHOTS for language in ("zh", "en")}

    assert {file.name for file in folder.iterdir()} == wanted
    assert all(0 < file.stat().st_size <= LARGEST for file in folder.iterdir())


def test_guides_have_a_twin_in_the_other_language() -> None:
    guides = PROJECT / "docs" / "guides"
    for chinese in guides.glob("*.zh.md"):
        english = guides / chinese.name.replace(".zh.", ".en.")
        pictures = [re.findall(r"images/([\w-]+)\.(?:zh|en)\.png", page.read_text()) for page in (chinese, english)]

        assert pictures[0] == pictures[1]
        assert f"]({english.name})" in chinese.read_text()
        assert f"]({chinese.name})" in english.read_text()
    assert len(list(guides.iterdir())) == 6


def test_no_path_of_a_machine() -> None:
    assert [page.name for page in PAGES if _MACHINE.search(page.read_text())] == []


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader of `security.md` has in a folder: a real signature, made by the code that makes them all."""
    folder = tmp_path_factory.mktemp("signature")
    at = datetime.now(UTC).replace(microsecond=0)
    authority = Authority(folder / "authority", at)
    key_file = folder / "signer.p12"
    authority.issue(
        Signer(
            uscc="911100001000012388",
            organisation="京合装备制造集团有限公司",
            person="复核签章",
            out=key_file,
            pin="246810",
        )
    )
    held = pkcs12.load_pkcs12(key_file.read_bytes(), b"246810")
    assert held.cert is not None
    assert isinstance(held.key, RSAPrivateKey)
    facts = read_certificate(held.cert.certificate.public_bytes(Encoding.DER))
    lines = [canonical_json({"number": number, "amount": "100.00"}) for number in range(5)]
    leaves = [merkle.leaf_hash(line) for line in lines]
    document = canonical_json({"lines": {"count": len(lines), "root": merkle.root(leaves).hex()}})
    algorithm = browser_algorithm(facts.public_key)
    attributes = cms.signed_attributes(payload=document, algorithm=algorithm, certificate=facts, signed_at=at)
    signature = cms.assemble(
        attributes=attributes,
        value=held.key.sign(attributes, padding.PKCS1v15(), hashes.SHA256()),
        algorithm=algorithm,
        certificate=facts,
        others=[other.certificate.public_bytes(Encoding.DER) for other in held.additional_certs],
    )
    proof = {
        "root": merkle.root(leaves).hex(),
        "size": len(lines),
        "index": 4,
        "leaf": leaves[4].hex(),
        "path": [step.hex() for step in merkle.proofs(leaves)[4]],
    }
    (folder / "signature.p7s").write_bytes(signature)
    (folder / "document.json").write_bytes(document)
    (folder / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    (folder / "chain.pem").write_bytes(presenters.pem([authority.root.public_bytes(Encoding.DER)]))
    for number, name in enumerate(("issuing", "root"), start=1):
        (folder / f"revocation-{number}.crl").write_bytes((folder / "authority" / f"{name}.crl").read_bytes())
    (folder / "line.json").write_bytes(lines[4])
    (folder / "proof.json").write_text(json.dumps(proof))
    (folder / "at").write_text(str(int(at.timestamp())))
    return folder


@pytest.fixture(scope="module")
def downloaded_sm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files of a signature made with SM2."""
    folder = tmp_path_factory.mktemp("sm2")
    at = datetime.now(UTC).replace(microsecond=0)
    authority = Sm2Authority(folder / "authority", at)
    file = folder / "signer.key"
    who = Signer(uscc="911100001000012388", organisation="京合装备制造集团有限公司", person="签章", out=file, pin="")
    (folder / "serial").write_text(authority.issue(who))
    text = file.read_bytes()
    parsed = x509.load_pem_x509_certificates(text[text.index(b"-----BEGIN CERTIFICATE") :])
    certificates = [one.public_bytes(Encoding.DER) for one in parsed]
    facts = read_certificate(certificates[0])
    algorithm, document = browser_algorithm(facts.public_key), canonical_json({"lines": {"count": 5}})
    attributes = cms.signed_attributes(payload=document, algorithm=algorithm, certificate=facts, signed_at=at)
    signature = cms.assemble(
        attributes=attributes,
        value=Sm2Key.from_pem(text).sign(attributes),
        algorithm=algorithm,
        certificate=facts,
        others=certificates[1:],
    )
    root = authority.root.public_bytes(Encoding.DER)
    (folder / "signature.p7s").write_bytes(signature)
    (folder / "document.json").write_bytes(document)
    (folder / "root.pem").write_bytes(presenters.pem([root]))
    (folder / "chain.pem").write_bytes(presenters.pem([*certificates[1:], root]))
    for number, name in enumerate(("issuing", "root"), start=1):
        (folder / f"revocation-{number}.crl").write_bytes(authority.file(f"{name}.crl").read_bytes())
    (folder / "at").write_text(str(int(at.timestamp())))
    return folder


def _run_block(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a fenced block of `security.md` in a folder, as a reader would."""
    page = (PROJECT / "docs" / "security.md").read_text()
    (block,) = re.findall(rf"```sh {name}\n(.*?)```", page, re.DOTALL)
    return subprocess.run(
        ["bash", "-e", "-c", block],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "AT": (folder / "at").read_text(),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_that_check_a_signature_work(downloaded: Path) -> None:
    done = _run_block("verify", downloaded)

    assert done.returncode == 0, done.stderr
    assert "CAdES Verification successful" in done.stdout + done.stderr
    assert "911100001000012388" in done.stdout
    assert "signer.pem: OK" in done.stdout


def test_the_commands_that_check_an_sm2_signature_work(downloaded_sm2: Path) -> None:
    done = _run_block("sm2", downloaded_sm2)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 3
    assert "911100001000012388" in done.stdout
    assert {"signer.pem: OK", "issuing.pem: OK"} <= set(done.stdout.splitlines())


def test_the_commands_find_what_is_wrong_with_an_sm2_signature(downloaded_sm2: Path, tmp_path: Path) -> None:
    for file in downloaded_sm2.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    good = {name: (tmp_path / name).read_bytes() for name in ("document.json", "signature.p7s", "revocation-1.crl")}
    authority = Sm2Authority(downloaded_sm2 / "authority")
    authority.revoke((downloaded_sm2 / "serial").read_text())
    bad = {
        "document.json": good["document.json"].replace(b"5", b"6"),
        "signature.p7s": good["signature.p7s"][:-1] + bytes([good["signature.p7s"][-1] ^ 1]),
        "revocation-1.crl": authority.file("issuing.crl").read_bytes(),
    }

    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        assert _run_block("sm2", tmp_path).returncode != 0, name
        (tmp_path / name).write_bytes(good[name])
    assert _run_block("sm2", tmp_path).returncode == 0


def test_the_commands_find_an_altered_document(downloaded: Path, tmp_path: Path) -> None:
    for file in downloaded.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    document = tmp_path / "document.json"
    document.write_bytes(document.read_bytes().replace(b'"count":5', b'"count":6'))

    assert _run_block("verify", tmp_path).returncode != 0


def test_the_commands_that_check_a_line_work(downloaded: Path, tmp_path: Path) -> None:
    done = _run_block("line", downloaded)
    for file in downloaded.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    line = tmp_path / "line.json"
    line.write_bytes(line.read_bytes().replace(b"100.00", b"900.00"))
    altered = _run_block("line", tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads((downloaded / "proof.json").read_text())["leaf"] in done.stdout
    assert done.stdout.rstrip().endswith("\nin the manifest")
    assert altered.stdout.rstrip().endswith("\nNOT in the manifest")
