"""A State's ledger is put right by an order, in every store, and a command that is ended silences nobody."""

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from streams.core.corrections.correction import corrections_of_country
from streams.core.country_event import CountryEvent, RawProgress, SourceCoverage
from streams.core.country_recounts import CountryOrder, country_recount, country_recount_open, post_name
from streams.core.recounts import encode_recount
from streams.core.rule_files.rule_file import parse_rules
from streams.core.subject_event import Coordinates
from streams.core.watching.country_corrections import HELD_US
from streams.core.watching.country_recount_state import KeptEvents
from streams.core.watching.keys import entry_key, kept_events_prefix, source_spans_key, text_key
from streams.core.watching.ledger import decode_record
from streams.core.watching.records import Entry, SubjectText
from streams.core.watching.source_spans import SourceSpans
from streams.core.watching.watch_counts import WatchCounts
from streams.events import Account
from streams.ledger.memory import MemoryLedger
from streams.ledger.sqlite import SqliteLedger
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import IRAN, SUBJECT, amplification, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.core.watching.ledger import Ledger

_RULES = parse_rules(
    """
[rules.quiet]
on = "aftermath"
description = "Somebody says nothing."
severity = "info"
quiet = "14d"
[rules.quiet.when]
silent_officials = { at_least = 1 }
""",
    "quiet.toml",
)
_WRONG = "twitter:0"  # IRAN[0]
_NOW_US = day(400)


def _sqlite() -> SqliteLedger:
    ledger = SqliteLedger(":memory:")
    ledger.begin()
    return ledger


@pytest.fixture(params=[PlainLedger, MemoryLedger, _sqlite])
def run(request: pytest.FixtureRequest) -> WatchRun:
    """Two officials amplified the subject and took two posts back; the first of them turns out to be none."""
    make: Callable[[], Ledger] = request.param
    run = WatchRun(_RULES, ledger=make())
    run.batch([amplification("1", -9), amplification("2", -8, IRAN[1]), standing(by=2)])
    run.batch([post("3", -3), post("4", -3, IRAN[1]), deletion("3", 1), deletion("4", 1, IRAN[1]), deletion("9", 2)])
    run.batch([tick(20)])
    [aftermath] = run.standing.values()
    assert (aftermath.deletions, aftermath.deletions_unknown, aftermath.silent_officials) == (2, 1, 2)
    return run


def _order(events: tuple[CountryEvent, ...] = (), *, last: bool = False) -> CountryEvent:
    order = CountryOrder(
        correction="c0ffee",
        old_digest="roster",
        new_digest="right",
        at_us=_NOW_US,
        officials=() if last else (_WRONG,),
        subjects=() if last else (f"twitter:{SUBJECT.id}",),
        known=(post_name("twitter", "1"), post_name("twitter", "2")),
        events=events,
        changed={_WRONG: False},
        cut={"posts/0": 2, "deletions/0": 3},
        last=last,
    )
    return country_recount("IR", order, encode_recount(order))


def _now(at_us: int) -> CountryEvent:
    progress = RawProgress(as_of_us=at_us, partitions={}, read={})
    return replace(tick(20), progress=progress)


def _under_right(event: CountryEvent) -> CountryEvent:
    return replace(event, roster_digest="right")


def _put_right(run: WatchRun) -> None:
    run.batch([country_recount_open("IR", "c0ffee", _NOW_US)])
    run.batch([_order((_under_right(amplification("2", -8, IRAN[1])),))])


def test_nothing_is_said_until_ledger_and_standing_are_right_and_then_all_of_it_once(run: WatchRun) -> None:
    """The first official's deletions are gone, also those of posts that nobody knew, and so is its silence."""
    _put_right(run)
    before = run.published
    right = standing(by=2, version=2)
    assert right.standing is not None
    right = replace(right, standing=replace(right.standing, amplifiers=right.standing.amplifiers[1:]))
    run.batch([right])
    assert run.published == before
    run.batch([_order(last=True)])
    assert run.published == before + 2  # the aftermath and the alert
    [aftermath] = run.standing.values()
    assert (aftermath.deletions, aftermath.deletions_unknown, aftermath.silent_officials) == (1, 0, 1)
    assert aftermath.roster_digest == "right"
    run.batch([_order(last=True), _order(), country_recount_open("IR", "c0ffee", _NOW_US)])
    assert run.published == before + 2


