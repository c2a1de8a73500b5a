"""`?at=`: the figures of any moment are those of a backtest over everything up to then."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import pytest
from msgspec.structs import replace

from streams.cases import KHAMENEI_SITE
from streams.console.pages.alert_model import AlertPage, RecountLine
from streams.console.store.reading import Store
from streams.core.clock import from_us, to_us
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.rulebook.figures import FigureValue
from streams.core.subject_event import Coordinates
from streams.core.tracking.subject_figures import figure_value
from streams.core.watching.aftermath_judge import figures_at
from streams.events import Account, Deletion, Event, Follow, Profile, Retweet, Suspension, decode_event
from streams.proofs.recount import SourcedEvent, recount
from streams.rules_loading import bundled_rules
from tests.console.case_records import in_file
from tests.console.pages.asked import ask
from tests.console.pages.made_stores import store_of
from tests.console.store.test_case_store import SUBJECT

_MOMENTS: Final = int(os.environ.get("ANTIPHON_TEST_MOMENTS", "4"))
"""Each takes a second or two; of an aftermath half as many are looked at. 200 of either were, once."""
_RULES: Final = ("new-account-sustained", "single-patron", "amplified-then-suspended")
_ON_AFTERMATH: Final = ("clean-up", "silence")
_UNKNOWN_BEFORE: Final = frozenset({"silence"})  # until then its figures were not known


@cache
def _case() -> tuple[Roster, list[SourcedEvent]]:
    lines = KHAMENEI_SITE.events.read_bytes().splitlines()
    events = [(decode_event(line), Coordinates("case", 0, place)) for place, line in enumerate(lines)]
    return parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster"), sorted(events, key=lambda each: each[0].at)


def _by_backtest(
    roster: Roster, events: Sequence[SourcedEvent], key: str, at: datetime, names: Sequence[str]
) -> dict[str, FigureValue]:
    """Everything that happened up to then, and nothing that is kept: the whole case, as a backtest reads it."""
    cut = [each for each in events if each[0].at <= at]
    as_of = recount(roster, bundled_rules(), lambda: cut, to_us(at)).as_of(key, to_us(at))
    assert as_of is not None
    return {name: figure_value(as_of, name) for name in names}


def _on_page(store: Store, alert_id: str, at: datetime) -> RecountLine:
    model = ask(store, f"/alerts/{alert_id}?at={at:%Y-%m-%dT%H:%M:%S.%f}Z").answer.model
    assert isinstance(model, AlertPage)
    assert model.recount is not None
    assert model.recount.at == at
    return model.recount


@pytest.fixture(scope="module")
def alerts(case_folder: Path) -> dict[str, Alert]:
    return {alert.rule: alert for alert in in_file(case_folder, "alerts")}


@pytest.mark.slow
def test_figures_of_random_moments_are_those_of_a_backtest_cut_there(
    case_store: Store, alerts: dict[str, Alert]
) -> None:
    """To the unit, for each rule on subjects."""
    roster, events = _case()
    chance = Random("moments")  # the same each time
    first_us, last_us = to_us(datetime(2020, 7, 12, tzinfo=UTC)), to_us(datetime(2021, 3, 1, tzinfo=UTC))
    names = sorted({name for rule in _RULES for name in alerts[rule].figures})
    for _ in range(_MOMENTS):
        at = from_us(chance.randrange(first_us, last_us))
        expected = _by_backtest(roster, events, SUBJECT, at, names)
        for rule in _RULES:
            found = _on_page(case_store, alerts[rule].id, at)
            assert found.figures == {name: expected[name] for name in alerts[rule].figures}
            assert found.taken_as_counted == 0


@pytest.mark.slow
@pytest.mark.parametrize("rule", [*_RULES, *_ON_AFTERMATH])
def test_at_the_moment_at_which_it_fired_the_figures_are_those_that_were_told(
    case_store: Store, alerts: dict[str, Alert], rule: str
) -> None:
    """And a microsecond before the rule did not hold, or nobody could say whether it did."""
    alert = alerts[rule]
    fired = _on_page(case_store, alert.id, alert.fired_at)
    before = _on_page(case_store, alert.id, alert.fired_at - timedelta(microseconds=1))
    assert fired.figures == alert.fired_figures
    assert (fired.holds, before.holds) == (True, None if rule in _UNKNOWN_BEFORE else False)
    assert _on_page(case_store, alert.id, alert.as_of).figures == alert.figures


def test_a_moment_is_beside_the_figures_of_the_alert(case_store: Store, alerts: dict[str, Alert]) -> None:
    """In the tables of the conditions, with what it says of each, and as a line in the figures."""
    alert = alerts["new-account-sustained"]
    page = ask(case_store, f"/alerts/{alert.id}?at=2020-08-01").dom
    conditions = page.texts("Conditions of the rule, with the figures of the alert")
    assert all(len(row) == 4 for row in conditions)
    by_words = {row[0]: row[3] for row in conditions}
    assert by_words["officials that amplified the account: at least 5"].startswith("3 ✗ refuted 2 short")
    text = page.root.text
    assert "asked for 2020-08-01" in text
    assert "The rule did not hold then." in text


_AT: Final = datetime(2026, 3, 1, tzinfo=UTC)
_SUBJECT: Final = Account(id="900", handle="voice", created_at=_AT - timedelta(days=20), created_at_source="reported")


def _made_world(chance: Random) -> tuple[Roster, list[SourcedEvent]]:
    """Officials that amplify an account, take some back, delete it later, follow it; it is gone for a while."""
    roster_csv = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to,domains\n" + "".join(
        f"twitter,{number},o{number},Official {number},{'FR' if number % 2 else 'DE'},diplomat,https://example.org,,,\n"
        for number in range(1, 7)
    )
    events: list[Event] = []
    for number in range(40):
        at = _AT + timedelta(minutes=chance.randrange(60_000))
        actor = Account(id=str(chance.randrange(1, 7)))
        events.append(
            Retweet(platform="twitter", id=f"r{number}", at=at, actor=actor, subject=_SUBJECT, post_id=f"p{number % 9}")
        )
        if chance.random() < 0.3:
            gone_at = at + timedelta(minutes=chance.randrange(9_000))
            events.append(Deletion(platform="twitter", id=f"d{number}", at=gone_at, post_id=f"r{number}", actor=actor))
        if chance.random() < 0.1:
            events.append(
                Suspension(
                    platform="twitter", id=f"s{number}", at=at, actor=actor, status="suspended", precision="exact"
                )
            )
    for number, status in enumerate(("suspended", "reinstated")):
        at = _AT + timedelta(minutes=20_000 + number * 9_000 + chance.randrange(5_000))
        events.append(
            Suspension(platform="twitter", id=f"n{number}", at=at, actor=_SUBJECT, status=status, precision="exact")  # type: ignore[arg-type]
        )
    for number in range(6):
        at = _AT + timedelta(minutes=chance.randrange(60_000))
        official = Account(id=str(1 + number))
        events.append(Follow(platform="twitter", id=f"f{number}", at=at, actor=official, subject=_SUBJECT))
        seen = Account(id="900", handle="voice", followers=chance.randrange(9_999))
        events.append(Profile(platform="twitter", id=f"u{number}", at=at + timedelta(minutes=1), actor=seen))
        events.append(Deletion(platform="twitter", id=f"own{number}", at=at, post_id=f"p{number}", actor=_SUBJECT))
    sourced = [(event, Coordinates("made", 0, place)) for place, event in enumerate(events)]
    return parse_roster(roster_csv.encode(), "roster"), sorted(sourced, key=lambda each: each[0].at)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_what_was_taken_back_and_gone_counts_as_in_a_backtest(
    tmp_path: Path, alerts: dict[str, Alert], seed: int
) -> None:
    """In made worlds: with deletions that name no subject, officials that are gone themselves, follows and profiles."""
    chance = Random(seed)
    roster, events = _made_world(chance)
    template = alerts["amplified-then-suspended"]
    whole = recount(roster, bundled_rules(), lambda: events, to_us(events[-1][0].at)).results
    dossier = whole.dossiers["twitter:900"]
    assert dossier.withdrawn
    figures = {**template.figures, "follows": None, "amplifications_24h": None, "distinct_officials_30d": None}
    rule = next(each for each in bundled_rules().rules if each.name == template.rule)
    alert = replace(
        template, subject=_SUBJECT, roster_digest=roster.digest, rule_digest=rule.digest, figures=figures, officials=()
    )
    with store_of(
        tmp_path, alerts=[alert], amplifications=whole.amplifications, dossiers=[dossier], events=events, roster=roster,
        with_rules=True,
    ) as store:  # fmt: skip
        moments = sorted(_AT + timedelta(minutes=chance.randrange(65_000)) for _ in range(5))
        found = [_on_page(store, alert.id, at) for at in moments]
        for at, line in zip(moments, found, strict=True):
            assert line.figures == _by_backtest(roster, events, "twitter:900", at, list(figures))
        assert any(one.figures != other.figures for one, other in pairwise(found))


def test_what_is_not_kept_is_taken_as_counted_and_said(
    tmp_path: Path, case_folder: Path, alerts: dict[str, Alert]
) -> None:
    """Without the bytes the records of amplifications and notices say the same, and what they do not say is unknown."""
    alert = alerts["amplified-then-suspended"]
    roster, events = _case()
    amplified = [each for each in in_file(case_folder, "amplifications") if each.subject.id == alert.subject.id]
    dossiers = [each for each in in_file(case_folder, "dossiers") if each.subject.id == alert.subject.id]
    at = datetime(2020, 12, 1, tzinfo=UTC)
    with store_of(
        tmp_path, alerts=[alert], amplifications=amplified, dossiers=dossiers, roster=roster, with_rules=True
    ) as store:
        found = _on_page(store, alert.id, at)
    assert found.taken_as_counted == sum(each.at <= at for each in amplified)
    assert found.events == 0
    assert "taken as counted" in found.words
    by_backtest = _by_backtest(roster, events, SUBJECT, at, list(alert.figures))
    assert {name: found.figures[name] for name in ("amplifications", "distinct_officials", "suspended")} == {
        name: by_backtest[name] for name in ("amplifications", "distinct_officials", "suspended")
    }


@pytest.mark.slow
def test_figures_of_an_aftermath_at_random_moments_are_those_of_a_backtest_cut_there(
    case_store: Store, alerts: dict[str, Alert]
) -> None:
    """Over the whole case, and nothing that is kept; before the suspension there is none."""
    roster, events = _case()
    subject, chance = alerts["clean-up"].subject.id, Random("aftermaths")
    fired_us, last_us = to_us(alerts["clean-up"].fired_at), to_us(datetime(2021, 2, 10, tzinfo=UTC))
    found = []
    for at_us in (fired_us - 1, *(chance.randrange(fired_us, last_us) for _ in range(-(-_MOMENTS // 2)))):
        at = from_us(at_us)
        cut = [each for each in events if each[0].at <= at]
        counted = recount(roster, bundled_rules(), lambda cut=cut: cut, to_us(at))  # type: ignore[misc]
        aftermath = next(each for each in counted.results.aftermaths.values() if each.subject.id == subject)
        watch = counted.watches[aftermath.id]
        assert watch.deletions(to_us(at)) == aftermath.deletions
        assert watch.references(to_us(at)) == aftermath.references
        for rule in _ON_AFTERMATH:
            line = _on_page(case_store, alerts[rule].id, at)
            assert line.figures == figures_at(watch, to_us(at))
            assert (line.holds is True) == (alerts[rule].id in counted.results.alerts)
            found.append(line.figures["deletions"])
    assert len(set(found)) > 1
    before = _on_page(case_store, alerts["clean-up"].id, datetime(2021, 1, 10, tzinfo=UTC))
    assert (before.figures, before.holds) == ({}, None)
    assert "had not begun" in before.words


def test_figures_of_an_aftermath_are_not_made_up(tmp_path: Path, alerts: dict[str, Alert], case_folder: Path) -> None:
    """Where the bytes are not kept, as in older folders, the page says so."""
    roster, _ = _case()
    alert = alerts["clean-up"]
    amplified = [each for each in in_file(case_folder, "amplifications") if each.subject.id == alert.subject.id]
    with store_of(tmp_path, alerts=[alert], amplifications=amplified, roster=roster, with_rules=True) as store:
        found = _on_page(store, alert.id, datetime(2021, 1, 25, tzinfo=UTC))
    assert found.figures == {}
    assert "not kept" in found.words
