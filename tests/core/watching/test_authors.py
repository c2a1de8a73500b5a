"""Quotes of posts that are gone: whose post it was, from whatever the State's ledger saw of it."""

from itertools import permutations

import msgspec

from streams.core.watching.keys import amplified_account_key, entry_key, unattributed_key
from streams.core.watching.records import AmplifiedAccount, Entry
from streams.core.watching.watch_step import WatchOutcome
from streams.rules_loading import bundled_rules
from tests.core.watching.watch_events import IRAN, SUBJECT, deletion, post
from tests.core.watching.watch_run import WatchRun

_GONE = msgspec.structs.replace(
    post("q", 2, IRAN[1], kind="quote", original="o"), author_unknown=True, quoted_handle="Khamenei_site"
)


def test_a_quote_of_an_officials_own_post_says_that_its_author_is_an_official_in_either_order() -> None:
    for order in permutations([post("o", 1, IRAN[0]), _GONE]):
        run = WatchRun(bundled_rules()).run([[event] for event in order])
        (said,) = [event for event in run.said.values() if event.kind == "quote"]
        assert (said.subject.id, said.subject_is_official, said.event_id) == (IRAN[0].id, True, "q")


def test_an_official_who_quotes_its_own_gone_post_engages_with_nobody() -> None:
    for order in permutations([post("o", 1, IRAN[1]), _GONE]):
        run = WatchRun(bundled_rules()).run([[event] for event in order])
        assert [event for event in run.said.values() if event.kind == "quote"] == []


def test_what_was_quoted_and_taken_back_before_its_author_was_known_is_withdrawn_from_it() -> None:
    retweeted = post("r", 1, IRAN[0], kind="retweet", subject=SUBJECT, original="o")
    for order in permutations([retweeted, _GONE, deletion("q", 3, IRAN[1])]):
        run = WatchRun(bundled_rules()).run([[event] for event in order])
        assert sorted(event.kind for event in run.said.values() if event.event_id == "q") == ["quote", "withdrawal"]
        assert {event.subject.id for event in run.said.values()} == {SUBJECT.id}
        amplified_account = run.ledger.get(amplified_account_key("IR", "twitter", SUBJECT.id))
        assert isinstance(amplified_account, AmplifiedAccount)
        assert sorted(amplified_account.officials) == sorted([IRAN[0].id, IRAN[1].id])
        assert run.ledger.get(unattributed_key("IR", "twitter", "o")) is None


def test_a_quote_of_which_only_a_handle_is_left_refers_to_the_handle_and_says_nothing_to_anybody() -> None:
    run = WatchRun(bundled_rules()).run([[_GONE, _GONE]])
    entry = run.ledger.get(entry_key("twitter", "q"))
    assert isinstance(entry, Entry)
    assert entry.references == ("h:khamenei_site",)
    assert run.said == {}
    assert run.outcomes == {WatchOutcome.UNKNOWN_AUTHOR: 1, WatchOutcome.DUPLICATE: 1}


def test_a_handle_of_which_the_quote_has_the_id_elsewhere_is_a_reference_by_id_alone() -> None:
    mentioning = msgspec.structs.replace(_GONE, about=(msgspec.structs.replace(SUBJECT, handle="Khamenei_site"),))
    run = WatchRun(bundled_rules()).run([[mentioning]])
    entry = run.ledger.get(entry_key("twitter", "q"))
    assert isinstance(entry, Entry)
    assert entry.references == (f"i:{SUBJECT.id}",)
