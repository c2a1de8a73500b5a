"""An enriched record is one entry of a registry: topics, results, files, schemas and commands follow from it."""

import subprocess
import sys
from pathlib import Path

import msgspec

from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.topics import TOPICS


def test_a_new_enriched_record_is_one_type_and_one_entry(tmp_path: Path) -> None:
    """Of two versions the last one stands in the results."""
    program = [sys.executable, "-m", "tests.core.added_record", str(tmp_path)]
    found = msgspec.json.decode(subprocess.run(program, capture_output=True, check=True, timeout=60).stdout)
    assert found["partitions"] == 4
    assert found["file"].count("\n") == 1
    assert '"at":"2021-01-01T00:00:00Z"' in found["file"]
    assert found["read again"] == [True]
    assert found["sent"] == ["verdicts", "twitter:7", "antiphon.verdict"]
    assert found["cleared"]
    assert found["exported"]
    assert found["schemas"] == ["connect/verdicts.json", "connect/verdicts.table.json", "verdict.schema.json"]
    assert sorted([topic.name for topic in TOPICS] + ["verdicts"]) == found["channels"]


def test_every_enriched_topic_names_its_schema_and_its_role() -> None:
    assert [topic.topic.role for topic in ENRICHED_TOPICS] == ["enriched"] * len(ENRICHED_TOPICS)
    assert len({topic.schema for topic in ENRICHED_TOPICS}) == len(ENRICHED_TOPICS)
