"""When a proof existed: by the word of a real authority, which the reader has to trust from elsewhere."""

import sys
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import InputError
from streams.proofs import layout
from streams.proofs.answers import Answer
from streams.proofs.archive import pack
from streams.proofs.der_order import with_sorted_certificates
from streams.proofs.seals import Trusted
from streams.proofs.timestamps import Authorities, chain_of, timestamp_of
from tests.cli.conftest import Antiphon
from tests.cli.conftest import antiphon as antiphon
from tests.proofs.forging import checked, files_in
from tools.proofs.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """With a root that is called the same."""
    return Authority(tmp_path_factory.mktemp("another"))


@pytest.fixture(scope="module")
def stamp(authority: Authority, alert_proof: bytes) -> bytes:
    """The time stamp of the proof of an alert."""
    return authority.stamp(checked(alert_proof).id)


def _with(proof: bytes, stamp: bytes, chain: bytes | None = None) -> bytes:
    more = {} if chain is None else {layout.TIMESTAMP_CHAIN: chain}
    return pack(files_in(proof) | {layout.TIMESTAMP: stamp} | more)


def _said(proof: bytes, *roots: Path) -> tuple[Answer, str]:
    pem = b"".join(root.read_bytes() for root in roots)
    trusted = Trusted(authorities=Authorities(pem, "the authorities")) if roots else Trusted()
    found = next(check for check in checked(proof, trusted).checks if check.question == "time stamp")
    return found.answer, found.detail


def test_a_proof_says_when_it_existed_and_by_whose_word(alert_proof: bytes, stamp: bytes, authority: Authority) -> None:
    """For somebody who has the authority's root from elsewhere; the certificate between is in the time stamp."""
    proof = _with(alert_proof, stamp)
    answer, detail = _said(proof, authority.root)
    assert answer is Answer.OK
    assert detail.startswith("existed at 20")
    assert "CN=between" in detail
    assert checked(proof).id == checked(alert_proof).id
    assert checked(proof).answer is Answer.OK


def test_without_a_root_from_outside_a_time_stamp_proves_nothing_and_that_is_said(
    alert_proof: bytes, stamp: bytes
) -> None:
    answer, detail = _said(_with(alert_proof, stamp))
    assert answer is Answer.STATED
    assert "not checked, because no certificate was given" in detail


def test_an_authority_that_nobody_trusts_fails(alert_proof: bytes, another: Authority, authority: Authority) -> None:
    """Also where it brings its own root, alone or beside the certificates between."""
    stamp = another.stamp(checked(alert_proof).id)
    root, between = another.root.read_bytes(), another.between.read_bytes()
    for chain in (None, between, root, between + root):
        answer, detail = _said(_with(alert_proof, stamp, chain), authority.root)
        assert answer is Answer.FAILED
        assert "does not lead to --tsa-ca" in detail or "signs itself" in detail
    assert _said(_with(alert_proof, stamp, between), another.root)[0] is Answer.OK


def test_the_time_stamp_of_another_proof_fails_whether_a_root_is_given_or_not(
    alert_proof: bytes, subject_proof: bytes, stamp: bytes, authority: Authority
) -> None:
    proof = _with(subject_proof, stamp)
    for roots in ((), (authority.root,)):
        assert _said(proof, *roots) == (Answer.FAILED, "timestamp.tsr is of something else than manifest.json")


def test_a_proof_without_a_time_stamp_fails_for_whoever_expects_one(alert_proof: bytes, authority: Authority) -> None:
    assert _said(alert_proof, authority.root)[0] is Answer.FAILED
    assert _said(alert_proof)[0] is Answer.NONE


def test_certificates_that_the_time_stamp_lacks_come_from_beside_it_or_from_the_reader(
    alert_proof: bytes, authority: Authority
) -> None:
    stamp = authority.stamp(checked(alert_proof).id, chain=False)
    chain = chain_of(authority.between.read_bytes() + authority.root.read_bytes(), "the chain")
    assert chain.count(b"BEGIN CERTIFICATE") == 1, "roots are for the reader to bring"
    assert _said(_with(alert_proof, stamp), authority.root)[0] is Answer.FAILED
    assert _said(_with(alert_proof, stamp, chain), authority.root)[0] is Answer.OK
    assert _said(_with(alert_proof, stamp), authority.root, authority.between)[0] is Answer.OK


def test_a_digest_by_sha512_is_as_good(alert_proof: bytes, authority: Authority) -> None:
    digest = sha512(files_in(alert_proof)[layout.MANIFEST]).hexdigest()
    stamp = authority.stamp(digest, algorithm="sha512")
    assert _said(_with(alert_proof, stamp), authority.root)[0] is Answer.OK


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_time_stamp_fails_or_says_the_same(
    data: st.DataObject, alert_proof: bytes, stamp: bytes, authority: Authority
) -> None:
    """What no signature covers is not looked at; and no byte makes it crash."""
    changed = bytearray(stamp)
    for _ in range(data.draw(st.integers(1, 3), label="how many")):
        changed[data.draw(st.integers(0, len(stamp) - 1), label="place")] ^= data.draw(
            st.integers(1, 255), label="flip"
        )
    answer, detail = _said(_with(alert_proof, bytes(changed)), authority.root)
    if answer is not Answer.FAILED:
        assert detail == _said(_with(alert_proof, stamp), authority.root)[1]
    assert _said(_with(alert_proof, bytes(changed)))[0] in (Answer.FAILED, Answer.STATED)


