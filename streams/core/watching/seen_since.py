"""Since when the officials of a State have been seen on a platform, told to the accounts that they amplify.

An account is told when officials amplify it first. When the answer changes all are told again, some with each tick, in
the order in which they were first amplified. Where no source says that it saw the platform, nobody is told anything.
"""

from typing import Final

from streams.core.country_event import CountryEvent
from streams.core.subject_event import SubjectEvent
from streams.core.watching.keys import coverage_sources_key, pending_seen_since_key, seen_since_key, source_spans_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import AmplifiedAccount
from streams.core.watching.source_spans import ALWAYS_US, CoverageSources, PendingSeenSince, SeenSince, SourceSpans
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["note_seen_since", "pending_seen_since", "seen_since_of_account"]

_FOREVER_US: Final = 2**62


def note_seen_since(ledger: Ledger, country: str, platform: str) -> None:
    """After a word on a span in which a source saw: note from when on any did, and that all are to be told if that is
    new.
    """
    since_us = _first_seen_us(ledger, country, platform)
    known = ledger.get(seen_since_key(country, platform))
    if since_us == (known.since_us if isinstance(known, SeenSince) else ALWAYS_US):
        return
    ledger.put(SeenSince(platform, country, since_us))
    unpublished = _pending(ledger)
    ledger.put(PendingSeenSince({**unpublished, country: {**unpublished.get(country, {}), platform: 0}}))


def seen_since_of_account(
    ledger: Ledger, event: CountryEvent, known: AmplifiedAccount | None, new: AmplifiedAccount
) -> tuple[SubjectEvent, ...]:
    """What an account is told when more is known of who amplified it."""
    officials = {} if known is None else known.officials
    if new.officials is officials or not new.officials:  # nearly always
        return ()
    # Whoever turns out to have been amplified earlier may have moved to where others are told already.
    is_due = not officials or (
        known is not None and new.first_us < known.first_us and new.platform in _pending(ledger).get(new.country, {})
    )
    return _events(ledger, event, new) if is_due else ()


def pending_seen_since(ledger: Ledger, tick: CountryEvent, policy: WatchPolicy) -> tuple[SubjectEvent, ...]:
    """What accounts that are still to be told are told with a tick: some of them, and all at the end of a run over
    files.
    """
    unpublished = _pending(ledger)
    if not unpublished:
        return ()
    events: list[SubjectEvent] = []
    left: dict[str, dict[str, int]] = {}
    room = _FOREVER_US if tick.progress is None else policy.seen_since_per_tick
    for country, platforms in sorted(unpublished.items()):
        for platform, from_us in sorted(platforms.items()):
            events_now, room, next_us = _events_from(ledger, tick, country, platform, from_us, room)
            events += events_now
            if next_us is not None:
                left.setdefault(country, {})[platform] = next_us
    if left:
        ledger.put(PendingSeenSince(left))
    else:
        ledger.discard(pending_seen_since_key())
    return tuple(events)


def _events_from(
    ledger: Ledger, tick: CountryEvent, country: str, platform: str, from_us: int, room: int
) -> tuple[list[SubjectEvent], int, int | None]:
    """The words to accounts first amplified from a time on, how many more may be looked at, and from when on others are
    still to be told. Those that were first amplified at one time are told together.
    """
    events: list[SubjectEvent] = []
    last_us = from_us - 1
    for account in ledger.amplified_accounts(country, from_us, _FOREVER_US):
        if room <= 0 and account.first_us > last_us:
            return events, room, account.first_us
        room -= 1
        last_us = account.first_us
        if account.platform == platform:
            events += _events(ledger, tick, account)
    return events, room, None


def _events(ledger: Ledger, event: CountryEvent, account: AmplifiedAccount) -> tuple[SubjectEvent, ...]:
    known = ledger.get(seen_since_key(account.country, account.platform))
    if not isinstance(known, SeenSince):
        return ()
    word = SubjectEvent(
        kind="seen_since",
        platform=account.platform,
        event_id=account.country,
        at_us=event.at_us,
        subject=Account(id=account.subject.id),
        source=event.source,
        country=account.country,
        since_us=known.since_us,
    )
    return (word,)


def _first_seen_us(ledger: Ledger, country: str, platform: str) -> int:
    listed = ledger.get(coverage_sources_key(country, platform))
    sources = listed.sources if isinstance(listed, CoverageSources) else ()
    spans = [ledger.get(source_spans_key(country, platform, source, seen=True)) for source in sources]
    return min((each.first_us for each in spans if isinstance(each, SourceSpans)), default=ALWAYS_US)


def _pending(ledger: Ledger) -> dict[str, dict[str, int]]:
    known = ledger.get(pending_seen_since_key())
    return known.from_us if isinstance(known, PendingSeenSince) else {}