def test_a_gap_goes_on_to_name_the_officials_that_nothing_changed_for(run: WatchRun) -> None:
    """Of a gap that named both, the evidence brings back what it says of the changed one, where there is something."""
    both = tuple(sorted(each.id for each in IRAN[:2]))
    said = SourceCoverage(
        source="stream", seen=False, since_us=day(-6), until_us=day(-5), officials=both, closed_by=None
    )
    gap = CountryEvent(
        kind="coverage",
        country="IR",
        platform="twitter",
        event_id="gap",
        at_us=day(-5),
        source=Coordinates("coverage", 0, 0),
        roster_digest="roster",
        coverage=said,
    )
    run.batch([gap])
    _put_right(run)
    found = run.ledger.get(source_spans_key("IR", "twitter", "stream", seen=False))
    assert isinstance(found, SourceSpans)
    assert [span.officials for span in found.spans] == [(IRAN[1].id,)]
    run.batch([_order((_under_right(gap),))])
    found = run.ledger.get(source_spans_key("IR", "twitter", "stream", seen=False))
    assert isinstance(found, SourceSpans)
    assert [span.officials for span in found.spans] == [both]  # it is of the State after all


def test_what_a_late_screen_says_of_the_account_under_the_old_roster_is_dropped(run: WatchRun) -> None:
    """What stands before the cut is in the evidence; what stands behind it is news."""
    _put_right(run)
    run.batch([_order(last=True)])
    run.batch([post("5", 3), deletion("5", 4)])
    [aftermath] = run.standing.values()
    assert aftermath.deletions == 1
    later = Coordinates("posts", 0, 7)
    run.batch(
        [replace(post("5", 3), source=later), replace(deletion("5", 4), source=replace(later, topic="deletions"))]
    )
    [aftermath] = run.standing.values()
    assert aftermath.deletions == 2


def test_what_follows_of_a_post_kept_under_the_old_roster_is_said_under_that_of_the_event(run: WatchRun) -> None:
    """Else TRACK would take a match with a post from before the cut for a late word on an account that was changed."""
    text = "the ministry will publish its statement on the negotiations tomorrow morning after the session"
    run.batch([post("5", -3, IRAN[1], text=text)])
    passed_on = amplification("6", 5, IRAN[2], of=Account(id="0"), text=text)  # of the account that is no official
    run.batch([replace(passed_on, roster_digest="right")])
    [match] = [each for each in run.said.values() if each.kind == "text_match"]
    assert (match.subject.id, match.post_id, match.roster_digest) == ("0", "5", "right")


def test_what_others_did_about_a_touched_account_stays_where_it_is_and_is_said_again() -> None:
    """To take it out and put it back is what an order would cost most by; TRACK recounts the account from it."""
    ledger, text = _sqlite(), "the ministry will publish its statement on the negotiations tomorrow after the session"
    run = WatchRun(_RULES, ledger=ledger)
    kept = [post("3", -9, IRAN[2], text=text), amplification("2", -8, IRAN[1], text=text), deletion("2", 1, IRAN[1])]
    run.batch([*kept, amplification("1", -9, text=f"{text}, he said"), deletion("1", 1)])
    run.batch([country_recount_open("IR", "c0ffee", _NOW_US)])
    entry, passed_on = entry_key("twitter", "2"), text_key("IR", "twitter", "of-2")
    before = ledger.get(entry), ledger.get(passed_on)
    ledger.flush()
    run.said.clear()
    run.batch([_order(tuple(map(_under_right, kept[1:])))])
    changed = ledger.flush()
    assert isinstance(before[0], Entry)
    assert ledger.get(entry) == replace(before[0], digest="right")
    assert ledger.get(passed_on) == before[1]
    assert passed_on not in changed
    assert (ledger.get(entry_key("twitter", "1")), ledger.get(text_key("IR", "twitter", "of-1"))) == (None, None)
    again = {("withdrawal", "2", "right"), ("text_match", "of-2", "right")}
    assert {(each.kind, each.event_id, each.roster_digest) for each in run.said.values()} == again
    run.said.clear()
    of_another_state = CountryOrder(
        correction="c0ffee",
        old_digest="roster",
        new_digest="right",
        at_us=_NOW_US,
        unchanged=(f"twitter:{SUBJECT.id}",),
    )
    run.batch([country_recount("IR", of_another_state, encode_recount(of_another_state))])
    assert {(each.kind, each.event_id, each.roster_digest) for each in run.said.values()} == again
    assert entry not in ledger.flush()


