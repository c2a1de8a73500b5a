"""Records as rows: columns follow from the type alone, and a row says what its record says."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.enriched import Dossier
from streams.core.enriched_topics import ENRICHED_TOPICS, EnrichedTopic, enriched_topic_named
from streams.core.flattened import columns_of, row_of
from streams.core.rule_files.figure_names import FIGURES
from streams.schemas.examples import EXAMPLES
from tests.schemas.typed_values import typed_values


def _row(name: str) -> dict[str, Any]:
    schema, value = EXAMPLES[name]
    topic = next(topic for topic in ENRICHED_TOPICS if topic.schema == schema)
    assert isinstance(value, msgspec.Struct)
    columns = columns_of(topic.record)
    return dict(zip([column.name for column in columns], row_of(columns, value), strict=True))


def test_fields_of_a_record_within_are_columns_with_a_dot_and_lists_are_json() -> None:
    row = _row("amplification")
    assert row["official.handle"] == "minister_example"
    assert row["source.topic"] == "retweets"
    assert isinstance(row["source.offset"], int)
    row = _row("dossier")
    assert row["countries"] == '["XK"]'
    assert row["windows.24h.amplifications"] == 1
    assert row["links.domains"] == "{}"


def test_every_figure_has_a_column_of_its_own_and_what_is_unknown_is_empty() -> None:
    row = _row("alert")
    names = {name for known in FIGURES.values() for name in known}
    assert {name.removeprefix("figures.") for name in row if name.startswith("figures.")} == names
    assert row["figures.amplifications"] == 4
    assert row["figures.silent_officials"] is None
    assert row["superseded_by"] is None


def test_parts_that_are_not_there_are_empty_columns() -> None:
    example = EXAMPLES["dossier"][1]
    assert isinstance(example, Dossier)
    dossier = msgspec.structs.replace(example, suspension=None)
    columns = columns_of(type(dossier))
    row = dict(zip([column.name for column in columns], row_of(columns, dossier), strict=True))
    assert (row["suspension.status"], row["suspension.at"]) == (None, None)


@pytest.mark.parametrize("topic", ENRICHED_TOPICS, ids=lambda topic: topic.name)
@settings(max_examples=6)
@given(data=st.data())
def test_any_record_has_a_cell_of_the_right_kind_in_every_column(topic: EnrichedTopic, data: st.DataObject) -> None:
    kinds: dict[str, tuple[type, ...]] = {"text": (str,), "json": (str,), "integer": (int,), "truth": (bool,)}
    columns = columns_of(topic.record)
    assert len({column.name for column in columns}) == len(columns)
    for column, cell in zip(columns, row_of(columns, data.draw(typed_values(topic.record))), strict=True):
        if cell is not None and column.kind in kinds and "figures" not in column.path[0]:
            assert isinstance(cell, kinds[column.kind]), column.name
            if column.kind == "json":
                msgspec.json.decode(str(cell))


def test_every_topic_has_a_time_and_states_by_which_a_part_of_it_is_chosen() -> None:
    for topic in ENRICHED_TOPICS:
        [record] = [value for schema, value in EXAMPLES.values() if schema == topic.schema]
        assert topic.time(record) is not None
        assert topic.countries(record) == ("XK",)
    assert enriched_topic_named("alerts").record is type(EXAMPLES["alert"][1])
