"""A comparison of two rosters is the difference of two whole backtests, though it counts only what was touched."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import pytest
from msgspec.structs import replace

from streams.core.backtest import Backtest, Results
from streams.core.clock import to_us
from streams.core.corrections.entry_changes import entry_changes
from streams.core.corrections.outcomes import Compared, Outcome, compare
from streams.core.corrections.responsible import MOST_RUNS, Responsible
from streams.core.rosters.roster import Roster
from streams.core.rule_files.rule_file import parse_rules
from streams.core.subject_event import Coordinates
from streams.events import (
    Account,
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Retweet,
    Suspension,
    decode_event,
    encode_event,
)
from streams.jobs.comparison import RosterComparison, compare_rosters, compare_rules
from streams.jobs.events_at_hand import EventsAtHand
from streams.jobs.evidence_store import EvidenceStore
from streams.jobs.indexed_events import add_selected
from streams.ledger.memory import MemoryLedger
from tests.core.stories import roster_of
from tests.jobs.edits import edited
from tests.pipeline.world import World

_RULES: Final = """
[rules.twice]
description = "Officials amplified an account twice, or a State's leads."
severity = "info"
quiet = "20d"
[rules.twice.when]
amplifications_30d = { at_least = 2 }
distinct_officials = { at_least = 2 }
[rules.twice.countries.RU]
amplifications = { at_least = 4 }
[rules.twice.escalate.critical]
distinct_officials = { at_least = 5 }

[rules.gone]
description = "An account that an official amplified is suspended."
severity = "warning"
quiet = "30d"
[rules.gone.when]
suspended = true
distinct_officials = { at_least = 1 }

[rules.deleted]
on = "aftermath"
description = "Officials deleted anything."
severity = "warning"
quiet = "14d"
[rules.deleted.when]
deletions = { at_least = 1 }

[rules.silent]
on = "aftermath"
description = "Officials fell silent."
severity = "info"
quiet = "14d"
[rules.silent.when]
silent_share = { at_least = 0.5 }

