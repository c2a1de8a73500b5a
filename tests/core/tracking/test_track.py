"""TRACK's step: what becomes of events that cannot be applied, of hostile ones, and of a state under new rules."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.clock import DAY_US, HOUR_US, from_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rule_files.rule_file import MAX_RULES
from streams.core.rulebook.rules import Condition, Rule, RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.tracking.subject import TrackPolicy, encode_subject, engagement_key
from streams.core.tracking.track import TrackOutcome
from streams.events import Account, Retweet
from streams.rules_loading import bundled_rules
from tests.core.tracking.oracle import Oracle, as_known, by_subject, without_sources
from tests.core.tracking.recorded_state import RECORDED_STATE
from tests.core.tracking.strategies import (
    BASE_US,
    OFFICIALS,
    examples,
    histories,
    placed,
    retweet,
    rule_sets,
    snowflake,
)
from tests.core.tracking.test_track_oracle import differences
from tests.core.tracking.track_run import TrackRun

SMALL: Final = TrackPolicy(amplifications=8, contacts=8, suspensions=6)
KEY: Final = "twitter:12"
_RULE: Final = Rule(
    name="rule",
    description="one",
    severity="info",
    mode="live",
    quiet_us=DAY_US,
    when=(),
    countries={},
    escalations=(),
    digest="digest",
)


@given(
    st.lists(st.integers(0, 29), min_size=1, max_size=8, unique=True),
    st.sampled_from(("retweet", "mention", "suspension")),
)
def test_what_is_too_old_to_tell_from_a_duplicate_is_dropped_and_counted_once(late: list[int], kind: str) -> None:
    """Reports of what has left are dropped, known or new; the same raw records again change nothing at all."""
    changes: dict[str, Any] = {"kind": kind, "status": "suspended" if kind == "suspension" else None}
    events = [msgspec.structs.replace(retweet(number), **changes) for number in range(60)]
    run = TrackRun(bundled_rules(), SMALL).run([[retweet(0), *events[1:]]])
    before = run.dossiers[KEY]
    reports = [
        msgspec.structs.replace(
            events[number],
            event_id=f"{number:06}" if number % 2 else f"new{number}",
            source=Coordinates("retweets", 0, 1_000 + index),
        )
        for index, number in enumerate(late)
    ]
    run.batch(reports)
    assert run.outcomes[TrackOutcome.TOO_OLD] == len(late)
    after = run.dossiers[KEY]
    amplified = len(late) if kind == "retweet" else 0
    assert after == msgspec.structs.replace(before, dropped=len(late), dropped_amplifications=amplified)
    state = run.states[KEY]
    run.batch([retweet(0), *events[1:], *reports])
    assert run.outcomes[TrackOutcome.REPEATED] >= len(late) + 30
    assert run.outcomes[TrackOutcome.TOO_OLD] == len(late)
    assert run.dossiers[KEY] == after
    assert run.states[KEY] == state


def test_an_official_beyond_the_bound_is_refused_and_counted_once() -> None:
    policy = TrackPolicy(officials=2)
    officials = [msgspec.structs.replace(OFFICIALS[0], id=f"official-{number}") for number in range(4)]
    events = [retweet(number, official=official) for number, official in enumerate(officials)]
    run = TrackRun(bundled_rules(), policy).run([events, events])
    assert run.dossiers[KEY].dropped == 2
    assert run.dossiers[KEY].distinct_officials == 2
    assert run.outcomes == {
        TrackOutcome.APPLIED: 2,
        TrackOutcome.REFUSED: 2,
        TrackOutcome.DUPLICATE: 2,
        TrackOutcome.REPEATED: 2,
    }


def test_of_withdrawals_that_wait_the_oldest_makes_room_and_is_counted_once() -> None:
    policy = TrackPolicy(pending_withdrawals=2)
    waiting = [msgspec.structs.replace(retweet(number), kind="withdrawal") for number in range(5)]
    run = TrackRun(bundled_rules(), policy).run([[retweet(9), *waiting], waiting])
    assert run.dossiers[KEY].dropped == 3
    run.batch([msgspec.structs.replace(retweet(number), at_us=BASE_US - 1) for number in range(5)])
    assert run.dossiers[KEY].withdrawn == 2
    assert run.dossiers[KEY].totals.retweet == 4


@pytest.mark.slow
@given(histories(), rule_sets())
@examples(40)
def test_a_subject_read_back_from_its_bytes_is_the_subject(events: list[SubjectEvent], rules: RuleSet) -> None:
    run = TrackRun(rules).run([placed(events)])
    for key, payload in run.states.items():
        subject = run.subject(key)
        assert subject is not None
        assert encode_subject(subject) == payload
        assert set(subject.by_id) == {
            engagement_key(kept.kind, kept.event_id)
            for kept in (*subject.state.amplifications, *subject.state.contacts)
        }
        assert all(kept is subject.by_id[False, kept.event_id] for kept in subject.state.amplifications)


def test_a_state_that_was_written_before_there_was_more_in_it_is_read_and_goes_on() -> None:
    """What is new in it follows from what is kept: a retweet was gone after the account was suspended."""
    run = TrackRun(bundled_rules(), TrackPolicy(amplifications=4, contacts=4))
    run.states[KEY] = RECORDED_STATE
    run.batch([msgspec.structs.replace(retweet(22), kind="suspension", status="suspended", official=None)])
    dossier = run.dossiers[KEY]
    assert run.outcomes == {TrackOutcome.DUPLICATE: 1}
    assert (dossier.totals.retweet, dossier.totals.follow, dossier.gone_with_original) == (9, 1, 1)
    assert [(part.id, part.retweets) for part in dossier.officials] == [("o1", 3), ("o2", 3), ("o3", 3)]
    assert dossier.suspension is not None
    assert [(each.id, each.since) for each in dossier.following] == [("o1", from_us(BASE_US + 20 * HOUR_US))]
    assert run.tracked[KEY].countries == ("IR", "RU")
    standings = {state: said.standing for (_, state), said in run.standings.items()}
    assert {state: len(each.amplifiers) for state, each in standings.items() if each} == {"IR": 2, "RU": 1}
    run.batch([retweet(40, official=OFFICIALS[4])])
    assert run.dossiers[KEY].totals.retweet == 10
    assert ",".join(run.tracked[KEY].countries) == "FR,IR,RU"
    assert RECORDED_STATE[: len(run.states[KEY])] != run.states[KEY]


@pytest.mark.parametrize(
    "account",
    [
        Account(id="12", followers=2**63),
        Account(id="12", followers=10**30),
        Account(id="12", created_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23)))),
        Account(id="12", created_at=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_what_a_stranger_says_of_an_account_never_breaks_its_state(account: Account) -> None:
    """As a format reader may hand it over: a count beyond 64 bits or a creation beyond all calendars is unknown."""
    event = Retweet(platform="twitter", id="1", at=from_us(BASE_US), actor=Account(id="o1"), subject=account)
    official = RosterEntry(
        platform="twitter", account_id="o1", country="IR", category="leader", source_url="https://example.org"
    )
    screening = screen_event(
        event, Coordinates("retweets", 0, 1), AccountIndex(Roster([official])), BASE_US, ScreenPolicy()
    )
    assert isinstance(screening, Screening)
    rule = msgspec.structs.replace(_RULE, when=(Condition(figure="amplifications", at_least=1),))
    run = TrackRun(RuleSet(rules=(rule,), digest="all")).run([screening.events])
    assert run.dossiers[KEY].subject.followers is None
    assert run.dossiers[KEY].subject.created_at is None
    (alert,) = run.standing.values()
    assert alert.figures["followers"] is None
    assert alert.figures["age_days"] is None


def test_an_id_outweighs_what_a_collector_wrongly_took_from_it_and_a_report_outweighs_both() -> None:
    """Whichever comes first: of two times from ids the earlier stays."""
    account_id = snowflake(BASE_US - 9 * DAY_US)
    wrong = Account(id=account_id, created_at=from_us(BASE_US - 8 * DAY_US), created_at_source="snowflake")
    reported = Account(id=account_id, created_at=from_us(BASE_US - 7 * DAY_US))
    for accounts, days in (((wrong, Account(id=account_id)), 9), ((reported, wrong, Account(id=account_id)), 7)):
        for order in permutations(accounts):
            events = [msgspec.structs.replace(retweet(number), subject=each) for number, each in enumerate(order)]
            (dossier,) = TrackRun(bundled_rules()).run([events]).dossiers.values()
            assert dossier.subject.created_at == from_us(BASE_US - days * DAY_US)


def test_as_many_rules_as_a_file_may_have_fit_into_what_is_written_down() -> None:
    """A judgement takes two bits a rule, and an integer of MessagePack has 64."""
    condition = Condition(figure="amplifications", at_least=1)
    rules = tuple(
        msgspec.structs.replace(_RULE, name=f"rule-{number:02}", severity="critical", when=(condition,))
        for number in range(MAX_RULES)
    )
    run = TrackRun(RuleSet(rules=rules, digest="all")).run([[retweet(0)], [retweet(1)]])
    assert {alert.severity for alert in run.standing.values()} == {"critical"}
    assert len(run.standing) == MAX_RULES


@pytest.mark.slow
@examples(60)
@given(histories(longest=6), rule_sets(), rule_sets(), st.randoms(use_true_random=False))
def test_under_new_rules_everything_retained_is_judged_anew(
    events: list[SubjectEvent], old: RuleSet, new: RuleSet, order: Random
) -> None:
    """As if they had always been in force. The same rules in another order are the same rules."""
    order.shuffle(events)
    arrived = as_known(placed(events))
    renewed = tuple(msgspec.structs.replace(rule, digest=f"new digest of {rule.name}") for rule in new.rules)
    changed = RuleSet(rules=renewed, digest="digest of others")
    shuffled = msgspec.structs.replace(changed, rules=tuple(order.sample(changed.rules, len(changed.rules))))
    run = TrackRun(old).run([arrived])
    run.alerts.clear()
    run.rules = changed
    run.batch(arrived[: len(arrived) // 2])
    run.rules = shuffled
    run.batch(arrived)
    expected = {
        alert_id: alert
        for mine in by_subject(arrived).values()
        for alert_id, alert in Oracle(mine, changed).alerts().items()
    }
    standing = {alert_id: without_sources(alert) for alert_id, alert in run.standing.items()}
    assert differences(standing, expected) == []
