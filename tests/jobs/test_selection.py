"""A recount over the events that an index finds is the recount over all of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from typing import Final
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.corrections.selection import select_touched
from streams.core.recounts import RecountOrder
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates, decode_subject_event, encode_subject_event
from streams.events import Account, Coverage, Event, Post, Retweet, decode_event, encode_event
from streams.jobs.evidence_store import EvidenceStore
from streams.jobs.recount_orders import OrderHeading, RecountPlan
from tests.jobs.edits import edited
from tests.pipeline.world import World

_BEGIN_US: Final = to_us(datetime(2022, 1, 1, tzinfo=UTC))
_END_US: Final = to_us(datetime(2022, 7, 20, tzinfo=UTC))


_ANYWHERE: Final = Coordinates("raw", 0, 0)


def _key(event: Event, payload: bytes) -> int:
    return int.from_bytes(blake2b(payload, digest_size=8).digest(), signed=True)


def _orders(plan: RecountPlan, subjects: dict[str, tuple[str, ...]]) -> dict[str, tuple[set[bytes], RecountOrder]]:
    """By subject what TRACK is to apply, in any order, and the rest of its order. The same bytes may come twice."""
    now_us = 1_900_000_000_000_000
    heading = OrderHeading(correction="c", at_us=now_us, reason="", cut={})
    orders = plan.orders(subjects, heading, now_us)
    return {
        key: (
            {encode_subject_event(replace(event, source=_ANYWHERE)) for event in order.events},
            replace(order, events=()),
        )
        for key, order in orders
    }


def _sparse(events: list[Event], random: Random, officials: set[str]) -> list[Event]:
    """Most subjects write nothing, and of most nothing resembles what officials wrote: as in real data."""
    found = []
    for event in events:
        if isinstance(event, Post) and event.actor.id not in officials and random.random() < 0.9:
            continue
        if isinstance(event, Retweet) and random.random() < 0.9:
            event = Retweet(**{name: getattr(event, name) for name in event.__struct_fields__} | {"text": None})
        found.append(event)
    return found


def _compared(seed: int) -> Counter[str]:
    random = Random(seed)
    world = World(seed=seed, events=800)
    events = [decode_event(line) for line in world.lines()]
    if seed % 2:
        events = _sparse(events, random, {official.id for official in world.officials})
    strangers = [f"5{random.randrange(2_000)}" for _ in range(4)]
    new = edited(world.roster, random, strangers, _BEGIN_US, _END_US, random.randint(1, 3))
    with (
        EvidenceStore(":memory:") as store,
        RecountPlan(world.roster, new) as whole,
        RecountPlan(world.roster, new) as selected,
    ):
        for number, event in enumerate(events):
            source = Coordinates("raw", 0, number)
            payload = encode_event(event)
            whole.add(event, source)
            store.put(_key(event, payload), payload, event, source)
            if number in (500, 780):
                selected.select(store)  # some came before, and some since
        assert selected.select(store) == {}
        subjects = whole.subjects()
        assert selected.subjects() == subjects
        assert selected.changed() == whole.changed()
        one, other = _orders(selected, subjects), _orders(whole, subjects)
        for key in subjects:
            assert (key, one[key][0] ^ other[key][0], one[key][1]) == (key, set(), other[key][1])
        kinds = Counter(decode_subject_event(event).kind for events, _ in one.values() for event in events)
        return kinds + Counter(subjects=len(subjects), left_out=len(store) - len(selected))


@pytest.mark.slow
def test_what_is_selected_leads_to_the_same_orders_for_the_same_subjects() -> None:
    """Over random worlds and edits: by id, by handle alone, of domains, terms, States."""
    seen = sum(map(_compared, range(12)), Counter[str]())
    assert seen["subjects"] > 100
    assert seen["left_out"] > 500, "everything was selected: nothing is said of what need not be"
    assert min(seen[kind] for kind in ("text_match", "withdrawal", "follow", "profile", "suspension")) > 10, seen


_AT: Final = datetime(2022, 3, 1, tzinfo=UTC)
_ENTRY: Final = RosterEntry(
    platform="twitter", account_id="91", handle="mfa", country="IR", category="diplomat", source_url="https://e.org"
)


def _subjects(events: Sequence[Event], old: Roster, new: Roster) -> tuple[set[str], set[str], int]:
    """The subjects by all of the events and by what is selected, and how many events that is."""
    with EvidenceStore(":memory:") as store, RecountPlan(old, new) as whole, RecountPlan(old, new) as selected:
        for number, event in enumerate(events):
            payload = encode_event(event)
            whole.add(event, Coordinates("raw", 0, number))
            store.put(_key(event, payload), payload, event, Coordinates("raw", 0, number))
        selected.select(store)
        return set(whole.subjects()), set(selected.subjects()), len(selected)


def test_who_linked_to_a_site_that_is_an_officials_no_more_is_found_by_the_site() -> None:
    """Also by a site below it; and not who linked elsewhere."""
    links = ("https://www.press.mfa.example/today", "https://other.example/mfa.example")
    events = [
        Post(platform="twitter", id=f"{number}", at=_AT, actor=Account(id=f"7{number}"), links=(link,))
        for number, link in enumerate(links)
    ]
    old = Roster([replace(_ENTRY, domains=("mfa.example",))])
    whole, selected, count = _subjects(events, old, Roster([_ENTRY]))
    assert whole == selected == {"twitter:70"}
    assert count == 1


def test_an_official_by_handle_alone_is_found_by_the_id_that_was_once_seen_with_it() -> None:
    """Most of what it does is told without the handle: what it wrote leads on to whose text that is."""
    by_handle = replace(_ENTRY, account_id=None)
    text = "a passage of more than thirty-six letters that two of them have in common"
    wrote = Post(platform="twitter", id="p", at=_AT, actor=Account(id="91"), text=text)
    resembles = Retweet(
        platform="twitter", id="r", at=_AT, actor=Account(id="92"), subject=Account(id="75"), text=f"RT @x: {text}"
    )
    actors = [Account(id="91"), Account(id="91", handle="MFA"), Account(id="91"), Account(id="92", handle="other")]
    events = [
        Retweet(platform="twitter", id=f"{number}", at=_AT, actor=actor, subject=Account(id=f"7{number}"))
        for number, actor in enumerate(actors)
    ]
    besides = Retweet(platform="twitter", id="b", at=_AT, actor=Account(id="93"), subject=Account(id="75"))
    whole, selected, count = _subjects([*events, wrote, resembles, besides], Roster([by_handle]), Roster())
    assert whole == selected
    assert {"twitter:70", "twitter:71", "twitter:72", "twitter:75"} <= selected
    assert count == 6


def test_what_came_since_is_taken_with_what_it_leads_to_and_nothing_else_is_asked_for_again() -> None:
    """What sources saw leads to nothing, and comes all the time; so do events of others."""
    by_91 = Retweet(platform="twitter", id="1", at=_AT, actor=Account(id="91"), subject=Account(id="71"))
    before = Retweet(platform="twitter", id="2", at=_AT, actor=Account(id="92"), subject=Account(id="72"))
    of_others = Retweet(platform="twitter", id="3", at=_AT, actor=Account(id="93"), subject=Account(id="73"))
    seen = Coverage(platform="twitter", id="c", at=_AT, source="s", seen=True, until=_AT)
    leads_on = Retweet(platform="twitter", id="4", at=_AT, actor=Account(id="91"), subject=Account(id="72"))
    with EvidenceStore(":memory:") as store, RecountPlan(Roster([_ENTRY]), Roster()) as plan:

        def select(*events: Event) -> tuple[int, set[str]]:
            for event in events:
                payload = encode_event(event)
                store.put(_key(event, payload), payload, event, _ANYWHERE)
            plan.select(store)
            return len(plan), set(plan.subjects())

        assert select(by_91, before) == (1, {"twitter:71"})
        with patch("streams.jobs.recount_orders.select_touched", side_effect=AssertionError("it asked again")):
            assert select(of_others, seen) == (2, {"twitter:71"})
        assert select(leads_on) == (4, {"twitter:71", "twitter:72"})
        store.drop(_key(by_91, encode_event(by_91)))
        with patch("streams.jobs.recount_orders.select_touched", wraps=select_touched) as asked:
            select()
        assert asked.call_count == 1, "what is gone may have been all that led to others"


def test_texts_are_found_by_their_fingerprints_also_those_that_come_and_go_between_two_questions() -> None:
    """A number that was free is another text's."""
    passage = "a passage of more than thirty-six letters that two of them have in common"
    posts = [
        Post(platform="twitter", id=f"{n}", at=_AT, actor=Account(id="7"), text=f"{passage} {n}" if n % 2 else "other")
        for n in range(6)
    ]
    with EvidenceStore(":memory:") as store:

        def put(number: int) -> None:
            store.put(number, encode_event(posts[number]), posts[number], _ANYWHERE)

        put(1)
        wanted = store.prints(store.every())
        assert store.sharing(wanted) == store.every()
        put(0)
        put(3)
        assert len(store.sharing(wanted)) == 2
        store.drop(3)
        assert len(store.sharing(wanted)) == 1
        put(5)
        assert len(store.sharing(wanted)) == 2
        assert len(store.sharing(wanted | {1})) == 2
