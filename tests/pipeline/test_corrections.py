"""A roster is corrected while workers run, and are killed: what stands is what a fresh replay under it gives."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from streams.cases import KHAMENEI_SITE
from streams.core.backtest import Results
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.watching.aftermath_records import Aftermath
from streams.formats.registry import readers_named
from streams.jobs.backtest import backtest_files
from streams.jobs.collection import collect_results
from streams.jobs.correction import begin_correction, carry_out_correction
from streams.jobs.drain import wait_until_drained
from streams.jobs.ingestion import ingest
from streams.jobs.proof_of_topics import proof_of_topics
from streams.jobs.workers import environment_of
from streams.kafka.administration import create_topics
from streams.kafka.corrections_topic import read_corrections
from streams.kafka.reading import read_topic
from streams.kafka.roster_topic import publish_roster
from streams.proofs.answers import Answer
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from streams.topics import TOPICS
from tests.pipeline.crew import Crew
from tools.kafka.running_broker import RunningBroker

_READERS = readers_named("canonical")
_PATRON = "twitter:90000001009"
_SUBJECT = "twitter:1280000000000000001"


@pytest.fixture
def settings(kafka: RunningBroker, topic_prefix: str) -> Settings:
    """Small batches and short intervals."""
    return Settings(
        broker=kafka.address,
        topic_prefix=topic_prefix,
        session_timeout_seconds=2.0,
        canary_interval_seconds=0.0,
        unengaged_days=3_650,
        unengaged_profile_days=3_650,
        commit_interval_seconds=0.2,
        aftermath_withhold_deleted="",  # as the backtest does
    )


@pytest.fixture
def crew(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    """A worker, and whoever takes its place."""
    with Crew(settings, tmp_path) as crew:
        yield crew


def _publish(settings: Settings, roster: Roster) -> None:
    asyncio.run(publish_roster(settings, roster))


def _ingested(settings: Settings, crew: Crew) -> None:
    """All of the case, and once more by a worker that knows whose posts are looked at."""
    for _ in range(2):
        crew.dismiss_all()
        crew.add()
        done = asyncio.run(ingest([str(KHAMENEI_SITE.events)], _READERS, settings))
        asyncio.run(
            wait_until_drained(settings, done.written, lambda _left: crew.replace_dead(), newest_us=done.newest_us)
        )


class _EndedError(Exception):
    """Whoever corrects is ended on the way."""


def _begin_and_be_ended(settings: Settings, crew: Crew, old: Roster, new: Roster) -> None:
    """Workers are killed with `kill -9` when the subjects are announced, and the correction ends before one order."""

    def stage(text: str) -> None:
        if text.startswith("counting"):
            raise _EndedError
        if text.startswith("announcing"):
            for victim in crew.members:
                victim.kill()
                victim.wait()
            crew.replace_dead()

    begun = asyncio.run(begin_correction(settings, old, new, "not an official's account"))
    _publish(settings, new)
    with pytest.raises(_EndedError):
        asyncio.run(carry_out_correction(settings, begun, old, new, stage))


def _correct(settings: Settings, path: Path) -> dict[str, Any]:
    """By the command. What it says."""
    command = [sys.executable, "-m", "streams.cli.main", "roster", "publish", str(path)]
    command += ["--yes", "--correction", "--reason", "not an official's account", "--json"]
    done = subprocess.run(command, capture_output=True, env=environment_of(settings), timeout=100, check=False)
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = json.loads(done.stdout)["recounted"]
    assert (said["finished"], said["missing"], said["not_recounted"]) == (True, 0, [])
    return said


def _alerts(results: Results) -> dict[str, Alert]:
    """Without where the evidence stands; of what stands on an aftermath the digest may be the one it was told under."""
    on_subjects = {rule.name for rule in bundled_rules().judged_on("subject").rules}
    return {
        name: replace(
            alert,
            evidence=tuple(replace(each, source=None) for each in alert.evidence),
            roster_digest=alert.roster_digest if alert.rule in on_subjects else "",
        )
        for name, alert in results.alerts.items()
    }


def _aftermaths(results: Results) -> dict[str, Aftermath]:
    return {name: replace(each, roster_digest="") for name, each in results.aftermaths.items()}


def test_an_account_off_the_roster_and_back_leaves_what_fresh_replays_give_while_workers_are_killed(
    settings: Settings, crew: Crew, tmp_path: Path
) -> None:
    """The leader's Persian account: without it `single-patron` would not have fired. Put back, everything is as it was,
    with the same ids.
    """
    whole = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    without = Roster(entry for entry in whole.entries if entry.account_key != _PATRON)
    asyncio.run(create_topics(settings, partitions={topic.name: 1 for topic in TOPICS}))
    _publish(settings, whole)
    _ingested(settings, crew)
    before = asyncio.run(collect_results(settings))

    _begin_and_be_ended(settings, crew, whole, without)
    path = tmp_path / "without.csv"
    lines = KHAMENEI_SITE.roster.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "90000001009" not in line))
    assert parse_roster(path.read_bytes(), "without.csv") == without
    found = _correct(settings, path)
    after = asyncio.run(collect_results(settings))
    fresh = backtest_files([str(KHAMENEI_SITE.events)], _READERS, without, bundled_rules()).results
    touched = _touched(settings)
    assert _SUBJECT in touched
    for key, dossier in fresh.dossiers.items():
        assert after.dossiers[key] == (dossier if key in touched else before.dossiers[key])
    assert _alerts(after) == _alerts(fresh)
    assert _aftermaths(after) == _aftermaths(fresh)
    changed = {name for name, each in _aftermaths(after).items() if each != _aftermaths(before)[name]}
    assert changed == {each["aftermath_id"] for each in found["aftermaths"]}
    assert changed
    assert found["countries"] == ["IR"]
    all_gone = {each["alert_id"]: each for each in found["alerts"] if each["outcome"] == "would_not_have_fired"}
    assert all_gone.keys() <= before.alerts.keys() - after.alerts.keys()
    [gone] = [each for each in all_gone.values() if "country" not in each or each["country"] is None]
    assert (gone["rule"], gone["accounts"], gone["severity_after"]) == ("single-patron", [_PATRON], None)
    assert {each["figure"]: each["before"] for each in gone["figures"]} == before.alerts[gone["alert_id"]].figures
    assert {each["alert_id"] for each in found["alerts"]} <= before.alerts.keys()

    _assert_proved_under_both_rosters(settings, before, after)
    told = _versions(settings)
    back = _correct(settings, KHAMENEI_SITE.roster)
    again = asyncio.run(collect_results(settings))
    assert again.dossiers == before.dossiers
    assert _alerts(again) == _alerts(before)
    assert again.aftermaths == before.aftermaths
    assert {each["aftermath_id"] for each in back["aftermaths"]} == changed
    anew = [each["alert_id"] for each in back["alerts"] if each["outcome"] == "would_have_fired_anew"]
    assert sorted(anew) == sorted(all_gone)
    assert _told_more_than_once(settings, told) == set()


def _assert_proved_under_both_rosters(settings: Settings, before: Results, after: Results) -> None:
    """The proof of an alert that the correction changed has both rosters, and recounts each of its versions. One may
    differ by an event that came late: two topics are read here at once, at the speed of the machine.
    """
    changed = [name for name, each in after.alerts.items() if each.figures != before.alerts.get(name, each).figures]
    alert = after.alerts[changed[0]]
    old, new = before.alerts[alert.id].roster_digest, alert.roster_digest
    checks = {each.question: each for each in asyncio.run(proof_of_topics(settings, alert.id)).verdict.checks}
    assert checks["alert.json"].answer is Answer.OK
    assert old[:12] in checks["other rosters"].detail
    versions = checks["earlier versions"]
    late = [place for place in versions.places if ": differs, " in place]
    assert all("an event that came late" in place for place in late), "\n".join(versions.places)
    assert versions.answer is (Answer.STATED if late else Answer.OK), "\n".join(versions.places)
    superseded = f"under roster {old[:12]}; superseded: differs because of roster {new[:12]}"
    assert any(superseded in place for place in versions.places)


def _touched(settings: Settings) -> set[str]:
    answers = [each for each in asyncio.run(read_corrections(settings)) if each.about == "subject"]
    return {f"{each.platform}:{each.subject_id}" for each in answers}


def _versions(settings: Settings) -> Counter[str]:
    """How many records `alerts` has of each alert."""

    async def read() -> Counter[str]:
        return Counter([(record.key or b"").decode() async for record in read_topic(settings, "alerts")])

    return asyncio.run(read())


def _told_more_than_once(settings: Settings, told: Counter[str]) -> set[str]:
    """The alerts that a correction told of by more than one record: who is paged would hear it twice."""
    return {key for key, count in (_versions(settings) - told).items() if count > 1}
