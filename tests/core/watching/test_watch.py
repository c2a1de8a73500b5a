"""What WATCH says in the cases that it is made for, and in those that it must not be misled by."""

from collections.abc import Sequence

import msgspec
import pytest

from streams.core.clock import from_us
from streams.core.country_event import CountryEvent, CountryEventKind
from streams.core.enriched import Alert
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import WatchOutcome
from streams.events import Account
from streams.proofs.comparison import with_texts_withheld
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import snowflake
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import IRAN, SUBJECT, amplification, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun
from tests.core.watching.watch_strategies import PASSAGES


def _run(*batches: Sequence[CountryEvent], policy: WatchPolicy | None = None) -> WatchRun:
    return WatchRun(bundled_rules(), policy).run(batches)


def _aftermath(run: WatchRun) -> Aftermath:
    [aftermath] = run.aftermaths.values()
    return aftermath


def _alerts(run: WatchRun) -> dict[str, Alert]:
    return {alert.rule: alert for alert in run.standing_alerts.values()}


def _withdrawals(run: WatchRun) -> list[SubjectEvent]:
    return [event for event in run.said.values() if event.kind == "withdrawal"]


# Deletions of amplifications


@pytest.mark.parametrize("order", ["post first", "deletion first", "in two batches", "deletion in an earlier batch"])
def test_the_deletion_of_a_retweet_withdraws_it_whichever_arrives_first(order: str) -> None:
    retweet, taken_back = amplification("r", -5), deletion("r", 1)
    batches = {
        "post first": [[retweet, taken_back]],
        "deletion first": [[taken_back, retweet]],
        "in two batches": [[retweet], [taken_back]],
        "deletion in an earlier batch": [[taken_back], [retweet]],
    }
    run = _run(*batches[order])
    [withdrawal] = _withdrawals(run)
    assert withdrawal.subject.id == SUBJECT.id
    assert (withdrawal.event_id, withdrawal.at_us) == ("r", day(1))
    assert (withdrawal.amplified_us, withdrawal.amplification_kind) == (day(-5), "retweet")
    assert withdrawal.official is not None
    assert withdrawal.official.id == IRAN[0].id
    assert withdrawal.source == taken_back.source


def test_of_several_notices_of_one_deletion_the_first_counts_and_one_between_says_nothing() -> None:
    run = _run([amplification("r", -5), deletion("r", 4)], [deletion("r", 2)], [deletion("r", 3)])
    [withdrawal] = _withdrawals(run)
    assert (withdrawal.at_us, withdrawal.last_us) == (day(2), day(4))
    assert run.outcomes[WatchOutcome.DUPLICATE] == 1


def test_somebody_else_cannot_take_a_retweet_back() -> None:
    run = _run([amplification("r", -5), deletion("r", 1, IRAN[1]), standing()])
    assert _withdrawals(run) == []
    assert run.outcomes[WatchOutcome.NOT_THE_AUTHOR] == 1
    assert (_aftermath(run).deletions, _aftermath(run).deletions_unknown) == (0, 1)


@pytest.mark.parametrize(("days", "counts"), [(84.999, True), (85, True), (85.001, False), (300, False)])
def test_a_deletion_counts_up_to_the_ledgers_days_after_the_post(days: float, counts: bool) -> None:
    """90 days: exactly so old still counts."""
    arrivals = [[amplification("r", -5)], [deletion("r", days)]]
    for batches in (arrivals, arrivals[::-1]):
        assert len(_withdrawals(_run(*batches))) == counts


def test_a_notice_that_comes_long_after_another_of_the_same_deletion_is_no_deletion_of_something_unknown() -> None:
    """The ledger's days count from the first notice, whichever of the two arrives first."""
    posted, first, late = amplification("r", -5), deletion("r", 2), deletion("r", 200)
    for order in ([posted, first, late], [posted, late, first], [late, first, posted], [late, posted, first]):
        run = _run(*([event] for event in order))
        assert run.ledger.unmatched_deletions("IR", day(-10), day(300)) == 0
        assert len(_withdrawals(run)) == 1


