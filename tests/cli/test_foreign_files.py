"""`antiphon backtest` on files of Telegram, Mastodon and Zeeschuimer, as people hold them, without `--format`."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.events import Account
from tests.cli.conftest import Antiphon
from tests.formats.mastodon_payloads import ORIGINAL, account, server_sent, status
from tests.formats.telegram_payloads import chat, exported, service
from tests.formats.test_zeeschuimer import ORIGINAL as X_ORIGINAL
from tests.formats.test_zeeschuimer import RT, capture, x_post

pytestmark = pytest.mark.slow

_COLUMNS = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"
_FOUR = range(1, 5)


def _telegram() -> str:
    """An export of everything: four channels that forward one, once each; a private chat beside them."""
    private = {"name": "A. Friend", "type": "personal_chat", "id": 777, "messages": [exported()]}
    chats = [
        chat(
            service(),
            exported(from_id=f"channel{number}", forwarded_from="A Source", forwarded_from_id="channel7000000001"),
            id=number,
        )
        for number in _FOUR
    ]
    return json.dumps({"about": "…", "chats": {"about": "…", "list": [private, *chats]}}, indent=1)


def _mastodon() -> str:
    """A recorded stream of server-sent events: four accounts that boost one."""
    boosts = (
        server_sent(
            "update",
            status(
                number,
                uri=f"https://social.example/users/embassy{number}/statuses/{number}/activity",
                account=account(f"embassy{number}"),
                reblog=ORIGINAL,
            ),
        )
        for number in _FOUR
    )
    return "\n\n".join([":thump", *(boost.decode() for boost in boosts), "event: delete\ndata: 5", ""])


def _zeeschuimer() -> str:
    posts = (
        x_post(
            str(1652999999999999900 + number),
            Account(id=str(number), handle=f"embassy{number}"),
            legacy=RT | {"retweeted_status_result": {"result": X_ORIGINAL}},
        )
        for number in _FOUR
    )
    return "".join(json.dumps(capture(post)) + "\n" for post in posts)


@pytest.mark.parametrize(
    ("name", "text", "officials", "shape", "skipped"),
    [
        ("telegram", _telegram(), "telegram,channel{},", "JSON values", {"private_chat": 1}),
        (
            "mastodon",
            _mastodon(),
            "mastodon,,@embassy{}@social.example",
            "server-sent events",
            {"keep_alive": 1, "delete": 1},
        ),
        ("mastodon", _mastodon(), "mastodon,https://social.example/@embassy{},", "server-sent events", None),
        ("zeeschuimer", _zeeschuimer(), "twitter,,embassy{}", "lines", {}),
    ],
)
def test_a_backtest_finds_whom_four_officials_amplify(
    name: str,
    text: str,
    officials: str,
    shape: str,
    skipped: dict[str, int] | None,
    antiphon: Antiphon,
    tmp_path: Path,
) -> None:
    """By accounts that the roster has by their id, or by their handle."""
    events, roster = tmp_path / "what.txt", tmp_path / "roster.csv"
    events.write_text(text)
    rows = (f"{officials.format(number)},An embassy,IR,diplomat,https://example.org/list,,\n" for number in _FOUR)
    roster.write_text(_COLUMNS + "".join(rows))
    result = antiphon("backtest", str(events), "--roster", str(roster), "--json")
    assert result.exit_code == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    (file,) = report["files"]
    assert (file["format"], file["shape"]) == (name, shape)
    assert (report["amplifications"], report["amplified_subjects"], report["dead_letters"]) == (4, 1, 0)
    assert skipped is None or report["skipped"] == skipped