[rules.followed]
description = "An official follows an account that officials amplified."
severity = "info"
quiet = "14d"
[rules.followed.when]
follows = { at_least = 1 }
"""
_TOUCHY: Final = parse_rules(_RULES, "touchy.toml")
_NOW_US: Final = 1_900_000_000_000_000
_BEGIN_US: Final = to_us(datetime(2022, 1, 1, tzinfo=UTC))
_END_US: Final = to_us(datetime(2022, 7, 20, tzinfo=UTC))


def _world(seed: int, size: int, *, is_sparse: bool) -> tuple[World, list[Event]]:
    """Events by time. In a sparse world hardly anything is suspended or posted by subjects, as in real data."""
    world = World(seed=seed, events=size)
    events = [decode_event(line) for line in world.lines()]
    if is_sparse:
        random, officials = Random(seed), {official.id for official in world.officials}
        kept = []
        for event in events:
            is_own = isinstance(event, Post) and event.actor.id not in officials
            if (is_own or isinstance(event, Suspension)) and random.random() < 0.97:
                continue
            if isinstance(event, Retweet):
                event = Retweet(**{name: getattr(event, name) for name in event.__struct_fields__} | {"text": None})
            kept.append(event)
        events = kept
    return world, sorted(events, key=lambda event: event.at)


def _compare(
    events: list[Event], old: Roster, new: Roster, most_runs: int = MOST_RUNS, *, is_indexed: bool = False
) -> RosterComparison:
    """With an index, every third event is one of the raw topics and no evidence."""
    with EventsAtHand() as at_hand, EvidenceStore(":memory:") as evidence, EvidenceStore(":memory:") as raw:
        for number, event in enumerate(events):
            if is_indexed:
                store = evidence if number % 3 else raw
                store.put(number, encode_event(event), event, Coordinates("story", 0, number))
            else:
                assert at_hand.add(event, "story", number) is None
        if is_indexed:
            add_selected(at_hand, evidence, raw, old, new, entry_changes(old, new))
        return compare_rosters(at_hand, old, new, _TOUCHY, now_us=_NOW_US, most_runs=most_runs)


def _whole(events: list[Event], roster: Roster) -> Results:
    backtest = Backtest(roster, _TOUCHY, MemoryLedger(), now_us=_NOW_US)
    for number, event in enumerate(events):
        backtest.feed(event, Coordinates("story", 0, number))
    if backtest.needs_second_reading():
        for number, event in enumerate(events):
            backtest.again(event, Coordinates("story", 0, number))
    return backtest.finish()


def _moving(outcomes: tuple[Outcome, ...]) -> dict[str, Outcome]:
    return {each.id: each for each in outcomes if each.kind != "stands"}


def _assert_same(found: Compared, whole: Compared) -> None:
    assert _moving(found.alerts) == _moving(whole.alerts)
    assert _moving(found.aftermaths) == _moving(whole.aftermaths)
    standing = {each.id: each for each in (*whole.alerts, *whole.aftermaths) if each.kind == "stands"}
    for each in (*found.alerts, *found.aftermaths):
        if each.kind == "stands":
            assert standing[each.id] == each
    assert found.scores == whole.scores
    assert (found.became_officials, found.ceased_to_be) == (whole.became_officials, whole.ceased_to_be)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "size", "is_sparse"), [(1, 500, False), (0, 900, True)], ids=["dense", "sparse"])
def test_a_comparison_is_the_difference_of_two_whole_backtests(seed: int, size: int, is_sparse: bool) -> None:
    world, events = _world(seed, size, is_sparse=is_sparse)
    random = Random(seed)
    before = _whole(events, world.roster)
    moved = left_out = 0
    for edits in (1, 2, 4):
        strangers = [f"5{random.randrange(2_000)}" for _ in range(4)]
        new = edited(world.roster, random, strangers, _BEGIN_US, _END_US, edits)
        found = _compare(events, world.roster, new, most_runs=0)
        whole = compare(before, _whole(events, new))
        _assert_same(found.compared, whole)
        _assert_same(_compare(events, world.roster, new, most_runs=0, is_indexed=True).compared, whole)
        moved += len(_moving(whole.alerts)) + len(_moving(whole.aftermaths))
        left_out += len(before.dossiers) - found.cost.subjects
    assert moved > 0, "nothing moved: the property says nothing"
    assert left_out > 0 or not is_sparse, "everything was counted: nothing is said of what need not be"


@pytest.mark.slow
def test_from_an_index_only_what_the_entries_touched_is_looked_at_while_no_aftermath_can_change() -> None:
    """Random worlds in which nothing is suspended; one suspended account of the State, and everything is looked at."""
    moved = 0
    for seed in range(3):
        world, events = _world(seed, 400, is_sparse=False)
        quiet: list[Event] = [event for event in events if not isinstance(event, Suspension)]
        new = edited(world.roster, Random(seed), [f"5{seed}"], _BEGIN_US, _END_US, 3)
        found = _compare(quiet, world.roster, new, most_runs=0, is_indexed=True)
        whole = compare(_whole(quiet, world.roster), _whole(quiet, new))
        _assert_same(found.compared, whole)
        assert found.cost.events == len(quiet)
        moved += len(_moving(whole.alerts))
    assert moved > 0, "nothing moved: the property says nothing"
    retweets: list[Event] = [_retweet(n, n % 5, n, Account(id=f"7{n % 5}")) for n in range(50)]
    counted = []
    for events in (retweets, [*retweets, replace(_suspended(51), actor=Account(id="74"))]):
        with EventsAtHand() as at_hand, EvidenceStore(":memory:") as store, EvidenceStore(":memory:") as none:
            for number, event in enumerate(events):
                store.put(number, encode_event(event), event, Coordinates("story", 0, number))
            add_selected(at_hand, store, none, _EVERYBODY, _without(4), entry_changes(_EVERYBODY, _without(4)))
            counted.append((len(at_hand), at_hand.known))
    assert counted == [(10, 50), (51, 51)]


def test_a_change_of_names_alone_counts_nothing_and_changes_nothing() -> None:
    world, events = _world(3, 200, is_sparse=False)
    new = Roster(replace(entry, name="Somebody else") for entry in world.roster.entries)
    found = _compare(events, world.roster, new)
    assert {change.kinds for change in found.changes} == {("renamed",)}
    assert (found.compared.alerts, found.cost.subjects, found.cost.events_counted) == ((), 0, 0)
    assert not _moving(compare(_whole(events, world.roster), _whole(events, new)).alerts)


_SUBJECT: Final = Account(id="7", handle="subject", created_at=datetime(2022, 1, 1, tzinfo=UTC))
_OFFICIALS: Final = tuple(Account(id=f"9{number}", handle=f"official_{number}") for number in range(5))


def _retweets(*counts: int) -> list[Event]:
    """So many by each of the officials, on one day after the other."""
    authors = [official for official, count in zip(_OFFICIALS, counts, strict=False) for _ in range(count)]
    begin = datetime(2022, 1, 2, tzinfo=UTC)
    return [
        Retweet(platform="twitter", id=f"r{n}", at=begin + timedelta(hours=n), actor=actor, subject=_SUBJECT)
        for n, actor in enumerate(authors)
    ]


def _without(*numbers: int) -> Roster:
    gone = {_OFFICIALS[number].id for number in numbers}
    return Roster(entry for entry in roster_of(_OFFICIALS).entries if entry.account_id not in gone)


def _because_of(found: RosterComparison, rule: str) -> set[tuple[str, ...]]:
    [outcome] = [each for each in found.compared.alerts if each.rule == rule]
    assert outcome.kind == "would_not_have_fired"
    responsible = found.responsible[outcome.id]
    assert responsible.searched
    return {tuple(found.changes[number].shown for number in each) for each in responsible.sets}


_DAY: Final = timedelta(days=1)
_BEGIN: Final = datetime(2022, 1, 2, tzinfo=UTC)
_TEXT: Final = "the ministry will publish its statement on the negotiations tomorrow morning after the session"


def _retweet(number: int, by: int, days: float, subject: Account = _SUBJECT, text: str | None = None) -> Retweet:
    return Retweet(
        platform="twitter",
        id=f"r{number}",
        at=_BEGIN + days * _DAY,
        actor=_OFFICIALS[by],
        subject=subject,
        post_id=f"s{number}",
        text=text,
    )


def _post(number: int, by: Account, days: float, text: str = "", links: tuple[str, ...] = ()) -> Post:
    return Post(platform="twitter", id=f"p{number}", at=_BEGIN + days * _DAY, actor=by, text=text, links=links)


def _gone(number: int, of: str, by: Account | None, days: float) -> Deletion:
    bare = None if by is None else Account(id=by.id)
    return Deletion(platform="twitter", id=f"d{number}", at=_BEGIN + days * _DAY, actor=bare, post_id=of)


def _suspended(days: float) -> Suspension:
    return Suspension(platform="twitter", id="s", at=_BEGIN + days * _DAY, actor=_SUBJECT, status="suspended")


def _with(number: int, **fields: Any) -> Roster:
    """The roster in which one official's entry is another."""
    changed = _OFFICIALS[number].id
    return Roster(
        replace(each, **fields) if each.account_id == changed else each for each in roster_of(_OFFICIALS).entries
    )


