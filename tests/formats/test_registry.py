"""Formats are found by name."""

from pathlib import Path

import pytest

from streams.errors import InputError
from streams.formats.registry import FORMATS, reader_named

NAMES = {
    "canonical",
    "jetstream",
    "mapped:4cat",
    "mapped:coortweet",
    "mapped:qut",
    "mastodon",
    "suspensions-csv",
    "tap",
    "telegram",
    "twitter-archive",
    "twitter-v1",
    "x-activity",
    "x-compliance",
    "x-v2",
    "zeeschuimer",
}


def test_each_format_is_found_by_the_name_its_reader_has() -> None:
    assert set(FORMATS) == NAMES
    for name in FORMATS:
        assert reader_named(name).name == name


def test_an_unknown_format_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as raised:
        reader_named("twitter\x1b[2J")
    assert raised.value.remedy == f"Give one of: {', '.join(sorted(NAMES))}, or mapped:FILE.toml."
    assert raised.value.message.isprintable()


def test_a_mapping_file_is_named_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('platform="x"\nkind="post"\n[fields]\nid="i"\nat="a"\nactor.id="u"\n', encoding="utf-8-sig")
    reader = reader_named(f"mapped:{path}")
    assert reader.name == f"mapped:{path}"
    assert isinstance(reader.read(b'{"i": "1", "a": "2021-04-25T13:05:07Z", "u": "2"}'), tuple)


def test_a_mapping_file_that_cannot_be_read_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError) as missing:
        reader_named("mapped:4chan")
    assert missing.value.message == "There is no mapping file 4chan."
    assert "4cat, coortweet, qut" in missing.value.remedy
    with pytest.raises(InputError, match="cannot be read"):
        reader_named(f"mapped:{tmp_path}")
    with pytest.raises(InputError, match="cannot be read"):
        reader_named("mapped:a\x00b")
    (tmp_path / "latin.toml").write_bytes(b"# f\xfcr\n")
    with pytest.raises(InputError, match=r"is not UTF-8 text \(line 1\)"):
        reader_named(f"mapped:{tmp_path}/latin.toml")
    with pytest.raises(InputError, match="There is no format `mapped:`"):
        reader_named("mapped:")
