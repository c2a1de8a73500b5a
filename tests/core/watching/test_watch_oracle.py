"""WATCH equals a brute-force oracle, whatever the order, the repetitions, the lateness, the batches."""

import math
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.clock import to_us
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert
from streams.core.rulebook.rules import RuleSet
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.watch_step import WatchOutcome
from streams.ledger.sqlite import SqliteLedger
from tests.core.tracking.strategies import examples
from tests.core.watching.aftermath_oracle import Expected, Successor, expected_aftermaths
from tests.core.watching.aftermath_strategies import aftermath_rules
from tests.core.watching.coverage_oracle import CoverageOracle
from tests.core.watching.coverage_strategies import covered_watches
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import tick
from tests.core.watching.watch_oracle import WatchOracle
from tests.core.watching.watch_run import WatchRun
from tests.core.watching.watch_strategies import arrivals, corrections, repeats, worlds

pytestmark = pytest.mark.slow

Arrival = tuple[list[CountryEvent], list[list[CountryEvent]]]

_NOWHERE = Coordinates("", 0, 0)


@st.composite
def _arrived(draw: st.DrawFn) -> Arrival:
    """A world with further reports of it, and one way in which it arrives."""
    events = draw(worlds())
    events += draw(repeats(events))
    return events, draw(arrivals(events))


def _figures(record: Aftermath) -> dict[str, object]:
    """An aftermath as the oracle puts it."""
    figures = structs.asdict(record)
    for name in ("id", "number"):
        del figures[name]
    said = record.suspension
    figures["suspension"] = (said.precision, said.not_before, said.not_after, said.seen_again_at)
    coverage = record.coverage
    if coverage is not None:
        shares = ("unseen_share", "deletions_unseen_share", "deletions_unseen_share_before")
        spans = [(span.since, span.until, span.officials) for span in coverage.unseen]
        rounded = {name: round(getattr(coverage, name), 9) for name in shares}
        figures["coverage"] = structs.asdict(coverage) | rounded | {"unseen": spans}
    figures["officials"] = [
        (each.id, each.amplifications, each.references, each.deletions, each.posts, each.silent)
        for each in record.officials
    ]
    figures["listed_references"] = [(each.post_id, each.text) for each in record.listed_references]
    figures["listed_deletions"] = [
        (each.post_id, each.text, each.concerns_subject, each.shared_fingerprints, each.shared_words)
        for each in record.listed_deletions
    ]
    figures["possible_successors"] = [
        Successor(
            id=each.subject.id,
            handle=each.subject.handle,
            officials=list(each.officials),
            amplifications=each.amplifications,
            first_us=to_us(each.first_amplified_at),
            noticed_us=to_us(each.noticed_at),
            age_days=each.age_days,
            days=each.days_after_suspension,
            handle_closeness=each.handle_closeness,
            name_closeness=each.name_closeness,
            shared=each.shared_fingerprints,
            of=each.fingerprints,
        )
        for each in record.possible_successors
    ]
    return figures


