"""Statuses as Twitter gave them live, and as they are fetched or exported later, are the same statuses."""

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from streams.core.dossier_parts import Totals
from streams.core.rosters.roster_file import parse_roster
from streams.core.tracking.contradictions import contradictions_of
from streams.formats.registry import readers_named
from streams.jobs.backtest import BacktestRun, backtest_files
from streams.rules_loading import bundled_rules
from tests.formats.payloads import mention, status, user

_ROSTER: Final = (
    "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"
    "twitter,2000000001,Mfa_Alpha,Mfa_Alpha,IR,diplomat,https://example.org/r,,\n"
    "twitter,2000000002,Emb_Beta,Emb_Beta,IR,diplomat,https://example.org/r,,\n"
)
_RELAY: Final = "1359411781432246349"
_ORIGINAL: Final = "1365587474641846293"
_ALPHA: Final = user("2000000001", "Mfa_Alpha")
_BETA: Final = user("2000000002", "Emb_Beta")
_AT: Final = "Mon Mar 01 09:00:00 +0000 2021"
_RELAYED: Final = status(_ORIGINAL, "what the relay wrote", user=user(_RELAY, "Nova_Relay"))
_PERMALINK: Final = {
    "url": "https://t.co/x",
    "expanded": f"https://twitter.com/Nova_Relay/status/{_ORIGINAL}",
    "display": "twitter.com/Nova_Relay…",
}
_MENTIONED: Final = {"urls": [], "user_mentions": [mention(_RELAY, "Nova_Relay")]}

RETWEET: Final = status(
    "1366266951889846372",
    "RT @Nova_Relay: what the relay wrote",
    user=_BETA,
    created_at=_AT,
    entities=_MENTIONED,
    retweeted_status=_RELAYED,
)
QUOTE: Final = status(
    "1366312250373047772",
    "see @Nova_Relay",
    user=_ALPHA,
    created_at=_AT,
    entities=_MENTIONED,
    quoted_status_id_str=_ORIGINAL,
    quoted_status=_RELAYED,
)
GONE: Final = status(
    "1366312250373047772",
    "see",
    user=_ALPHA,
    created_at=_AT,
    quoted_status_id_str=_ORIGINAL,
    quoted_status_permalink=_PERMALINK,
)
POSTED: Final = status(_ORIGINAL, "what the relay wrote, at some length", user=user(_RELAY, "Nova_Relay"))


def _without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


def _run(folder: Path, statuses: Sequence[dict[str, Any]]) -> BacktestRun:
    path = folder / "statuses.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in statuses), "utf-8")
    roster = parse_roster(_ROSTER.encode(), "roster.csv")
    return backtest_files([str(path)], readers_named("twitter-v1"), roster, bundled_rules(), processes=1)


def _deletion(status_id: str, author: dict[str, Any] | None) -> dict[str, Any]:
    ids = {"id": int(status_id), "id_str": status_id}
    if author is not None:
        ids |= {"user_id": author["id"], "user_id_str": author["id_str"]}
    return {"delete": {"status": ids, "timestamp_ms": "1614675600000"}}


def _totals(run: BacktestRun) -> Totals:
    return run.results.dossiers[f"twitter:{_RELAY}"].totals


_POORER: Final = {
    "an export without the retweeted status": (RETWEET, _without(RETWEET, "retweeted_status")),
    "a quote fetched after the suspension": (QUOTE, _without(QUOTE, "quoted_status")),
    "a quote exported as its text": (QUOTE, _without(QUOTE, "quoted_status", "quoted_status_id_str")),
    "a quote of which only the address is left": (QUOTE, GONE),
}


@pytest.mark.parametrize("what", _POORER)
def test_a_status_seen_live_and_again_without_what_it_passes_on_counts_once_in_either_order(
    what: str, tmp_path: Path
) -> None:
    rich, poor = _POORER[what]
    alone = _run(tmp_path, [rich])
    assert (_totals(alone).retweet, _totals(alone).quote, _totals(alone).mention) in ((1, 0, 0), (0, 1, 0))
    for statuses in ([rich, poor], [poor, rich], [poor, rich, poor, rich]):
        run = _run(tmp_path, statuses)
        assert _totals(run) == _totals(alone)
        assert [(each.kind, each.id) for each in run.results.amplifications] == [
            (each.kind, each.id) for each in alone.results.amplifications
        ]
        assert run.unknown_quotes == 0