_EVERYBODY: Final = roster_of(_OFFICIALS)
_AMPLIFIED: Final[list[Event]] = [_retweet(n, n % 3, n) for n in range(4)]
_STRANGER: Final = Account(id="555", handle="stranger")
_STORIES: Final[dict[str, tuple[list[Event], Roster, Roster]]] = {
    # What it says of itself is no engagement: the text alone ties the subject to the official that leaves.
    "the text of an official that never engaged with the subject": (
        [*[_retweet(n, n % 3, n, text=_TEXT) for n in range(4)], _post(1, _OFFICIALS[4], 2, _TEXT), _retweet(9, 1, 9)],
        _EVERYBODY,
        _without(4),
    ),
    "deletions by an official that never engaged with the suspended subject": (
        [
            *_AMPLIFIED,
            *(_post(n, _OFFICIALS[4], 1) for n in range(3)),
            _suspended(5),
            *(_gone(n, f"p{n}", _OFFICIALS[4], 6) for n in range(3)),
        ],
        _EVERYBODY,
        _without(4),
    ),
    "withdrawals by an official of a State of which no entry changed": (
        [*[_retweet(n, n % 3, n) for n in range(6)], _gone(1, "r0", _OFFICIALS[0], 7), _retweet(9, 1, 9)],
        _with(0, country="RU"),
        Roster(each for each in _with(0, country="RU").entries if each.account_id != _OFFICIALS[2].id),
    ),
    "links to a domain that is another official's": (
        [*_AMPLIFIED, *(_post(n, _SUBJECT, 4 + n / 9, links=("https://mfa.example/a",)) for n in range(8))],
        _with(4, domains=("mfa.example",)),
        _EVERYBODY,
    ),
    "an amplified account that becomes an official by its handle and never acts": (
        _AMPLIFIED,
        _EVERYBODY,
        Roster([*_EVERYBODY.entries, replace(_EVERYBODY.entries[0], account_id=None, handle="Subject")]),
    ),
    "a quote of a post of an unknown author, which the official that leaves had passed on": (
        [
            *[_retweet(n, n % 2, n) for n in range(3)],
            replace(_retweet(7, 4, 4), post_id="gone"),
            replace(_post(8, _OFFICIALS[3], 5), quotes=PostRef(post_id="gone")),
        ],
        _EVERYBODY,
        _without(4),
    ),
    "retweets without a handle by an id that the roster has by handle alone": (
        [
            _post(1, _OFFICIALS[1], 0),
            _retweet(1, 0, 1),
            *(replace(_retweet(n, 1, n), actor=Account(id=_OFFICIALS[1].id)) for n in (2, 3)),
        ],
        _with(1, account_id=None),
        _with(1, account_id=None, country="RU"),
    ),
    "a stranger that acts last and says how far time has come": (
        [*_AMPLIFIED, _suspended(5), _post(1, Account(id="777", handle="nobody"), 300)],
        _EVERYBODY,
        _without(1),
    ),
    "an official that does nothing but follow": (
        [*_AMPLIFIED, Follow(platform="twitter", id="f", at=_BEGIN + _DAY, actor=_OFFICIALS[4], subject=_SUBJECT)],
        _EVERYBODY,
        _without(4),
    ),
}


