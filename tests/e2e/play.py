"""The play: what happens on the stage, in which order, and what must be seen each time."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from streams.core.rosters.roster import Roster
from tests.e2e import changes, scenes
from tests.e2e.answers import all_answered
from tests.e2e.background import flood, going_on
from tests.e2e.case import moved_case, replay
from tests.e2e.finding import Finding, look
from tests.e2e.stage import Stage, stage
from tests.ops.bustle import BUSTLING_ROSTER, bustle

__all__ = ["SCENES", "play"]

SCENES: Final = {
    "case": f"the alerts of the case reach the webhook within {scenes.PROMISED_SECONDS:.0f} s of their events",
    "first": "the first amplification and the first alert are a rise in Prometheus",
    "news": f"alerts of events that happen now reach it within {scenes.PROMISED_SECONDS:.0f} s, too",
    "calm": "while all is well no rule fires",
    "flood": "garbage floods the raw topics: AntiphonDeadLetters",
    "queries": "every query of the dashboards and of the rules is answered",
    "added": "a raw topic grows by a partition: its events count once, and no canary is late",
    "guard": "another roster than the one in force is refused to a script that does not insist",
    "wrong": "published nevertheless, it makes alerts, and people are told",
    "undone": "the old roster is put in force again, and those alerts are retracted",
    "kill": "the worker is killed (kill -9): AntiphonWorkerDown",
    "dark": "with no worker there every single figure of the dashboards is red",
    "canary": "the next one's TRACK stands still, and its canaries with it: AntiphonCanaryOld",
    "sound": "no flood, and a sound worker: these three are over",
    "end": "the end of the case's last alert reaches the webhook",
    "once": "of the wrong roster's alerts people hear one end, with the reason",
    "away": "Alertmanager is stopped: AntiphonNotifyFailing, at another one",
    "back": "Alertmanager is started: that is over, too",
    "mended": "with everything mended no rule fires",
}
"""What is to be seen, in this order."""

# By then its alert has been told, on a slow machine too, and Alertmanager's next round for it has not begun.
_ENDS_AFTER: Final = timedelta(seconds=60)
_CALM_SECONDS: Final = 8.0
_FLOODED: Final = "AntiphonDeadLetters"
_AFTERWARDS_SECONDS: Final = 4.0


def play(broker: str, topic_prefix: str, directory: Path) -> Iterator[Finding]:
    """Each finding as it is made. Raises what keeps the play from going on: a program that does not start.

    Works on topics with that prefix, and leaves them; the logs of the workers are left in the directory.
    """
    now = datetime.now(UTC)
    case = moved_case(now + _ENDS_AFTER, now)
    roster = Roster([*case.roster.entries, *BUSTLING_ROSTER.entries])
    with stage(broker, topic_prefix, directory, roster) as on:
        produced = asyncio.run(replay(on.settings, case))
        yield look("case", SCENES["case"], lambda: scenes.case_is_received(on, case, produced))
        yield look("first", SCENES["first"], lambda: scenes.announced_series_show_the_first(on))
        with going_on(partial(bustle, on.settings)):
            yield look("news", SCENES["news"], lambda: scenes.news_is_received(on))
            yield look("calm", SCENES["calm"], lambda: scenes.nothing_fires(on, _CALM_SECONDS))
            yield from _garbage_comes(on)
            yield look("added", SCENES["added"], lambda: changes.new_partition_is_read(on))
            yield from _roster_is_wrong(on, roster, directory)
            yield from _worker_fails(on)
            yield look("end", SCENES["end"], lambda: scenes.end_is_received(on, case))
            yield look("once", SCENES["once"], lambda: changes.ended_once_for_people(on))
            yield from _alertmanager_fails(on)
            yield look("mended", SCENES["mended"], lambda: scenes.nothing_fires(on, _AFTERWARDS_SECONDS))


def _pages(on: Stage, name: str) -> str:
    return scenes.fires(on, name, at=on.duty, receiver="on-call")


def _garbage_comes(on: Stage) -> Iterator[Finding]:
    with going_on(partial(flood, on.settings)):
        yield look("flood", SCENES["flood"], lambda: _pages(on, _FLOODED))
        yield look("queries", SCENES["queries"], lambda: f"{all_answered(on.prometheus)} expressions")


def _roster_is_wrong(on: Stage, right: Roster, directory: Path) -> Iterator[Finding]:
    yield look("guard", SCENES["guard"], lambda: changes.wrong_roster_is_refused(on, directory))
    yield look("wrong", SCENES["wrong"], lambda: changes.wrong_roster_pages(on, directory))
    yield look("undone", SCENES["undone"], lambda: changes.old_roster_is_back(on, right))


def _worker_fails(on: Stage) -> Iterator[Finding]:
    killed, blocked = "AntiphonWorkerDown", "AntiphonCanaryOld"
    on.kill_worker()
    yield look("kill", SCENES["kill"], lambda: _pages(on, killed))
    yield look("dark", SCENES["dark"], lambda: scenes.dashboards_are_red(on))
    on.start_worker(fault="TRACK")
    yield look("canary", SCENES["canary"], lambda: _pages(on, blocked))
    on.kill_worker()
    on.start_worker()
    yield look("sound", SCENES["sound"], lambda: scenes.are_over(on, _FLOODED, killed, blocked, at=on.duty))


def _alertmanager_fails(on: Stage) -> Iterator[Finding]:
    failing = "AntiphonNotifyFailing"
    on.duty.stop()
    yield look("away", SCENES["away"], lambda: scenes.fires(on, failing, at=on.spare))
    on.duty.start()
    yield look("back", SCENES["back"], lambda: scenes.are_over(on, failing, at=on.spare))
