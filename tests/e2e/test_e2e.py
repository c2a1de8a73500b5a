"""The whole of it on one machine, as `make e2e` shows it: an alert arrives, queries are answered, faults page.

A real Kafka, Prometheus and Alertmanager, and real workers; what happens and what must be seen is `tests.e2e.play`.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.e2e.finding import Finding
from tests.e2e.play import SCENES, play
from tests.ops.alertmanager import require_alertmanager
from tests.ops.prometheus import require_prometheus
from tools.kafka.running_broker import RunningBroker, delete_topics


@pytest.fixture(scope="module")
def seen(kafka: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Finding]]:
    """All findings of one play, by name, in the order in which they were made."""
    require_prometheus()
    require_alertmanager()
    prefix = f"test-{uuid4().hex[:12]}-"
    findings = list(play(kafka.address, prefix, tmp_path_factory.mktemp("e2e")))
    yield {finding.name: finding for finding in findings}
    delete_topics(kafka, prefix)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_it_is_seen_that(name: str, seen: dict[str, Finding]) -> None:
    finding = seen[name]
    assert finding.ok, f"{finding.what}: {finding.figure}"


@pytest.mark.slow
def test_what_is_promised_is_played_and_nothing_else(seen: dict[str, Finding]) -> None:
    assert list(seen) == list(SCENES)
    assert [finding.what for finding in seen.values()] == list(SCENES.values())
