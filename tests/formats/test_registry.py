"""Formats are found by name."""

import pytest

from streams.errors import InputError
from streams.formats.registry import FORMATS, reader_named

NAMES = {
    "canonical",
    "jetstream",
    "mastodon",
    "suspensions-csv",
    "telegram",
    "twitter-archive",
    "twitter-v1",
    "x-activity",
    "x-compliance",
    "x-v2",
}


def test_each_format_is_found_by_the_name_its_reader_has() -> None:
    assert set(FORMATS) == NAMES
    for name in FORMATS:
        assert reader_named(name).name == name


def test_an_unknown_format_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as raised:
        reader_named("twitter\x1b[2J")
    assert raised.value.remedy == f"Give one of: {', '.join(sorted(NAMES))}."
    assert raised.value.message.isprintable()
