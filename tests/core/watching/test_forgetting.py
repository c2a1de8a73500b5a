"""What is over for good is forgotten, and nothing that was told of it is told again, whatever comes late."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent
from streams.core.watching.forgetting import forget_watches, forgotten_before
from streams.core.watching.ledger import decode_record, record_key
from streams.core.watching.records import AmplifiedAccount, PublishedHashes, StandingRecord
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import WatchOutcome
from streams.events import Account
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import snowflake
from tests.core.watching.watch_events import IRAN, SUBJECT, amplification, day, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun
from tests.core.watching.watch_strategies import PASSAGES

_POLICY = WatchPolicy()
_OVER = _POLICY.remembered_days + 1  # days after a suspension; event time counts in whole days
_Kind = TypeVar("_Kind")
_ALL = 10**9  # every record is past the grace


class _Life:
    """A run on a ledger that forgets, and what its changelog would hold."""

    def __init__(self) -> None:
        self.ledger = SqliteLedger()
        self.run = WatchRun(bundled_rules(), ledger=self.ledger)
        self.changelog: dict[bytes, bytes | None] = {}

    def batch(self, *events: CountryEvent) -> int:
        """Apply a batch; returns how many records it wrote for others."""
        before = self.run.published
        self.run.batch(events)
        return self.run.published - before

    def forget(self, days: float, *, past_grace: int = _ALL, limit: int = 1_000) -> int:
        """Forget what is old on a day, in the State and in the changelog."""
        self.ledger.forget("IR", day(days) - 120 * DAY_US, past_grace, limit)
        gone = forget_watches(self.ledger, "IR", day(days), past_grace, limit, _POLICY)
        self.changelog |= self.ledger.flush()
        return gone

    def kept(self, kind: type[_Kind]) -> list[_Kind]:
        """The records of a kind that the changelog has."""
        records = (decode_record(value) for value in self.changelog.values() if value is not None)
        return [each for each in records if isinstance(each, kind)]

    def kinds(self) -> set[str]:
        """Of which kinds the changelog has records."""
        return {type(each).__name__ for each in self.kept(object)}

    def restarted(self) -> None:
        """The file is lost and rebuilt from the changelog."""
        self.changelog |= self.ledger.flush()
        self.ledger = SqliteLedger()
        self.ledger.restore(self.changelog.items())
        self.run.ledger = self.ledger


def _published_watch() -> _Life:
    """A suspension with deletions, references and a possible successor, all told of."""
    life = _Life()
    later = Account(id=snowflake(day(30)), handle="KhameneiSite")
    life.batch(
        *(amplification(f"r{n}", -20, IRAN[n], text=PASSAGES[n % 3]) for n in range(6)),
        *(post(f"p{n}", 1, IRAN[n % 6]) for n in range(12)),
        post("m", 2, text="@khamenei_site"),
        standing(),
        *(deletion(f"p{n}", 3, IRAN[n % 6]) for n in range(12)),
        tick(20),
    )
    life.batch(*(amplification(f"s{n}", 40 + n, IRAN[n], of=later) for n in range(2)))
    assert {alert.rule for alert in life.run.standing_alerts.values()} == {"clean-up", "possible-successor"}
    return life


def test_standings_published_hashes_counted_alerts_and_amplified_accounts_are_forgotten_also_in_the_changelog() -> None:
    life = _published_watch()
    life.forget(0)
    assert {"StandingRecord", "PublishedHashes", "WatchCounts", "AmplifiedAccount"} <= life.kinds()
    life.batch(tick(_OVER + 60))
    life.forget(_OVER + 60)
    # Of an official there is left that it was introduced.
    assert life.kinds() == {"CountryTime", "Forgotten", "PublishedHashes"}
    assert {hashes.subject for hashes in life.kept(PublishedHashes)} == {official.id for official in IRAN[:6]}


def test_nothing_is_forgotten_a_moment_too_early() -> None:
    life = _published_watch()
    assert life.forget(_OVER - 1) == 0
    assert forgotten_before(life.ledger, "IR") == 0
    assert life.forget(_OVER) > 0
    assert forgotten_before(life.ledger, "IR") > day(0)


_LATE: dict[str, Sequence[CountryEvent]] = {
    "TRACK's word on it, with an amplifier more": [standing(version=2, by=7)],
    "TRACK's word on it, with another beginning": [standing(version=2, opened=(-3.0,))],
    "TRACK's word that it was no suspension": [standing(version=2, opened=())],
    "a deletion": [deletion("p0", 4), deletion("m", 2)],
    "a reference": [post("late", 5, text="@khamenei_site")],
    "a successor": [
        amplification(f"t{n}", 50, IRAN[n], of=Account(id=snowflake(day(31)), handle="Khamenei_site")) for n in range(3)
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("late", _LATE.values(), ids=_LATE.keys())
@pytest.mark.parametrize("restarted", [False, True])
def test_what_comes_after_that_publishes_nothing_again_and_is_counted_as_too_late(
    late: Sequence[CountryEvent], restarted: bool
) -> None:
    life = _published_watch()
    life.batch(tick(_OVER + 60))
    life.forget(_OVER + 60)
    if restarted:
        life.restarted()
    aftermaths, alerts = dict(life.run.aftermaths), dict(life.run.alerts)
    life.batch(*late)
    life.batch(tick(_OVER + 61))
    assert (life.run.aftermaths, life.run.alerts) == (aftermaths, alerts)
    assert life.run.outcomes[WatchOutcome.TOO_LATE] == len(late)


def test_a_new_suspension_of_a_forgotten_account_is_published_and_the_old_one_is_not() -> None:
    life = _published_watch()
    life.batch(tick(_OVER + 60))
    life.forget(_OVER + 60)
    again = _OVER + 62.0
    before = set(life.run.aftermaths)
    assert life.batch(standing(version=2, opened=(0.0, again)), tick(again + 1)) == 1
    [new] = [found for name, found in life.run.aftermaths.items() if name not in before]
    assert (new.number, new.status) == (1, "open")
    assert life.batch(post("x", again, text="@khamenei_site"), tick(again + 20)) == 1


def test_of_an_account_that_is_suspended_again_only_the_watches_that_are_over_are_forgotten() -> None:
    """A deletion within the old watch, long after it, changes nothing; one within the new one counts."""
    life = _published_watch()
    again = float(_OVER - 30)
    life.batch(standing(version=2, opened=(0.0, again)), post("x", again + 1), tick(again + 20))
    life.forget(_OVER)
    assert [counted.opened_us for counted in life.ledger.counts_of("IR", "twitter", SUBJECT.id)] == [day(again)]
    assert {"StandingRecord", "PublishedHashes"} <= life.kinds()
    assert life.batch(deletion("p", 4), post("y", 5, text="@khamenei_site")) == 0
    assert life.batch(deletion("x", again + 2)) == 1
    assert life.batch(standing(version=3, by=7, opened=(0.0, again))) == 1, "of the new one alone"


def test_what_is_new_here_stays_though_it_is_old_and_so_does_all_that_is_younger() -> None:
    """An old file is being read: its suspensions are judged whole, and so is whatever TRACK still says of them."""
    life = _Life()
    life.batch(standing(), tick(20))
    assert life.forget(_OVER, past_grace=0) == 0
    assert life.batch(standing(version=2, by=7)) == 1
    assert life.run.outcomes[WatchOutcome.TOO_LATE] == 0
    life.forget(_OVER)
    assert life.batch(standing(version=3, by=8)) == 0


def test_forgetting_takes_no_more_than_its_step_and_reaches_all() -> None:
    """Also where all were suspended at one moment; what is past is past at once, whenever it goes."""
    life = _Life()
    crowd = [Account(id=str(10**6 + number), handle=f"subject_{number}") for number in range(60)]
    life.batch(*(standing(subject=each) for each in crowd), tick(20))
    life.batch(*(amplification(f"r{n}", 1, of=each) for n, each in enumerate(crowd)))
    gone = [life.forget(_OVER + 2, limit=10) for _ in range(3)]
    assert max(gone) <= 4 * 10
    published = life.run.published
    life.batch(*(standing(subject=each, version=2, by=7) for each in crowd))
    assert life.run.published == published
    while life.forget(_OVER + 2, limit=10):
        pass
    assert not {"StandingRecord", "WatchCounts", "AmplifiedAccount"} & life.kinds()
    assert {hashes.subject for hashes in life.kept(PublishedHashes)} == {IRAN[0].id}


def test_an_amplified_account_stays_as_long_as_a_watch_of_it_may_need_it() -> None:
    """A suspended account's texts are what a successor's are compared with."""
    life = _Life()
    suspended = float(_OVER - 100)
    texts = [amplification(f"r{n}", 0, IRAN[n % 6], text=PASSAGES[n]) for n in range(3)]
    life.batch(*texts, amplification("other", 0, of=Account(id="5", handle="other")))
    life.batch(standing(opened=(suspended,)), tick(suspended + 20))
    for days in (_OVER + 1, _OVER + 2, _OVER + 32, _OVER + 63):
        life.forget(days)
    kept = {each.subject.id for each in life.kept(AmplifiedAccount)}
    assert kept == {SUBJECT.id}, "the other one is suspended by nobody, and was seen long ago"
    later = Account(id=snowflake(day(suspended + 30)), handle="nobody_else")
    for number in range(2):
        life.batch(*(amplification(f"s{n}{number}", _OVER, IRAN[n], of=later, text=PASSAGES[n]) for n in range(3)))
    [aftermath] = life.run.aftermaths.values()
    assert [each.subject.id for each in aftermath.possible_successors] == [later.id]
    life.forget(suspended + _OVER + 40)
    assert [each.subject.id for each in life.kept(AmplifiedAccount)] == [later.id]


def test_an_account_that_was_forgotten_is_no_new_account_when_it_is_taken_up_again() -> None:
    """It was amplified before the suspension, which nobody knows any more; its age tells that it is not new."""
    old = Account(id=snowflake(day(-10)), handle="KhameneiSite")
    life = _Life()
    life.batch(*(amplification(f"r{n}", 0, IRAN[n], of=old) for n in range(3)))
    suspended = float(_OVER + 10)
    life.batch(tick(suspended))
    assert life.forget(suspended) == 1
    life.batch(standing(opened=(suspended,)))
    life.batch(*(amplification(f"s{n}", suspended + 5, IRAN[n], of=old) for n in range(3)))
    [aftermath] = life.run.aftermaths.values()
    assert aftermath.possible_successors == ()


def test_an_official_that_is_suspended_itself_stays_introduced() -> None:
    """Both are kept under its id."""
    official = Account(id=IRAN[0].id, handle=IRAN[0].handle)
    life = _Life()
    assert life.batch(post("p", 0), standing(subject=official), tick(20)) > 0
    life.forget(_OVER)
    assert life.batch(post("q", 1)) == 0


def test_a_standing_of_an_earlier_version_is_read_and_forgotten_as_any_other() -> None:
    """It says neither which notice it rests on nor what is forgotten."""
    life = _Life()
    life.batch(standing())
    life.forget(0)
    [standing_record] = life.kept(StandingRecord)
    short = msgspec.msgpack.encode(msgspec.msgpack.decode(msgspec.msgpack.encode(standing_record))[:-2])
    ledger = SqliteLedger()
    ledger.restore([(record_key(standing_record), short)])
    assert forget_watches(ledger, "IR", day(_OVER), _ALL, 10, _POLICY) == 1
