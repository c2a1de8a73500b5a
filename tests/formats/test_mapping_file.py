"""A mapping file that is wrong refuses to start, with the key, the line and the remedy; and none costs much time."""

import re
import time
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.formats.mapped.mapped_files import shipped_mappings
from streams.formats.mapped.mapping_file import MAX_MAPPING_BYTES, MappingError, parse_mapping
from tests.formats.mappings import POSTS

_SMALL = 'platform = "x"\nkind = "post"\n[fields]\nid = "i"\nat = "a"\nactor.id = "u"\n'


def _problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as raised:
        parse_mapping(text, "mine.toml")
    assert raised.value.message.startswith(f"mine.toml: {len(raised.value.problems)} problem")
    assert raised.value.exit_code == 2
    assert all(line.isprintable() and len(line) < 500 for line in raised.value.message.split("\n"))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("actor.id", "actor.ids"), "line 6: fields.actor.ids: is no field; did you mean actor.id?"),
        (('id = "i"\n', ""), "line 3: fields.id: a post needs this field; name its column or path"),
        (("id = ", "id = 5 # "), "line 4: fields.id: 5 is no column; write a column or path in quotes"),
        (('kind = "post"', 'kind = "psot"'), "line 2: kind: 'psot' is no kind; did you mean post?"),
        (('kind = "post"\n', ""), "kind: is missing; write one of post, retweet, suspension"),
        (('kind = "post"', 'kind = "skip"'), "line 2: kind: 'skip' is no kind"),
        (('"post"', '{ column = "k", values = { a = "x" } }'), "line 2: kind.values.a: 'x' is no kind; write one of"),
        (
            ('"post"', '{ column = "k", values = { a = "skip" } }'),
            "line 2: kind.values: no value gives an event; write what becomes a post",
        ),
        (('"post"', '{ column = "k" }'), "line 2: kind.values: nothing is no table of at most 500 values"),
        (('"post"', '{ values = { a = "post" } }'), "line 2: kind: names no column"),
        (('"post"', '{ colum = "k", values = {} }'), "line 2: kind.colum: is no key here; did you mean column?"),
        (('platform = "x"', 'platform = "X!"'), "line 1: platform: 'X!' is no platform; write a name in small"),
        (('platform = "x"', 'plattform = "x"'), "line 1: plattform: is no key of a mapping; did you mean platform?"),
        (("[fields]", 'zone = "Europe/Paris"\n[fields]'), "line 3: zone: 'Europe/Paris' is no zone; write \"UTC\""),
        (("[fields]", "handles_as_ids = 1\n[fields]"), "line 3: handles_as_ids: 1 is no truth; write true or false"),
        (("[fields]", 'precision = "hour"\n[fields]'), "line 3: precision: 'hour' is no precision; write one of"),
        (('at = "a"', 'at = { column = "a", format = "%d/%m" }'), "line 5: fields.at.format: '%d/%m' is no form of a"),
        (
            ('at = "a"', 'at = { column = "a", format = "%Y-%m-%d %H:%M" }'),
            'line 5: fields.at.format: the times have no zone; add %z to it, or zone = "UTC" to the mapping',
        ),
        (
            ('at = "a"', 'at = { column = "a", format = "%Y-%m-%d" }'),
            "line 5: fields.at: the format has no time of day; only suspensions can be dated by a day",
        ),
        (('at = "a"', 'at = { column = "a", separator = " " }'), "line 5: fields.at.separator: is no key here"),
        (('kind = "post"', 'kind = "suspension"'), "status: a suspension needs it; write one of suspended"),
        (("[fields]\n", "[fields]\nlinks = { column = 'l', separator = '' }\n"), "fields.links.separator: '' is no"),
        (("[fields]\n", "[fields]\nlinks = []\n"), "line 4: fields.links: a list is no column"),
        (("[fields]", "[felder]"), "line 3: felder: is no key of a mapping; did you mean fields?"),
        (('id = "i"', "id = "), "line 4: this is not TOML: Invalid value; see toml.io for how a TOML file is written"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_its_key_and_what_to_write(change: tuple[str, str], problem: str) -> None:
    parse_mapping(_SMALL, "mine.toml")
    text = _SMALL.replace(*change, 1)
    assert text != _SMALL
    found = _problems(text)
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    "pattern", ["%d/%m/%y", "%Y-%j", "%Y-%m-%b-%d", "%Y-%m-%d %I:%M", "%Y%Y%m%d", "%Q", "%", "", "x"]
)
def test_a_pattern_that_is_not_one_day_is_no_form_of_a_time(pattern: str) -> None:
    (problem,) = _problems(_SMALL.replace('at = "a"', f'at = {{ column = "a", format = "{pattern}" }}'))
    assert f"fields.at.format: '{pattern}' is no form of a time; write iso, unix" in problem


def test_the_mappings_that_ship_are_sound_and_documented_examples_too() -> None:
    assert list(shipped_mappings()) == ["4cat", "coortweet", "qut"]
    assert parse_mapping(POSTS, "posts").kinds == {"post", "retweet"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" * (MAX_MAPPING_BYTES + 1), "the file is larger than 65,536 bytes"),
        (".".join("a" * 30_000) + " = 1", "keys are nested too deeply"),
        ("a = " + "[" * 30_000, "values are nested too deeply"),
        ("a = " + "9" * 10_000, "a number is too long"),
        ("\n".join(f"k{number} = 1" for number in range(6_000)), "is no key of a mapping"),
        (
            'platform = "x"\nkind = "post"\n[fields]\n' + "\n".join(f"k{number} = 1" for number in range(5_000)),
            "is no field",
        ),
        ('platform = "x"\nkind = "\\u001b[2J\\u202e' + "x" * 5_000 + '"', "there are no fields"),
        ("\x00", ""),
        ("\ud800", ""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_hostile_file_is_refused_at_once_with_few_and_short_words(text: str, message: str) -> None:
    begun = time.process_time()
    found = _problems(text)
    assert time.process_time() - begun < 5
    assert len(found) <= 20
    assert re.search(message, found[0])


@pytest.mark.slow
def test_whatever_a_file_holds_it_is_a_mapping_or_refused() -> None:
    values = st.sampled_from(
        ['"a"', "5", "true", "[]", "{}", '["a", "b"]', '{ column = "a" }', "1979-05-27", '""', "[[1]]"]
    )
    keys = st.sampled_from(["platform", "kind", "status", "zone", "fields.id", "fields.at", "fields.actor", "fields"])
    lines = st.lists(st.tuples(keys, values).map(" = ".join) | st.text(max_size=10), max_size=6)

    @settings(max_examples=300)
    @given(lines)
    def check(extra: list[str]) -> None:
        text = "\n".join([*extra, _SMALL])
        try:
            parse_mapping(text, "mine.toml")
        except MappingError as error:
            refused = error.problems
        else:
            refused = ()
            tomllib.loads(text)
        assert len(refused) <= 20

    check()
