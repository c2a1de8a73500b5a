"""Packed files and archives as targets: no error but those meant for it, and what others unpack too."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from streams.errors import InputError
from streams.formats.inputs.compression import MAGIC_BYTES, Damaged, decompressed
from streams.formats.inputs.files import open_inputs
from streams.formats.inputs.lines import MAX_LINE_BYTES
from streams.formats.inputs.tar import tar_members
from streams.formats.inputs.zip import UnreadableZip, open_zip, zip_member_blocks, zip_member_problem
from tests.fuzz.mutations import PACKINGS, change_packed, change_tar
from tests.fuzz.shape_targets import FILES, held_line, pieces_of
from tests.fuzz.target import Target

__all__ = ["archive_targets"]

_MOST_BYTES: Final = 4_194_304  # of plain bytes are looked at: what follows them comes in blocks of the same size
_MOST_BLOCK: Final = 33_554_432 + 262_144
_OTHERS: Final[tuple[tuple[bytes, Callable[[bytes], bytes]], ...]] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
)


def _plain(blocks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes, and whether they end in damage."""
    plain = bytearray()
    try:
        for block in blocks:
            assert len(block) <= _MOST_BLOCK
            plain += block
            if len(plain) >= _MOST_BYTES:
                break
    except Damaged:
        return bytes(plain[:_MOST_BYTES]), True
    return bytes(plain[:_MOST_BYTES]), False


def _check_compression(data: bytes) -> None:
    blocks = decompressed(data[:MAGIC_BYTES], pieces_of(data))
    whole = decompressed(data[:MAGIC_BYTES], [data])
    assert (blocks is None) == (whole is None)
    if blocks is None or whole is None:
        return
    plain, is_damaged = _plain(blocks)
    again, is_damaged_again = _plain(whole)
    assert plain.startswith(again) or again.startswith(plain)
    if len(plain) == len(again) == _MOST_BYTES:
        return
    # libzstd compares the size that a frame claims only where it has the whole frame at once, or where its last block
    # is not empty.
    assert is_damaged == is_damaged_again or data.startswith(b"\x28\xb5\x2f\xfd")
    assert is_damaged or is_damaged_again or plain == again
    for magic, unpack in _OTHERS:
        if data.startswith(magic):
            with suppress(OSError, EOFError, zlib.error, lzma.LZMAError):
                # Theirs leave out members behind zero padding.
                assert is_damaged or plain.startswith(unpack(data)[:_MOST_BYTES])


def _check_tar(data: bytes) -> None:
    def members(blocks: Iterator[bytes]) -> tuple[list[tuple[str, bytes, bool]], bool]:
        found: list[tuple[str, bytes, bool]] = []
        try:
            found.extend((member.name, *_plain(member.blocks)) for member in islice(tar_members(blocks), 1_000))
        except Damaged:
            return found, True
        return found, False

    assert members(pieces_of(data)) == members(iter([data]))


def _check_zip(data: bytes) -> None:
    try:
        archive, members = open_zip(io.BytesIO(data))
    except UnreadableZip:
        return
    for member in members[:100]:
        if zip_member_problem(member) is None:
            _plain(zip_member_blocks(archive, member))


def _check_file(data: bytes) -> None:
    with TemporaryDirectory(prefix="antiphon-fuzz-") as folder:
        path = Path(folder) / "input"
        path.write_bytes(data)
        with suppress(InputError):
            for each in open_inputs(str(path)):
                assert each.encoding.isprintable()
                for line in islice(each, 1_000):
                    held_line(line, 2 * MAX_LINE_BYTES + 1)
                assert 0 <= each.consumed_bytes <= max(len(data), each.total_bytes or 0)


def _tar(form: int, name: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form, bufsize=512) as tar:
        for member_name, data in ((name, b'{"n":1}\n'), ("../b.json", b""), ("c/account.js", FILES[8])):
            member = tarfile.TarInfo(member_name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type = tarfile.SYMTYPE
        link.linkname = "../c"
        tar.addfile(link)
    return written.getvalue()[: 512 * 14]


def _zip(method: int) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, data in (("b.json", b'{"n":1}\n' * 40), ("../a.js", FILES[8]), ("d/", b"")):
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return written.getvalue()


def _packed() -> list[bytes]:
    small = [FILES[0][:400] + b"\n", b"", b"a" * 300_000]
    return [
        *(pack(plain) for pack in PACKINGS for plain in small),
        *(pack(b"one\n") + b"\x00" * 20 + pack(b"two\n") for pack in PACKINGS),
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + PACKINGS[-1](b"after a skippable frame\n"),
    ]


def _tars() -> list[bytes]:
    forms = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return [_tar(form, name) for form in forms for name in ("a.json", "d" * 99 + "/é.json")]


def _zips() -> list[bytes]:
    return [_zip(method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)]


def archive_targets() -> list[Target]:
    return [
        Target(name="compression", check=_check_compression, seeds=_packed, mutate=change_packed),
        Target(name="tar", check=_check_tar, seeds=_tars, mutate=change_tar),
        Target(name="zip", check=_check_zip, seeds=_zips),
        Target(
            name="files",
            check=_check_file,
            seeds=lambda: [*FILES[:8], *_packed(), *_tars()[:2], PACKINGS[0](_tars()[0]), *_zips()[:2]],
            mutate=change_packed,
        ),
    ]