def test_a_retweet_of_an_official_is_withdrawn_as_one() -> None:
    """What is said of the subject must not change because a retweet is gone."""
    other = Account(id=IRAN[5].id, handle=IRAN[5].handle)
    retweet = post("r", -5, kind="retweet", subject=other, original="o", subject_is_official=True)
    [withdrawal] = _withdrawals(_run([retweet, deletion("r", 1)]))
    assert withdrawal.subject_is_official


def test_texts_of_deleted_posts_are_withheld_where_the_platform_asks_for_it_and_all_figures_stay() -> None:
    """Also that of a reference, which is deleted long after the watch. Of another platform nothing is withheld."""
    later = [deletion("asked", 70, IRAN[4]), tick(80)]
    shown, policy = _run(_story(), later), WatchPolicy(withheld=frozenset({"twitter"}))
    withheld = _run(_story(), later, policy=policy)
    before, after = _aftermath(shown), _aftermath(withheld)
    assert {each.text for each in after.listed_deletions} == {each.text for each in after.listed_references} == {""}
    assert {each.shared_words for each in after.listed_deletions} == {()}
    assert all(each.text_withheld for each in after.listed_deletions)
    assert all(each.text_withheld for each in after.listed_references)
    assert with_texts_withheld(before, after) == after != before
    assert _alerts(withheld) == _alerts(shown)
    [asked] = _aftermath(_run(_story(), policy=policy)).listed_references
    assert (asked.text, asked.text_withheld) == ("Where is @khamenei_SITE now?", False)
    assert _aftermath(_run(_story(), later, policy=WatchPolicy(withheld=frozenset({"mastodon"})))) == before


def test_the_deletion_of_a_plain_post_withdraws_nothing() -> None:
    assert _withdrawals(_run([post("p", -5), deletion("p", 1)])) == []


# The story of the case


def _story() -> list[CountryEvent]:
    """Six officials amplify an account; it is suspended; posts are deleted, one asks for it, a new one is taken up."""
    events = [amplification(f"r{n}", -20 + n, IRAN[n % 6], text=PASSAGES[n % 3]) for n in range(12)]
    events += [post(f"p{n}", -2, text=f"{PASSAGES[n % 3]} {n}", lang="en" if n == 0 else "fa") for n in range(6)]
    events.append(standing())
    events += [deletion(f"p{n}", 1 + n) for n in range(6)]
    events.append(post("asked", 3, IRAN[4], text="Where is @khamenei_SITE now?"))
    later = Account(id=snowflake(day(30)), handle="KhameneiSite")
    events += [amplification(f"n{n}", 40 + n, IRAN[n], of=later) for n in range(3)]
    return [*events, tick(60)]


def test_the_story_of_the_case_is_found() -> None:
    run = _run(_story())
    aftermath = _aftermath(run)
    assert (aftermath.status, aftermath.closed_because) == ("closed", "elapsed")
    assert (aftermath.references, aftermath.silent_officials, aftermath.amplifying_officials) == (1, 5, 6)
    assert [each.official for each in aftermath.listed_references] == [IRAN[4].id]
    assert aftermath.deletions_by_language == {"en": 1, "fa": 5}
    assert aftermath.deletions_by_account == {"embassy_0": 6}
    assert all(each.shared_fingerprints and each.shared_words for each in aftermath.listed_deletions)
    assert [each.subject.handle for each in aftermath.possible_successors] == ["KhameneiSite"]
    alerts = _alerts(run)
    assert set(alerts) == {"clean-up", "silence", "possible-successor"}
    assert alerts["clean-up"].fired_at == from_us(day(5)), "at the fifth deletion"
    assert alerts["clean-up"].as_of == from_us(day(6)), "at the last"
    assert alerts["silence"].fired_at == from_us(day(14)), "not before the watch has run its time"
    assert alerts["possible-successor"].fired_at == from_us(day(41)), "when the second official took it up"


