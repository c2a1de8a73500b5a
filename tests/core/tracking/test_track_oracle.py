"""TRACK equals a brute-force oracle, whatever the order, the repetitions, the batches, the crashes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.clock import from_us
from streams.core.enriched import Alert, Dossier
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import SubjectEvent
from streams.core.tracking.dossier import dossier_of
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.track import TrackOutcome
from streams.rules_loading import bundled_rules
from tests.core.tracking.oracle import Oracle, as_known, by_subject, without_sources
from tests.core.tracking.strategies import (
    arrangements,
    campaigns,
    closings,
    contradictions,
    copies,
    examples,
    histories,
    rule_sets,
    suspended,
    words_of_watch,
)
from tests.core.tracking.track_run import TrackRun
from tests.core.tracking.when_oracle import PeriodFact

pytestmark = pytest.mark.slow

# So small that a short history meets every bound.
SMALL: Final = TrackPolicy(amplifications=8, contacts=4, officials=5, suspensions=2, profiles=2, evidence=4)


def differences(found: Mapping[str, Alert | Dossier], expected: Mapping[str, Alert | Dossier]) -> list[str]:
    """What differs between two sets of records, field by field: readable where the whole records are not."""
    lines = [f"{key}: missing" for key in expected.keys() - found.keys()]
    lines += [f"{key}: not expected" for key in found.keys() - expected.keys()]
    for key in found.keys() & expected.keys():
        ours, theirs = structs.asdict(found[key]), structs.asdict(expected[key])
        lines += [f"{key}: {name}: {ours[name]} != {theirs[name]}" for name in ours if ours[name] != theirs[name]]
    return lines


def assert_published_what_the_oracle_says(run: TrackRun, key: str, oracle: Oracle) -> None:
    """SCREEN whether to follow the subject, and each State, if it was suspended, by whom it was amplified."""
    tracked = run.tracked.get(key)
    if oracle.followed is not None:
        assert (tracked is not None) is oracle.followed
    assert tracked is None or tracked.countries == oracle.amplifying_countries()
    periods = oracle.periods()
    expected = oracle.amplifiers() if periods else {}
    standings = {state: said.standing for (subject, state), said in run.standings.items() if subject == key}
    assert standings.keys() >= expected.keys()
    for state, standing in standings.items():
        assert standing is not None
        found = {
            each.id: (each.amplifications, from_us(each.first_us), from_us(each.last_us))
            for each in standing.amplifiers
        }
        assert found == expected.get(state, {})
        said = [
            PeriodFact(
                from_us(each.opened_us),
                None if each.reinstated_us is None else from_us(each.reinstated_us),
                each.event_id,
                None if each.not_before_us is None else from_us(each.not_before_us),
                each.seen_again,
            )
            for each in standing.periods
        ]
        assert said == (periods if state in expected else [])
        account = run.standings[(key, state)].subject
        assert account is not None
        if state in expected:
            assert (account.handle, account.name) == (oracle.newest("handle"), oracle.newest("name"))
    run.seen["told of several periods"] += any(len(each.periods) > 1 for each in standings.values() if each is not None)
    run.seen["seen again"] += any(each.seen_again for said in standings.values() if said for each in said.periods)
    run.seen["uncertain"] += any(
        each.not_before_us not in (None, each.opened_us) for said in standings.values() if said for each in said.periods
    )
    run.seen["told of none"] += any(not each.periods for each in standings.values() if each is not None)
    run.seen["told of one"] += any(len(each.periods) == 1 for each in standings.values() if each is not None)


def assert_equal_to_the_oracle(run: TrackRun, events: Sequence[SubjectEvent]) -> dict[str, Alert]:
    """Every amplification, dossier and standing alert is what the oracle makes of the events; returns the alerts."""
    amplified: dict[tuple[str, str, str], tuple[object, str, str]] = {}
    dossiers: dict[str, Dossier] = {}
    alerts: dict[str, Alert] = {}
    for key, mine in by_subject(events).items():
        oracle = Oracle(mine, run.rules)
        dossier = oracle.dossier()
        if dossier is not None:
            if oracle.followed is None:  # then nobody can say whether its own posts were asked for
                run.dossiers[key] = structs.replace(run.dossiers[key], score=dossier.score)
            dossiers[key] = dossier
        alerts |= oracle.alerts()
        assert_published_what_the_oracle_says(run, key, oracle)
        where = mine[0].platform, mine[0].subject.id
        amplified |= {(*where, each.id): (each.at, each.official, each.kind) for each in oracle.amplifications}
    found = {key: (each.at, each.official.id, each.kind) for key, each in run.amplifications.items()}
    assert found == amplified
    assert differences(run.dossiers, dossiers) == []
    assert differences({key: without_sources(alert) for key, alert in run.standing.items()}, alerts) == []
    return alerts


Arranged = tuple[list[SubjectEvent], list[list[SubjectEvent]]]


@st.composite
def _arranged(
    draw: st.DrawFn, history: st.SearchStrategy[list[SubjectEvent]], *, contradicting: bool = False
) -> Arranged:
    """Everything that is reported and counts, and one way in which it arrives."""
    events = draw(history)
    events = [*events, *draw(copies(events))]
    if contradicting:
        events += draw(contradictions(events))
    events += draw(words_of_watch(events))
    batches = draw(arrangements(events))
    return as_known(event for batch in batches for event in batch), batches


def _note(seen: Counter[str], run: TrackRun, events: Sequence[SubjectEvent], alerts: Mapping[str, Alert]) -> None:
    """Count what an example covered."""
    for status in {alert.status for alert in alerts.values()}:
        seen[status] += 1
    base = {rule.name: rule.severity for rule in run.rules.rules}
    dossiers = run.dossiers.values()
    ordinals = Counter((alert.rule, alert.subject.id) for alert in alerts.values())
    seen["several episodes"] += any(count > 1 for count in ordinals.values())
    seen["escalated"] += any(alert.severity != base[alert.rule] for alert in alerts.values())
    seen["ended by a return"] += any(alert.expires_at == alert.as_of for alert in alerts.values())
    seen["retracted"] += run.seen["retracted"] > 0
    seen["pre-dated"] += run.seen["pre-dated"] > 0
    seen["withdrawn"] += any(dossier.withdrawn for dossier in dossiers)
    seen["duplicate"] += run.outcomes[TrackOutcome.DUPLICATE] > 0
    seen["refused"] += run.outcomes[TrackOutcome.REFUSED] > 0
    seen["on the roster"] += any(event.subject_is_official for event in events)
    seen["age unknown"] += any(dossier.subject.created_at is None for dossier in dossiers)
    seen["age known"] += any(dossier.age_at_first_amplification_days is not None for dossier in dossiers)
    seen["seen since"] += any(since is not None for dossier in dossiers for since in dossier.seen_since.values())
    seen["seen since ever"] += any(None in dossier.seen_since.values() for dossier in dossiers)
    seen["no dossier"] += len(by_subject(events)) > len(dossiers)
    for rule in {alert.rule for alert in alerts.values()}:
        seen[rule] += 1
    for what in (
        "published twice",
        "told of several periods",
        "told of none",
        "told of one",
        "seen again",
        "uncertain",
    ):
        seen[what] += run.seen[what] > 0
    seen["following"] += any(dossier.following for dossier in dossiers)
    seen["links"] += any(dossier.links.posts for dossier in dossiers)
    seen["text matches"] += any(dossier.text_matches.posts for dossier in dossiers)
    seen["followed"] += len(run.tracked) > 0


def test_any_order_and_any_batches_give_what_the_oracle_says_under_rules_that_fire_often() -> None:
    seen = Counter[str]()

    @examples(250)
    @given(_arranged(histories()), rule_sets())
    def check(arranged: Arranged, rules: RuleSet) -> None:
        events, batches = arranged
        run = TrackRun(rules).run(batches)
        _note(seen, run, events, assert_equal_to_the_oracle(run, events))
        assert set(run.published.values()) <= {1}, "no amplification is published twice"

    check()
    covered = (
        *("firing", "expired", "several episodes", "escalated", "retracted", "pre-dated", "withdrawn"),
        *("duplicate", "refused", "on the roster", "age unknown", "age known", "no dossier"),
        *("following", "links", "text matches", "followed"),
    )
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def test_any_order_and_any_batches_give_what_the_oracle_says_under_the_bundled_rules() -> None:
    rules = bundled_rules()
    seen = Counter[str]()

    @examples(150)
    @given(_arranged(campaigns()))
    def check(arranged: Arranged) -> None:
        events, batches = arranged
        run = TrackRun(rules).run(batches)
        _note(seen, run, events, assert_equal_to_the_oracle(run, events))

    check()
    covered = ("firing", "expired", "escalated", *(rule.name for rule in rules.rules if rule.on == "subject"))
    assert {what: seen[what] for what in covered if seen[what] < 2} == {}


def test_states_receive_of_a_suspended_subject_what_the_oracle_says_in_any_order_and_any_batches() -> None:
    """And of none, where nothing that they were told of is left."""
    seen = Counter[str]()

    @examples(400)
    @given(_arranged(suspended().filter(bool), contradicting=True))
    def check(arranged: Arranged) -> None:
        events, batches = arranged
        run = TrackRun(bundled_rules()).run(batches)
        _note(seen, run, events, assert_equal_to_the_oracle(run, events))

    check()
    covered = (
        *("published twice", "told of several periods", "told of none", "told of one", "followed", "withdrawn"),
        *("seen again", "uncertain"),
    )
    assert {what: seen[what] for what in covered if seen[what] < (1 if what == "told of none" else 5)} == {}


def test_a_return_ends_what_asks_for_a_suspension_as_the_oracle_says_in_any_order_and_any_batches() -> None:
    """With all four kinds of notices of one account, and amplifications before, between and after them."""
    seen = Counter[str]()

    @examples(150)
    @given(_arranged(closings()))
    def check(arranged: Arranged) -> None:
        events, batches = arranged
        run = TrackRun(bundled_rules()).run(batches)
        alerts = assert_equal_to_the_oracle(run, events)
        _note(seen, run, events, alerts)
        mine = [alert for alert in alerts.values() if alert.rule == "amplified-then-suspended"]
        seen["two alerts"] += len(mine) > 1
        seen["suspended again, and firing"] += any(
            alert.status == "firing" and any(item.event_id.endswith("reinstated") for item in alert.evidence)
            for alert in mine
        )

    check()
    covered = ("ended by a return", "two alerts", "suspended again, and firing")
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def test_of_reports_that_contradict_each_other_the_earliest_stands_whichever_comes_first() -> None:
    seen = Counter[str]()

    @examples(120)
    @given(_arranged(histories(longest=8), contradicting=True), rule_sets())
    def check(arranged: Arranged, rules: RuleSet) -> None:
        events, batches = arranged
        run = TrackRun(rules).run(batches)
        _note(seen, run, events, assert_equal_to_the_oracle(run, events))
        reports = {(event.kind, event.event_id, event.at_us, event.official and event.official.id) for event in events}
        seen["contradicted"] += len({each[:2] for each in reports}) < len(reports)

    check()
    assert seen["contradicted"] > 30
    assert seen["firing"] > 15


def test_a_run_that_starts_again_from_earlier_offsets_ends_like_an_undisturbed_one() -> None:
    """Each batch is durable as a whole or not at all; after a crash, batches before the last may come again."""
    seen = Counter[str]()
    again = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=3)

    @examples(150)
    @given(_arranged(histories()), rule_sets(), again, st.sampled_from((SMALL, TrackPolicy())))
    def check(arranged: Arranged, rules: RuleSet, again: list[tuple[int, int]], policy: TrackPolicy) -> None:
        # A profile that came too early counts when it comes again: here none does.
        engaged = set[tuple[str, str]]()
        batches = [as_known(batch, engaged) for batch in arranged[1]]
        undisturbed = TrackRun(rules, policy).run(batches)
        crashed = TrackRun(rules, policy)
        for index, batch in enumerate(batches):
            crashed.batch(batch)
            for at, back in again:
                if at % len(batches) == index:
                    repeated = [event for earlier in batches[max(0, index - back) : index + 1] for event in earlier]
                    crashed.batch(repeated)
        assert differences(crashed.dossiers, undisturbed.dossiers) == []
        assert differences(crashed.standing, undisturbed.standing) == []
        assert crashed.amplifications == undisturbed.amplifications
        for key, dossier in undisturbed.dossiers.items():
            written = crashed.subject(key)
            assert written is not None
            assert dossier_of(written.state, policy) == dossier
        seen["repeated"] += crashed.outcomes[TrackOutcome.REPEATED] > undisturbed.outcomes[TrackOutcome.REPEATED]
        seen["too old"] += undisturbed.outcomes[TrackOutcome.TOO_OLD] > 0
        seen["standing"] += len(undisturbed.standing) > 0

    check()
    assert {what: seen[what] for what in ("repeated", "too old", "standing") if seen[what] < 10} == {}
