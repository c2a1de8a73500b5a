"""A post is one thing by its own id, however many copies of it there are and whatever each of them lacks."""

from itertools import permutations
from typing import Final

import msgspec
import pytest

from streams.core.subject_event import SubjectEvent, SubjectEventKind
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.track import TrackOutcome
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import OFFICIALS, placed, retweet
from tests.core.tracking.track_run import TrackRun

KEY: Final = "twitter:12"
_KINDS: Final[tuple[SubjectEventKind, ...]] = ("retweet", "quote", "reply", "mention")


def _copy(event: SubjectEvent, kind: SubjectEventKind) -> SubjectEvent:
    return msgspec.structs.replace(event, kind=kind)


@pytest.mark.parametrize("strongest", range(4))
def test_copies_of_one_post_count_once_as_the_one_that_tells_most_in_every_order(strongest: int) -> None:
    copies = [_copy(retweet(1), kind) for kind in _KINDS[strongest:]]
    for order in permutations(copies):
        for batches in ([placed(order)], [[event] for event in placed(order)]):
            run = TrackRun(bundled_rules()).run(batches)
            totals = msgspec.structs.asdict(run.dossiers[KEY].totals)
            assert totals == {kind: int(kind == _KINDS[strongest]) for kind in (*_KINDS, "follow")}
            published = [(each.kind, each.id) for each in run.amplifications.values()]
            assert published == ([(_KINDS[strongest], "000001")] if strongest < 2 else [])


def test_what_an_official_took_back_is_gone_whichever_copy_of_it_came_before_or_after() -> None:
    taken_back = msgspec.structs.replace(
        retweet(1), kind="withdrawal", amplified_us=retweet(1).at_us, amplification_kind="quote"
    )
    for order in permutations([taken_back, _copy(retweet(1), "quote"), _copy(retweet(1), "mention"), retweet(2)]):
        run = TrackRun(bundled_rules()).run([[event] for event in placed(order)])
        dossier = run.dossiers[KEY]
        assert (dossier.totals.retweet, dossier.totals.quote, dossier.totals.mention) == (1, 0, 0)
        assert dossier.withdrawn == 1


def test_a_poorer_copy_of_an_amplification_that_is_no_longer_retained_is_dropped_and_not_counted_as_a_mention() -> None:
    run = TrackRun(bundled_rules(), TrackPolicy(amplifications=4))
    run.batch([retweet(number) for number in range(20)])
    run.batch(placed([_copy(retweet(0), "mention")]))
    dossier = run.dossiers[KEY]
    assert (dossier.totals.retweet, dossier.totals.mention, dossier.dropped) == (20, 0, 1)
    assert run.outcomes[TrackOutcome.TOO_OLD] == 1


def test_a_follow_with_the_id_of_a_post_is_another_thing() -> None:
    run = TrackRun(bundled_rules()).run([placed([retweet(1), _copy(retweet(1), "follow")])])
    totals = run.dossiers[KEY].totals
    assert (totals.retweet, totals.follow) == (1, 1)


def test_all_contacts_may_turn_out_to_be_amplifications_after_others_have_left() -> None:
    policy = TrackPolicy(contacts=2)
    mentions = [_copy(retweet(number, official=OFFICIALS[number % 3]), "mention") for number in range(8)]
    run = TrackRun(bundled_rules(), policy).run([placed(mentions)])
    quotes = [msgspec.structs.replace(event, kind="quote") for event in mentions[-4:]]
    run.batch(placed([*quotes, _copy(retweet(9), "mention")]))
    assert run.dossiers[KEY].totals.quote == 4
