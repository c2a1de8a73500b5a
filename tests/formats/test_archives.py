"""Folders, tars and zips: each file in them is an input of its own, in bounded memory, and nothing is written."""

import bz2
import gzip
import io
import os
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.errors import InputError
from streams.formats.inputs import files
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.files import open_inputs
from streams.formats.inputs.tar import is_tar, tar_members

MIB: Final = 2**20
A_DAY: Final = {"01/00.json": b'{"n":1}\n{"n":2}\n', "01/01.json": b'{"n":3}\n', "02/00.json": b'{"n":4}\n'}
ARCHIVES: Final = ("folder", "tar", "tar.gz", "tar.bz2", "zip")
every_archive = pytest.mark.parametrize("kind", ARCHIVES)


def tar_of(contents: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return written.getvalue()


def archive_of(kind: str, contents: Mapping[str, bytes], path: Path) -> Path:
    if kind == "folder":
        for name, data in contents.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
        return path
    tar = tar_of(contents)
    path.write_bytes({"tar": tar, "tar.gz": gzip.compress(tar, 1), "tar.bz2": bz2.compress(tar)}[kind])
    return path


def read(path: Path) -> dict[str, Any]:
    """Of each input its name within what was opened, and its lines, refusals among them, or its problem."""
    found: dict[str, Any] = {}
    for each in open_inputs(str(path)):
        lines = [line.data if line.refusal is None else line.refusal.reason for line in each]
        found[each.path.removeprefix(f"{path}/")] = each.problem or lines
    return found


@every_archive
def test_every_file_is_an_input_of_its_own_in_the_order_of_the_archive(kind: str, tmp_path: Path) -> None:
    path = archive_of(kind, A_DAY, tmp_path / "archive")
    assert list(read(path).items()) == [
        ("01/00.json", [b'{"n":1}', b'{"n":2}']),
        ("01/01.json", [b'{"n":3}']),
        ("02/00.json", [b'{"n":4}']),
    ]


@every_archive
def test_files_in_it_may_be_packed_and_of_any_shape_and_some_empty(kind: str, tmp_path: Path) -> None:
    """As the Internet Archive's grabs of the stream: a tar of .json.bz2."""
    contents = {"a.json.bz2": bz2.compress(b'{"n":1}\n'), "b.json": b'[{"n":2},\n{"n":3}]', "c": b""}
    path = archive_of(kind, contents, tmp_path / "archive")
    assert read(path) == {"a.json.bz2": [b'{"n":1}'], "b.json": [b'{"n":2}', b'{"n":3}'], "c": []}


@every_archive
def test_what_systems_leave_behind_is_left_out(kind: str, tmp_path: Path) -> None:
    contents = {"a.json": b"{}\n", ".DS_Store": b"\x00", "__MACOSX/a/._a.json": b"\x00", "x/.hidden": b"no"}
    assert read(archive_of(kind, contents, tmp_path / "archive")) == {"a.json": [b"{}"]}


@every_archive
def test_an_archive_within_an_archive_is_a_problem_that_is_named(kind: str, tmp_path: Path) -> None:
    inner = archive_of("zip", A_DAY, tmp_path / "inner.zip").read_bytes()
    contents = {
        "a.json": b"{}\n",
        "b.zip": inner,
        "c.tar": tar_of(A_DAY),
        "d.tar.gz": gzip.compress(tar_of(A_DAY)),
        "e.gz": gzip.compress(gzip.compress(b"{}\n")),
        "f.7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    }
    found = read(archive_of(kind, contents, tmp_path / "archive"))
    assert found.pop("a.json") == [b"{}"]
    assert found.pop("e.gz") == "is packed twice"
    assert found.pop("f.7z") == "is a 7z archive"
    if kind == "folder":  # which is no archive: those in it are opened
        assert set(found) == {f"{name}/{each}" for name in ("b.zip", "c.tar", "d.tar.gz") for each in A_DAY}
    else:
        assert found == dict.fromkeys(("b.zip", "c.tar", "d.tar.gz"), "is an archive within another one")


@every_archive
def test_pictures_and_web_pages_beside_the_data_are_left_out(kind: str, tmp_path: Path) -> None:
    """As in the archive of an account. Given by itself, such a file is an error."""
    media = {
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(20),
        "picture.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
        "picture.webp": b"RIFF\x00\x10\x00\x00WEBPVP8 ",
        "video.mp4": b"\x00\x00\x00\x20ftypisom",
        "archive.html": b"<!DOCTYPE html>\n<html></html>",
        "page.html": b"\xef\xbb\xbf\n<html lang='en'>",
        "logo.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "font.woff": b"wOFF\x00\x01\x00\x00",
    }
    path = archive_of(kind, {"a.json": b"{}\n", **media}, tmp_path / "archive")
    left_out = {each.path.removeprefix(f"{path}/") for each in open_inputs(str(path)) if each.is_media}
    assert left_out == set(media)
    assert {name: lines for name, lines in read(path).items() if lines} == {"a.json": [b"{}"]}
    for name in media if kind == "folder" else ():
        with pytest.raises(InputError, match="is a picture, a video"):
            list(open_inputs(str(path / name)))


@every_archive
def test_an_archive_without_files_to_read_is_an_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    archive_of(kind, {".DS_Store": b"\x00"}, path)
    with pytest.raises(InputError, match=r"nothing holds no files"):
        list(open_inputs(str(path)))


@pytest.mark.parametrize("name", ["../../escaped.json", "/absolute.json", "a/../../escaped.json", "\x1b[2J.json"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_name_is_a_word_and_no_path(kind: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = archive_of(kind, {name: b"{}\n"}, folder / "archive")
    [only] = [(each.path, list(each)) for each in open_inputs(str(path))]
    assert only[0] == f"{path}/{name}"
    assert os.listdir(folder) == ["archive"]
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_every_form_give_names_of_every_length_and_nothing_but_files(form: int, tmp_path: Path) -> None:
    long_name = "/".join(["n" * 60] * (3 if form == tarfile.USTAR_FORMAT else 30)) + "/file.json"
    path = tmp_path / "some.tar"
    with tarfile.open(path, "w", format=form) as tar:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(folder)
        tar.addfile(link)
        for name in ("first.json", long_name, "last.json"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"{}\n"))
    assert read(path) == {"first.json": [b"{}"], long_name: [b"{}"], "last.json": [b"{}"]}


@given(cut=st.integers(1, 512 * 2 * 6 + 512 * 6 - 1))
def test_a_tar_that_breaks_off_gives_what_was_whole_and_says_so(cut: int) -> None:
    whole = {f"{number}.json": b"x" * 1_000 for number in range(6)}
    data = tar_of(whole)[:cut]
    seen: list[bytes] = []
    breaks_off = False
    try:
        seen.extend(b"".join(member.blocks) for member in tar_members(iter([data])))
    except Damaged:
        breaks_off = True
    assert seen == [b"x" * 1_000] * len(seen)
    # What may be missing without a word is padding, and what marks the end.
    assert breaks_off or cut % (512 * 3) in (0, *range(512 + 1_000, 512 * 3))
    assert len(seen) >= cut // (512 * 3)


def _zip_of_two(tmp_path: Path) -> tuple[Path, bytearray, int]:
    """A zip of `a` and `b`, its bytes, and where in them the entry of `a` in the list is; its header is at 0."""
    path = archive_of("zip", {"a": b'{"n":1}\n', "b": b'{"n":2}\n'}, tmp_path / "z.zip")
    data = bytearray(path.read_bytes())
    return path, data, data.index(b"PK\x01\x02")


def test_a_file_of_a_zip_may_have_no_name(tmp_path: Path) -> None:
    path, data, entry = _zip_of_two(tmp_path)
    for lengths in (26, entry + 28):  # of the name, and of what follows it
        data[lengths : lengths + 4] = b"\x00\x00\x01\x00"
    path.write_bytes(data)
    assert read(path) == {"": [b'{"n":1}'], "b": [b'{"n":2}']}


def test_a_name_that_is_no_text_in_the_header_of_a_file_costs_that_file(tmp_path: Path) -> None:
    path, data, _ = _zip_of_two(tmp_path)
    data[6:8] = b"\x00\x08"  # says that the name is in UTF-8
    data[30:31] = b"\xb5"
    path.write_bytes(data)
    assert read(path) == {"a": [Reason.BAD_FILE], "b": [b'{"n":2}']}


def test_a_file_that_begins_where_no_file_can_costs_itself(tmp_path: Path) -> None:
    path, data, entry = _zip_of_two(tmp_path)
    place = b"\x01\x00\x08\x00" + (2**63).to_bytes(8, "little")  # of zip64
    data[entry + 30] = len(place)
    data[entry + 42 : entry + 46] = b"\xff\xff\xff\xff"
    data[entry + 47 : entry + 47] = place
    size = data.index(b"PK\x05\x06") + 12
    data[size] += len(place)
    path.write_bytes(data)
    assert read(path) == {"a": [Reason.BAD_FILE], "b": [b'{"n":2}']}


def test_no_more_bytes_are_read_of_a_zip_than_it_has_whatever_it_claims(tmp_path: Path) -> None:
    path, data, entry = _zip_of_two(tmp_path)
    data[entry + 20 : entry + 24] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)
    seen = [each.consumed_bytes for each in open_inputs(str(path)) for _ in each]
    assert len(seen) == 2
    assert max(seen) <= len(data)


def test_a_zip_that_is_damaged_costs_the_damaged_file(tmp_path: Path) -> None:
    path = archive_of("zip", {"a": b"first\n" * 50, "b": b"second\n" * 5_000, "c": b"third\n"}, tmp_path / "z.zip")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x03\x04", 10) + 30 + len("b") + 5  # within the second file, behind its header and its name
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)
    found = read(path)
    assert (found["a"], found["c"]) == ([b"first"] * 50, [b"third"])
    assert found["b"][-1] is Reason.BAD_FILE


def test_an_encrypted_file_and_one_that_could_expand_without_bound_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bomb", bytes(50 * MIB), zipfile.ZIP_BZIP2)
        archive.writestr("secret", b"{}")
    data = bytearray(path.read_bytes())
    for header, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(header)
        data[at + flags_at] |= 1
    path.write_bytes(data)
    assert read(path) == {"bomb": "is packed in another way than zips usually are", "secret": "is encrypted"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_bomb_is_read_in_bounded_memory(kind: str, tmp_path: Path) -> None:
    """200 MB of zero bytes, and a tar header that claims 4 GB of name."""
    path = archive_of("zip" if kind == "zip" else "tar.gz", {"bomb": bytes(200 * MIB)}, tmp_path / "bomb")
    if kind == "tar":
        claim = tarfile.TarInfo("x")
        claim.type, claim.size = tarfile.XHDTYPE, 2**32
        path.write_bytes(gzip.compress(claim.tobuf() + bytes(200 * MIB), 1))
    tracemalloc.start()
    try:
        found = read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == ({"bomb": [Reason.TOO_LARGE]} if kind == "zip" else {str(path): [Reason.BAD_FILE]})
    assert peak < 16 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "tar", "zip"])
def test_of_more_than_a_hundred_thousand_files_none_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the product's own limit for tars and zips, and a smaller one for folders, which take minutes to make."""
    most = 200 if kind == "folder" else files.MAX_MEMBERS
    monkeypatch.setattr(files, "MAX_MEMBERS", most)
    path = tmp_path / "archive"
    if kind == "tar":
        path.write_bytes(tar_of({"empty": b""})[: tarfile.BLOCKSIZE] * (most + 1) + bytes(2 * tarfile.BLOCKSIZE))
    else:
        archive_of(kind, {f"{number:06}": b"" for number in range(most + 1)}, path)
    with pytest.raises(InputError, match=r"holds more than|too many files"):
        for _ in open_inputs(str(path)):
            pass


def test_a_zip_on_standard_input_is_refused_with_what_to_do(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = archive_of("zip", A_DAY, tmp_path / "z.zip").read_bytes()
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    with pytest.raises(InputError, match="read from its end"):
        next(open_inputs(str(pipe)))
    writer.join(timeout=10)


def test_an_office_document_says_what_it_is(tmp_path: Path) -> None:
    path = archive_of("zip", {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"}, tmp_path / "list.xlsx")
    with pytest.raises(InputError, match=r"list\.xlsx is an Office document") as raised:
        next(open_inputs(str(path)))
    assert "CSV" in raised.value.remedy


@given(st.binary(max_size=2_000))
def test_no_bytes_make_a_tar_raise_anything_but_damage(data: bytes) -> None:
    header = tar_of({"a": b"x"})[:512]
    for stream in (data, header + data):
        try:
            for member in tar_members(iter([stream])):
                list(member.blocks)
        except Damaged:
            pass
    assert not is_tar(data[:300])