@given(answer=st.binary(max_size=300))
def test_what_is_no_answer_is_left_to_the_reader_to_refuse(answer: bytes) -> None:
    assert len(with_sorted_certificates(answer)) == len(answer)


def test_what_is_no_time_stamp_of_the_proof_is_not_put_in(alert_proof: bytes, authority: Authority) -> None:
    manifest = files_in(alert_proof)[layout.MANIFEST]
    digest = sha256(manifest).hexdigest()
    nothing = "0" * 64
    for answer, said in (
        (b"", "is no time stamp"),
        (b"<html>", "is no time stamp"),
        (authority.stamp(nothing), "is of something else"),
        (authority.stamp(digest, certificates=False), "has no certificate of who signed it"),
        (authority.answer(b"\x30\x00"), "was refused by the authority"),
    ):
        with pytest.raises(InputError, match=said):
            timestamp_of(answer, manifest, "FILE")
    with pytest.raises(InputError, match="answers another question"):
        timestamp_of(authority.stamp(digest), manifest, "FILE", nonce=1)


def test_an_authority_is_asked_for_the_id_alone(
    antiphon: Antiphon, tmp_path: Path, alert_proof: bytes, authority: Authority
) -> None:
    """And whoever has its root verifies the proof, offline."""
    path = tmp_path / "proof.zip"
    path.write_bytes(alert_proof)
    with authority.served() as (url, asked):
        sealed = antiphon("proof", "seal", str(path), "--timestamp-url", url)
    assert sealed.exit_code == 0
    assert len(asked) == 1
    assert bytes.fromhex(checked(alert_proof).id) in asked[0]
    assert len(asked[0]) < 100
    verified = antiphon("proof", "verify", str(path), "--tsa-ca", str(authority.root))
    assert verified.exit_code == 0, verified.stderr
    assert "existed at" in verified.stdout


@pytest.mark.slow
def test_an_export_is_stamped_by_hand_and_is_the_same_file_again(
    antiphon: Antiphon, tmp_path: Path, authority: Authority
) -> None:
    """Its id is known before, because an export is the same bytes wherever it is made."""
    export = ("proof", "export", "dcc6167b", "--case", "khamenei-site", "--out")
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    antiphon(*export, str(first))
    stamp, chain = tmp_path / "id.tsr", str(authority.between)
    stamp.write_bytes(authority.stamp(antiphon("proof", "digest", str(first)).stdout.strip(), chain=False))
    stamped = ("--timestamp", str(stamp), "--timestamp-chain", chain)
    assert antiphon(*export, str(second), *stamped).exit_code == 0
    assert antiphon("proof", "seal", str(first), *stamped).exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    result = antiphon("proof", "verify", str(second), "--tsa-ca", str(authority.root))
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("instead", "status", "said"),
    [(b"", 200, "is no time stamp"), (b"sorry", 503, "has status 503"), (b"x" * 100_000, 200, "has more than 65,536")],
)
def test_a_server_that_is_no_authority_is_one_clear_sentence(
    antiphon: Antiphon, tmp_path: Path, alert_proof: bytes, authority: Authority, instead: bytes, status: int, said: str
) -> None:
    """And the proof stays as it was."""
    path = tmp_path / "proof.zip"
    path.write_bytes(alert_proof)
    with authority.served(instead=instead, status=status) as (url, _):
        result = antiphon("proof", "seal", str(path), "--timestamp-url", url)
    assert result.exit_code == 2
    assert said in result.stderr
    for nowhere in (url, "no address", "ftp://127.0.0.1/"):
        away = antiphon("proof", "seal", str(path), "--timestamp-url", nowhere)
        assert away.exit_code == 2
        assert "did not answer" in away.stderr
    assert path.read_bytes() == alert_proof


def test_without_the_library_a_stamped_proof_verifies_and_the_sentence_says_how_to_install_it(
    antiphon: Antiphon,
    tmp_path: Path,
    alert_proof: bytes,
    stamp: bytes,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, file = tmp_path / "proof.zip", tmp_path / "id.tsr"
    path.write_bytes(_with(alert_proof, stamp))
    file.write_bytes(stamp)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cryptography", "rfc3161_client")]:
        monkeypatch.setitem(sys.modules, name, None)
    verified = antiphon("proof", "verify", str(path))
    assert verified.exit_code == 0, verified.stderr
    assert "a time stamp is here; not read" in verified.stdout
    for arguments in (
        ("verify", str(path), "--tsa-ca", str(authority.root)),
        ("seal", str(path), "--timestamp", str(file)),
        ("seal", str(path), "--timestamp-url", "http://127.0.0.1:1/"),
    ):
        result = antiphon("proof", *arguments)
        assert result.exit_code == 2
        assert "needs rfc3161-client, which is not installed" in result.stderr
        assert "pip install 'antiphon[signatures]'" in result.stderr
