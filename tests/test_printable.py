"""Text from outside reaches a terminal as text."""

import base64
import functools
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.printed_json import printed_json
from streams.printable import printable, printable_bytes
from tests.cli.terminal import obeyed

_ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates too: names of files have them
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@functools.cache
def _unprintable() -> str:
    return "".join(char for char in map(chr, range(sys.maxunicode + 1)) if not char.isprintable())


@given(_ANY_TEXT)
def test_what_is_shown_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert obeyed(printable(text)) == []
    assert "\n" not in printable(text)


def test_every_character_that_does_not_print_is_escaped() -> None:
    assert len(_unprintable()) > 2_000
    assert obeyed(printable("a".join(_unprintable()))) == []


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"])))
def test_text_that_prints_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_persian_joiners_are_part_of_the_spelling() -> None:
    assert printable("خامنه\u200cای") == "خامنه\u200cای"


@given(_ANY_TEXT, st.integers(1, 30))
def test_a_limit_holds_for_what_is_shown_escapes_included(text: str, limit: int) -> None:
    whole, cut = printable(text), printable(text, limit)
    assert cut == whole if len(whole) <= limit else cut == whole[: limit - 1] + "…"


@given(st.binary(max_size=60), st.integers(1, 40))
def test_bytes_are_shown_without_a_character_that_a_terminal_obeys(data: bytes, limit: int) -> None:
    text = printable_bytes(data, limit)
    assert obeyed(text) == []
    assert text.endswith("…") == (len(data) > limit or printable_bytes(data[:limit], limit).endswith("…"))


@given(_JSON, st.sampled_from([0, 2]))
def test_json_means_the_same_and_no_terminal_obeys_it(value: object, indent: int) -> None:
    text = printed_json(value, indent=indent)
    assert json.loads(text) == value
    assert obeyed(text) == []
    if not indent:
        assert "\n" not in text


@pytest.mark.slow
def test_in_json_every_character_that_does_not_print_is_escaped() -> None:
    whole = "".join(char for char in _unprintable() if not "\ud800" <= char <= "\udfff")
    text = printed_json([whole])
    assert obeyed(text) == []
    assert json.loads(text) == [whole]


def test_json_has_a_form_for_a_file_name_that_is_no_utf_8() -> None:
    name = b"caf\xe9.csv".decode("utf-8", "surrogateescape")
    assert json.loads(printed_json({"file": name})) == {"file": printable(name)} == {"file": "caf\\udce9.csv"}


@given(st.binary(max_size=60))
def test_bytes_in_json_are_base64(data: bytes) -> None:
    assert base64.b64decode(json.loads(printed_json({"payload": data}))["payload"]) == data
