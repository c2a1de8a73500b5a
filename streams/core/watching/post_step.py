"""Posts in the ledger: an official's post becomes an entry, and what it passes on or quotes is learnt.

Of reports that contradict each other the one that says most stands, then the earliest, whichever comes first.
Deletions are `deletion_step`'s.
"""

import re
from typing import Final

import msgspec

from streams.core.country_event import CountryEvent, PostKind
from streams.core.officials import Official
from streams.core.subject_event import Coordinates, SubjectEvent
from streams.core.texts.fingerprints import fingerprints
from streams.core.watching.amplified_accounts import amplified_account_of, keep_amplification, keep_sketch
from streams.core.watching.authors import (
    Author,
    attributed,
    attribution_of,
    author_of,
    keep_unattributed,
    quote_of,
    take_unattributed,
)
from streams.core.watching.change_set import ChangeSet
from streams.core.watching.deletion_step import with_deletion, with_observation, withdrawals, withdrawals_again
from streams.core.watching.keys import entry_key, notices_key
from streams.core.watching.ledger import Ledger
from streams.core.watching.records import AmplifiedAccount, Entry, OfficialNotices
from streams.core.watching.references import reference_keys
from streams.core.watching.removal_reasons import concerned_by_post
from streams.core.watching.seen_since import seen_since_of_account
from streams.core.watching.text_matches import has_subject_text, keep_text, known_text, match_entry
from streams.core.watching.version_step import apply_versions
from streams.core.watching.watch_outcome import Stepped, WatchOutcome
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["apply_post", "apply_subject_post", "is_report_of"]

_NOWHERE: Final = Coordinates("", 0, 0)
_MOST_NAMES: Final = 8
_PASSED_ON: Final = re.compile(r"RT @[^\s:]{1,256}:")
_STRENGTHS: Final[dict[PostKind, int]] = {"retweet": 3, "quote": 2, "reply": 1, "post": 0}


def apply_post(
    ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet, policy: WatchPolicy
) -> Stepped:
    """An official wrote a post or passed one on."""
    if not event.versions and not event.original_versions:  # nearly always
        return _apply_post(ledger, event, official, changes, policy)
    tied = apply_versions(ledger, event, official, changes, policy)
    stepped = _apply_post(ledger, event, official, changes, policy)
    return msgspec.structs.replace(
        stepped,
        events=(*(said for each in tied for said in each.events), *stepped.events),
        concerned=(*(entry for each in tied for entry in each.concerned), *stepped.concerned),
        tied=stepped.tied or next((each.tied for each in tied if each.tied is not None), None),
    )


def _apply_post(
    ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet, policy: WatchPolicy
) -> Stepped:
    events = _update_amplified(ledger, event, official, changes, policy)
    attribution = attribution_of(event)
    if attribution is not None:
        events += _attribute_quotes(ledger, event, *attribution, changes, policy)
    events += _attribute_quotes(ledger, event, event.event_id, Author(official.id, is_official=True), changes, policy)
    known = ledger.get(entry_key(event.platform, event.event_id))
    before = known if isinstance(known, Entry) else None
    if (
        before is not None
        and (before.digest, before.observed_us) == (event.roster_digest, event.observed_us)
        and is_report_of(before, event, official, policy)
    ):
        return Stepped(WatchOutcome.DUPLICATE, tuple(events))
    new = _entry_of(event, official, before, policy)
    author = None
    if event.author_unknown and event.post_id is not None:
        author = author_of(ledger, event.country, event.platform, event.post_id)
        new = new if author is None else attributed(new, author)
    contradicts = before is not None and _is_named_anew(before, new)
    if before is not None and _rank(before) <= _rank(new):
        seen = _with_names(with_observation(before, event.observed_us), new)
        if seen is before:
            return Stepped(WatchOutcome.DUPLICATE, tuple(events))
        if seen.observed_us != before.observed_us:  # a deletion that came too late for it may do no longer
            seen, _ = with_deletion(ledger, seen, None, changes, policy)
        ledger.put(seen)
        if seen.noticed is not None and seen.observed_us != before.observed_us:
            events += withdrawals_again(ledger, (seen, before), changes)
        return Stepped(WatchOutcome.DUPLICATE, tuple(events), contradicts=contradicts)
    if before is not None:
        new = _with_names(with_observation(new, before.observed_us), before)
    new, is_tied = with_deletion(ledger, new, before, changes, policy)
    ledger.put(new)
    for entry in (new, before):
        if entry is not None:
            changes.entry(entry)
    if new.fingerprints or (before is not None and before.fingerprints):
        events += match_entry(ledger, new, before, policy)
    if before is None or (before.noticed, before.observed_us, before.subject) != (
        new.noticed,
        new.observed_us,
        new.subject,
    ):
        events += withdrawals(ledger, new)
    if isinstance(ledger.get(notices_key(new.country, new.platform, new.official)), OfficialNotices):
        concerned = concerned_by_post(ledger, new.platform, new.country, new.official, new.at_us)
        events += withdrawals_again(ledger, concerned, changes)
    tied = new.country if is_tied else None
    if event.author_unknown and author is None:
        keep_unattributed(ledger, new, policy)
        return Stepped(WatchOutcome.UNKNOWN_AUTHOR, tuple(events), tied=tied, contradicts=contradicts)
    if event.author_unknown:
        events += _say_quote(ledger, new, changes, policy)
    return Stepped(WatchOutcome.APPLIED, tuple(events), tied=tied, contradicts=contradicts)