def test_an_alert_says_what_it_rests_on_and_where_that_stands() -> None:
    alerts = _alerts(_run(_story()))
    kinds = {rule: [item.kind for item in alert.evidence] for rule, alert in alerts.items()}
    assert kinds == {
        "clean-up": ["suspension", *["deletion"] * 6],
        "silence": ["suspension"],
        "possible-successor": ["suspension", "retweet", "retweet"],
    }
    assert alerts["clean-up"].evidence_total == 7
    assert alerts["clean-up"].evidence[1].source == deletion("p0", 1).source
    assert alerts["clean-up"].evidence[1].event_id == "p0"


def test_an_alert_with_more_evidence_than_it_lists_says_how_much_there_is() -> None:
    """Of successors, too: two accounts with twenty amplifications each, and a list of 32."""
    successors = [Account(id=snowflake(day(30 + n)), handle=f"KhameneiSite{n}") for n in range(2)]
    events = _story()[:-4]
    for number, account in enumerate(successors):
        begin = 31 + number * 20
        events += [amplification(f"n{number}-{n}", begin + n * 0.5, IRAN[0], of=account) for n in range(19)]
        events.append(amplification(f"n{number}-19", begin + 10, IRAN[1], of=account))
    alert = _alerts(_run([*events, tick(80)]))["possible-successor"]
    assert (len(alert.evidence), alert.evidence_total) == (32, 1 + 40)


def test_an_alert_speaks_of_counts_and_dates_and_of_nobodys_motives() -> None:
    summaries = {rule: alert.summary for rule, alert in _alerts(_run(_story())).items()}
    assert summaries["clean-up"] == (
        "@Khamenei_site, amplified by 6 officials of IR, was noted as suspended by the platform on 2020-09-05; "
        "by 2020-09-11 officials of IR had deleted 6 posts (0 in the 30 days before)."
    )
    assert "5 of the 6 had not referred to it" in summaries["silence"]
    assert "1 possible successor: @KhameneiSite" in summaries["possible-successor"]
    forbidden = ("run by", "belongs", "covert", "hide", "propaganda", "because")
    assert not any(word in summary for summary in summaries.values() for word in forbidden)


# When a watch opens, closes and is taken back


def test_a_quiet_state_does_not_keep_a_watch_open() -> None:
    run = _run([amplification("r", -5), standing()])
    assert _aftermath(run).status == "open"
    run.run([[tick(13.9)]])
    assert _aftermath(run).status == "open"
    run.run([[tick(14)]])
    assert _aftermath(run).status == "closed"
    assert _aftermath(run).closed_at == from_us(day(14))


def test_a_watch_whose_word_comes_after_its_end_is_closed_at_once() -> None:
    run = _run([post("p", 30), tick(30)], [standing()])
    assert _aftermath(run).status == "closed"
    assert run.published == 2, "one record, and one official introduced"


def test_a_reinstatement_closes_a_watch_with_what_was_counted_by_then() -> None:
    before = [post(f"p{n}", -2) for n in range(3)]
    run = _run([*before, standing(reinstated=5), deletion("p0", 4), deletion("p1", 5), deletion("p2", 6)])
    aftermath = _aftermath(run)
    assert (aftermath.status, aftermath.closed_because) == ("closed", "reinstated")
    assert aftermath.deletions == 1, "at the very time of the reinstatement it is over"
    assert aftermath.closed_at == from_us(day(5))


def test_nobody_is_called_silent_for_a_watch_that_did_not_run_its_time() -> None:
    loud = [amplification(f"r{n}", -10 + n / 10, IRAN[n % 6]) for n in range(12)]
    assert "silence" in _alerts(_run([*loud, standing(), tick(20)]))
    assert "silence" not in _alerts(_run([*loud, standing(reinstated=5), tick(20)]))


