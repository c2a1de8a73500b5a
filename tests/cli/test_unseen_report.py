"""What the terminal says of a watch in which something was not seen."""

from io import StringIO

from rich.console import Console

from streams.cli.report_aftermath import print_aftermath
from streams.cli.report_dossier import dossier_table
from streams.core.clock import to_us
from streams.events import Event
from tests.core.stories import run_story
from tests.core.unseen_stories import ROSTER, at, collector_down, seen, silence


def _shown(events: list[Event]) -> str:
    dossier = run_story(ROSTER, events, now_us=to_us(at(100))).dossiers["twitter:700"]
    console = Console(file=StringIO(), width=400)
    console.print(dossier_table("twitter:700", dossier))
    assert isinstance(console.file, StringIO)
    return " ".join(console.file.getvalue().split())


def _printed(events: list[Event]) -> str:
    (aftermath,) = run_story(ROSTER, events, now_us=to_us(at(100))).aftermaths.values()
    console = Console(file=StringIO(), width=400)
    print_aftermath(console, aftermath, ())
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_six_unseen_days_are_told_with_shares_and_dates_and_nobody_is_called_silent() -> None:
    printed = _printed([*silence(), *collector_down()])
    assert "42.9% of what the officials that amplified it posted, 42.9% of what they deleted" in printed
    assert "2022-01-23 00:00 to 2022-01-29 00:00 (6 officials)" in printed
    assert "seen since 2021-11-21 00:00" in printed
    assert "not said: too much went unseen" in printed
    assert "too much went unseen to say how many were to be expected" in printed


def test_where_all_was_seen_or_no_source_told_the_figures_are_as_ever() -> None:
    whole, unpublished = _printed([*silence(), *seen(-60, 0, 19.5)]), _printed(silence())
    assert "nothing; the platform is seen since 2021-11-21 00:00" in whole
    assert "unseen" not in unpublished
    for printed in (whole, unpublished):
        assert "6 of 6 officials that amplified it" in printed


def test_the_figures_of_an_account_say_since_when_its_officials_have_been_seen_or_nothing() -> None:
    assert "officials seen since │ IR 2021-11-21 │" in _shown([*silence(), *seen(-60, 0)])
    assert "officials seen since │ IR ever │" in _shown([*silence(), *seen(None, 0)])
    assert "seen since" not in _shown(silence())
