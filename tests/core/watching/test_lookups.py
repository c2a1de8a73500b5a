"""What the step of a post looks up is known beforehand, so that a store can read it together."""

import pytest
from msgspec.structs import replace

from streams.core.country_event import CountryEvent
from streams.core.watching.keys import entry_key, forgotten_key, unmatched_deletion_key
from streams.core.watching.ledger import Record
from streams.core.watching.lookups import keys_to_read
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watcher import Watcher
from streams.rules_loading import bundled_rules
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import SUBJECT, amplification, deletion, post, standing

_TEXT = "a text that is long enough to be compared with others of its kind, word for word"
_POSTS = {
    "a post": post("1", 0, text=_TEXT),
    "a retweet": amplification("1", 0, text=_TEXT),
    "a quote": post("1", 0, kind="quote", subject=SUBJECT, original="77", text=_TEXT),
    "an edited post": replace(post("1", 0), versions=("2nd", "3rd")),
    "a retweet of an edited post": replace(amplification("1", 0), original_versions=("2nd",)),
    "a reply": post("1", 0, kind="reply", subject=SUBJECT, original="77"),
}


class _AskedLedger(PlainLedger):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[bytes] = set()

    def get(self, key: bytes) -> Record | None:
        self.asked.add(key)
        return super().get(key)


def _of_a_retweet_that_is_gone(event: CountryEvent) -> set[bytes]:
    """Whether its original is gone, too: asked for only where a deletion arrived before the retweet."""
    if event.post_kind != "retweet" or event.subject is None or event.post_id is None:
        return set()
    authors = ("", event.subject.id)
    waiting = {unmatched_deletion_key(each, event.platform, event.post_id) for each in authors}
    return {*waiting, entry_key(event.platform, event.post_id)}


@pytest.mark.parametrize("event", _POSTS.values(), ids=_POSTS.keys())
@pytest.mark.parametrize("earlier", [[], [standing(), deletion("1", 1), post("2", -1)]], ids=["new", "known"])
def test_a_post_asks_for_no_record_that_was_not_read_ahead(event: CountryEvent, earlier: list[CountryEvent]) -> None:
    """Else each is a question of its own to the store, in the middle of the batch."""
    ledger = _AskedLedger()
    watcher = Watcher(bundled_rules(), WatchPolicy(), ledger)
    for each in earlier:
        watcher.apply(each)
    of_the_state = {forgotten_key("IR")}  # asked for once a batch
    known = of_the_state | ledger.records.keys()
    ledger.asked.clear()
    watcher.apply(event)
    assert ledger.asked
    assert ledger.asked - known - _of_a_retweet_that_is_gone(event) <= set(keys_to_read([event]))
