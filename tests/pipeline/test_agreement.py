"""The pipeline and the backtest agree: same dossiers, same alerts, however the work is split."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from streams.cases import KHAMENEI_SITE
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.events import RAW_TOPICS
from streams.formats.registry import readers_named
from streams.jobs.backtest import BacktestRun, backtest_files
from streams.jobs.demo import DemoRun, demo_broker, run_demo
from streams.jobs.proof_of_topics import proof_of_topics
from streams.kafka.client import admin
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.reading import read_topic
from streams.proofs.answers import Answer
from streams.proofs.finding import Proof
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from tests.pipeline.sameness import assert_same
from tests.pipeline.world import World
from tools.kafka.running_broker import RunningBroker

pytestmark = pytest.mark.slow


class Silent:
    """Nobody watches."""

    def stage(self, text: str) -> None:
        """Something begins."""

    def ingesting(self, path: str, consumed_bytes: int, total_bytes: int | None, lines: int) -> None:
        """So much of a file has been read."""

    def draining(self, remaining: int) -> None:
        """So many records are still to be dealt with."""


def _demo(
    broker: RunningBroker,
    path: Path,
    roster: Roster,
    *,
    form: str = "canonical",
    workers: int = 1,
    partitions: int | None = None,
    afterwards: Callable[[Settings], None] | None = None,
) -> DemoRun:
    address = "embedded" if broker.kind == "embedded" else broker.address
    with demo_broker(address, Settings(), workers) as settings:
        return run_demo(
            settings,
            [str(path)],
            readers_named(form),
            roster,
            Silent(),
            workers=workers,
            raw_partitions=partitions,
            afterwards=afterwards,
        )


def _backtest(path: Path, roster: Roster, form: str = "canonical") -> BacktestRun:
    return backtest_files([str(path)], readers_named(form), roster, bundled_rules())


class _Case(Struct, frozen=True):
    """A run of the bundled case, and the proof of each of its alerts that was made when the raw events were gone."""

    run: DemoRun
    proofs: dict[str, Proof]


@pytest.fixture(scope="module")
def case(broker: RunningBroker) -> _Case:
    """Runs the case once. First its raw topics and amplifications go, then alerts are proved, then all topics go."""
    proofs: dict[str, Proof] = {}

    async def prove(settings: Settings) -> None:
        async with admin(settings) as client:
            await client.delete_topics([settings.topic(name) for name in (*RAW_TOPICS.values(), "amplifications")])
        alerts = [msgspec.json.decode(record.value, type=Alert) async for record in read_topic(settings, "alerts")]
        proofs.update({alert.rule: await proof_of_topics(settings, alert.id) for alert in alerts})

    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    run = _demo(broker, KHAMENEI_SITE.events, roster, afterwards=lambda settings: asyncio.run(prove(settings)))
    return _Case(run, proofs)


def test_the_bundled_case_gives_the_published_figures_and_five_alerts_for_one_subject(case: _Case) -> None:
    """84 retweets by 19 officials, 37 by the top one, the first in the month of creation; and what came after.

    All 84 vanish with the account, and stay counted.
    """
    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    run = case.run
    dossier = run.results.dossiers["twitter:1280000000000000001"]
    assert dossier.totals.retweet == 84
    assert dossier.distinct_officials == 19
    assert dossier.officials[0].retweets == 37
    assert (dossier.gone_with_original, dossier.gone_unknown, dossier.withdrawn) == (44, 6, 0)
    assert dossier.totals.follow == 2
    assert dossier.first_amplified_at is not None
    assert dossier.first_amplified_at.isoformat()[:7] == "2020-07"
    assert dossier.suspension is not None
    assert dossier.suspension.at.date().isoformat() == "2021-01-21"
    assert sorted((alert.rule, alert.subject.handle) for alert in run.results.alerts.values()) == [
        ("amplified-then-suspended", "Khamenei_site"),
        ("clean-up", "Khamenei_site"),
        ("new-account-sustained", "Khamenei_site"),
        ("silence", "Khamenei_site"),
        ("single-patron", "Khamenei_site"),
    ]
    assert dossier.links.domains["khamenei.ir"] > 10
    assert dossier.text_matches.best[0].handle == "Khamenei_fa"
    (aftermath,) = (each for each in run.results.aftermaths.values() if each.subject.handle == "Khamenei_site")
    assert (aftermath.references, aftermath.deletions, aftermath.silent_officials) == (2, 9, 17)
    assert aftermath.deletions_by_language == {"en": 1, "fa": 8}
    assert run.letters == []
    assert_same(run.results, _backtest(KHAMENEI_SITE.events, roster).results)


def test_each_alert_of_the_case_is_proved_from_the_evidence_alone(case: _Case) -> None:
    """Raw topics and amplifications are gone, and the files play no part: the alert as the topic has it, its dossier,
    and for a rule on the aftermath the aftermath, equal to the byte."""
    assert case.proofs.keys() == {alert.rule for alert in case.run.results.alerts.values()}
    for rule, proof in case.proofs.items():
        details = {check.question: check.detail for check in proof.verdict.checks}
        assert proof.verdict.answer is Answer.OK, (rule, proof.verdict)
        assert details["alert.json"] == "recounted, equal byte for byte"
        assert details["dossier.json"].startswith("recounted, equal byte for byte")
        assert details["aftermath.json"].startswith("recounted" if rule in ("clean-up", "silence") else "kept as")
        versions = next(check for check in proof.verdict.checks if check.question == "earlier versions")
        assert "versions of the alerts recounted" in versions.detail
        assert not any("cannot be recounted" in place for place in versions.places)


def test_the_embedded_broker_gives_the_same_figures(tmp_path: Path) -> None:
    """What a person sees at first is the real pipeline."""
    with EmbeddedBroker():
        pass
    world = World(seed=11, events=3_000)
    path = tmp_path / "world.ndjson"
    world.write(path)
    run = _demo(RunningBroker(address="", kind="embedded"), path, world.roster)
    assert_same(run.results, _backtest(path, world.roster).results)


@pytest.mark.parametrize(("workers", "partitions"), [(1, 1), (3, 12)])
def test_one_worker_or_three_and_one_partition_or_twelve_agree_with_the_backtest(
    kafka: RunningBroker, tmp_path: Path, workers: int, partitions: int
) -> None:
    """A made world with late, repeated and disordered events."""
    world = World(seed=7, events=4_500)
    path = tmp_path / "world.ndjson"
    world.write(path)
    oracle = _backtest(path, world.roster)
    assert len(oracle.results.alerts) > 20
    assert max(d.totals.retweet + d.totals.quote for d in oracle.results.dossiers.values()) > 100
    run = _demo(kafka, path, world.roster, workers=workers, partitions=partitions)
    assert_same(run.results, oracle.results)
    assert run.letters == []


@pytest.mark.parametrize(("workers", "partitions"), [(3, 12)])
def test_the_french_parliament_comes_out_to_the_unit(
    kafka: RunningBroker, shared_data: Path, workers: int, partitions: int
) -> None:
    """Facts counted independently of this project (see the data's own README). Those are of retweets; quotes whose
    author the payload leaves out are tied by the quoted post's id, and make one burst more.
    """
    folder = shared_data / "fr_parliament"
    roster = parse_roster((folder / "roster.csv").read_bytes(), "roster.csv")
    path = folder / "statuses_2015-2020.jsonl.xz"
    run = _demo(kafka, path, roster, form="twitter-v1", workers=workers, partitions=partitions)
    dossiers = run.results.dossiers
    assert sum(dossier.totals.retweet for dossier in dossiers.values()) == 24_259
    assert sum(dossier.totals.retweet > 0 for dossier in dossiers.values()) == 6_313
    facts = {"85362553": (227, 58), "1976143068": (864, 52), "242694507": (125, 41), "155948847": (94, 40)}
    facts["1110890216"] = (240, 39)
    for account_id, figures in facts.items():
        dossier = dossiers[f"twitter:{account_id}"]
        by = sum(official.retweets > 0 for official in dossier.officials)
        assert (dossier.totals.retweet, by) == figures
    assert dossiers["twitter:1110890216"].subject_is_official
    bursts = {
        a.subject.handle: a.fired_at.date().isoformat()
        for a in run.results.alerts.values()
        if a.rule == "new-account-burst"
    }
    assert bursts == {
        "LaREM_AN": "2017-09-18",
        "RoxaMaracineanu": "2018-09-16",
        "NunezLaurent": "2018-12-22",
        "Renaissance_UE": "2019-04-06",
        "jourdapres": "2020-04-11",
    }
    assert_same(run.results, _backtest(path, roster, "twitter-v1").results)