def test_a_text_that_only_a_changed_account_saw_in_full_is_put_back_as_the_others_saw_it() -> None:
    text = "the ministry will publish its statement on the negotiations tomorrow after the session"
    ledger = _sqlite()
    run = WatchRun(_RULES, ledger=ledger)
    cut = replace(amplification("2", -8, IRAN[1], text=text[:60]), post_id="of-1")
    run.batch([amplification("1", -9, text=text), cut, country_recount_open("IR", "c0ffee", _NOW_US)])
    run.batch([_order((_under_right(cut),))])
    found = ledger.get(text_key("IR", "twitter", "of-1"))
    assert isinstance(found, SubjectText)
    assert (found.text, found.at_us, found.last_us) == (text[:60], day(-8), day(-8))


def test_what_a_command_that_was_ended_left_is_said_after_a_time(run: WatchRun) -> None:
    """By the clock of the workers: nobody has to repeat the command for the State to be heard of again."""
    _put_right(run)
    before = run.published
    run.batch([standing(version=2, opened=())])
    run.batch([_now(_NOW_US + HELD_US)])
    assert run.published == before
    run.batch([_now(_NOW_US + HELD_US + 1)])
    assert run.standing == {}


def test_what_is_kept_for_a_correction_is_written_once_and_goes_with_it() -> None:
    """A busy State's events of a minute are megabytes: not to be written again with every batch. A part that takes out
    what one of them says brings it back.
    """
    ledger = _sqlite()
    run = WatchRun(_RULES, ledger=ledger)
    run.batch([country_recount_open("IR", "c0ffee", _NOW_US)])
    for number in range(3):
        run.batch([amplification(str(number), number, IRAN[1])])
        kept = [decode_record(value) for value in ledger.flush().values() if value is not None]
        assert [each.kept for each in kept if isinstance(each, KeptEvents)] == [number + 1]
    run.batch([_order()])
    assert len(ledger.beginning_with(kept_events_prefix("IR"))) == 3
    assert isinstance(ledger.get(entry_key("twitter", "2")), Entry)  # though the evidence has it, and says nothing
    run.batch([_order(last=True)])
    assert ledger.beginning_with(kept_events_prefix("IR")) == []


def test_of_more_events_than_may_be_kept_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing of the State is counted, and the answer says why."""
    monkeypatch.setattr("streams.core.watching.country_corrections._MOST_KEPT", 2)
    ledger = _sqlite()
    run = WatchRun(_RULES, ledger=ledger)
    run.batch([country_recount_open("IR", "c0ffee", _NOW_US), post("1", 1), post("2", 2)])
    run.batch([post("3", 3), post("4", 4)])
    assert ledger.beginning_with(kept_events_prefix("IR")) == []
    run.batch([_order(), _order(last=True)])
    [answer] = run.answers
    assert "more events" in answer.why


def test_what_the_evidence_has_no_more_counts_as_it_did(run: WatchRun) -> None:
    """The second official's amplification: nothing is known against it."""
    run.batch([country_recount_open("IR", "c0ffee", _NOW_US)])
    order = CountryOrder(
        correction="c0ffee",
        old_digest="roster",
        new_digest="right",
        at_us=_NOW_US,
        subjects=(f"twitter:{SUBJECT.id}",),
    )
    run.batch([country_recount("IR", order, encode_recount(order)), deletion("2", 5, IRAN[1]), _order(last=True)])
    [aftermath] = run.standing.values()
    assert aftermath.deletions == 3


def test_of_a_watch_whose_posts_the_ledger_forgot_it_is_said_that_nothing_can_be_known(run: WatchRun) -> None:
    """It stands as it was told."""
    [before] = run.standing.values()
    [counted] = [each for each in run.ledger.beginning_with(b"c/IR/") if isinstance(each, WatchCounts)]
    run.ledger.discard(counted.oldest[0].encode())
    _put_right(run)
    run.batch([_order(last=True)])
    [aftermath] = run.standing.values()
    assert (aftermath.id, aftermath.deletions) == (before.id, before.deletions)
    [answer] = run.answers
    assert [(each.about, each.outcome, each.aftermath_id) for each in corrections_of_country(answer)] == [
        ("aftermath", "cannot_be_known", before.id),
        ("country", "recounted", None),
    ]


def test_of_a_watch_whose_posts_the_ledger_has_nothing_is_said_to_be_unknown(run: WatchRun) -> None:
    _put_right(run)
    run.batch([_order(last=True)])
    [answer] = run.answers
    assert answer.unknown == {}