def is_report_of(entry: Entry, event: CountryEvent, official: Official, policy: WatchPolicy) -> bool:
    """Whether the entry is what this very report of the post says, but for the roster and what came of the post."""
    subject = event.subject
    return (
        (entry.source, entry.text, entry.at_us, entry.kind, entry.lang, entry.original)
        == (event.source, event.text, event.at_us, event.post_kind, event.lang, event.post_id)
        and (entry.official, entry.handle, entry.category) == (official.id, official.handle, official.category)
        and (entry.country, entry.subject_is_official) == (event.country, event.subject_is_official)
        and subject is not None
        and entry.subject == subject.id
        and entry.references == reference_keys(event, policy)
    )


def _is_named_anew(known: Entry, new: Entry) -> bool:
    """Whether a report names another account as passed on or quoted than all reports before."""
    return new.subject is not None and known.subject is not None and new.subject not in _named(known)


def _with_names(entry: Entry, other: Entry) -> Entry:
    """The entry with the accounts that another report of the post names in place of its own."""
    names = {*_named(entry), *_named(other)} - {entry.subject, None}
    named = tuple(sorted(name for name in names if name is not None)[:_MOST_NAMES])
    return entry if named == entry.named_otherwise else msgspec.structs.replace(entry, named_otherwise=named)


def _named(entry: Entry) -> tuple[str | None, ...]:
    return (entry.subject, *entry.named_otherwise)


def _attribute_quotes(
    ledger: Ledger, event: CountryEvent, post_id: str, author: Author, changes: ChangeSet, policy: WatchPolicy
) -> list[SubjectEvent]:
    """The event says whose a post is: quotes that waited to hear it get their subject."""
    events: list[SubjectEvent] = []
    for quote in take_unattributed(ledger, event.country, event.platform, post_id):
        new = attributed(quote, author)
        if new == quote:
            continue
        ledger.put(new)
        changes.entry(quote)
        changes.entry(new)
        events += [*_say_quote(ledger, new, changes, policy), *withdrawals(ledger, new)]
    return events


def _say_quote(ledger: Ledger, entry: Entry, changes: ChangeSet, policy: WatchPolicy) -> list[SubjectEvent]:
    """What an attributed quote says to its subject, whose amplified account knows of it from now on."""
    said = quote_of(entry)
    if said is None:
        return []
    to_subject, to_country = said
    events = [to_subject]
    if not entry.subject_is_official and to_country.subject is not None:
        known = amplified_account_of(ledger, entry.country, entry.platform, to_country.subject.id)
        events += _keep_amplified_account(
            ledger, to_country, known, keep_amplification(known, to_country, (), policy), changes
        )
    return events


