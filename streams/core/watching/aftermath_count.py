"""What a watch finds in the ledger: references, deletions, posts and what was deleted, counted by official.

A pure function of the watch and the ledger's contents. Outlives them: see `retained_counts`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streams.core.bounds import bounded_text
from streams.core.clock import DAY_US, from_us
from streams.core.gone import RemovalReason
from streams.core.officials import Category
from streams.core.subject_event import Coordinates
from streams.core.texts.text import shared_words, words
from streams.core.watching.aftermath_records import AftermathDeletion, AftermathReference
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.records import Entry, SubjectText
from streams.core.watching.removal_reasons import removal_reason_of
from streams.core.watching.watch import WatchPeriod
from streams.core.watching.watch_counts import DeletionMark, WatchCounts
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["SharedDeletions", "count_watch", "no_counts", "retained_counts"]

_NOWHERE = Coordinates("", 0, 0)


class SharedDeletions:
    """The deletions of a State, read once for all watches of a batch. `spans` are those it will be asked for.

    One deletion concerns every open watch of its State: each would read all deletions of its months anew.
    """

    def __init__(self, ledger: Ledger, country: str, spans: Iterable[tuple[int, int]]) -> None:
        self._ledger = ledger
        self._country = country
        self._spans: list[tuple[int, int]] = []
        for first_us, last_us in sorted(spans):
            if self._spans and first_us <= self._spans[-1][1]:
                before_us, end_us = self._spans.pop()
                self._spans.append((before_us, max(end_us, last_us)))
            else:
                self._spans.append((first_us, last_us))
        self._read: tuple[int, int] = (0, 0)
        self._by_platform: dict[str, _Gone] = {}

    def of(self, platform: str, from_us: int, to_us: int) -> "_Gone":
        """What is gone of a platform, at least all of `[from_us, to_us)`."""
        first_us, last_us = self._read
        if not first_us <= from_us <= to_us <= last_us:
            self._read = first_us, last_us = next(
                ((first, last) for first, last in self._spans if first <= from_us <= to_us <= last), (from_us, to_us)
            )
            self._by_platform = {}
            for entry in self._ledger.deletions(self._country, first_us, last_us):
                self._by_platform.setdefault(entry.platform, _Gone()).add(entry, removal_reason_of(self._ledger, entry))
        return self._by_platform.get(platform) or _Gone()


class _Gone:
    """Posts that are gone, by time: those that were taken back, and for the others why they are gone."""

    def __init__(self) -> None:
        self._taken_back: list[Entry] = []
        self._others: list[tuple[Entry, RemovalReason]] = []

    def add(self, entry: Entry, reason: RemovalReason | None) -> None:
        """One more; in the order of time."""
        if reason is RemovalReason.TAKEN_BACK:
            self._taken_back.append(entry)
        elif reason is not None:
            self._others.append((entry, reason))

    def taken_back(self, from_us: int, to_us: int) -> list[Entry]:
        """Those with `from_us <= deleted_us < to_us`."""
        entries = self._taken_back
        begin, end = (bisect_left(entries, at_us, key=_deleted_us) for at_us in (from_us, to_us))
        return entries[begin:end]

    def others(self, from_us: int, to_us: int) -> list[tuple[Entry, RemovalReason]]:
        """As `taken_back`, of those that nobody took back."""
        begin, end = (
            bisect_left(self._others, at_us, key=lambda other: _deleted_us(other[0])) for at_us in (from_us, to_us)
        )
        return self._others[begin:end]


def _deleted_us(entry: Entry) -> int:
    return entry.deleted_us or 0


def count_watch(
    ledger: Ledger, watch: WatchPeriod, policy: WatchPolicy, *, closed: bool, shared: SharedDeletions | None = None
) -> WatchCounts:
    """Count what the ledger has of a watch; how much each official posted, and what it rests on, only where the watch
    is closed. `shared` are the State's deletions where several watches are counted.
    """
    shared = shared or SharedDeletions(ledger, watch.country, ())
    referring = [
        entry
        for entry in ledger.references(watch.country, watch.keys, watch.baseline_us, watch.until_us)
        if entry.platform == watch.platform and entry.official != watch.subject.id
    ]
    gone = shared.of(watch.platform, watch.baseline_us, watch.until_us)
    before = gone.taken_back(watch.baseline_us, watch.opened_us)
    deletions = gone.taken_back(watch.opened_us, watch.until_us)
    reasons = Counter(reason for _, reason in gone.others(watch.opened_us, watch.until_us))
    references = [entry for entry in referring if entry.at_us >= watch.opened_us]
    texts = _texts(ledger, watch, policy) if deletions else []
    referred, deleted = _by_official(references), _by_official(deletions)
    officials = _named(watch, referred, deleted, policy)
    named = frozenset(officials)
    counted = msgspec.structs.replace(
        no_counts(watch),
        seen=_seen(entry for entry in (*references, *deletions) if entry.official in named),
        references={official: referred[official] for official in officials if official in referred},
        references_before=len(referring) - len(references),
        reference_times=tuple(entry.at_us for entry in references[: policy.judged_times]),
        listed_references=tuple(_listed_reference(entry, policy) for entry in references[: policy.listed]),
        deletions={official: deleted[official] for official in officials if official in deleted},
        deletions_before=len(before),
        deletions_by_language=_by_language(deletions, policy),
        deletions_unknown=ledger.unmatched_deletions(watch.country, watch.opened_us, watch.until_us),
        deletion_marks=tuple(
            DeletionMark(entry.deleted_us or 0, entry.post_id, entry.official, entry.deletion_source or _NOWHERE)
            for entry in deletions[: policy.judged_times]
        ),
        listed_deletions=_listed_deletions(watch, deletions, texts, policy),
        posts=dict(sorted(ledger.posts_of(watch.country, officials, watch.opened_us, watch.until_us).items()))
        if closed
        else {},
        references_uncertain=sum(watch.not_before_us < entry.at_us < watch.opened_us for entry in referring),
        deletions_uncertain=sum(watch.not_before_us < _deleted_us(entry) for entry in before),
        gone={reason: reasons[reason] for reason in RemovalReason if reasons[reason]},
        other_references=sum(count for official, count in referred.items() if official not in named),
        other_deletions=sum(count for official, count in deleted.items() if official not in named),
    )
    if not closed:
        return counted
    others = [entry for entry, _ in gone.others(watch.baseline_us, watch.until_us)]
    oldest = (
        *_oldest((*referring, *before, *deletions, *others), texts),
        record_key(_first_forgotten(counted)).decode(),
    )
    return msgspec.structs.replace(counted, oldest=oldest)


def no_counts(watch: WatchPeriod) -> WatchCounts:
    """What a watch found that turned out not to be one."""
    return WatchCounts(
        platform=watch.platform,
        country=watch.country,
        subject=watch.subject.id,
        interval=watch.interval,
        baseline_us=watch.baseline_us,
        opened_us=watch.opened_us,
        until_us=watch.until_us,
        keys=watch.keys,
    )


def retained_counts(ledger: Ledger, fresh: WatchCounts, kept: WatchCounts | None) -> WatchCounts:
    """What a closed watch found, kept in the ledger: as counted now, or before, where the ledger has forgotten part of
    it since and finds less.
    """
    if kept is None or _span(kept) != _span(fresh):
        ledger.put(_first_forgotten(fresh))
    elif _weight(fresh) < _weight(kept) and any(ledger.get(key.encode()) is None for key in kept.oldest):
        return kept
    if fresh != kept:
        ledger.put(fresh)
    return fresh


def _span(counted: WatchCounts) -> tuple[int, int, int, tuple[str, ...]]:
    return counted.baseline_us, counted.opened_us, counted.until_us, counted.keys


def _weight(counted: WatchCounts) -> tuple[int, int]:
    found = counted.references_before + counted.deletions_before + counted.deletions_unknown
    found += sum(counted.gone.values()) + counted.all_references + counted.all_deletions + sum(counted.posts.values())
    shared = sum(listed.shared_fingerprints + len(listed.shared_words) for listed in counted.listed_deletions)
    return found, shared


def _first_forgotten(counted: WatchCounts) -> SubjectText:
    """A text of nobody, older than everything else: the ledger forgets it first, some days after the watch closed."""
    name = f"{counted.platform}:{counted.subject}/{counted.interval}"
    return SubjectText("", name, counted.country, "", 0, "", ())


def _oldest(entries: Iterable[Entry], texts: Iterable[SubjectText]) -> tuple[str, ...]:
    first = min(entries, key=lambda entry: (entry.at_us, entry.post_id), default=None)
    text = min(texts, key=lambda text: (max(text.at_us, text.last_us), text.post_id), default=None)
    return tuple(record_key(record).decode() for record in (first, text) if record is not None)


def _by_official(entries: Iterable[Entry]) -> Counter[str]:
    return Counter(entry.official for entry in entries)


def _named(watch: WatchPeriod, referred: Counter[str], deleted: Counter[str], policy: WatchPolicy) -> list[str]:
    """The officials of which is kept how much each said and deleted, by id: those that had amplified the subject, then
    those that deleted most."""
    officials = {*watch.amplifier_ids, *referred, *deleted}
    if len(officials) > policy.counted_officials:
        ranked = sorted(
            (official not in watch.amplifier_ids, -deleted[official], -referred[official], official)
            for official in officials
        )
        officials = {official for *_, official in ranked[: policy.counted_officials]}
    return sorted(officials)


def _by_language(deletions: Sequence[Entry], policy: WatchPolicy) -> dict[str, int]:
    counts = Counter(entry.lang or "und" for entry in deletions)
    return dict(sorted(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: policy.listed]))


def _seen(entries: Iterable[Entry]) -> dict[str, tuple[str | None, Category]]:
    """Each official of the entries as its newest one names it."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry.official)
        if known is None or (entry.at_us, entry.post_id) > (known.at_us, known.post_id):
            newest[entry.official] = entry
    return {official: (entry.handle, entry.category) for official, entry in sorted(newest.items())}