@pytest.mark.parametrize("seen", [RETWEET, _without(QUOTE, "id_str") | {"id_str": "1366400000000004173"}])
def test_a_quote_of_a_gone_post_is_tied_by_the_posts_id_to_whom_another_official_passed_on(
    seen: dict[str, Any], tmp_path: Path
) -> None:
    for statuses in permutations([seen, GONE]):
        run = _run(tmp_path, statuses)
        totals = _totals(run)
        assert totals.retweet + totals.quote == 2
        assert totals.quote >= 1
        assert run.unknown_quotes == 0


def test_a_quote_of_a_post_that_nobody_else_names_is_counted_as_of_an_unknown_author(tmp_path: Path) -> None:
    """The handle alone ties it to nobody, though an official mentions that account by its id."""
    mentions = status("1366266951889840271", "hello @Nova_Relay", user=_BETA, created_at=_AT, entities=_MENTIONED)
    run = _run(tmp_path, [GONE, mentions, GONE])
    assert (_totals(run).quote, _totals(run).mention, run.unknown_quotes) == (0, 1, 1)
    assert run.results.amplifications == []


def test_a_quote_of_an_own_post_that_is_gone_is_of_no_unknown_author(tmp_path: Path) -> None:
    own = {"expanded": f"https://twitter.com/mfa_alpha/status/{_ORIGINAL}"}
    assert _run(tmp_path, [GONE | {"quoted_status_permalink": own}]).unknown_quotes == 0


def test_copies_that_name_different_accounts_are_said_with_both_in_whatever_order_they_come(tmp_path: Path) -> None:
    """The export lost what was retweeted, and kept what the retweeted post quoted."""
    other = status("1365587474641849918", "what somebody else wrote", user=user("1359411781432246377", "Other_Relay"))
    poor = _without(RETWEET, "retweeted_status") | {"quoted_status": other, "quoted_status_id_str": other["id_str"]}
    for statuses in ([RETWEET, poor], [poor, RETWEET], [poor, RETWEET, poor, RETWEET, QUOTE]):
        run = _run(tmp_path, statuses)
        (contradiction,) = contradictions_of(run.results.amplifications)
        accounts = (f"twitter:{_RELAY}", "twitter:1359411781432246377")
        assert (contradiction.post_id, contradiction.accounts) == (RETWEET["id_str"], accounts)
    assert contradictions_of(_run(tmp_path, [RETWEET, QUOTE]).results.amplifications) == ()


def test_the_versions_of_an_edited_quote_are_one_quote(tmp_path: Path) -> None:
    edited = QUOTE | {"id_str": "1366312250373050419", "id": 1366312250373050419}
    history = {"initial_tweet_id": QUOTE["id_str"], "edit_tweet_ids": [QUOTE["id_str"], edited["id_str"]]}
    for statuses in permutations([QUOTE, edited | {"edit_history": history}]):
        run = _run(tmp_path, statuses)
        assert (_totals(run).quote, len(run.results.amplifications)) == (1, 1)


@pytest.mark.parametrize("named", [True, False], ids=["by its author", "by nobody knows whom"])
@pytest.mark.parametrize("version", range(3), ids=["first", "middle", "last"])
def test_an_edited_quote_is_taken_back_by_the_deletion_of_any_version_in_any_order(
    version: int, named: bool, tmp_path: Path
) -> None:
    chain = [QUOTE["id_str"], "1366312250373050418", "1366312250373050419"]
    edited = QUOTE | {"id_str": chain[2], "id": int(chain[2])}
    edited |= {"edit_history": {"initial_tweet_id": chain[0], "edit_tweet_ids": chain}}
    for statuses in permutations([QUOTE, edited, _deletion(chain[version], _ALPHA if named else None)]):
        run = _run(tmp_path, statuses)
        assert (_totals(run).quote, run.results.dossiers[f"twitter:{_RELAY}"].withdrawn) == (0, 1)


def test_a_quote_of_a_later_version_and_one_of_the_first_are_of_one_post(tmp_path: Path) -> None:
    """An official passes on the edited post; another quotes the first version, of which only the address is left."""
    later = _RELAYED | {"id_str": "1365587474641849917", "id": 1365587474641849917}
    later |= {"edit_history": {"initial_tweet_id": _ORIGINAL}}
    run = _run(tmp_path, [RETWEET | {"retweeted_status": later}, GONE])
    assert (_totals(run).retweet, _totals(run).quote, run.unknown_quotes) == (1, 1, 0)
