"""What WATCH keeps and writes is bounded, and what the ledger forgets takes nothing back that was said."""

import msgspec
import pytest

from streams.core.officials import Official
from streams.core.watching.aftermath_records import Aftermath
from streams.core.watching.amplified_accounts import amplified_account_of
from streams.core.watching.ledger import decode_record
from streams.core.watching.records import Entry, SubjectText, UnmatchedDeletion
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import snowflake
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import IRAN, SUBJECT, amplification, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun
from tests.core.watching.watch_strategies import PASSAGES

_MEGABYTE = 1_000_000  # what a broker takes, unless somebody told it otherwise
_PERSIAN = (PASSAGES[3] + " @khamenei_site ") * 40


def _aftermath(run: WatchRun) -> Aftermath:
    [aftermath] = run.aftermaths.values()
    return aftermath


@pytest.mark.slow
def test_the_largest_record_is_smaller_than_what_a_broker_takes() -> None:
    """600 officials, each of whom amplified, referred to the subject at length in Persian, and deleted that."""
    crowd = [Official(id=str(n), handle=f"embassy_{n:030}", country="IR", category="diplomat") for n in range(600)]
    event = standing(by=12)
    assert event.standing is not None
    amplifiers = tuple(
        msgspec.structs.replace(event.standing.amplifiers[0], id=each.id, handle=each.handle) for each in crowd
    )
    event = msgspec.structs.replace(event, standing=msgspec.structs.replace(event.standing, amplifiers=amplifiers))
    posts = [post(f"p{n}", 1, by, text=_PERSIAN[:4_000]) for n, by in enumerate(crowd)]
    deletions = [deletion(f"p{n}", 2 + n / 1_000, by) for n, by in enumerate(crowd)]
    policy = WatchPolicy(judged_times=100)
    run = WatchRun(bundled_rules(), policy, SqliteLedger()).run([[amplification("r", -3, text=_PERSIAN), event], posts])
    run.run([[*deletions, tick(20)]])
    aftermath = _aftermath(run)
    assert len(msgspec.json.encode(aftermath)) < _MEGABYTE
    assert (aftermath.deletions, aftermath.references, aftermath.amplifying_officials) == (600, 600, 600)
    assert (aftermath.silent_officials, len(aftermath.deletions_by_account)) == (0, 500)
    assert len(aftermath.listed_deletions) == len(aftermath.listed_references) == policy.listed
    assert len(aftermath.officials) == policy.listed_officials
    assert max(len(each.text) for each in aftermath.listed_deletions) == policy.listed_text
    [alert] = run.standing_alerts.values()
    assert alert.rule == "clean-up"
    assert len(alert.evidence) == policy.evidence
    assert alert.as_of < aftermath.ends_at, "rules are judged at the deletions that are followed"
    assert len(msgspec.json.encode(alert)) < _MEGABYTE


def test_the_deletions_that_concern_the_subject_are_listed_before_others() -> None:
    """Then those that share most with its texts; a list is in the order of time all the same."""
    posts = [post(f"p{n:03}", -2) for n in range(60)]
    concerns = [post(f"q{n:03}", -2, text="@khamenei_site") for n in range(3)]
    shares = [post(f"s{n:03}", -2, text=PASSAGES[0]) for n in range(3)]
    everything = [*posts, *concerns, *shares]
    deletions = [deletion(each.event_id, 1 + place / 100) for place, each in enumerate(everything)]
    amplified = amplification("r", -3, text=PASSAGES[0])
    run = WatchRun(bundled_rules()).run([[amplified, *everything, standing(), *deletions]])
    listed = _aftermath(run).listed_deletions
    assert len(listed) == WatchPolicy().listed
    assert [each.post_id for each in listed if each.concerns_subject] == ["q000", "q001", "q002"]
    assert [each.post_id for each in listed if each.shared_fingerprints] == ["s000", "s001", "s002"]
    assert [each.deleted_at for each in listed] == sorted(each.deleted_at for each in listed)
    assert _aftermath(run).deletions == 66


def test_an_amplified_account_stays_small_however_often_it_is_amplified() -> None:
    policy = WatchPolicy(amplified_officials=8, amplified_first=4, sketch=16)
    crowd = [Official(id=f"{n:03}", handle=None, country="IR", category="diplomat") for n in range(60)]
    events = [amplification(f"r{n}", n, by, text=f"{PASSAGES[n % 3]} {n}") for n, by in enumerate(crowd)]
    run = WatchRun(bundled_rules(), policy).run([events[::-1]])
    amplified_account = amplified_account_of(run.ledger, "IR", "twitter", SUBJECT.id)
    assert amplified_account is not None
    assert list(amplified_account.officials) == [f"{n:03}" for n in range(8)], "the first, whatever came first"
    assert [each.post_id for each in amplified_account.first] == ["r0", "r1", "r2", "r3"]
    assert len(amplified_account.sketch) == 16


def _forget(ledger: PlainLedger, before_us: int) -> int:
    """What a store does with what is older than its days."""
    records = {key: decode_record(payload) for key, payload in ledger.records.items()}
    old = [
        key
        for key, record in records.items()
        if isinstance(record, Entry | UnmatchedDeletion | SubjectText) and record.at_us < before_us
    ]
    for key in old:
        ledger.discard(key)
    return len(old)


@pytest.mark.parametrize("loud", [True, False])
def test_what_the_ledger_forgets_takes_nothing_from_a_closed_aftermath(loud: bool) -> None:
    """A successor comes when the posts of the watch are long gone: it is added, and all else stays as it was."""
    events = [amplification(f"r{n}", -20, IRAN[n], text=PASSAGES[n % 3]) for n in range(6)]
    events += [post(f"p{n}", 1, IRAN[n % 6]) for n in range(12)]
    if loud:
        events += [post("m", 2, text="@khamenei_site"), *(deletion(f"p{n}", 3, IRAN[n]) for n in range(6))]
    events += [deletion("unknown", 3), standing(), tick(20)]
    ledger = PlainLedger()
    run = WatchRun(bundled_rules(), ledger=ledger).run([events])
    before = _aftermath(run)
    assert before.deletions_unknown == 1
    assert sum(each.posts or 0 for each in before.officials) == (13 if loud else 12)
    assert _forget(ledger, day(150)) > 10
    later = Account(id=snowflake(day(170)), handle="KhameneiSite")
    run.run([[amplification(f"n{n}", 180 + n, IRAN[n], of=later) for n in range(2)]])
    after = _aftermath(run)
    assert [each.subject.id for each in after.possible_successors] == [later.id]
    assert msgspec.structs.replace(after, possible_successors=()) == before
    assert "possible-successor" in {alert.rule for alert in run.standing_alerts.values()}
    assert ("clean-up" in {alert.rule for alert in run.standing_alerts.values()}) is loud


def test_what_comes_late_is_still_counted_while_nothing_was_forgotten() -> None:
    run = WatchRun(bundled_rules()).run([[post("p", 1), standing(), tick(20)]])
    assert _aftermath(run).deletions == 0
    run.run([[tick(300)], [deletion("p", 2)]])
    assert _aftermath(run).deletions == 1