def _listed_reference(entry: Entry, policy: WatchPolicy) -> AftermathReference:
    is_withheld = entry.noticed is not None and entry.platform in policy.withheld
    return AftermathReference(
        official=entry.official,
        handle=entry.handle,
        post_id=entry.post_id,
        kind=entry.kind,
        at=from_us(entry.at_us),
        text="" if is_withheld else entry.text[: policy.listed_text],
        lang=entry.lang,
        text_withheld=is_withheld,
    )


def _texts(ledger: Ledger, watch: WatchPeriod, policy: WatchPolicy) -> list[SubjectText]:
    """What the subject posted from the ledger's days before the suspension on."""
    since_us = watch.opened_us - policy.ledger_days * DAY_US
    texts = ledger.texts_of(watch.country, watch.platform, watch.subject.id, policy.texts)
    return [text for text in texts if since_us <= text.at_us < watch.until_us]


def _listed_deletions(
    watch: WatchPeriod, deletions: Sequence[Entry], texts: Sequence[SubjectText], policy: WatchPolicy
) -> tuple[AftermathDeletion, ...]:
    """Those that concern the subject, then those that share most with its texts, then the first; in order of time."""
    prints = frozenset(each for text in texts for each in text.fingerprints)
    vocabulary = frozenset[str]().union(*(words(text.text) for text in texts))
    keys = frozenset(watch.keys)
    is_withheld = watch.platform in policy.withheld
    ranked: list[tuple[bool, int, int, Entry]] = []
    others: list[tuple[bool, int, int, Entry]] = []  # most of them, in their order
    for place, entry in enumerate(deletions):
        concerns = entry.subject == watch.subject.id or not keys.isdisjoint(entry.references)
        shared = len(prints.intersection(entry.fingerprints)) if prints else 0
        if concerns or shared:
            ranked.append((not concerns, -shared, place, entry))
        elif len(others) < policy.listed:
            others.append((True, 0, place, entry))
    ranked.sort(key=lambda item: item[:3])
    ranked = [*ranked, *others][: policy.listed]
    return tuple(
        AftermathDeletion(
            official=entry.official,
            handle=entry.handle,
            post_id=entry.post_id,
            kind=entry.kind,
            posted_at=from_us(entry.at_us),
            deleted_at=from_us(entry.deleted_us or 0),
            lang=entry.lang,
            text="" if is_withheld else entry.text[: policy.listed_text],
            concerns_subject=not unconcerned,
            shared_fingerprints=-shared,
            shared_words=()
            if is_withheld
            else tuple(
                bounded_text(word, policy.listed_word)
                for word in shared_words(entry.text, vocabulary)[: policy.listed_words]
            ),
            text_withheld=is_withheld,
        )
        for unconcerned, shared, _, entry in sorted(ranked, key=lambda item: item[2])
    )
