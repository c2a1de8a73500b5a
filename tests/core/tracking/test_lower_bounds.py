"""Where amplifications had to be dropped, figures are lower bounds, and everything that people read says so."""

from typing import Final

import msgspec
import pytest

from streams.core.clock import HOUR_US
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.subject import TrackPolicy
from tests.core.tracking.one_rule import one_rule
from tests.core.tracking.strategies import OFFICIALS, placed, retweet
from tests.core.tracking.track_run import TrackRun

KEY: Final = "twitter:12"
RULES: Final = one_rule("thrice", "amplifications", 3, quiet_us=24 * HOUR_US)
MANY: Final = [retweet(number) for number in range(10, 40)]


def _too_many(number: int) -> SubjectEvent:
    return retweet(40 + number, official=msgspec.structs.replace(OFFICIALS[1], id=f"x{number}"))


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_a_running_alert_and_the_dossier_say_that_there_were_more(count: int, crowded: bool) -> None:
    """Too late to be told from duplicates, or by officials beyond the limit."""
    policy = TrackPolicy(amplifications=8, officials=1 if crowded else 4_096)
    run = TrackRun(RULES, policy).run([placed(MANY)])
    (before,) = run.standing.values()
    assert "was amplified 30 times by" in before.summary
    more = [_too_many(number) if crowded else retweet(number) for number in range(count)]
    sources = [msgspec.structs.replace(event.source, offset=1_000 + index) for index, event in enumerate(more)]
    late = [msgspec.structs.replace(event, source=source) for event, source in zip(more, sources, strict=True)]
    run.run([late, late])
    (after,) = run.standing.values()
    assert "was amplified at least 30 times by" in after.summary
    reports = "1 more report came" if count == 1 else f"{count} more reports came"
    assert after.summary.endswith(f"; {reports} too late, or by too many, to be counted.")
    assert (after.id, after.dropped_amplifications, run.dossiers[KEY].dropped_amplifications) == (
        before.id,
        count,
        count,
    )


def test_what_was_dropped_but_amplifies_nobody_makes_no_figure_a_lower_bound() -> None:
    run = TrackRun(RULES, TrackPolicy(amplifications=8)).run([placed(MANY)])
    run.batch(placed([msgspec.structs.replace(retweet(1), kind="mention")]))
    (alert,) = run.standing.values()
    assert (run.dossiers[KEY].dropped, run.dossiers[KEY].dropped_amplifications, alert.dropped_amplifications) == (
        1,
        0,
        0,
    )
    assert "was amplified 30 times" in alert.summary