@pytest.mark.parametrize("name", _STORIES)
def test_whatever_ties_a_subject_to_a_changed_entry_is_found(name: str) -> None:
    """Each of these moves something, and a run that leaves it out is another one."""
    events, old, new = _STORIES[name]
    events = sorted([*events, _retweet(50, 3, 8, subject=_STRANGER)], key=lambda event: event.at)
    before, after = _whole(events, old), _whole(events, new)
    whole = compare(before, after)
    assert _moving(whole.alerts) or _moving(whole.aftermaths) or whole.scores
    _assert_same(_compare(events, old, new).compared, whole)
    _assert_same(_compare(events, old, new, is_indexed=True).compared, whole)


def test_an_entry_that_alone_makes_the_difference_is_named_among_others_that_do_not() -> None:
    """Two amplifications in 30 days by two officials: without the first there is one official left, whatever happens to
    those that never acted.
    """
    found = _compare(_retweets(2, 2), roster_of(_OFFICIALS), _without(0, 3, 4))
    assert _because_of(found, "twice") == {("@official_0",)}


def test_two_entries_that_only_together_matter_are_found_as_a_pair() -> None:
    """Three officials, of whom the rule needs two: any one may leave. Of those that leave a third never acted."""
    found = _compare(_retweets(1, 1, 1, 0), roster_of(_OFFICIALS), _without(0, 1, 3))
    assert _because_of(found, "twice") == {("@official_0", "@official_1")}


def test_two_entries_of_which_each_alone_makes_the_difference_are_both_named() -> None:
    found = _compare(_retweets(1, 1), roster_of(_OFFICIALS), _without(0, 1))
    assert _because_of(found, "twice") == {("@official_0",), ("@official_1",)}


def test_three_entries_that_only_together_matter_are_found_among_more() -> None:
    """Four officials, of whom the rule needs two; a fifth did not reach it. Three leave, and one more that engaged only
    by an answer.
    """
    answer = Post(
        platform="twitter",
        id="p1",
        at=datetime(2022, 1, 3, tzinfo=UTC),
        actor=_OFFICIALS[4],
        reply_to=PostRef(post_id="s1", account=_SUBJECT),
    )
    events = sorted([*_retweets(1, 1, 1, 1), answer], key=lambda event: event.at)
    found = _compare(events, roster_of(_OFFICIALS), _without(0, 1, 2, 4))
    assert _because_of(found, "twice") == {("@official_0", "@official_1", "@official_2")}


def test_without_runs_left_no_entry_is_called_responsible_alone() -> None:
    found = _compare(_retweets(1, 1, 1), roster_of(_OFFICIALS), _without(0, 1, 2), most_runs=2)
    [outcome] = [each for each in found.compared.alerts if each.rule == "twice"]
    assert found.cost.runs == 2
    assert found.responsible[outcome.id] == Responsible(sets=((0, 1, 2),), searched=False)


def test_a_rule_that_differs_is_judged_anew_and_the_others_are_not() -> None:
    events = _retweets(2, 2)
    text = _RULES.replace("amplifications_30d = { at_least = 2 }", "amplifications_30d = { at_least = 4 }")
    with EventsAtHand() as at_hand:
        for number, event in enumerate(events):
            assert at_hand.add(event, "story", number) is None
        new = parse_rules(text, "other.toml")
        found = compare_rules(at_hand, roster_of(_OFFICIALS), _TOUCHY, new, now_us=_NOW_US)
    assert [(change.name, change.kinds[0]) for change in found.changes] == [("twice", "conditions")]
    [outcome] = found.compared.alerts
    assert (outcome.rule, outcome.kind, outcome.earlier_by_seconds) == ("twice", "fires_later", -3_600.0)
