"""Why an amplification is gone: stories of an account and six officials end in the same facts, in whatever order."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import pytest
from msgspec import Struct
from msgspec.structs import replace

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.events import Account, AccountEvent, Deletion, Post, PostRef, Retweet, Suspension, SuspensionStatus
from tests.core.stories import roster_of, run_story
from tests.pipeline.sameness import assert_same

_BEGIN: Final = datetime(2021, 3, 1, 9, tzinfo=UTC)
_OFFICIALS: Final = [Account(id=f"70000{number}", handle=f"Emb_0{number}") for number in range(1, 7)]
_SUBJECT: Final = Account(id="999", handle="Nova_Relay", created_at=_BEGIN - timedelta(days=19), followers=150)
_ROSTER: Final = roster_of(_OFFICIALS)


def _day(days: float) -> datetime:
    return _BEGIN + timedelta(days=days)


def _retweets(*, observed: float | None = None) -> list[AccountEvent]:
    """Three by each official, on the first five days."""
    return [
        Retweet(
            platform="twitter",
            id=f"r{number}-{round_}",
            at=_day(2 * round_ + number / 24),
            observed_at=None if observed is None else _day(observed),
            actor=official,
            subject=_SUBJECT,
            post_id=f"p{number}-{round_}",
        )
        for round_ in range(3)
        for number, official in enumerate(_OFFICIALS)
    ]


def _gone(days: float, events: Sequence[AccountEvent], *, named: bool = True) -> list[AccountEvent]:
    """Somebody looks, and they are gone."""
    return [
        Deletion(
            platform="twitter",
            id=f"gone:{event.id}:{days}",
            at=_day(days),
            post_id=event.id,
            actor=Account(id=event.actor.id) if named and event.actor else None,
        )
        for event in events
    ]


def _notice(days: float, status: SuspensionStatus = "suspended", account: Account = _SUBJECT) -> AccountEvent:
    return Suspension(
        platform="twitter", id=f"{status}-{account.id}-{days}", at=_day(days), actor=account, status=status
    )


def _posts(days: float) -> list[AccountEvent]:
    """Each official says something else."""
    return [
        Post(platform="twitter", id=f"o{number}-{days}", at=_day(days), actor=official, text="an ordinary note")
        for number, official in enumerate(_OFFICIALS)
    ]


class _Facts(Struct, frozen=True):
    """What a story ends in."""

    amplifications: int
    withdrawn: int = 0
    with_original: int = 0
    with_official: int = 0
    unknown: int = 0
    deletions: int | None = None  # of the aftermath, if there is one
    clean_up: bool = False


def _run(events: Sequence[AccountEvent]) -> Results:
    return run_story(_ROSTER, events, now_us=to_us(_day(2_000)))


def _facts(results: Results) -> _Facts:
    dossier = results.dossiers[f"twitter:{_SUBJECT.id}"]
    aftermaths = list(results.aftermaths.values())
    return _Facts(
        dossier.totals.retweet + dossier.totals.quote,
        dossier.withdrawn,
        dossier.gone_with_original,
        dossier.gone_with_official,
        dossier.gone_unknown,
        aftermaths[0].deletions if aftermaths else None,
        "clean-up" in {alert.rule for alert in results.alerts.values()},
    )


def _suspended_then_gone() -> list[AccountEvent]:
    return [*_retweets(), _notice(24), *_gone(24.0001, _retweets()), *_posts(50)]


def _gone_then_suspended() -> list[AccountEvent]:
    return [*_retweets(), *_gone(24, _retweets()), _notice(24.0001), *_posts(50)]


def _closed_by_its_owner() -> list[AccountEvent]:
    return [*_retweets(), _notice(24, "deactivated"), *_gone(25, _retweets()), *_posts(50)]


def _taken_back_while_it_was_there() -> list[AccountEvent]:
    later = Retweet(
        platform="twitter", id="later", at=_day(23), actor=_OFFICIALS[5], subject=_SUBJECT, post_id="p-later"
    )
    return [*_retweets(), *_gone(22, _retweets()[:4]), later, _notice(24), *_posts(50)]


def _taken_back_long_before() -> list[AccountEvent]:
    return [*_retweets(), *_gone(9, _retweets()[:4]), _notice(24), *_posts(50)]


def _after_its_return() -> list[AccountEvent]:
    return [*_retweets(), _notice(10), _notice(12, "reinstated"), *_gone(13, _retweets()[:4]), *_posts(50)]


def _quotes_outlive_their_original() -> list[AccountEvent]:
    quotes: list[AccountEvent] = [
        Post(
            platform="twitter",
            id=f"q{number}",
            at=_day(1 + number / 24),
            actor=official,
            quotes=PostRef(post_id=f"p{number}", account=_SUBJECT),
        )
        for number, official in enumerate(_OFFICIALS)
    ]
    return [*quotes, _notice(24), *_gone(25, quotes), *_posts(50)]


def _original_deleted() -> list[AccountEvent]:
    """Its author deletes one post, and the retweet of it is gone."""
    deleted = Deletion(platform="twitter", id="d", at=_day(10), post_id="p0-0", actor=Account(id=_SUBJECT.id))
    return [*_retweets(), deleted, *_gone(10.5, _retweets()[:2]), *_posts(50)]


def _original_deleted_by_nobody_named() -> list[AccountEvent]:
    """A list of ids says that one post and two retweets are gone; one of these is of that post."""
    deleted = Deletion(platform="twitter", id="d", at=_day(10), post_id="p0-0", actor=None)
    return [*_retweets(), deleted, *_gone(10.5, _retweets()[:2], named=False), *_posts(50)]


def _original_deleted_by_nobody_named_is_noticed_later() -> list[AccountEvent]:
    """Whether it was there when the retweet went is not known for two weeks before the notice."""
    late = [Deletion(platform="twitter", id=f"d{n}", at=_day(25), post_id=f"p{n}-0", actor=None) for n in (0, 1)]
    return [*_retweets(), *_gone(9, _retweets()[:1]), *_gone(20, _retweets()[1:2], named=False), *late, *_posts(50)]


def _official_deleted_what_others_passed_on() -> list[AccountEvent]:
    """Five pass on a post of the first, who deletes it: theirs go with it. One took its own back before."""
    post = Post(platform="twitter", id="said", at=_day(1), actor=_OFFICIALS[0], text="an ordinary note")
    passed_on: list[AccountEvent] = [
        Retweet(platform="twitter", id=f"o{n}", at=_day(2), actor=official, subject=_OFFICIALS[0], post_id="said")
        for n, official in enumerate(_OFFICIALS[1:])
    ]
    gone = [*_gone(8, passed_on[:1]), *_gone(31, [post]), *_gone(31.5, passed_on[1:])]
    return [*_retweets(), post, *passed_on, *gone, _notice(30), *_posts(50)]


def _edited(story: Callable[[], list[AccountEvent]]) -> Callable[[], list[AccountEvent]]:
    """The same of posts that were edited, whose deletions name the last version."""

    def edited() -> list[AccountEvent]:
        events: list[AccountEvent] = []
        for event in story():
            if isinstance(event, Retweet):
                event = replace(event, versions=(f"{event.post_id}-second", f"{event.post_id}-last"))
            elif isinstance(event, Post):
                event = replace(event, versions=(f"{event.id}-second", f"{event.id}-last"))
            elif isinstance(event, Deletion) and not event.post_id.startswith("r"):  # no retweet can be edited
                event = replace(event, post_id=f"{event.post_id}-last")
            events.append(event)
        return events

    edited.__name__ = f"{story.__name__}_by_its_last_version"
    return edited


def _official_closed() -> list[AccountEvent]:
    """An official closes its account: its retweets follow within 30 days, those of others do not."""
    mine, others = _retweets()[::6], _retweets()[1:3]
    return [*_retweets(), _notice(10, "deactivated", _OFFICIALS[0]), *_gone(35, mine), *_gone(35, others), *_posts(50)]


def _official_noticed_late() -> list[AccountEvent]:
    """Nobody knows whether it closed its account before the notice."""
    return [*_retweets(), *_gone(9, _retweets()[::6]), _notice(10, "deleted", _OFFICIALS[0])]


def _official_was_still_there() -> list[AccountEvent]:
    """It took its retweets back, went on posting, and closed its account afterwards."""
    return [*_retweets(), *_gone(9, _retweets()[::6]), *_posts(9.5), _notice(10, "deleted", _OFFICIALS[0])]


def _seen_again() -> list[AccountEvent]:
    return [*_retweets(), *_gone(9, _retweets()[::6]), *_retweets(observed=19)]


def _seen_again_and_taken_back_then() -> list[AccountEvent]:
    return [*_seen_again(), *_gone(20, _retweets()[::6])]


def _named_by_id_alone() -> list[AccountEvent]:
    return [*_retweets(), *_gone(19, _retweets()[:4], named=False)]


_STORIES: Final[list[tuple[Callable[[], list[AccountEvent]], _Facts]]] = [
    (_suspended_then_gone, _Facts(18, with_original=18, deletions=0)),
    (_gone_then_suspended, _Facts(18, unknown=18, deletions=0)),
    (_closed_by_its_owner, _Facts(18, with_original=18)),
    (_taken_back_while_it_was_there, _Facts(15, withdrawn=4, deletions=0)),
    (_taken_back_long_before, _Facts(14, withdrawn=4, deletions=0)),
    (_after_its_return, _Facts(14, withdrawn=4, deletions=0)),
    (_quotes_outlive_their_original, _Facts(0, withdrawn=6, deletions=6, clean_up=True)),
    (_original_deleted, _Facts(17, withdrawn=1, with_original=1)),
    (_original_deleted_by_nobody_named, _Facts(17, withdrawn=1, with_original=1)),
    (_original_deleted_by_nobody_named_is_noticed_later, _Facts(17, withdrawn=1, unknown=1)),
    (_official_deleted_what_others_passed_on, _Facts(18, deletions=1)),
    (_edited(_original_deleted), _Facts(17, withdrawn=1, with_original=1)),
    (_edited(_original_deleted_by_nobody_named), _Facts(17, withdrawn=1, with_original=1)),
    (_edited(_official_deleted_what_others_passed_on), _Facts(18, deletions=1)),
    (_official_closed, _Facts(16, withdrawn=2, with_official=3)),
    (_official_noticed_late, _Facts(18, unknown=3)),
    (_official_was_still_there, _Facts(15, withdrawn=3)),
    (_seen_again, _Facts(18)),
    (_seen_again_and_taken_back_then, _Facts(15, withdrawn=3)),
    (_named_by_id_alone, _Facts(14, withdrawn=4)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("story", "expected"), _STORIES, ids=[story.__name__[1:] for story, _ in _STORIES])
def test_why_it_is_gone_is_distinguished_in_whatever_order_the_events_arrive(
    story: Callable[[], list[AccountEvent]], expected: _Facts
) -> None:
    """Live, newest first, twice, and shuffled."""
    events = sorted(story(), key=lambda event: event.at)
    run = _run(events)
    assert _facts(run) == expected
    for other in (events[::-1], [*events, *events], *(Random(seed).sample(events, len(events)) for seed in range(3))):
        assert_same(_run(other), run)


def test_a_retweet_that_is_reported_with_two_times_dates_a_suspension_alike_in_either_order() -> None:
    """The earlier one stands. WATCH tells of the text as of the later one only where that comes first."""
    text = "the spokesman told reporters that the talks in the capital would go on until the end of the week"
    said = Post(platform="twitter", id="said", at=_day(1), actor=_OFFICIALS[0], text=text)
    copies = [
        Retweet(
            platform="twitter",
            id="twice",
            at=_day(days),
            actor=_OFFICIALS[1],
            subject=_SUBJECT,
            post_id="shared",
            text=text,
        )
        for days in (10, 20)
    ]
    found = [_run([said, *order, *_retweets(), _notice(30)]).dossiers for order in (copies, copies[::-1])]
    assert found[0] == found[1]
    (dossier,) = found[0].values()
    assert len(dossier.text_matches.best) == 1
    assert dossier.suspension is not None
    assert dossier.suspension.not_before == _day(10)
