"""The schema files: they are what the code says, and they and the decoders agree on what a payload is."""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from streams.deadletters import DeadLetter
from streams.events import RAW_TOPICS, decode_event
from streams.kafka.dead_letter_record import dead_letter_record
from streams.schemas import PAYLOADS, DeadLetterHeaders, Payload, drift, export, generate
from streams.schemas.examples import EXAMPLES
from streams.topics import TOPICS
from tests.schemas.typed_values import typed_values

pytestmark = pytest.mark.slow

SCHEMAS = Path(__file__).parents[2] / "schemas"

_each_payload = pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    """RFC 3339, as JSON Schema means it: with an offset."""
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value, re.ASCII):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


@cache
def _files() -> dict[str, bytes]:
    return generate()


def _is_base64(_validator: Any, encoding: str, value: object, _schema: Any) -> Iterator[ValidationError]:
    """`contentEncoding` is but a remark to a validator; a decoder takes it at its word."""
    try:
        if encoding == "base64" and isinstance(value, str):
            b64decode(value, validate=True)
    except ValueError as error:
        yield ValidationError(str(error))


_StrictValidator = extend(Draft202012Validator, {"contentEncoding": _is_base64})  # type: ignore[no-untyped-call]


@cache
def _validator(name: str) -> Any:
    return _StrictValidator(json.loads(_files()[f"{name}.schema.json"]), format_checker=_formats)


def _decode(payload: Payload, content: bytes) -> object:
    """What a reader of the payload's topic makes of a record: raw topics carry the union of all events."""
    return decode_event(content) if payload.name in RAW_TOPICS else msgspec.json.decode(content, type=payload.type)


def test_the_committed_schemas_are_what_the_code_says() -> None:
    assert drift(SCHEMAS) == []


def test_drift_names_a_missing_a_changed_and_a_left_over_file(tmp_path: Path) -> None:
    written = export(tmp_path)
    assert drift(tmp_path) == []
    assert sorted(written) == sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    (tmp_path / "post.schema.json").unlink()
    (tmp_path / "asyncapi.json").write_bytes((tmp_path / "asyncapi.json").read_bytes() + b" ")
    (tmp_path / "examples" / "old.json").write_text("{}")
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "kept-by-hand.json").write_text("{}")
    assert [problem.partition(";")[0] for problem in drift(tmp_path)] == [
        "post.schema.json is missing",
        "asyncapi.json is not what the code says",
        "examples/old.json is not generated any more",
    ]


def test_two_runs_generate_the_same_bytes() -> None:
    assert generate() == generate()


def test_every_topic_with_a_schema_has_one_and_every_schema_has_a_topic() -> None:
    assert {topic.schema for topic in TOPICS if topic.schema is not None} == {payload.name for payload in PAYLOADS}


def test_every_payload_has_an_example() -> None:
    assert {schema for schema, _ in EXAMPLES.values()} == {payload.name for payload in PAYLOADS}


@_each_payload
def test_a_schema_is_valid_complete_and_names_itself(payload: Payload) -> None:
    """Draft 2020-12, with id, title, description and examples, and no reference that leads nowhere."""
    schema = json.loads(_files()[f"{payload.name}.schema.json"])
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:antiphon:schema:{payload.name}"
    assert schema["title"]
    assert len(schema["description"]) > 20
    assert schema["examples"]
    references = set(re.findall(r'"\$ref":"([^"]*)"', json.dumps(schema, separators=(",", ":"))))
    assert references <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_and_reads_back_as_what_it_was_made_from(name: str) -> None:
    schema, value = EXAMPLES[name]
    content = _files()[f"examples/{name}.json"]
    _validator(schema).validate(json.loads(content))
    [payload] = [payload for payload in PAYLOADS if payload.name == schema]
    assert _decode(payload, content) == value


@_each_payload
def test_readers_may_meet_fields_they_do_not_know(payload: Payload) -> None:
    """A field that another version added makes no record invalid, at any depth."""
    for schema, value in EXAMPLES.values():
        if schema == payload.name:
            plain = json.loads(msgspec.json.encode(value))
            changed = _with_unknown_fields(plain)
            assert changed != plain
            _validator(schema).validate(changed)
            assert _decode(payload, json.dumps(changed).encode()) == value


# Objects in which each name is a key of its own.
_MAPS = {
    "figures",
    "fired_figures",
    "windows",
    "domains",
    "seen_since",
    "deletions_by_account",
    "deletions_by_language",
}


def _with_unknown_fields(value: Any) -> Any:
    match value:
        case dict():
            return {"from_the_future": [{}]} | {
                key: item if key in _MAPS else _with_unknown_fields(item) for key, item in value.items()
            }
        case list():
            return [_with_unknown_fields(item) for item in value]
        case _:
            return value


@_each_payload
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_is_encoded_is_valid(payload: Payload, data: st.DataObject) -> None:
    value = data.draw(typed_values(payload.type))
    encoded = msgspec.json.encode(value)
    _validator(payload.name).validate(json.loads(encoded))
    assert _decode(payload, encoded) == value


_ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**53, "", "x", "x" * 300, "x" * 1_100, [], {}, [None], {"id": "1"}),
    *("2020-02-30T00:00:00Z", "2020-02-03T00:00:00", "2020-02-03T00:00:00Z", "2020-02-03T00:00:00+01:00", "suspended"),
]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in items] + [place for _, child in items for place in _places(child)]


@_each_payload
def test_a_schema_and_its_decoder_agree_on_damaged_records(payload: Payload) -> None:
    """A field is kept, dropped or replaced somewhere: either both accept the record or neither does."""
    outcomes: Counter[bool] = Counter()

    @settings(max_examples=100)
    @given(data=st.data())
    def agree(data: st.DataObject) -> None:
        value = json.loads(msgspec.json.encode(data.draw(typed_values(payload.type))))
        container, key = data.draw(st.sampled_from(_places(value)))
        match data.draw(st.sampled_from(["keep", "drop", "replace"])):
            case "drop":
                container.pop(key)
            case "replace":
                container[key] = data.draw(st.sampled_from(_ODD_VALUES))
        try:
            _decode(payload, json.dumps(value).encode())
            decoded = True
        except msgspec.ValidationError:
            decoded = False
        assert _validator(payload.name).is_valid(value) == decoded
        outcomes[decoded] += 1

    agree()
    assert outcomes[True] >= 5
    assert outcomes[False] >= 5


def test_the_headers_of_a_dead_letter_are_all_it_has_but_its_bytes() -> None:
    assert set(DeadLetterHeaders.__struct_fields__) == set(DeadLetter.__struct_fields__) - {"payload"}


@given(typed_values(DeadLetter), st.integers(0, 2**31), st.integers(0, 2**63 - 1), st.binary(max_size=9))
def test_what_stands_in_a_dead_letters_headers_is_valid(
    letter: DeadLetter, partition: int, offset: int, payload: bytes
) -> None:
    """As the record's writer writes them, for any text a stranger may have caused."""
    placed = msgspec.structs.replace(
        letter, partition=partition, offset=offset, size=len(payload), sha256=sha256(payload).hexdigest()
    )
    record = dead_letter_record(placed)
    _validator("dead-letter").validate({name: (value or b"").decode() for name, value in record.headers})
