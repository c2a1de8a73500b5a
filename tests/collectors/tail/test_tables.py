"""Tables that grow: each row under the header of its file, also after a restart and over quoted newlines."""

from pathlib import Path

from streams.collectors.tail.follower import FileFollower, TailPolicy
from streams.events import Post, Retweet
from streams.formats.registry import reader_named

_HEADER = "object_id,account_id,content_id,timestamp_share\n"


def test_rows_that_are_added_are_read_under_the_header_of_the_file(tmp_path: Path) -> None:
    """One at a time, by collectors that know no more than the cursor."""
    path = tmp_path / "shares.csv"
    path.write_text(_HEADER)
    cursor, ids = None, []
    for number in range(5):
        with path.open("a") as file:
            file.write(f"o{number},10{number},20{number},{1_790_000_000 + number}\n")
        follower = FileFollower(TailPolicy(path=path), reader_named("mapped:coortweet"))
        chunks = [follower.begin(cursor)]
        while (chunk := follower.step()) is not None and not chunk.newest_us:
            chunks.append(chunk)
        follower.close()
        assert not [letter for each in chunks for letter in each.letters]
        ids += [event.id for each in chunks for event in each.events if isinstance(event, Post | Retweet)]
        cursor = chunks[-1].cursor
    assert ids == [f"20{number}" for number in range(5)]


def test_a_row_with_a_newline_in_quotes_waits_for_its_end(tmp_path: Path) -> None:
    """Half of it is no row."""
    path = tmp_path / "shares.csv"
    path.write_text(_HEADER + '"o1\nwith a line",101,"20')
    follower = FileFollower(TailPolicy(path=path), reader_named("mapped:coortweet"))
    follower.begin(None)
    first = follower.step()
    assert first is not None
    assert not first.events
    with path.open("a") as file:
        file.write('1",1790000000\n')
    second = follower.step()
    follower.close()
    assert second is not None
    assert not [*first.letters, *second.letters]
    assert [event.id for event in second.events] == ["201"]
