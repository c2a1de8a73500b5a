"""A figure is one entry of a registry: rules, alerts and words follow from it."""

import msgspec
import pytest

from streams.core.rule_files.rule_file import parse_rules
from streams.core.rule_files.rule_words import condition_words
from streams.core.tracking.subject_figures import SUBJECT_FIGURES, SubjectFigure
from tests.core.tracking.strategies import OFFICIALS, retweet
from tests.core.tracking.track_run import TrackRun

_RULES = """
[rules.quiet-officials]
description = "Officials that amplified it once each"
severity = "warning"
quiet = "7d"
when = { amplified_once = { at_least = 2 } }
"""


def test_a_new_figure_is_one_entry_that_rules_and_alerts_and_words_take_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Officials with exactly one amplification: two of them, then one, since the other amplifies once more."""
    figure = SubjectFigure(
        name="amplified_once",
        unit="officials",
        meaning="officials that amplified the account exactly once",
        shown=True,
        compute=lambda as_of: sum(count == 1 for count in as_of.by_official.values()),
    )
    monkeypatch.setitem(SUBJECT_FIGURES, figure.name, figure)
    rules = parse_rules(_RULES, "test")
    said = condition_words(rules.rules[0].when[0])
    assert said == "officials that amplified the account exactly once: at least 2"
    run = TrackRun(rules).run([[retweet(1, official=OFFICIALS[0]), retweet(2, official=OFFICIALS[1])]])
    [alert] = run.standing.values()
    assert alert.figures["amplified_once"] == 2
    run.batch([retweet(3, official=OFFICIALS[1])])
    [alert] = run.standing.values()
    assert (alert.fired_figures["amplified_once"], alert.figures["amplified_once"]) == (2, 1)


def test_a_figure_that_mentions_move_is_judged_at_mentions() -> None:
    """The same registry says at which events rules are judged."""
    rules = parse_rules(_RULES.replace("amplified_once", "mentions").replace("at_least = 2", "at_least = 1"), "test")
    run = TrackRun(rules).run([[msgspec.structs.replace(retweet(1), kind="mention")]])
    assert [alert.rule for alert in run.standing.values()] == ["quiet-officials"]
