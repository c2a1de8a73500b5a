"""A field of another type than Twitter's is put right or unknown, and never changes what the status is."""

import copy
import json
from collections import Counter
from collections.abc import Callable
from typing import Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.events import Event, Post, Retweet
from streams.formats.fields.odd_fields import OddFields
from streams.formats.reader import Skipped
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from streams.formats.twitter.twitter_v1_payloads import Status
from tests.core.tracking.strategies import examples
from tests.formats.payloads import NOTICES, STATUSES, Json, status

_READER: Final = TwitterV1Reader()


def _event(payload: Json) -> Event:
    reading = _READER.read(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    assert isinstance(reading, tuple), reading
    return reading[0]


def _each_value(payload: Json, change: Callable[[Json], Json]) -> Json:
    """The payload with every value that is no object and no list of objects changed."""
    if isinstance(payload, dict):
        return {key: _each_value(value, change) for key, value in payload.items()}
    if isinstance(payload, list) and all(isinstance(part, dict) for part in payload):
        return [_each_value(part, change) for part in payload]
    return change(payload)


def _as_pandas(value: Json) -> Json:
    """Small numbers as floats, what is missing as NaN."""
    if isinstance(value, int) and not isinstance(value, bool) and value < 10**9:
        return float(value)
    return float("nan") if value is None else value


def _as_mongo(value: Json) -> Json:
    return {"$numberLong": str(value)} if isinstance(value, int) and not isinstance(value, bool) else value


_EXPORTERS: Final = {
    "pandas": _as_pandas,
    "MongoDB": _as_mongo,
    "R": lambda value: [] if value is None else [value],
    "SQL": lambda value: int(value) if isinstance(value, bool) else value,
    "CSV": lambda value: value if value is None or isinstance(value, str | list) else str(value),
}


@pytest.mark.parametrize("name", sorted(STATUSES))
@pytest.mark.parametrize("exporter", sorted(_EXPORTERS))
def test_what_exporters_do_to_types_changes_no_event(exporter: str, name: str) -> None:
    if name == "snapshot":
        pytest.skip("its outer time is not Twitter's")
    exported = _each_value(STATUSES[name], _EXPORTERS[exporter])
    plain, odd = (_READER.read(json.dumps(payload).encode()) for payload in (STATUSES[name], exported))
    assert odd == plain


@pytest.mark.parametrize("name", ["user_suspend", "delete", "follow"])
def test_messages_that_are_no_statuses_are_put_right_too(name: str) -> None:
    odd = _each_value(NOTICES[name], _as_mongo)
    assert odd != NOTICES[name]
    assert _event(odd) == _event(NOTICES[name])


def test_half_a_character_in_a_name_costs_that_half() -> None:
    line = json.dumps(status()).replace("Name of example", "Emb \\ud83d").encode()
    event = _event(line)
    assert isinstance(event, Post)
    assert event.actor.name == "Emb \ufffd"


def test_a_link_beyond_the_bound_is_unknown_and_the_others_stand() -> None:
    urls = [{"expanded_url": "https://example.org/" + "a" * 9_000}, {"expanded_url": "https://example.org/b"}]
    event = _event(status(entities={"urls": urls, "user_mentions": []}))
    assert isinstance(event, Post)
    assert event.links == ("https://example.org/b",)


def test_an_id_that_went_through_a_double_is_no_id() -> None:
    payload = status() | {"id": 1.0501186211989217e18}
    del payload["id_str"]
    reading = _READER.read(json.dumps(payload | {"lang": 7}).encode())
    assert isinstance(reading, Rejection)


def test_an_id_that_is_a_string_is_exact_whatever_it_is_called() -> None:
    payload = status("1345678901234567800")
    payload["id"] = payload.pop("id_str")
    assert _event(payload).id == "1345678901234567800"


@pytest.mark.parametrize("name", ["retweeted_status", "user"])
@pytest.mark.parametrize("value", ["1050118621198921000", 7, ["a", "b"], True])
def test_a_status_without_what_makes_it_one_is_refused_and_not_taken_for_another(name: str, value: Json) -> None:
    reading = _READER.read(json.dumps(STATUSES["retweet"] | {name: value}).encode())
    assert isinstance(reading, Rejection)
    assert reading.reason is Reason.NOT_AN_EVENT


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_odd = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2))


@pytest.mark.slow
def test_whatever_stands_in_a_field_the_status_is_the_same_thing_or_refused() -> None:
    seen: Counter[str] = Counter()

    def places(payload: Json, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        found = [path] if path else []
        if isinstance(payload, dict):
            found += [place for key, value in payload.items() for place in places(value, (*path, key))]
        return found

    whole = STATUSES["retweet"]

    @examples(300)
    @given(st.sampled_from(places(whole)), _odd)
    def check(place: tuple[str, ...], value: Json) -> None:
        payload = copy.deepcopy(whole)
        holder = payload
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
        reading = _READER.read(json.dumps(payload).encode())
        if isinstance(reading, Rejection | Skipped):
            seen["refused"] += 1
            return
        assert isinstance(reading[0], Post if place == ("retweeted_status",) and not value else Retweet)
        seen["read"] += 1

    check()
    assert min(seen["read"], seen["refused"]) > 0, seen


@pytest.mark.slow
def test_two_parsers_put_the_same_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether orjson reads a line, or refuses it and `json` does, changes nothing.

    Of a whole number beyond 64 bits, which is nobody's id or count, orjson makes a float.
    """
    fields = OddFields(Status)
    scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5)
    odd = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
    )

    def refuse(_line: bytes) -> None:
        raise orjson.JSONDecodeError("", "", 0)

    @examples(300)
    @given(st.dictionaries(st.sampled_from(sorted(STATUSES["retweet"])) | st.text(max_size=3), odd, max_size=6))
    def check(payload: Json) -> None:
        line = json.dumps(payload).encode()
        with monkeypatch.context() as patched:
            first = fields.mended(line)
            patched.setattr("streams.formats.fields.odd_fields.orjson.loads", refuse)
            assert fields.mended(line) == first

    check()
