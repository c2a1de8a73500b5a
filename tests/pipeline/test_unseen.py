"""A collector that was down, by the pipeline on a real Kafka and by the backtest: both say the same of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.core.backtest import Results
from streams.events import Event, encode_event
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.demo import demo_broker, run_demo
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.core.unseen_stories import ROSTER, at, collector_down, edited_and_deleted, reposted_a_year_before, silence
from tests.pipeline.sameness import assert_same
from tests.pipeline.test_agreement import Silent
from tools.kafka.running_broker import RunningBroker

pytestmark = pytest.mark.slow


def _both(kafka: RunningBroker, path: Path, events: Sequence[Event]) -> Results:
    """What both find, which is the same."""
    path.write_bytes(b"\n".join(encode_event(event) for event in events))
    readers = readers_named("canonical")
    backtested = backtest_files([str(path)], readers, ROSTER, bundled_rules())
    assert backtested.refused.total() == 0
    with demo_broker(kafka.address, Settings(), 1) as settings:
        run = run_demo(settings, [str(path)], readers, ROSTER, Silent())
    assert run.letters == []
    assert_same(run.results, backtested.results)
    return backtested.results


def test_six_unseen_days_make_nobody_silent_and_an_old_repost_is_taken_back(
    kafka: RunningBroker, tmp_path: Path
) -> None:
    """The same without the coverage record is `silence`. Besides, edited posts go by the ids of other versions."""
    story = [*silence(), *reposted_a_year_before(), *edited_and_deleted()]
    unaware = _both(kafka, tmp_path / "unaware.ndjson", story)
    aware = _both(kafka, tmp_path / "aware.ndjson", [*story, *collector_down()])
    for results, is_silence in ((unaware, True), (aware, False)):
        assert ("silence" in {alert.rule for alert in results.alerts.values()}) == is_silence
        dossier = results.dossiers["twitter:800"]
        assert (dossier.totals.retweet, dossier.withdrawn) == (1, 1)
        edited = results.dossiers["twitter:900"]
        assert (edited.totals.quote, edited.withdrawn, edited.totals.retweet) == (0, 2, 1)
        since = None if is_silence else at(-60)
        assert dossier.seen_since == results.dossiers["twitter:700"].seen_since == ({"IR": since} if since else {})
    (aftermath,) = aware.aftermaths.values()
    assert aftermath.coverage is not None
    assert aftermath.coverage.unseen_share == pytest.approx(6 / 14)
