"""Only what `pack` writes is a proof; everything else is refused at once and costs nothing."""

import io
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.proofs import archive
from streams.proofs.archive import MAX_ENTRIES, NotAProofError, open_archive, pack

_FILES: Final = {"manifest.json": b"{}", "alerts/0.json": b"[1]", "README.txt": b"read me\n"}


def _zipped(
    *entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED, info: Callable[[zipfile.ZipInfo], None] | None = None
) -> bytes:
    """What another program makes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as zipped:
        for name, data in entries:
            made = zipfile.ZipInfo(name)
            made.compress_type = method
            if info is not None:
                info(made)
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # of a name that is there twice
                zipped.writestr(made, data)
    return whole.getvalue()


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def _encrypted(data: bytes) -> bytes:
    place = data.index(b"PK\x01\x02") + 8
    return data[:place] + b"\x01\x00" + data[place + 2 :]


def _with_end(data: bytes, *, count: int | None = None, offset: int | None = None) -> bytes:
    end = list(struct.unpack("<4s4H2IH", data[-22:]))
    if count is not None:
        end[3] = end[4] = count
    if offset is not None:
        end[6] = offset
    return data[:-22] + struct.pack("<4s4H2IH", *end)


def _million_entries(count: int) -> bytes:
    central = b"PK\x01\x02" + b"\x00" * 24 + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
    return central * 1_000_000 + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, 47_000_000, 0, 0)


def _hostile() -> dict[str, tuple[bytes, str]]:
    """Files by what they try, and what is said of them."""
    good = pack(_FILES)
    bomb = _zipped(("alert.json", b"\x00" * 50_000_000), method=zipfile.ZIP_DEFLATED)
    return {
        "a bomb": (bomb, "is compressed"),
        "a way out": (_zipped(("../alert.json", b"{}")), "no file of such a name"),
        "an absolute path": (_zipped(("/etc/passwd", b"{}")), "no file of such a name"),
        "a drive": (_zipped(("c:/alert.json", b"{}")), "no file of such a name"),
        "a deep path": (_zipped(("a/b/c.json", b"{}")), "no file of such a name"),
        "a link": (_zipped(("alert.json", b"/etc/passwd"), info=_link), "is a link"),
        "a name twice": (_zipped(("alert.json", b"1"), ("alert.json", b"2")), "is there twice"),
        "an encrypted entry": (_encrypted(good), "is encrypted"),
        "a million entries": (_million_entries(0xFFFF), "ZIP64"),
        "a million entries that say few": (_million_entries(1_000_000 % 65_536), "entries; a proof has at most"),
        "more entries than there are": (_with_end(good, count=4), "directory ends before entry 4"),
        "fewer entries than there are": (_with_end(good, count=2), "directory is not"),
        "a directory elsewhere": (_with_end(good, offset=7), "directory is not where it says"),
        "a lie of ZIP64": (_with_end(good, offset=0xFFFFFFFF), "ZIP64"),
        "something before it": (b"#!/bin/sh\n" + good, "directory is not where it says"),
        "something behind it": (good + b"x", "does not end as"),
        "a comment": (good[:-2] + b"\x03\x00abc", "does not end as"),
        "another order": (_zipped(("manifest.json", b"{}"), ("alert.json", b"{}")), "not in the order"),
        "another packing": (_zipped(("alert.json", b"{}")), "not as in a proof"),
        "nothing": (b"", "too short"),
        "text": (b"a text that is longer than the end of an archive", "does not end as"),
    }


@pytest.fixture(scope="module")
def hostile() -> dict[str, tuple[bytes, str]]:
    """Made once: some of them are large."""
    return _hostile()


_TRIES: Final = (
    "a bomb",
    "a way out",
    "an absolute path",
    "a drive",
    "a deep path",
    "a link",
    "a name twice",
    "an encrypted entry",
    "a million entries",
    "a million entries that say few",
    "more entries than there are",
    "fewer entries than there are",
    "a directory elsewhere",
    "a lie of ZIP64",
    "something before it",
    "something behind it",
    "a comment",
    "another order",
    "another packing",
    "nothing",
    "text",
)


@pytest.mark.slow
@pytest.mark.parametrize("tries", _TRIES)
def test_what_is_not_packed_as_a_proof_is_refused_with_the_reason(
    tries: str, hostile: dict[str, tuple[bytes, str]]
) -> None:
    """Nothing of it is unpacked."""
    data, said = hostile[tries]
    with pytest.raises(NotAProofError, match=said.replace(".", r"\.")):
        open_archive(io.BytesIO(data), len(data))


@pytest.mark.slow
def test_hostile_files_cost_less_than_a_second_and_100_megabytes(
    tmp_path: Path, hostile: dict[str, tuple[bytes, str]]
) -> None:
    """All of them one after the other, and one that is larger than any proof, in a process that counts."""
    assert set(_TRIES) == hostile.keys()
    for number, (data, _) in enumerate(hostile.values()):
        (tmp_path / f"{number}.zip").write_bytes(data)
    with (tmp_path / "huge.zip").open("wb") as file:
        file.truncate(1 << 40)
    program = """