def test_each_suspension_period_has_a_watch_of_its_own() -> None:
    references = [post("a", 3, text="@khamenei_site"), post("b", 33, text="@khamenei_site")]
    run = _run([standing(opened=(0, 30)), *references, tick(60)])
    aftermaths = sorted(run.aftermaths.values(), key=lambda each: each.number)
    assert [(each.number, each.references, each.references_before) for each in aftermaths] == [(0, 1, 0), (1, 1, 1)]
    assert len({each.id for each in aftermaths}) == 2


def test_an_official_that_began_to_amplify_after_the_suspension_is_not_asked_for() -> None:
    """Of two suspension periods, the amplifications before each count."""
    run = _run([standing(opened=(-60, 0)), tick(60)])
    assert [aftermath.number for aftermath in run.aftermaths.values()] == [1]


def test_what_turns_out_not_to_stand_is_void_and_its_alerts_are_retracted() -> None:
    run = _run(_story())
    assert len(run.standing) == 1
    run.run([[standing(opened=(), version=2)]])
    aftermath = _aftermath(run)
    assert (aftermath.status, aftermath.closed_because, aftermath.officials) == ("void", None, ())
    assert {alert.status for alert in run.alerts.values()} == {"retracted"}
    run.run([[standing(version=3)]])
    assert _aftermath(run).status == "closed"
    assert set(_alerts(run)) == {"clean-up", "silence", "possible-successor"}


# Twenty posts that are taken back two days after the suspension.
_MANY = [*(post(f"m{n}", -12) for n in range(20)), *(deletion(f"m{n}", 2) for n in range(20))]


def test_a_corrected_earlier_notice_moves_the_watch_which_keeps_its_name_or_is_replaced() -> None:
    """Intervals of 14 days: this one begins 2.8 days before the suspension."""
    for days, same in ((-2.5, True), (-7.5, False)):
        run = _run([post("p", -12), deletion("p", days + 0.5), *_MANY, standing(), tick(60)])
        first = _aftermath(run)
        before = (first.deletions, first.deletions_before)
        run.run([[standing(opened=(days,), version=2)]])
        [moved] = run.standing.values()
        assert (moved.deletions, moved.deletions_before) == (before[0] + 1, before[1] - 1)
        assert (moved.id == first.id) is same
        if not same:
            assert (run.aftermaths[first.id].status, run.aftermaths[first.id].superseded_by) == ("void", moved.id)
            retracted = [alert for alert in run.alerts.values() if alert.status == "retracted"]
            assert retracted
            assert {alert.superseded_by for alert in retracted} <= set(run.standing_alerts)


def test_an_earlier_suspension_that_comes_to_light_late_names_nothing_anew() -> None:
    """Neither the aftermath of the running one nor its alerts; and what its watch found is remembered as its own."""
    run = _run([*_MANY, standing(opened=(0.0,)), tick(60)])
    running, alerts = _aftermath(run), set(run.standing_alerts)
    assert alerts
    run.run([[standing(opened=(-40.0, 0.0), version=2)]])
    assert len(run.standing) == 2
    kept = run.standing[running.id]
    assert kept.number == 1
    assert msgspec.structs.replace(kept, number=0, suspension=running.suspension) == running
    assert set(run.standing_alerts) >= alerts
    assert {alert.status for alert in run.alerts.values()} == {"firing"}


def test_an_older_word_of_track_changes_nothing() -> None:
    run = _run([standing(version=5)], [standing(opened=(), version=4)])
    assert _aftermath(run).status == "open"
    assert run.outcomes[WatchOutcome.OUTDATED] == 1


# Who concerns whom


def test_other_states_and_other_platforms_do_not_count() -> None:
    french = Official(id="0", handle="embassy_0", country="FR", category="diplomat")
    reference = post("m", 2, text="@khamenei_site")
    here = _run([standing(), reference, deletion("m", 3), tick(60)])
    assert (_aftermath(here).references, _aftermath(here).deletions) == (1, 1)
    for elsewhere in ({"platform": "mastodon"}, {"official": french, "country": "FR"}):
        moved = [msgspec.structs.replace(event, **elsewhere) for event in (reference, deletion("m", 3))]
        there = _run([standing(), *moved, tick(60)])
        assert (_aftermath(there).references, _aftermath(there).deletions) == (0, 0)


