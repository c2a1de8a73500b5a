"""`antiphon show`: everything known of an account, from the topics and from files of a run, and nothing made up."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.enriched import Alert, Dossier
from streams.core.notifications import Notification, encode_notification
from streams.events import Coverage
from streams.kafka.enriched_record import enriched_record
from streams.kafka.evidence_writing import alert_records
from streams.schemas.examples import EXAMPLES
from streams.settings import Settings
from streams.topic_names import NOTIFICATIONS
from tests.cli.asked import options_of, write_records
from tests.cli.conftest import Antiphon
from tests.cli.terminal import PROGRAM, clean_environment, obeyed

_SUBJECT = "twitter:1280000000000000001"
_PATRON = "twitter:90000001009"
_HOSTILE = "evil\x1b]0;owned\x07\u202e"


def _shown(antiphon: Antiphon, *arguments: str) -> dict[str, Any]:
    result = antiphon("show", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _renamed(key: str, handle: str) -> Dossier:
    dossier = EXAMPLES["dossier"][1]
    assert isinstance(dossier, Dossier)
    account = msgspec.structs.replace(dossier.subject, id=key, handle=handle)
    return msgspec.structs.replace(dossier, subject=account)


def _alert_about(account_id: str) -> Alert:
    alert = EXAMPLES["alert"][1]
    assert isinstance(alert, Alert)
    return msgspec.structs.replace(
        alert, id=f"{int(account_id):032x}", subject=msgspec.structs.replace(alert.subject, id=account_id)
    )


@pytest.mark.slow
def test_files_tell_everything_of_a_subject_with_links_to_the_posts(antiphon: Antiphon, results: Path) -> None:
    result = antiphon("show", "@khamenei_SITE", "--from", str(results), COLUMNS="100")
    assert result.exit_code == 0, result.stderr
    assert obeyed(result.stdout) == []
    said = result.stdout
    assert said.startswith(f"@Khamenei_site  {_SUBJECT}\n")
    assert "retweets by officials       │ 84 " in said
    for rule in ("new-account-sustained", "single-patron", "amplified-then-suspended", "clean-up", "silence"):
        assert f"{rule} " in said
    assert "rests on: 85 events" in said
    assert "https://x.com/Khamenei_fa/status/1351127643592276550" in said
    assert "Amplifications that are kept: 84" in said
    assert "aftermath in IR of the suspension of @Khamenei_site" in said
    assert "What went unseen is not in these files" in said


def test_topics_and_files_say_the_same(antiphon: Antiphon, results: Path, written: Settings) -> None:
    """By handle, which takes a scan, by key, and by the id of an alert."""
    alert = json.loads((results / "alerts.ndjson").read_text().splitlines()[0])
    of_files = _shown(antiphon, "@Khamenei_site", "--from", str(results))
    for asked in ("@Khamenei_site", _SUBJECT, "x:1280000000000000001", alert["id"]):
        found = _shown(antiphon, asked, *options_of(written))
        assert found["key"] == _SUBJECT
        assert len(found["alerts"]) == 5
        assert all(len(each["versions"]) == 1 for each in found["alerts"])
        assert all(version["written_at"] for each in found["alerts"] for version in each.pop("versions"))
        assert found["unseen"] == {"reported": False, "seen_since": None, "gaps": []}  # no source of this platform
        same = {"dossier", "amplifications", "aftermaths", "account"}
        assert {name: found[name] for name in same} == {name: of_files[name] for name in same}
    assert "what went unseen is not known" in antiphon("show", _SUBJECT, *options_of(written)).stdout


def test_an_official_is_shown_with_its_terms_and_whom_it_amplified(antiphon: Antiphon, written: Settings) -> None:
    result = antiphon("show", _PATRON, *options_of(written), COLUMNS="200")
    assert result.exit_code == 0, result.stderr
    assert "IR, leader, on the roster since " in result.stdout
    [row] = [line for line in result.stdout.splitlines() if line.startswith("@Khamenei_site ")]
    assert row.split()[1] == "37"
    assert "single-patron" in row
    assert "In the aftermath of @Khamenei_site from 2021-01-21, closed: " in result.stdout


def test_every_version_of_an_alert_that_the_topic_still_holds_is_told(antiphon: Antiphon, written: Settings) -> None:
    """With when Alertmanager took it, where that is recorded."""
    alert = _alert_about("88")
    write_records(written, _renamed("88", "of_versions"), alert, msgspec.structs.replace(alert, status="retracted"))
    assert "when it was told: not known" in antiphon("show", alert.id, *options_of(written)).stdout
    notification = EXAMPLES["notification"][1]
    assert isinstance(notification, Notification)
    encoded = encode_notification(msgspec.structs.replace(notification, alert_id=alert.id))
    write_records(written, (NOTIFICATIONS, alert.id.encode(), encoded))
    [found] = _shown(antiphon, "twitter:88", *options_of(written))["alerts"]
    assert [(each["state"], each["receiver"]) for each in found["acceptances"]] == [("firing", "alertmanager.example")]
    assert [each["record"]["status"] for each in found["versions"]] == ["firing", "retracted"]
    said = antiphon("show", alert.id, *options_of(written)).stdout
    assert "2 versions are kept" in said
    assert "first accepted by Alertmanager: 2020-" in said
    assert f"What {alert.rule} ({alert.id}) rests on" in said


def test_versions_that_the_topic_holds_no_more_are_told_from_evidence(antiphon: Antiphon, written: Settings) -> None:
    """As after compaction: the topic has the last one alone, and each version is told once."""
    versions = [msgspec.structs.replace(_alert_about("89"), evidence_total=total) for total in (3, 4, 5)]
    other = msgspec.structs.replace(_alert_about("90"), evidence_total=9)
    last = enriched_record(versions[-1]).value
    for made in alert_records([*versions, other]):
        if made.topic == "evidence" or made.value == last:
            write_records(written, (made.topic, made.key, made.value), headers=made.headers)
    write_records(written, _renamed("89", "of_versions_told"))
    [found] = _shown(antiphon, "twitter:89", *options_of(written))["alerts"]
    assert [each["record"]["evidence_total"] for each in found["versions"]] == [5]
    [found] = _shown(antiphon, "twitter:89", *options_of(written), "--versions")["alerts"]
    assert [each["record"]["evidence_total"] for each in found["versions"]] == [3, 4, 5]
    assert found["alert"]["evidence_total"] == 5


def test_gaps_of_the_platform_are_told_and_make_figures_lower_bounds(antiphon: Antiphon, written: Settings) -> None:
    gap = EXAMPLES["coverage"][1]
    assert isinstance(gap, Coverage)
    write_records(
        written,
        msgspec.structs.replace(_renamed("5", "of_a_gap"), platform="mastodon"),
        msgspec.structs.replace(gap, platform="mastodon"),
        msgspec.structs.replace(gap, id="other", platform="bluesky"),
    )
    said = " ".join(antiphon("show", "mastodon:5", *options_of(written)).stdout.split())
    assert "Unseen since it was amplified first: 1 span: 2020-10-30 04:10 to 2020-10-30 09:40" in said
    assert "lower bounds" in said


def test_several_accounts_with_one_handle_are_listed_with_what_to_type(antiphon: Antiphon, written: Settings) -> None:
    write_records(written, _renamed("91", "the_same"), _renamed("92", "The_Same"))
    result = antiphon("show", "@the_same", *options_of(written), COLUMNS="80")
    assert result.exit_code == 1
    for key in ("twitter:91", "twitter:92"):
        assert f"antiphon show {key}" in result.stdout
    assert _shown(antiphon, "twitter:92", *options_of(written))["account"]["handle"] == "The_Same"
    result = antiphon("show", "@the_same", *options_of(written), "--json")
    assert [each["key"] for each in json.loads(result.stdout)["matches"]] == ["twitter:91", "twitter:92"]


def test_a_handle_is_that_of_the_last_dossier(antiphon: Antiphon, written: Settings) -> None:
    write_records(written, _renamed("77", "first_name"), _renamed("77", "second_name"))
    assert antiphon("show", "@first_name", *options_of(written)).exit_code == 1
    assert _shown(antiphon, "@second_name", *options_of(written))["key"] == "twitter:77"


def test_nothing_known_is_said_with_how_much_was_looked_at(antiphon: Antiphon, written: Settings) -> None:
    result = antiphon("show", "@nobody_at_all", *options_of(written))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "nothing is known of @nobody_at_all; " in result.stderr
    assert " records looked at" in result.stderr


def test_records_of_strangers_are_left_out_and_counted(antiphon: Antiphon, written: Settings) -> None:
    strange = ("dossiers", b"twitter:55", b"not a dossier"), ("amplifications", b"twitter:55", b'{"id": 7}')
    write_records(written, _renamed("55", "beside_strangers"), *strange)
    found = _shown(antiphon, "twitter:55", *options_of(written))
    assert found["unreadable_records"] >= 2
    assert found["dossier"]["totals"]["retweet"] == 3


def test_nothing_from_outside_reaches_the_terminal_as_it_is(antiphon: Antiphon, written: Settings) -> None:
    dossier = _renamed("66", _HOSTILE)
    alert = _alert_about("66")
    evidence = tuple(msgspec.structs.replace(each, event_id=_HOSTILE) for each in alert.evidence)
    write_records(
        written,
        msgspec.structs.replace(dossier, subject=msgspec.structs.replace(dossier.subject, name=_HOSTILE)),
        msgspec.structs.replace(alert, subject=dossier.subject, summary=_HOSTILE, rule=_HOSTILE, evidence=evidence),
    )
    for asked in ("twitter:66", "twitter:66" + _HOSTILE, f"@{_HOSTILE}"):
        for more in ((), ("--json",)):
            result = antiphon("show", asked, *options_of(written), *more)
            assert obeyed(result.stdout + result.stderr) == []


def test_what_is_written_later_is_followed_until_ctrl_c(written: Settings) -> None:
    write_records(written, _renamed("33", "followed"))
    command = [*PROGRAM, "show", "twitter:33", *options_of(written), "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        assert first["key"] == "twitter:33"
        dossier = msgspec.convert(first["dossier"], Dossier)
        write_records(written, _renamed("44", "somebody_else"), msgspec.structs.replace(dossier, withdrawn=3))
        line = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 0
    assert (line["topic"], line["record"]["withdrawn"]) == ("dossiers", 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("@a", "--from", "nowhere"), "nowhere is no folder"),
        (("@a", "--from", ".", "--follow"), "--follow and --from exclude each other"),
        (("@",), "type a handle such as @name"),
        (("@a", "--from", ".", "--versions"), "files have no versions"),
        (("@a", "--from", "."), "dossiers.ndjson: No such file"),
    ],
)
def test_wrong_usage_is_a_sentence_with_a_remedy(antiphon: Antiphon, arguments: tuple[str, ...], said: str) -> None:
    result = antiphon("show", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
