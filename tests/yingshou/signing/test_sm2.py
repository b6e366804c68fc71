"""SM2 itself: the standard's example, two other implementations in both directions, and what is no signature or key."""

import subprocess
from pathlib import Path

import gmalg
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.authority.sm2 import Sm2Key
from yingshou.signing import sm2
from yingshou.signing.algorithms import browser_algorithm, verify_raw
from yingshou.signing.errors import InvalidSignature, MalformedSignature, SignatureRefused, WeakAlgorithm, WrongUserId
from yingshou.signing.sm2 import DEFAULT_ID, Sm2PublicKey

# GM/T 0003.5, the worked example on the recommended curve.
KEY = Sm2PublicKey(
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
MESSAGE = b"message digest"
Z = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
SIGNED = encode_dss_signature(R, S)


def public(key: Sm2Key) -> Sm2PublicKey:
    return Sm2PublicKey.from_spki(bytes(key.spki.dump()))


def test_example_of_the_standard() -> None:
    assert sm2.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm2.signer_digest(KEY).hex() == Z
    assert sm2.signed_digest(KEY, SIGNED) == E % sm2.N

    sm2.verify(KEY, SIGNED, MESSAGE)


@pytest.mark.parametrize(
    ("signature", "message", "identifier"),
    [
        (SIGNED, b"message digesu", DEFAULT_ID),
        (SIGNED, MESSAGE, b"1234567812345679"),
        (encode_dss_signature(R ^ 1, S), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(R, S ^ 1), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(R + sm2.N, S), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(R, S + sm2.N), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(R, sm2.N - R), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(0, S), MESSAGE, DEFAULT_ID),
        (encode_dss_signature(R, 0), MESSAGE, DEFAULT_ID),
    ],
)
def test_anything_else_is_refused(signature: bytes, message: bytes, identifier: bytes) -> None:
    with pytest.raises(InvalidSignature):
        sm2.verify(KEY, signature, message, identifier)


@pytest.mark.parametrize("signature", [b"", SIGNED + b"\0", SIGNED[:-1], b"\x30\x06\x02\x01\xff\x02\x01\x01"])
def test_what_is_no_der_is_malformed(signature: bytes) -> None:
    with pytest.raises(MalformedSignature):
        sm2.verify(KEY, signature, MESSAGE)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (KEY.x, KEY.y ^ 1), (KEY.x + sm2.P, KEY.y), (KEY.x, -KEY.y)])
def test_point_off_the_curve_is_no_key(x: int, y: int) -> None:
    with pytest.raises(MalformedSignature):
        Sm2PublicKey(x, y)


def test_key_written_as_old_tools_do_is_refused() -> None:
    point = b"\x04" + KEY.encoded
    curve_as_algorithm = bytes.fromhex("305a301406082a811ccf5501822d06082a811ccf5501822d034200")

    for der in (curve_as_algorithm + point, point, b""):
        with pytest.raises(WeakAlgorithm):
            Sm2PublicKey.from_spki(der)


@pytest.mark.parametrize("secret", [1, 2, sm2.N - 2])
def test_keys_near_the_base_point_work(secret: int) -> None:
    """The sum of products adds a point to itself where the key is the base point."""
    key = Sm2Key(secret)

    sm2.verify(public(key), key.sign(b"x"), b"x")
    with pytest.raises(InvalidSignature):
        sm2.verify(public(key), SIGNED, MESSAGE)


def test_negative_of_the_base_point_verifies_nothing() -> None:
    """Added to the base point it vanishes; its private key n - 1 cannot sign."""
    with pytest.raises(InvalidSignature):
        sm2.verify(Sm2PublicKey(sm2.G[0], sm2.P - sm2.G[1]), SIGNED, MESSAGE)


def test_wrong_identifier_is_told_from_a_forgery() -> None:
    key = Sm2Key.generate()
    algorithm = browser_algorithm(public(key))

    for identifier in (b"", b"ALICE123@YAHOO.COM", "样例机构".encode(), None):
        with pytest.raises(WrongUserId):
            verify_raw(public(key), algorithm, key.sign(b"x", identifier), b"x", names=["样例机构", "y" * 9000])
    with pytest.raises(InvalidSignature):
        verify_raw(public(key), algorithm, key.sign(b"x", b"somebody"), b"x", names=["样例机构"])


@settings(max_examples=15, deadline=None)
@given(data=st.binary(max_size=300), identifier=st.binary(min_size=1, max_size=40), secret=st.integers(1, sm2.N - 2))
def test_two_implementations_agree_in_both_directions(data: bytes, identifier: bytes, secret: int) -> None:
    key = Sm2Key(secret)
    theirs = gmalg.SM2(secret.to_bytes(32, "big"), identifier, key.point)

    r, s = theirs.sign(data)
    sm2.verify(public(key), encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")), data, identifier)

    numbers = decode_dss_signature(key.sign(data, identifier))
    assert theirs.verify(data, *(number.to_bytes(32, "big") for number in numbers))


@pytest.mark.deep
@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=64), bit=st.integers(0, 511), message=st.booleans())
def test_two_implementations_refuse_the_same(data: bytes, bit: int, message: bool) -> None:
    """One bit of the signature or of the message is turned; whatever ours says, the other implementation says."""
    key = Sm2Key(0x1234567)
    value = bytearray(b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(key.sign(data))))
    value[bit // 8] ^= 0 if message else 1 << bit % 8
    shown = data + b"\1" if message else data
    r, s = bytes(value[:32]), bytes(value[32:])
    theirs = gmalg.SM2(uid=DEFAULT_ID, pk=key.point).verify(shown, r, s)
    try:
        sm2.verify(public(key), encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")), shown)
        ours = True
    except SignatureRefused:
        ours = False

    assert ours == theirs is False


def openssl(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["openssl", "pkeyutl", *arguments, "-inkey", "key.pem", "-rawin", "-digest", "sm3", "-in", "message"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_openssl_agrees_in_both_directions(tmp_path: Path) -> None:
    key = Sm2Key.generate()
    (tmp_path / "key.pem").write_bytes(key.pem())
    (tmp_path / "message").write_bytes(MESSAGE)
    identified = ("-pkeyopt", "distid:1234567812345678")

    signed = openssl(tmp_path, "-sign", *identified, "-out", "theirs")
    sm2.verify(public(key), (tmp_path / "theirs").read_bytes(), MESSAGE)
    (tmp_path / "ours").write_bytes(key.sign(MESSAGE))
    verified = openssl(tmp_path, "-verify", *identified, "-sigfile", "ours")

    assert signed.returncode == verified.returncode == 0, signed.stderr + verified.stderr
    # Without the option OpenSSL takes an empty identifier: the mistake that SIG-012 was made for.
    assert openssl(tmp_path, "-sign", "-out", "theirs").returncode == 0
    with pytest.raises(WrongUserId):
        verify_raw(public(key), browser_algorithm(public(key)), (tmp_path / "theirs").read_bytes(), MESSAGE)
