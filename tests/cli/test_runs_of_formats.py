"""One folder with what people hold of four networks, in four formats, and nobody names one: what was amplified is found
in each, by the backtest and by the pipeline.
"""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Antiphon
from tests.formats.jetstream_frames import ARRIVED, SUBJECT, Wires, commit, ref, tid
from tests.formats.payloads import Json, to_line
from tests.formats.telegram_payloads import chat, exported
from tests.formats.x_v2_payloads import AUTHOR, ORIGINAL, page_of, tweet, x_mention, x_user
from tools.kafka.running_broker import RunningBroker

_DIDS = ("did:plc:embassyembassyembassy234", "did:plc:ministryministryminis234", "did:plc:televisiontelevision2345")
_IDS = ("2244994945", "2244994946", "2244994947")
_FOUND = {
    ("bluesky", SUBJECT): (6, 3),
    ("twitter", AUTHOR["id"]): (3, 3),
    ("telegram", "channel7000000001"): (4, 1),
    ("twitter", "@nova_relay"): (2, 2),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    held = tmp_path / "held"
    held.mkdir()
    (held / "bluesky.jsonl").write_bytes(b"".join(to_line(v2) + b"\n" for _, v2 in _reposts()))
    retweets = [_retweet(number, user_id) for number, user_id in enumerate(_IDS)]
    users = [AUTHOR, *(x_user(user_id, f"official_{user_id}") for user_id in _IDS)]
    (held / "search.json").write_bytes(to_line(page_of(retweets, users=users, tweets=[ORIGINAL])))
    forwards = [exported(n, forwarded_from="A Source", forwarded_from_id="channel7000000001") for n in range(1, 5)]
    (held / "result.json").write_text(json.dumps(chat(exported(9), *forwards), indent=1))
    header = "id,timestamp,unix_timestamp,body,author,author_fullname,author_id,is_retweet,retweeted_user,is_reply"
    rows = [
        f'{n},2021-04-25 13:05:0{n % 10},1619355907,"RT @Nova_Relay: one\ntwo",a,A,{user_id},yes,Nova_Relay,no'
        for n, user_id in _two()
    ]
    (held / "4cat.csv").write_text("\n".join([header, *rows, ""]))
    return held


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    accounts = [("bluesky", did) for did in _DIDS] + [("twitter", each) for each in _IDS]
    accounts.append(("telegram", "channel5000000001"))
    header = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to"
    rows = [f"{platform},{account},,An office,IR,diplomat,https://example.org/,," for platform, account in accounts]
    path.write_text("\n".join([header, *rows, ""]))
    return path


def _reposts() -> list[Wires]:
    """Two reposts by each of three officials, and what says nothing."""
    likes = [commit("app.bsky.feed.like", {"subject": ref(SUBJECT)}) for _ in range(5)]
    times = [ARRIVED + timedelta(hours=number) for number in range(6)]
    reposts = [
        commit("app.bsky.feed.repost", {"subject": ref(SUBJECT, tid(at, 7))}, key=tid(at), did=_DIDS[n % 3], at=at)
        for n, at in enumerate(times)
    ]
    return [*likes, *reposts]


def _retweet(number: int, author_id: str) -> Json:
    return tweet(
        str(1050118621198921728 + number),
        "RT @Khamenei_site: the orig…",
        author_id=author_id,
        referenced_tweets=[{"type": "retweeted", "id": ORIGINAL["id"]}],
        entities={"mentions": [x_mention(AUTHOR["id"], "Khamenei_site", 3)]},
    )


def _two() -> list[tuple[int, str]]:
    return list(enumerate(_IDS[:2], 1_384_000_000_000_000_000))


def _amplified(out: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """By subject: amplifications and officials."""
    records = [json.loads(line) for line in (out / "amplifications.ndjson").read_text().splitlines()]
    count = Counter((each["platform"], each["subject"]["id"]) for each in records)
    by = {key: {r["official"]["id"] for r in records if (r["platform"], r["subject"]["id"]) == key} for key in count}
    return {key: (count[key], len(by[key])) for key in count}


def _formats(document: Any) -> set[tuple[str, str, int]]:
    return {(Path(file["path"]).name, file["format"], file["events"]) for file in document["files"]}


_READ = {
    ("4cat.csv", "mapped:4cat", 2),
    ("bluesky.jsonl", "jetstream", 6),
    ("result.json", "telegram", 5),
    ("search.json", "x-v2", 3),
}


def test_the_backtest_finds_in_each_what_was_amplified(
    antiphon: Antiphon, folder: Path, roster: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = antiphon("backtest", str(folder), "--roster", str(roster), "--out", str(out), "--json")
    assert result.exit_code == 0, result.stderr
    assert _formats(json.loads(result.stdout)) == _READ
    assert _amplified(out) == _FOUND


@pytest.mark.slow
@pytest.mark.broker
def test_the_pipeline_finds_the_same(
    antiphon: Antiphon, broker: RunningBroker, folder: Path, roster: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("demo", str(folder), "--roster", str(roster), "--broker", broker.address, "--out", str(out), "--json")
    result = antiphon(*command)
    assert result.exit_code == 0, result.stderr
    assert _formats(json.loads(result.stdout)) == _READ
    assert _amplified(out) == _FOUND