import resource, sys, time
from pathlib import Path
from streams.cli.proof_verdict import verified
from streams.proofs.seals import Trusted
from streams.proofs.archive import NotAProofError
files = sorted(Path(sys.argv[1]).iterdir())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in files:
    began = time.process_time()
    try:
        verified(str(path), Trusted())
    except NotAProofError:
        pass
    else:
        sys.exit(f"{path.name} was taken for a proof")
    if (took := time.process_time() - began) > 1:
        sys.exit(f"{path.name} took {took} s")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
sys.exit(f"{grown} kB more" if grown > 100_000 else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_other_programs_read_what_is_packed(tmp_path: Path) -> None:
    """Python's own reader does, with the permissions of ordinary files."""
    path = tmp_path / "proof.zip"
    path.write_bytes(pack(_FILES))
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        assert {name: zipped.read(name) for name in zipped.namelist()} == _FILES
        assert {info.external_attr >> 16 for info in zipped.infolist()} == {0o100644}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}(/[a-z0-9][a-z0-9._-]{0,20})?", fullmatch=True),
        st.binary(max_size=300),
        max_size=8,
    )
)
def test_what_is_packed_is_read_again_and_is_the_same_bytes_each_time(files: dict[str, bytes]) -> None:
    """In whatever order the files are given."""
    packed = pack(files)
    opened = open_archive(io.BytesIO(packed), len(packed))
    assert {name: opened.read(name) for name in opened.entries} == files
    assert pack(dict(reversed(files.items()))) == packed


def test_lines_are_read_in_pieces_and_long_ones_refused() -> None:
    """A line may stand across pieces of a megabyte."""
    line = b"x" * 700_000
    packed = pack({"events.ndjson": (line + b"\n") * 3})
    opened = open_archive(io.BytesIO(packed), len(packed))
    assert list(opened.lines("events.ndjson", 700_000)) == [line] * 3
    with pytest.raises(NotAProofError, match="line 1: more than 699,999 bytes"):
        list(opened.lines("events.ndjson", 699_999))
    cut = pack({"events.ndjson": b"one\ntwo"})
    with pytest.raises(NotAProofError, match="no line feed"):
        list(open_archive(io.BytesIO(cut), len(cut)).lines("events.ndjson", 10))


def test_a_proof_has_no_more_files_and_bytes_than_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be verified is not made."""
    with pytest.raises(ValueError, match="at most"):
        pack({f"alerts/{number}.json": b"" for number in range(MAX_ENTRIES + 1)})
    with pytest.raises(ValueError, match="no name"):
        pack({"../alert.json": b""})
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 1_000)
    with pytest.raises(ValueError, match="at most"):
        pack({"events.ndjson": b"\x00" * 1_000})
