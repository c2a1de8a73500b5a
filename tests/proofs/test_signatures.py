"""Who vouches for a proof: a signature counts only for somebody who has the key from elsewhere."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.proofs import layout
from streams.proofs.answers import Answer, Verdict
from streams.proofs.archive import NotAProofError, pack
from streams.proofs.sealing import Seals, sealed
from streams.proofs.seals import Trusted
from streams.proofs.signatures import PAYLOAD_TYPE
from streams.proofs.signing_keys import PublicKey, SigningKey, new_key
from tests.cli.conftest import Antiphon
from tests.cli.conftest import antiphon as antiphon
from tests.proofs.forging import checked, files_in, named

_CASE: Final = ("--case", "khamenei-site")
_KEYS: Final = [SigningKey(new_key()[0], f"key {number}") for number in range(2)]


def _signed(proof: bytes, *keys: SigningKey) -> bytes:
    for key in keys:
        proof, _ = sealed(proof, checked(proof), Seals(key=key))
    return proof


def _said(proof: bytes, key: SigningKey | None = None) -> tuple[Answer, str, Verdict]:
    trusted = Trusted() if key is None else Trusted(key=PublicKey(key.public_pem(), "the public key"))
    verdict = checked(proof, trusted)
    found = next(check for check in verdict.checks if check.question == "signature")
    return found.answer, found.detail, verdict


@pytest.fixture(scope="module")
def signed_proof(alert_proof: bytes) -> bytes:
    """The proof of an alert, signed by the first key."""
    return type(alert_proof)(_signed(alert_proof, _KEYS[0]))


def test_a_signed_proof_says_by_which_key_and_that_it_is_the_key_given(alert_proof: bytes) -> None:
    """It keeps its id and all other files."""
    proof = _signed(alert_proof, _KEYS[0])
    answer, detail, verdict = _said(proof, _KEYS[0])
    assert (answer, verdict.answer) == (Answer.OK, Answer.OK)
    assert detail == f"signed by key {_KEYS[0].fingerprint}, which is the key given"
    assert verdict.id == checked(alert_proof).id
    files = files_in(proof)
    del files[layout.SIGNATURE]
    assert files == files_in(alert_proof)


def test_without_a_key_from_outside_a_signature_proves_nothing_and_that_is_said(alert_proof: bytes) -> None:
    """The key by which it says that it is signed is named."""
    answer, detail, verdict = _said(_signed(alert_proof, _KEYS[0]))
    assert (answer, verdict.answer) == (Answer.STATED, Answer.OK)
    assert _KEYS[0].fingerprint in detail
    assert "not checked, because no key was given" in detail
    assert "or it proves nothing" in detail


def test_the_signature_of_somebody_else_fails_and_names_both_keys(alert_proof: bytes) -> None:
    """A proof by a stranger who vouches for it."""
    answer, detail, verdict = _said(_signed(alert_proof, _KEYS[0]), _KEYS[1])
    assert (answer, verdict.answer) == (Answer.FAILED, Answer.FAILED)
    assert detail.startswith("wrong key")
    assert _KEYS[0].fingerprint in detail
    assert _KEYS[1].fingerprint in detail


def test_a_proof_without_a_signature_fails_for_whoever_expects_one(alert_proof: bytes) -> None:
    """Taking it away is no way around it."""
    answer, detail, _ = _said(alert_proof, _KEYS[0])
    assert answer is Answer.FAILED
    assert "nobody signed it" in detail
    assert named(checked(alert_proof), "signature") is Answer.NONE


def test_a_stranger_who_names_the_key_that_is_trusted_is_noticed(alert_proof: bytes) -> None:
    """The name of a key in the envelope is a hint and proves nothing."""
    envelope = json.loads(files_in(_signed(alert_proof, _KEYS[1]))[layout.SIGNATURE])
    envelope["signatures"][0]["keyid"] = _KEYS[0].fingerprint
    answer, detail, _ = _said(_with_envelope(alert_proof, envelope), _KEYS[0])
    assert answer is Answer.FAILED
    assert detail.startswith("broken")


def test_the_signature_of_another_proof_fails_whether_a_key_is_given_or_not(
    alert_proof: bytes, subject_proof: bytes
) -> None:
    """It is around another manifest."""
    envelope = json.loads(files_in(_signed(subject_proof, _KEYS[0]))[layout.SIGNATURE])
    for key in (None, _KEYS[0]):
        answer, detail, _ = _said(_with_envelope(alert_proof, envelope), key)
        assert answer is Answer.FAILED
        assert "around something else than manifest.json" in detail


def _with_envelope(proof: bytes, envelope: object) -> bytes:
    return pack(files_in(proof) | {layout.SIGNATURE: layout.pretty(envelope)})


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_signature_can_be_changed(data: st.DataObject, signed_proof: bytes) -> None:
    """Even where whoever does it makes the sums of the archive right again; and whether a key is given or not, unless
    it is one of the signature itself, which nobody can tell without the key.
    """
    files = files_in(signed_proof)
    place = data.draw(st.integers(0, len(files[layout.SIGNATURE]) - 1), label="place")
    changed = bytearray(files[layout.SIGNATURE])
    changed[place] ^= data.draw(st.integers(1, 255), label="flip")
    again = pack(files | {layout.SIGNATURE: bytes(changed)})
    assert _said(again, _KEYS[0])[0] is Answer.FAILED
    assert _said(again)[0] in (Answer.FAILED, Answer.STATED)


def test_several_people_sign_one_proof_in_any_order(alert_proof: bytes) -> None:
    """The same bytes; signing again changes nothing; and each is checked by its own key."""
    proof = _signed(alert_proof, *_KEYS)
    assert proof == _signed(alert_proof, *reversed(_KEYS)) == _signed(proof, _KEYS[0])
    for key in _KEYS:
        answer, detail, _ = _said(proof, key)
        assert answer is Answer.OK
        assert "1 more by other keys, not checked" in detail
    assert _said(_signed(alert_proof, _KEYS[0]), _KEYS[1])[0] is Answer.FAILED


@pytest.mark.parametrize(
    "envelope",
    [b"", b"{}", b"null", b"[" * 300_000, b"\xff\xfe", b'{"payload":"","payloadType":"","signatures":[]}'],
)
def test_what_is_no_envelope_is_said_and_never_a_crash(alert_proof: bytes, envelope: bytes) -> None:
    """And a file that is too large is refused before it is read."""
    proof = pack(files_in(alert_proof) | {layout.SIGNATURE: envelope})
    assert _said(proof)[0] is Answer.FAILED
    with pytest.raises(NotAProofError, match=r"signature.dsse.json has 500,000 bytes"):
        checked(pack(files_in(alert_proof) | {layout.SIGNATURE: b" " * 500_000}))


def test_a_signature_is_checked_without_antiphon(alert_proof: bytes, tmp_path: Path) -> None:
    """By openssl, as the documentation says it."""
    envelope = json.loads(files_in(_signed(alert_proof, _KEYS[0]))[layout.SIGNATURE])
    payload = b64decode(envelope["payload"])
    assert payload == files_in(alert_proof)[layout.MANIFEST]
    assert envelope["payloadType"] == PAYLOAD_TYPE
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "sig").write_bytes(b64decode(envelope["signatures"][0]["sig"]))
    (tmp_path / "key.pub").write_bytes(_KEYS[0].public_pem())
    openssl = ["openssl", "pkeyutl", "-verify", "-rawin", "-in", "signed", "-sigfile", "sig", "-pubin", "-inkey"]
    subprocess.run([*openssl, "key.pub"], cwd=tmp_path, check=True, capture_output=True)
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", "key.pub", "-outform", "DER"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert sha256(der.stdout).hexdigest() == _KEYS[0].fingerprint == envelope["signatures"][0]["keyid"]


def test_a_key_is_made_for_its_owner_alone_and_never_overwritten(antiphon: Antiphon, tmp_path: Path) -> None:
    """Whatever the umask says; the public key is for everybody."""
    path = tmp_path / "signing.pem"
    before = os.umask(0)
    try:
        made = antiphon("proof", "key", str(path))
    finally:
        os.umask(before)
    assert made.exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "signing.pem.pub").stat().st_mode & 0o777 == 0o644
    assert SigningKey(path.read_bytes(), "it").fingerprint in made.stdout
    private = path.read_bytes()
    again = antiphon("proof", "key", str(path))
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert path.read_bytes() == private


@pytest.mark.slow
def test_an_export_is_signed_and_is_the_same_file_as_one_that_is_signed_later(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    """And once more the same bytes, which only the key that signed verifies."""
    key, other = str(tmp_path / "key"), str(tmp_path / "other")
    for each in (key, other):
        antiphon("proof", "key", each)
    once, later = tmp_path / "once.zip", tmp_path / "later.zip"
    exported = antiphon("proof", "export", "dcc6167b", *_CASE, "--sign", key, "--out", str(once))
    assert exported.exit_code == 0
    assert "which is the key given" in exported.stdout
    antiphon("proof", "export", "dcc6167b", *_CASE, "--out", str(later))
    assert antiphon("proof", "seal", str(later), "--sign", key).exit_code == 0
    assert once.read_bytes() == later.read_bytes()
    verified = antiphon("proof", "verify", str(once), "--key", f"{key}.pub", "--json")
    assert verified.exit_code == 0
    assert {check["question"]: check["answer"] for check in json.loads(verified.stdout)["checks"]}["signature"] == "ok"
    assert antiphon("proof", "verify", str(once), "--key", f"{other}.pub").exit_code == 1


def test_what_is_no_key_is_one_clear_sentence(antiphon: Antiphon, tmp_path: Path, alert_proof: bytes) -> None:
    """Missing, something else, of another kind, encrypted, or the private one where the public one belongs."""
    proof, ours = tmp_path / "proof.zip", tmp_path / "ours"
    proof.write_bytes(alert_proof)
    antiphon("proof", "key", str(ours))
    (tmp_path / "text").write_bytes(b"no key")
    for name, arguments in {"ec": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")}.items():
        subprocess.run(["openssl", "genpkey", *arguments, "-out", str(tmp_path / name)], check=True)
    encrypted = ["openssl", "pkey", "-in", str(ours), "-aes256", "-passout", "pass:x", "-out"]
    subprocess.run([*encrypted, str(tmp_path / "encrypted")], check=True)
    signs = {"missing": "No such file", "text": "no private key", "ec": "no Ed25519 key", "encrypted": "is encrypted"}
    checks = {"missing": "No such file", "text": "no public key", "ours": "is a private key"}
    for option, command, said in (("--sign", "seal", signs), ("--key", "verify", checks)):
        for name, sentence in said.items():
            result = antiphon("proof", command, str(proof), option, str(tmp_path / name))
            assert result.exit_code == 2, name
            assert sentence in result.stderr, name
    assert proof.read_bytes() == alert_proof


def test_without_the_library_all_else_works_and_the_sentence_says_how_to_install_it(
    antiphon: Antiphon, tmp_path: Path, alert_proof: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signed proof verifies, as one whose signature nobody checked."""
    key, proof = tmp_path / "key", tmp_path / "proof.zip"
    antiphon("proof", "key", str(key))
    proof.write_bytes(_signed(alert_proof, _KEYS[0]))
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert antiphon("proof", "verify", str(proof)).exit_code == 0
    for arguments in (
        ("key", str(tmp_path / "another")),
        ("seal", str(proof), "--sign", str(key)),
        ("verify", str(proof), "--key", f"{key}.pub"),
    ):
        result = antiphon("proof", *arguments)
        assert result.exit_code == 2
        assert "needs cryptography, which is not installed" in result.stderr
        assert "pip install 'antiphon[signatures]'" in result.stderr


def test_a_broken_proof_is_not_sealed(antiphon: Antiphon, tmp_path: Path, alert_proof: bytes) -> None:
    """And one that already has the seal of another proof neither."""
    proof, key = tmp_path / "proof.zip", str(tmp_path / "key")
    antiphon("proof", "key", key)
    other = msgspec.json.decode(files_in(_signed(alert_proof, _KEYS[0]))[layout.SIGNATURE])
    other["payload"] = "e30="
    for broken in (alert_proof.replace(b"rt-3", b"rt-4", 1), _with_envelope(alert_proof, other)):
        proof.write_bytes(broken)
        assert antiphon("proof", "seal", str(proof), "--sign", key).exit_code == 2
        assert proof.read_bytes() == broken