def test_usual_deletions_are_no_clean_up() -> None:
    """Six in two weeks, after six in the month before, are about twice what was to be expected."""
    posts = [post(f"p{n}", -29) for n in range(12)]
    before = [deletion(f"p{n}", -20) for n in range(6)]
    after = [deletion(f"p{n}", 2) for n in range(6, 12)]
    run = _run([*posts, *before, *after, standing(), tick(60)])
    aftermath = _aftermath(run)
    assert aftermath.expected_deletions == pytest.approx(2.8)
    assert aftermath.deletion_ratio == pytest.approx(6 / 2.8)
    assert "clean-up" not in _alerts(run)


def test_what_lacks_what_its_kind_must_have_is_refused_and_counted() -> None:
    """Broken internal events are SCREEN's mistake; they stop nothing here and touch nothing."""
    nobody = msgspec.structs.replace(post("x", 0), official=None)
    kinds: tuple[CountryEventKind, ...] = ("post", "deletion", "subject_post", "standing")
    broken = [msgspec.structs.replace(nobody, kind=kind) for kind in kinds]
    misled = msgspec.structs.replace(post("y", 0), country="FR")
    ledger = PlainLedger()
    run = WatchRun(bundled_rules(), ledger=ledger).run([[*broken, misled]])
    assert run.outcomes == {WatchOutcome.REFUSED: 5}
    assert ledger.records == {}


def test_event_time_comes_from_ticks_alone() -> None:
    """TRACK speaks of the past, and a State's own events may come before older ones of a partition that lags."""
    late = msgspec.structs.replace(standing(version=2), at_us=day(100))
    for event in (late, post("p", 100), deletion("p", 100)):
        assert _aftermath(_run([standing()], [event])).status == "open"
    assert _aftermath(_run([standing()], [tick(100)])).status == "closed"


# What comes in a batch of its own


@pytest.mark.parametrize(
    ("days", "before", "within"),
    [(-30, 1, 0), (-1e-6, 1, 0), (0, 0, 1), (13.999999, 0, 1), (14, 0, 0), (-30.00000000001, 0, 0)],
)
def test_a_baseline_and_a_watch_begin_with_their_first_moment_and_end_before_their_last(
    days: float, before: int, within: int
) -> None:
    events = [post("m", days, text="@khamenei_site"), post("p", -35), deletion("p", days), standing(), tick(60)]
    for batches in ([events], [[event] for event in events], [[event] for event in events[::-1]]):
        aftermath = _aftermath(_run(*batches))
        assert (aftermath.references_before, aftermath.references) == (before, within)
        assert (aftermath.deletions_before, aftermath.deletions) == (before, within)


def test_what_falls_into_the_uncertainty_is_reported_as_such_and_is_not_after_the_suspension() -> None:
    """Noticed today, last seen four days ago: nobody knows which came first."""
    references = [post(f"m{n}", days, IRAN[n], text="@khamenei_site") for n, days in enumerate((-6, -3, -1, 2))]
    deleted = [each for n, days in enumerate((-5, -2, 1)) for each in (post(f"p{n}", -20), deletion(f"p{n}", days))]
    loud = [amplification(f"r{n}", -20 + n / 10, IRAN[n % 6]) for n in range(12)]
    run = _run([*references, *deleted, *loud, standing(not_before=-4), tick(20)])
    aftermath = _aftermath(run)
    assert (aftermath.references_before, aftermath.references_uncertain, aftermath.references) == (15, 2, 1)
    assert (aftermath.deletions_before, aftermath.deletions_uncertain, aftermath.deletions) == (2, 1, 1)
    assert aftermath.silent_officials == 5, "only who referred to it when it was certainly suspended is not silent"
    assert (aftermath.suspension.not_before, aftermath.suspension.not_after) == (from_us(day(-4)), from_us(day(0)))
    summary = _alerts(run)["silence"].summary
    assert "on 2020-09-05 (it happened between 2020-09-01 and 2020-09-05)" in summary
    assert "(15 in the 30 days before, 2 of these when it may have been gone already)" in summary