def _alike(found: object, expected: object) -> bool:
    """Equal; of figures that are shares, but for the last digits."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_alike(found[name], expected[name]) for name in found)
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return found == expected


def _differences(found: Mapping[str, object], expected: Mapping[str, object]) -> list[str]:
    return [
        f"{name}: {found.get(name)} != {expected.get(name)}"
        for name in sorted({*found, *expected})
        if not _alike(found.get(name), expected.get(name))
    ]


def _assert_as_expected(run: WatchRun, expected: Mapping[str, Expected]) -> None:
    standing = run.standing
    assert sorted(standing) == sorted(expected)
    alerts = run.standing_alerts
    assert len(alerts) == sum(len(each.alerts) for each in expected.values())
    for name, aftermath in standing.items():
        assert _differences(_figures(aftermath), expected[name].figures) == []
        mine = {
            alert.rule: alert
            for alert in alerts.values()
            if (alert.subject.id, alert.platform, alert.evidence[0].event_id, alert.countries)
            == (aftermath.subject.id, aftermath.platform, aftermath.suspension.event_id, (aftermath.country,))
        }
        assert sorted(mine) == sorted(expected[name].alerts)
        for rule, facts in expected[name].alerts.items():
            assert _differences({key: getattr(mine[rule], key) for key in facts}, facts) == []


def _note(seen: Counter[str], run: WatchRun) -> None:
    """Count what an example covered."""
    for aftermath in run.standing.values():
        coverage = aftermath.coverage
        for what, is_so in {
            aftermath.status: True,
            str(aftermath.closed_because): True,
            "references": aftermath.references > 0,
            "references before": aftermath.references_before > 0,
            "deletions": aftermath.deletions > 0,
            "deletions before": aftermath.deletions_before > 0,
            "uncertain references": aftermath.references_uncertain > 0,
            "uncertain deletions": aftermath.deletions_uncertain > 0,
            "unknown deletions": aftermath.deletions_unknown > 0,
            "gone with original": aftermath.gone_with_original > 0,
            "gone with official": aftermath.gone_with_official > 0,
            "gone, unknown": aftermath.gone_unknown > 0,
            "concerns the subject": any(each.concerns_subject for each in aftermath.listed_deletions),
            "shares words": any(each.shared_words for each in aftermath.listed_deletions),
            "shares fingerprints": any(each.shared_fingerprints for each in aftermath.listed_deletions),
            "all silent": aftermath.silent_officials == aftermath.amplifying_officials,
            "not silent": aftermath.silent_officials < aftermath.amplifying_officials,
            "a later period": aftermath.number > 0,
            "covered": coverage is not None,
            "seen whole": coverage is not None and not coverage.unseen_spans,
            "unseen in part": coverage is not None and 0 < coverage.unseen_share < 1,
            "back-filled": coverage is not None and coverage.unseen_share < coverage.deletions_unseen_share,
            "nothing of silence": coverage is not None and coverage.says_nothing_of_silence,
            "only nothing of deletions": coverage is not None
            and coverage.says_nothing_of_deletions
            and not coverage.says_nothing_of_silence,
            "covered and silent": coverage is not None and aftermath.silent_officials > 0,
            "some of them unseen": coverage is not None
            and any(span.officials < aftermath.amplifying_officials for span in coverage.unseen),
            "seen since": coverage is not None and coverage.seen_since is not None,
            "successor": len(aftermath.possible_successors) > 0,
            "successor by texts": any(each.shared_fingerprints >= 8 for each in aftermath.possible_successors),
        }.items():
            seen[what] += is_so
    for alert in run.standing_alerts.values():
        seen[f"alert {alert.severity}"] += 1
    for outcome, count in run.outcomes.items():
        seen[outcome] += count > 0
    for what, count in run.seen.items():
        seen[what] += count > 0
    for kind in {kind for kind, *_ in run.said}:
        seen[kind] += 1


def test_any_order_and_any_batches_give_what_the_oracle_says() -> None:
    seen = Counter[str]()

    @examples(300)
    @given(_arrived(), aftermath_rules())
    def check(arrived: Arrival, rules: RuleSet) -> None:
        events, batches = arrived
        run = WatchRun(rules).run(batches)
        world = WatchOracle(events)
        _assert_as_expected(run, expected_aftermaths(world, rules.rules))
        said = run.said.values()
        withdrawals = {
            (each.platform, each.event_id): (each.subject.id, each.at_us, each.official and each.official.id)
            for each in said
            if each.kind == "withdrawal"
        }
        assert withdrawals == world.withdrawals()
        quotes = {(each.platform, each.event_id): each.subject.id for each in said if each.kind == "quote"}
        assert quotes.items() >= world.attributed().items()
        subjects = {(fact.event.platform, fact.event.event_id): fact.event.subject for fact in world.posts}
        assert all((subject := subjects[key]) is not None and subject.id == quotes[key] for key in quotes)
        seen["attributed"] += len(quotes) > 0
        matches = {
            (each.official.country, each.platform, each.event_id): (each.post_id, each.shared, each.of, each.matched_us)
            for each in said
            if each.kind == "text_match" and each.official is not None
        }
        assert matches == world.text_matches()
        _note(seen, run)

    check()
    covered = (
        *("open", "closed", "elapsed", "reinstated", "void", "corrected", "retracted", "a later period"),
        *("references", "references before", "deletions", "deletions before", "unknown deletions"),
        *("uncertain references", "uncertain deletions"),
        "gone with original",
        *("concerns the subject", "shares words", "shares fingerprints", "all silent", "not silent"),
        *("successor", "successor by texts", "alert info", "alert warning", "alert critical"),
        *(
            "withdrawal",
            "text_match",
            "attributed",
            # Copies that name different accounts are in test_one_post, what people order in test_retracting and
            # test_country_corrections.
            *(
                outcome
                for outcome in WatchOutcome
                if outcome
                not in (
                    WatchOutcome.REFUSED,
                    WatchOutcome.TOO_LATE,
                    WatchOutcome.CONTRADICTED,
                    WatchOutcome.COVERAGE_BOUND,
                    WatchOutcome.RECOUNT,
                    WatchOutcome.RETRACTION,
                    WatchOutcome.SUPERSEDED,
                )
            ),
        ),
    )
    assert {what: seen[what] for what in covered if not seen[what]} == {}


def test_watches_that_are_counted_some_a_batch_come_to_what_the_oracle_says() -> None:
    """However few deletions of their State are counted with each batch, and on a ledger on disk or any other."""
    seen = Counter[str]()

    @examples(150)
    @given(_arrived(), aftermath_rules(), st.data())
    def check(arrived: Arrival, rules: RuleSet, data: st.DataObject) -> None:
        events, batches = arrived
        store = data.draw(st.sampled_from((None, SqliteLedger)))
        run = WatchRun(rules, ledger=None if store is None else store())
        for batch in batches:
            run.batch(batch, data.draw(st.sampled_from((0, 0, 0, 1, 2))))
            seen["owed"] += run.owes
        for _ in range(100):
            run.batch([], 1)
            seen["owed at the end"] += run.owes
            if not run.owes:
                break
        assert not run.owes
        _assert_as_expected(run, expected_aftermaths(WatchOracle(events), rules.rules))
        _note(seen, run)

    check()
    covered = (
        "owed",
        "owed at the end",
        "open",
        "closed",
        "corrected",
        "deletions",
        "deletions before",
        "alert warning",
    )
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def test_what_was_seen_and_what_was_not_is_what_the_oracle_says() -> None:
    """Sources with spans and gaps, closed and open ones, of all and of some; in any order and any batches."""
    seen = Counter[str]()

    @examples(200)
    @given(covered_watches(), aftermath_rules(), st.data())
    def check(events: list[CountryEvent], rules: RuleSet, data: st.DataObject) -> None:
        ledger = data.draw(st.sampled_from((PlainLedger, SqliteLedger)))()
        run = WatchRun(rules, ledger=ledger)
        for batch in data.draw(arrivals(events)):
            run.batch(batch, data.draw(st.sampled_from((None, None, 0))))
        world = WatchOracle(events)
        run.batch([structs.replace(tick(0), at_us=world.watermark_us())])
        assert not run.owes
        _assert_as_expected(run, expected_aftermaths(world, rules.rules))
        since_us = CoverageOracle(events, "IR", "twitter", (), closed=True).reported_since_us()
        subjects = {(fact.event.platform, fact.event.subject.id) for fact in world.posts if fact.event.subject}
        amplified = [(*subject, "IR") for subject in subjects]
        assert run.seen_since == (dict.fromkeys(amplified, since_us) if since_us is not None else {})
        seen["told since when"] += bool(since_us and amplified)
        seen["told since ever"] += since_us == 0 and bool(amplified)
        if isinstance(ledger, SqliteLedger):
            ledger.close()
        _note(seen, run)

    check()
    covered = (
        *("open", "elapsed", "reinstated", "corrected", "outdated", "duplicate"),
        *("covered", "seen whole", "unseen in part", "back-filled", "nothing of silence", "only nothing of deletions"),
        *("covered and silent", "some of them unseen", "seen since", "told since when", "told since ever"),
    )
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def _without_sources(alerts: Mapping[str, Alert]) -> dict[str, Alert]:
    """The alerts with evidence that does not say where it stands: of two copies, that depends on which came first."""
    return {
        name: structs.replace(alert, evidence=tuple(structs.replace(each, source=_NOWHERE) for each in alert.evidence))
        for name, alert in alerts.items()
    }


def test_reports_that_contradict_each_other_lead_to_the_same_in_any_order() -> None:
    """Other times and other authors of a post or deletion: whichever report stands, it is the same one."""
    seen = Counter[str]()

    @examples(60)
    @given(st.data(), aftermath_rules())
    def check(data: st.DataObject, rules: RuleSet) -> None:
        events = data.draw(worlds())
        reports = data.draw(corrections(events))
        runs = [WatchRun(rules).run(data.draw(arrivals([*events, *reports]))) for _ in range(2)]
        assert runs[0].standing == runs[1].standing
        assert _without_sources(runs[0].standing_alerts) == _without_sources(runs[1].standing_alerts)
        seen["contradicted"] += len(reports) > 0
        _note(seen, runs[0])

    check()
    covered = ("contradicted", "deletions", "references", "withdrawal")
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def test_each_official_is_introduced_under_its_newest_handle() -> None:
    """Whatever comes first, SCREEN learns of everybody that has a handle and posted, and of nobody else."""
    seen = Counter[str]()

    @examples(30)
    @given(st.data(), aftermath_rules())
    def check(data: st.DataObject, rules: RuleSet) -> None:
        events = data.draw(worlds())
        run = WatchRun(rules).run(data.draw(arrivals(events)))
        expected = {
            (event.platform, event.official.id): event.official.handle
            for event in events
            if event.kind == "post" and event.official is not None and event.official.handle
        }
        assert {key: account.handle for key, account in run.tracked.items()} == expected
        seen["introduced"] += len(expected)

    check()
    assert seen["introduced"] > 30


def test_the_ledger_on_disk_leads_to_the_same_as_a_plain_one() -> None:
    """What WATCH asks of a store is answered alike, on the way and at the end."""
    seen = Counter[str]()

    @examples(40)
    @given(_arrived(), aftermath_rules())
    def check(arrived: Arrival, rules: RuleSet) -> None:
        _, batches = arrived
        store = SqliteLedger()
        try:
            stored, plain = WatchRun(rules, ledger=store), WatchRun(rules)
            for batch in batches:
                stored.batch(batch)
                plain.batch(batch)
                assert stored.aftermaths == plain.aftermaths
                assert stored.alerts == plain.alerts
                assert stored.said == plain.said
            _note(seen, stored)
        finally:
            store.close()

    check()
    covered = ("closed", "elapsed", "withdrawal", "text_match", "unknown_post")
    assert {what: seen[what] for what in covered if seen[what] < 3} == {}


def test_what_comes_again_after_all_is_said_changes_nothing() -> None:
    """A second reading of everything publishes no record and sends nothing to subjects."""
    seen = Counter[str]()

    @examples(50)
    @given(_arrived(), aftermath_rules())
    def check(arrived: Arrival, rules: RuleSet) -> None:
        _, batches = arrived
        ledger = PlainLedger()
        run = WatchRun(rules, ledger=ledger).run(batches)
        published, records = run.published, dict(ledger.records)
        run.batch([event for batch in batches for event in batch])
        assert run.published == published
        assert ledger.records == records
        seen["standing"] += len(run.standing) > 0

    check()
    assert seen["standing"] > 10
