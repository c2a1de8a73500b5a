"""Copies of an official's post that name different accounts as passed on or quoted: counted once for each account."""

from itertools import permutations

from streams.core.watching.keys import entry_key
from streams.core.watching.records import Entry
from streams.core.watching.watch_outcome import WatchOutcome
from streams.events import Account
from streams.rules_loading import bundled_rules
from tests.core.watching.watch_events import SUBJECT, post
from tests.core.watching.watch_run import WatchRun

_OTHER = Account(id="22")
_COPIES = (
    post("p", 1, kind="retweet", subject=SUBJECT, original="o"),
    post("p", 1, kind="quote", subject=_OTHER, original="q"),
    post("p", 1, kind="quote", subject=Account(id="33"), original="q"),
)


def test_each_account_that_another_copy_names_counts_once_in_any_order_and_the_copy_that_tells_most_stands() -> None:
    for copies in permutations([*_COPIES, _COPIES[1]]):
        run = WatchRun(bundled_rules()).run([[event] for event in copies])
        assert run.outcomes[WatchOutcome.CONTRADICTED] == 2
        entry = run.ledger.get(entry_key("twitter", "p"))
        assert isinstance(entry, Entry)
        assert (entry.kind, entry.subject, entry.named_otherwise) == ("retweet", SUBJECT.id, ("22", "33"))


def test_copies_that_agree_and_those_that_lack_the_account_contradict_nothing() -> None:
    poor = post("p", 1, text="see")
    for copies in permutations([_COPIES[0], _COPIES[0], poor]):
        run = WatchRun(bundled_rules()).run([[event] for event in copies])
        assert run.outcomes[WatchOutcome.CONTRADICTED] == 0


def test_a_copy_of_a_retweet_that_lost_its_original_shares_no_text_with_it_in_any_order() -> None:
    text = "the harbour was closed to all ships but those of the relief fleet this morning"
    whole = post("p", 1, kind="retweet", subject=SUBJECT, original="o", text=text)
    poor = post("p", 1, text=f"RT @nova: {text}")
    own = post("q", 2, text=f"We say: {text}")
    for copies in permutations([whole, poor]):
        run = WatchRun(bundled_rules()).run([[event] for event in copies])
        assert "text_match" not in {each.kind for each in run.said.values()}
    run = WatchRun(bundled_rules()).run([[whole], [own]])
    assert "text_match" in {each.kind for each in run.said.values()}, "an official's own words do"
