"""`antiphon live bluesky` as a whole, against local servers of the platform, to the alert and to a clean end."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.conftest import Antiphon
from tools.servers.appview import AppView
from tools.servers.bluesky_accounts import Accounts, LocalAccount, plc_did
from tools.servers.jetstream.log import EventLog, account, commit, tid
from tools.servers.jetstream.server import JetstreamServer
from tools.servers.plc import Directory

_OFFICIALS: Final = 9
_PATIENCE_SECONDS: Final = 150.0  # 15 s on an idle machine
_HEADER: Final = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n"


class _World:
    """Officials, whose handles are domains; a subject that is five days old; and the servers that know them."""

    def __init__(self, folder: Path) -> None:
        self.accounts = Accounts()
        self.officials = [
            self.accounts.add(LocalAccount(did=plc_did(f"office {n}"), handle=f"office{n}.gov.example"))
            for n in range(_OFFICIALS)
        ]
        young = datetime.now(UTC) - timedelta(days=5)
        self.subject = self.accounts.add(
            LocalAccount(
                did=plc_did("subject"),
                handle="new.voice.example",
                followers=12,
                created_at=f"{young:%Y-%m-%dT%H:%M:%S}.000Z",
            )
        )
        self.appview, self.directory = AppView(self.accounts), Directory(self.accounts)
        self.jetstream = JetstreamServer(EventLog())
        self.roster = folder / "roster.csv"
        rows = (f"bluesky,,{each.handle},Office,FR,government,https://example.org/,,\n" for each in self.officials)
        self.roster.write_text(
            _HEADER + "".join(rows) + "bluesky,,nobody.gov.example,Nobody,FR,government,https://e.org,,\n"
        )

    @property
    def arguments(self) -> list[str]:
        servers = ["--hosts", self.jetstream.url, "--appview", self.appview.url, "--directory", self.directory.url]
        return ["live", "bluesky", "--roster", str(self.roster), *servers]

    def is_watched(self) -> bool:
        """Whether somebody reads the stream of the officials."""
        wanted = {each.did for each in self.officials}
        return any(wanted <= set(asked.query.get("dids", ())) for asked in self.jetstream.asked)

    def amplify(self) -> None:
        """Every official reposts the subject, now."""
        for number, official in enumerate(self.officials):
            at_us = time.time_ns() // 1_000
            uri = f"at://{self.subject.did}/app.bsky.feed.post/{tid(at_us, number)}"
            record = {"createdAt": "2020-01-01T00:00:00Z", "subject": {"cid": "bafyreigh2akiscaildc", "uri": uri}}
            self.jetstream.log.append(
                commit(official.did, "app.bsky.feed.repost", tid(at_us, number), record, time_us=at_us)
            )

    async def chatter(self) -> None:
        """The network is never silent."""
        while True:
            at_us = time.time_ns() // 1_000
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            self.jetstream.log.append(account(plc_did("stranger"), time_us=at_us, active=True, time=now))
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _running(world: _World, *more: str) -> AsyncIterator[Process]:
    async with world.appview, world.directory, world.jetstream:
        talking = asyncio.create_task(world.chatter())
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}
        command = [sys.executable, "-m", "streams.cli.main", *world.arguments, *more]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                yield process
        finally:
            if process.returncode is None:
                process.kill()
            talking.cancel()


async def _until_watched(world: _World, process: Process) -> None:
    while not world.is_watched():
        assert process.returncode is None, await process.communicate()
        await asyncio.sleep(0.1)


def _children(pid: int) -> set[int]:
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the embedded broker runs on Linux only")
def test_officials_are_watched_to_the_alert_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """The roster has handles alone, and one that leads to nobody."""

    async def run() -> tuple[Any, set[int], int, str]:
        world = _World(tmp_path)
        async with _running(world, "--json") as process:
            await _until_watched(world, process)
            world.amplify()
            assert process.stdout is not None
            while True:
                alert = json.loads(await process.stdout.readline())
                if alert["rule"] == "new-account-burst" and alert["severity"] == "critical":
                    break
            children = _children(process.pid)
            process.send_signal(signal.SIGINT)
            _out, err = await process.communicate()
            return alert, children, process.returncode or 0, err.decode()

    alert, children, status, said = asyncio.run(run())
    assert status == 0, said
    assert alert["subject"]["created_at_source"] == "directory"
    assert alert["figures"]["distinct_officials_7d"] >= 8
    assert "Not watched, for their handles lead to nobody: nobody.gov.example" in said
    assert "Watching 9 officials of 1 country on Bluesky" in said
    assert len(children) >= 4, "a broker, a worker and two collectors"
    assert not any(Path(f"/proc/{child}").exists() for child in children)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the embedded broker runs on Linux only")
def test_without_a_terminal_alerts_are_lines_and_the_end_is_a_table(tmp_path: Path) -> None:
    async def run() -> tuple[str, int]:
        world = _World(tmp_path)
        async with _running(world) as process:
            await _until_watched(world, process)
            world.amplify()
            assert process.stdout is not None
            first = await process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            out, _err = await process.communicate()
            return (first + out).decode(), process.returncode or 0

    out, status = asyncio.run(run())
    assert status == 0
    assert "new-account-burst" in out
    assert "Amplified by officials" in out
    assert "9 amplifications since the start" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--roster", "missing.csv"], "missing.csv: No such file"),
        (["--rules", "missing.toml"], "missing.toml"),
        (["--appview", "ftp://example.org"], "--appview is no http or https address"),
        (["--broker", "nowhere"], "'nowhere' is not HOST:PORT"),
        (["--seconds", "0"], "--seconds"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    antiphon: Antiphon, arguments: list[str], said: str
) -> None:
    refused = antiphon("live", "bluesky", *arguments)
    assert refused.exit_code == 2
    assert said in refused.stderr


def test_a_roster_with_nobody_on_bluesky_is_refused(antiphon: Antiphon, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(_HEADER + "twitter,1,official,Office,FR,government,https://example.org/,,\n")
    refused = antiphon("live", "bluesky", "--roster", str(roster))
    assert refused.exit_code == 2
    assert "nobody on the roster is on bluesky" in refused.stderr
