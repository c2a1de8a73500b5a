"""What is said of a watch: a suspension only where the platform did it, and that the account is back once it is."""

from collections.abc import Sequence
from io import StringIO
from itertools import permutations

import pytest
from rich.console import Console

from streams.cli.report_aftermath import print_aftermath
from streams.core.country_event import CountryEvent
from streams.events import Account, SuspensionStatus
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import snowflake
from tests.core.watching.watch_events import IRAN, amplification, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun

_LATER = Account(id=snowflake(day(30)), handle="KhameneiSite")


def _run(batches: Sequence[Sequence[CountryEvent]]) -> WatchRun:
    return WatchRun(bundled_rules()).run(batches)


def _story() -> list[CountryEvent]:
    """Six officials amplify an account and delete posts once it is gone; two take up a new one; no word of TRACK."""
    events = [amplification(f"r{n}", -20 + n, IRAN[n % 6]) for n in range(12)]
    events += [post(f"p{n}", -2) for n in range(6)]
    events += [deletion(f"p{n}", 1 + n / 10) for n in range(6)]
    return [*events, *(amplification(f"n{n}", 40 + n, IRAN[n], of=_LATER) for n in range(2)), tick(60)]


def _summaries(run: WatchRun) -> dict[str, str]:
    return {alert.rule: alert.summary for alert in run.standing_alerts.values()}


def _shown(run: WatchRun) -> str:
    out = StringIO()
    (aftermath,) = run.standing.values()
    print_aftermath(Console(file=out, width=200), aftermath, tuple(run.standing_alerts.values()))
    return out.getvalue()


@pytest.mark.parametrize(
    ("status", "noted", "title", "reason"),
    [
        (
            "suspended",
            "was noted as suspended by the platform on 2020-09-05",
            "aftermath in IR of the suspension of @Khamenei_site",
            "officials that had amplified the suspended account took it up, the first 40.0 days after the suspension",
        ),
        (
            "deleted",
            "was noted as gone (by whom is not known) on 2020-09-05",
            "aftermath in IR of the disappearance of @Khamenei_site",
            "officials that had amplified the account that is gone took it up, the first 40.0 days after the dis",
        ),
    ],
)
def test_a_watch_speaks_of_a_suspension_only_where_the_platform_suspended_the_account(
    status: SuspensionStatus, noted: str, title: str, reason: str
) -> None:
    run = _run([_story(), [standing(status=status)]])
    summaries = _summaries(run)
    assert set(summaries) == {"clean-up", "silence", "possible-successor"}
    assert all(noted in summary for summary in summaries.values())
    (aftermath,) = run.standing.values()
    assert reason in aftermath.possible_successors[0].reasons[-1]
    shown = _shown(run)
    assert title in shown
    assert (status == "suspended") is ("suspen" in shown)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_alerts_of_a_watch_say_that_the_account_is_back_in_whatever_order_its_events_arrive(
    order: tuple[int, ...],
) -> None:
    """Of three words of TRACK the newest stands."""
    words = [[standing()], [standing(reinstated=5, version=2)], _story()]
    summaries = _summaries(_run([words[number] for number in order]))
    assert set(summaries) == {"clean-up", "possible-successor"}
    assert all(summary.endswith("; the account is back since 2020-09-10.") for summary in summaries.values())


def test_an_account_that_is_back_after_its_watch_is_said_to_be_back_too() -> None:
    run = _run([[*_story(), standing()], [standing(reinstated=50, version=2)]])
    assert all(summary.endswith("the account is back since 2020-10-25.") for summary in _summaries(run).values())
    (aftermath,) = run.standing.values()
    assert aftermath.closed_because == "elapsed"
