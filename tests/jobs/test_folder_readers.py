"""What one file of a folder or an archive says of the others in it holds for these, and for no file elsewhere."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.deadletters import Rejection
from streams.events import Event, Post
from streams.formats.registry import readers_named
from streams.jobs.reading import FileAccount, read_events
from tests.formats.payloads import Json, to_line
from tests.formats.test_twitter_archive import ACCOUNT, RECORDS, post

LIKES = [RECORDS["like"]] * 3


def script(name: str, records: list[Json]) -> bytes:
    """A file of an archive."""
    return b"window.YTD." + name.encode() + b".part0 = " + to_line(records)


def archive(folder: Path, account_id: str = "2000000001") -> Path:
    """An archive of two posts in `folder`/data, unpacked."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "tweets.js").write_bytes(script("tweets", [{"tweet": post(id_str=number)} for number in ("1", "2")]))
    (data / "like.js").write_bytes(script("like", LIKES))
    (data / "account.js").write_bytes(script("account", [{"account": ACCOUNT | {"accountId": account_id}}]))
    return folder


def zipped(folder: Path) -> Path:
    """With `account.js` at the end of it."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("tweets.js", "like.js", "account.js"):
            packed.write(folder / "data" / name, f"data/{name}")
    shutil.rmtree(folder)
    return path


def tarred(folder: Path) -> Path:
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as packed:
        packed.add(folder / "data", "data")  # by name
    shutil.rmtree(folder)
    return path


def read(*paths: Path, formats: tuple[str, ...] = ()) -> tuple[list[Event], list[Rejection], list[FileAccount]]:
    refused: list[Rejection] = []
    files: list[FileAccount] = []
    found = read_events(
        [str(path) for path in paths],
        readers_named(*formats),
        files,
        lambda _line, rejection, _path: refused.append(rejection),
    )
    return [event for event, _, _ in found], refused, files


def authors(events: list[Event]) -> list[str]:
    return [event.actor.id for event in events if isinstance(event, Post)]


@pytest.mark.parametrize("formats", [(), ("twitter-archive",)])
@pytest.mark.parametrize("packed", [lambda folder: folder, zipped, tarred])
def test_the_account_of_an_archive_is_the_author_of_its_posts(
    packed: Callable[[Path], Path], formats: tuple[str, ...], tmp_path: Path
) -> None:
    events, refused, files = read(packed(archive(tmp_path / "archive")), formats=formats)
    assert (authors(events), refused) == (["2000000001"] * 2, [])
    assert [file.format for file in files] == ["twitter-archive"] * 3


def test_files_of_one_folder_may_be_given_one_by_one(tmp_path: Path) -> None:
    data = archive(tmp_path) / "data"
    events, _, _ = read(data / "account.js", data / "tweets.js")
    assert authors(events) == ["2000000001"] * 2


def test_the_account_of_one_archive_is_nobody_in_another(tmp_path: Path) -> None:
    one, other = archive(tmp_path / "a", "1"), archive(tmp_path / "b", "2")
    events, _, _ = read(one, other)
    assert authors(events) == ["1", "1", "2", "2"]
    (other / "data" / "account.js").unlink()
    events, _, files = read(one, other)
    assert authors(events) == ["1", "1"]
    assert files[-1].why.endswith("give the folder with its account.js, or put `account` beside it")


def test_two_accounts_in_one_folder_leave_its_posts_without_an_author(tmp_path: Path) -> None:
    data = archive(tmp_path) / "data"
    (data / "accounts_of_others.js").write_bytes(script("account", [{"account": ACCOUNT | {"accountId": "2"}}]))
    events, refused, _ = read(data, formats=("twitter-archive",))
    assert (events, len(refused)) == ([], 2)
