"""Where keys stand in a TOML text: against documents whose lines are known because the test wrote them."""

import json
import time
import tomllib
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from streams.core.rule_files.toml_lines import MAX_KEY_PARTS, KeyPath, NestedTooDeeplyError, key_lines

_NAMES = st.one_of(
    st.text("abcXYZ019_-", min_size=1, max_size=4),
    st.text(".#=[]{}\"'\\ \té\n\u202e", max_size=4),
)
_SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "nan",
        "1979-05-27 07:32:00",
        "'a = 1'",
        '"[x] # \\" ="',
        '"""\na = 1\n"" \\""" """',
        "'''''a'''",
    ]
)
_ARRAYS = st.sampled_from(["[]", "[ 1, 2 ]", "[ # x = 1\n  { a.b = 1, c = [{}] },\n  [ '''\n''' ] ]"])
_GAPS = st.sampled_from(["", "\n", "# a = 1\n", "  \t\n\n", "\r\n"])
_TABLES: st.SearchStrategy[dict[str, object]] = st.recursive(
    st.dictionaries(_NAMES, _SCALARS | _ARRAYS, max_size=4),
    lambda children: st.dictionaries(_NAMES, _SCALARS | _ARRAYS | children, max_size=4),
    max_leaves=12,
)


class _Writer:
    """Writes nested tables as TOML in randomly chosen ways and notes the line of every key it writes."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {}
        self.ways: Counter[str] = Counter()

    def tables(self, content: dict[str, object], path: KeyPath) -> None:
        later = []
        for name, value in content.items():
            if isinstance(value, dict) and self.draw(st.booleans()):
                later.append((name, value))
            else:
                self.text += self.draw(_GAPS)
                self.pair(name, value, path, dotted=True)
                self.text += self.draw(st.sampled_from(["\n", " # b = 2\n", "\r\n"]))
        for name, value in later:
            here = (*path, name)
            self.text += self.draw(_GAPS)
            if value and all(isinstance(child, dict) for child in value.values()) and self.draw(st.booleans()):
                self.ways["implied table"] += 1  # [a.b] alone says that there is an a
                for child, grandchildren in value.items():
                    assert isinstance(grandchildren, dict)
                    self.header((*here, child))
                    self.tables(grandchildren, (*here, child))
            else:
                self.header(here)
                self.tables(value, here)

    def header(self, path: KeyPath) -> None:
        self.ways["header"] += 1
        self.note(path)
        self.text += f"[ {' . '.join(self.key(part) for part in path)} ]\n"

    def pair(self, name: str, value: object, path: KeyPath, *, dotted: bool) -> None:
        here = (*path, name)
        written = self.key(name)
        while dotted and isinstance(value, dict) and len(value) == 1 and self.draw(st.booleans()):
            self.ways["dotted key"] += 1
            [(child, value)] = value.items()
            written, here = f"{written}.{self.key(child)}", (*here, child)
        self.note(here)
        self.text += f"{written} = "
        if isinstance(value, dict):
            self.ways["inline table"] += 1
            self.text += "{"
            for index, (child, grandchild) in enumerate(value.items()):
                self.text += ", " if index else " "
                self.pair(child, grandchild, here, dotted=True)
            self.text += "}"
        else:
            self.text += str(value)

    def key(self, name: str) -> str:
        if name and all(char in "abcXYZ019_-" for char in name) and self.draw(st.booleans()):
            return name
        if name.isprintable() and "'" not in name and self.draw(st.booleans()):
            return f"'{name}'"
        return json.dumps(name)

    def note(self, path: KeyPath) -> None:
        line = self.text.count("\n") + 1
        self.lines[path] = line


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    writer = _Writer(draw)
    writer.tables(draw(_TABLES), ())
    for way in writer.ways:
        event(way)
    return writer.text, writer.lines


def _paths(table: dict[str, object], above: KeyPath = ()) -> set[KeyPath]:
    paths = set()
    for name, value in table.items():
        paths.add((*above, name))
        if isinstance(value, dict):
            paths |= _paths(value, (*above, name))
    return paths


@pytest.mark.slow
@settings(max_examples=150)
@given(_documents())
def test_every_key_is_found_on_the_line_it_was_written_on(document: tuple[str, dict[KeyPath, int]]) -> None:
    """For headers, dotted keys, inline tables, quoted names, arrays and strings that look like keys."""
    text, lines = document
    found = key_lines(text)
    assert {path: found.get(path) for path in lines} == lines
    assert found.keys() == _paths(tomllib.loads(text)), "the scan and tomllib see the same keys"


@given(st.text("a.=[]{}\"'\\#\n, 1", max_size=60) | st.text(max_size=40))
def test_no_text_makes_the_scan_fail(text: str) -> None:
    """Whatever is not TOML is left for `tomllib` to name."""
    lines: dict[KeyPath, int] = {}
    with suppress(NestedTooDeeplyError):
        lines = key_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n" + ".".join(["a"] * (MAX_KEY_PARTS + 1)) + " = 1", 2),
        ("[" + ".".join(["a"] * MAX_KEY_PARTS) + "]\n\nb = 1", 3),
        ("a = " + "{ a = " * MAX_KEY_PARTS, 1),
        ("a = [{" + ".".join(["a"] * (MAX_KEY_PARTS + 1)) + " = 1}]", 1),
    ],
)
def test_keys_of_too_many_parts_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(NestedTooDeeplyError) as caught:
        key_lines(text)
    assert caught.value.line == line


def test_keys_of_as_many_parts_as_allowed_are_found() -> None:
    parts = ("a",) * MAX_KEY_PARTS
    assert key_lines("\n\n" + ".".join(parts) + " = 1")[parts] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["a=1\n", '"""\\', "[", "[{", "'", "'''a\n", "\\", "#", 'a="', "{}", "\n", "[a]\n", '"""a\n#\\\n']
)
def test_a_megabyte_of_anything_takes_less_than_ten_seconds_of_cpu(unit: str) -> None:
    """Linear time: a quadratic scan of a megabyte would take hours."""
    started = time.process_time()
    with suppress(NestedTooDeeplyError):
        key_lines(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 10