def apply_subject_post(ledger: Ledger, event: CountryEvent, changes: ChangeSet, policy: WatchPolicy) -> Stepped:
    """A subject wrote a post of its own."""
    if event.subject is None:
        return Stepped(WatchOutcome.REFUSED)
    if len(event.text) < policy.shortest_text:
        return Stepped(WatchOutcome.TOO_SHORT)
    author = Author(event.subject.id, is_official=False)
    attributed_quotes = _attribute_quotes(ledger, event, event.event_id, author, changes, policy)
    known = amplified_account_of(ledger, event.country, event.platform, event.subject.id)
    changed, prints, events = _keep_text(ledger, event, changes, policy)
    amplified_account = keep_sketch(known, event, prints, policy)
    events += _keep_amplified_account(ledger, event, known, amplified_account, changes)
    outcome = WatchOutcome.APPLIED if changed or amplified_account != known else WatchOutcome.DUPLICATE
    return Stepped(outcome, (*attributed_quotes, *events))


def _entry_of(event: CountryEvent, official: Official, before: Entry | None, policy: WatchPolicy) -> Entry:
    subject = event.subject
    # A copy of a retweet that lost its original is no text of the official's own, whichever copy comes first.
    if event.post_kind == "retweet" or _PASSED_ON.match(event.text):
        prints: tuple[int, ...] = ()
    elif before is not None and before.kind != "retweet" and before.text == event.text:
        prints = before.fingerprints  # nearly every repeat
    else:
        prints = fingerprints(event.text)
    return Entry(
        platform=event.platform,
        post_id=event.event_id,
        country=event.country,
        official=official.id,
        handle=official.handle,
        category=official.category,
        kind=event.post_kind,
        at_us=event.at_us,
        text=event.text,
        lang=event.lang,
        subject=None if subject is None else subject.id,
        original=event.post_id,
        references=reference_keys(event, policy),
        fingerprints=prints,
        source=event.source,
        digest=event.roster_digest,
        subject_is_official=event.subject_is_official,
        observed_us=event.observed_us,
    )


def _rank(entry: Entry) -> tuple[int, bool, int, str, int, bytes]:
    """Of two reports of one post the smaller stands: the one that says more of what is passed on, quoted or answered,
    then the earlier, then the longer one, then a fixed choice.
    """
    said = msgspec.structs.replace(
        entry,
        deleted_us=None,
        deletion_source=None,
        source=_NOWHERE,
        noticed=None,
        observed_us=None,
        named_otherwise=(),
    )
    weakness = -_STRENGTHS[entry.kind]
    return weakness, entry.subject is None, entry.at_us, entry.official, -len(entry.text), msgspec.msgpack.encode(said)


def _update_amplified(
    ledger: Ledger, event: CountryEvent, official: Official, changes: ChangeSet, policy: WatchPolicy
) -> list[SubjectEvent]:
    """From every report, whichever stands: the amplified account of the account that is amplified, and the text passed
    on.
    """
    subject = event.subject
    amplifies = event.post_kind in ("retweet", "quote")
    if not amplifies or subject is None or event.subject_is_official or subject.id == official.id:
        return []
    known = amplified_account_of(ledger, event.country, event.platform, subject.id)
    prints: tuple[int, ...] = ()
    events: list[SubjectEvent] = []
    if has_subject_text(event, policy):
        _, prints, events = _keep_text(ledger, event, changes, policy)
    amplified_account = keep_amplification(known, event, prints, policy)
    events += _keep_amplified_account(ledger, event, known, amplified_account, changes)
    return events


def _keep_text(
    ledger: Ledger, event: CountryEvent, changes: ChangeSet, policy: WatchPolicy
) -> tuple[bool, tuple[int, ...], list[SubjectEvent]]:
    """Whether anything changed, the fingerprints of the event's text, and the match if there is a new one."""
    known = known_text(ledger, event)
    # Several officials pass on one post: nearly always with the same text.
    prints = known.fingerprints if known is not None and known.text == event.text else fingerprints(event.text)
    text, events = keep_text(ledger, event, known, prints, policy)
    if text is not None:
        changes.text(text)
    return text is not None, prints, events


def _keep_amplified_account(
    ledger: Ledger, event: CountryEvent, known: AmplifiedAccount | None, new: AmplifiedAccount, changes: ChangeSet
) -> tuple[SubjectEvent, ...]:
    """Keep what is known by now of an amplified account; what it is told of that is returned."""
    if new == known:
        return ()
    ledger.put(new)
    changes.amplified_account(known, new)
    return seen_since_of_account(ledger, event, known, new)