def test_a_watch_ends_when_the_account_is_seen_again() -> None:
    aftermath = _aftermath(_run([standing(reinstated=5, seen_again=True), tick(20)]))
    assert (aftermath.closed_because, aftermath.suspension.seen_again_at) == ("reinstated", from_us(day(5)))


def test_a_deletion_of_something_unknown_that_comes_late_is_counted_and_known_again_with_its_post() -> None:
    run = _run([standing(), tick(60)], [deletion("p", 2)])
    assert (_aftermath(run).deletions_unknown, _aftermath(run).deletions) == (1, 0)
    run.run([[post("p", -1)]])
    assert (_aftermath(run).deletions_unknown, _aftermath(run).deletions) == (0, 1)


def test_a_text_of_the_subject_that_comes_late_is_compared_with_what_was_deleted() -> None:
    run = _run([post("p", -1, text=PASSAGES[0]), deletion("p", 2), standing(), tick(60)])
    assert [each.shared_fingerprints for each in _aftermath(run).listed_deletions] == [0]
    run.run([[amplification("r", -60, text=f"{PASSAGES[0]}!")]])
    [listed] = _aftermath(run).listed_deletions
    assert listed.shared_fingerprints > 2
    assert "patience" in listed.shared_words


def test_a_successor_that_comes_late_is_added_to_the_closed_aftermath() -> None:
    later = Account(id=snowflake(day(30)), handle="KhameneiSite")
    run = _run([standing(), tick(60)], [amplification("a", 40, IRAN[0], of=later)])
    assert _aftermath(run).possible_successors == ()
    run.run([[amplification("b", 41, IRAN[1], of=later)]])
    assert [each.subject.id for each in _aftermath(run).possible_successors] == [later.id]
    run.run([[amplification("c", -1, IRAN[2], of=later)]])
    assert _aftermath(run).possible_successors == (), "it was known before, as it turns out"


def test_an_account_is_compared_by_its_newest_handle_whichever_report_comes_first() -> None:
    then, now = (Account(id=snowflake(day(30)), handle=handle) for handle in ("something_else", "KhameneiSite"))
    reports = [amplification("a", 40, IRAN[0], of=then), amplification("b", 41, IRAN[1], of=now)]
    for arriving in (reports, reports[::-1]):
        [found] = _aftermath(_run([standing(), tick(60)], *([each] for each in arriving))).possible_successors
        assert found.subject.handle == "KhameneiSite"
    renamed = [amplification("a", 41, IRAN[0], of=then), amplification("b", 40, IRAN[1], of=now)]
    for arriving in (renamed, renamed[::-1]):
        assert _aftermath(_run([standing(), tick(60)], *([each] for each in arriving))).possible_successors == ()


def test_how_much_each_official_posted_is_counted_at_the_end_and_corrected_by_what_comes_late() -> None:
    run = _run([standing(by=2), post("p", 3)])
    assert [each.posts for each in _aftermath(run).officials] == [None, None]
    run.run([[tick(14)], [post("q", 4), post("r", 14)]])
    assert [each.posts for each in _aftermath(run).officials] == [2, 0]


def test_a_deletion_that_was_noticed_too_late_and_then_in_time_is_unknown_no_longer() -> None:
    """What was counted of the late notice is taken back at the time of the late one."""
    run = WatchRun(bundled_rules())
    run.batch([post("p", 0), standing(opened=(110.0,)), deletion("p", 112)])
    (aftermath,) = run.standing.values()
    assert aftermath.deletions_unknown == 1
    run.batch([deletion("p", 10)])
    (aftermath,) = run.standing.values()
    assert aftermath.deletions_unknown == 0
