"""A ledger in memory, for a run that is over when it ends: as `SqliteLedger` answers, several times as fast.

Keeps the records themselves, about 2 KB for an official's post; no changelog, no transactions, nothing is forgotten.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, TypeAlias, TypeVar

from streams.core.clock import DAY_US
from streams.core.watching.keys import ENTRY_PREFIX, text_prefix
from streams.core.watching.ledger import Record, record_key
from streams.core.watching.records import AmplifiedAccount, Entry, StandingRecord, SubjectText, UnmatchedDeletion
from streams.core.watching.references import POST_PREFIX
from streams.core.watching.standing_marks import OPENED, standing_marks

__all__ = ["MemoryLedger"]

_Listed = TypeVar("_Listed", bound=Record)
_DAYS_ASKED: Final = 400  # one by one; over the decades before a run's first event all are looked through
_ALWAYS: Final = "always"
_by_time: Final = attrgetter("at_us", "post_id", "platform")
_by_deletion: Final = attrgetter("deleted_us", "post_id")

_Holders: TypeAlias = dict[int, bytes | list[bytes]]
"""By fingerprint the key of the only record that has it, as is nearly always so, or the keys of several."""


class MemoryLedger:
    """`Ledger` over dicts. What it is given must not be changed afterwards."""

    def __init__(self) -> None:
        self._records: dict[bytes, Record] = {}
        # What is asked for together, by what it is asked by; in each the records by their keys.
        self._lists: defaultdict[Hashable, dict[bytes, Record]] = defaultdict(dict)
        # What the lists do not know yet: by type and key what they have in place of the record, if anything. Most runs
        # never ask for a list of entries, or ask once: at their end, for an account that was suspended.
        self._unlisted: defaultdict[type[object], dict[bytes, Record | None]] = defaultdict(dict)
        self._holders: defaultdict[tuple[type[object], str], _Holders] = defaultdict(dict)

    def __len__(self) -> int:
        """How many records it holds."""
        return len(self._records)

    def get(self, key: bytes) -> Record | None:
        """See `Ledger`."""
        return self._records.get(key)

    def read_ahead(self, keys: Iterable[bytes]) -> None:
        """See `Ledger`. Nothing to do: all of it is at hand."""

    def put(self, record: Record) -> None:
        """See `Ledger`."""
        key = record_key(record)
        before = self._records.get(key)
        self._records[key] = record
        self._note(key, before, record)
        if isinstance(record, Entry | SubjectText):
            if isinstance(before, Entry | SubjectText):
                if (before.country, before.fingerprints) == (record.country, record.fingerprints):
                    return
                self._let_go(before, key)
            self._hold(record, key)

    def discard(self, key: bytes) -> None:
        """See `Ledger`."""
        record = self._records.pop(key, None)
        if record is not None:
            self._note(key, record, record)
            if isinstance(record, Entry | SubjectText):
                self._let_go(record, key)

    def references(self, country: str, keys: Sequence[str], from_us: int, to_us: int) -> list[Entry]:
        """See `Ledger`."""
        # Whose a post is, many runs ask; who refers to an account, only those in which one was suspended.
        of_posts = all(key.startswith(POST_PREFIX) for key in keys)
        self._list(_PassedOn if of_posts else Entry)
        names = [("passed on" if of_posts else "reference", country, key) for key in keys]
        found = {id(each): each for name in names for each in self._lists.get(name, {}).values()}
        entries = (each for each in found.values() if isinstance(each, Entry) and from_us <= each.at_us < to_us)
        return sorted(entries, key=_by_time)

    def deletions(self, country: str, from_us: int, to_us: int) -> list[Entry]:
        """See `Ledger`."""
        dated = [
            (entry.deleted_us, entry.post_id, entry.platform, entry)
            for entry in self._listed(Entry, ("deletion", country))
            if entry.deleted_us is not None and from_us <= entry.deleted_us < to_us
        ]
        return [entry for *_, entry in sorted(dated, key=lambda item: item[:3])]

    def retweets_gone(self, platform: str, original: str) -> list[Entry]:
        """See `Ledger`."""
        return sorted(self._listed(Entry, ("gone", platform, original)), key=_by_deletion)

    def unmatched_deletions(self, country: str, from_us: int, to_us: int) -> int:
        """See `Ledger`."""
        return sum(
            from_us <= unmatched_deletion.at_us < to_us
            for unmatched_deletion in self._listed(UnmatchedDeletion, ("unmatched_deletion", country))
        )

    def posts_of(self, country: str, officials: Sequence[str], from_us: int, to_us: int) -> dict[str, int]:
        """See `Ledger`."""
        counts = Counter(
            entry.official
            for official in set(officials)
            for entry in self._listed(Entry, ("posts", country, official))
            if from_us <= entry.at_us < to_us
        )
        return dict(counts)

    def entries_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """See `Ledger`."""
        return self._sharing(Entry, len(ENTRY_PREFIX), country, fingerprints)

    def texts_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        """See `Ledger`."""
        return self._sharing(SubjectText, len(text_prefix(country)), country, fingerprints)

    def texts_of(self, country: str, platform: str, subject: str, limit: int) -> list[SubjectText]:
        """See `Ledger`."""
        found = sorted(self._listed(SubjectText, ("texts", country, platform, subject)), key=_by_time)
        return found[max(0, len(found) - limit) :]

    def standings(self, country: str, marks: Sequence[str], from_us: int, to_us: int) -> list[StandingRecord]:
        """See `Ledger`."""
        self._list(StandingRecord)
        # Nearly always there are none: most of what officials refer to was never suspended.
        marked = [mark for mark in dict.fromkeys(marks) if self._lists.get(("marked", country, mark, _ALWAYS))]
        if not marked:
            return []
        found: dict[bytes, StandingRecord] = {}
        days = range(from_us // DAY_US, (to_us - 1) // DAY_US + 1)
        names = list(map(str, days)) if len(days) <= _DAYS_ASKED else [_ALWAYS]
        for mark in marked:
            for name in names:
                for standing_record in self._listed(StandingRecord, ("marked", country, mark, name)):
                    if any(
                        each == mark and from_us <= at_us < to_us for each, at_us in standing_marks(standing_record)
                    ):
                        found[record_key(standing_record)] = standing_record
        return list(found.values())

    def opened(self, country: str, after: tuple[int, str], to_us: int, limit: int) -> list[tuple[int, StandingRecord]]:
        """See `Ledger`."""
        found = [
            (at_us, f"{standing_record.platform}:{standing_record.subject.id}", standing_record)
            for standing_record in self.standings(country, (OPENED,), after[0], to_us)
            for mark, at_us in standing_marks(standing_record)
            if mark == OPENED and at_us < to_us
        ]
        later = sorted((each for each in found if each[:2] > after), key=lambda each: each[:2])
        return [(at_us, standing_record) for at_us, _, standing_record in later[:limit]]

    def amplified_accounts(self, country: str, from_us: int, to_us: int) -> Iterator[AmplifiedAccount]:
        """See `Ledger`. What is put while the list is read is not in it."""
        found = [
            each
            for each in self._listed(AmplifiedAccount, ("amplified_account", country))
            if from_us <= each.first_us < to_us
        ]
        return iter(
            sorted(found, key=lambda amplified_account: (amplified_account.first_us, record_key(amplified_account)))
        )

    def posts_by(self, country: str, official: str) -> list[Entry]:
        """See `Ledger`."""
        return self._listed(Entry, ("posts", country, official))

    def beginning_with(self, prefix: bytes) -> list[Record]:
        """See `Ledger`. Looks through all of them."""
        return [self._records[key] for key in sorted(self._records) if key.startswith(prefix)]

    def _listed(self, kind: type[_Listed], name: Hashable) -> list[_Listed]:
        self._list(kind)
        return [record for record in self._lists.get(name, {}).values() if isinstance(record, kind)]

    def _note(self, key: bytes, before: Record | None, record: Record) -> None:
        self._unlisted[type(record)].setdefault(key, before)
        if isinstance(record, Entry):
            self._unlisted[_PassedOn].setdefault(key, before)

    def _list(self, kind: type[object]) -> None:
        lists_of = _passed_on if kind is _PassedOn else _lists_of
        for key, listed in self._unlisted.pop(kind, {}).items():
            record = self._records.get(key)
            lists = [] if record is None else lists_of(record)
            if listed is not None:
                for old in set(lists_of(listed)).difference(lists):
                    del self._lists[old][key]
            for new in lists:
                self._lists[new][key] = self._records[key]

    def _sharing(
        self, kind: type[Entry] | type[SubjectText], prefix: int, country: str, fingerprints: Sequence[int]
    ) -> dict[str, int]:
        holders = self._holders[kind, country]
        if holders.keys().isdisjoint(fingerprints):  # nearly always
            return {}
        counts: Counter[bytes] = Counter()
        for fingerprint in holders.keys() & set(fingerprints):
            held = holders[fingerprint]
            counts.update((held,) if isinstance(held, bytes) else held)
        return {key[prefix:].decode(): count for key, count in counts.items()}

    def _hold(self, record: Entry | SubjectText, key: bytes) -> None:
        holders = self._holders[type(record), record.country]
        if holders.keys().isdisjoint(record.fingerprints):  # nearly always
            holders.update(dict.fromkeys(record.fingerprints, key))
            return
        for fingerprint in record.fingerprints:
            held = holders.setdefault(fingerprint, key)
            if held is key:
                continue
            if isinstance(held, list):
                held.append(key)
            else:
                holders[fingerprint] = [held, key]

    def _let_go(self, record: Entry | SubjectText, key: bytes) -> None:
        holders = self._holders[type(record), record.country]
        for fingerprint in record.fingerprints:
            held = holders[fingerprint]
            if isinstance(held, list):
                held.remove(key)
            if not held or held == key:
                del holders[fingerprint]


class _PassedOn:
    """Stands for the entries as far as they say what they pass on or quote."""


def _passed_on(record: Record) -> list[tuple[str, ...]]:
    if not isinstance(record, Entry):
        return []
    return [
        ("passed on", record.country, key) for key in dict.fromkeys(record.references) if key.startswith(POST_PREFIX)
    ]


def _lists_of(record: Record) -> list[tuple[str, ...]]:
    match record:
        case Entry():
            lists: list[tuple[str, ...]] = [
                ("reference", record.country, key) for key in dict.fromkeys(record.references)
            ]
            lists.append(("posts", record.country, record.official))
            if record.deleted_us is not None:
                lists.append(("deletion", record.country))
                if record.kind == "retweet" and record.original is not None:
                    lists.append(("gone", record.platform, record.original))
            return lists
        case UnmatchedDeletion():
            return [("unmatched_deletion", record.country)]
        case SubjectText():
            return [("texts", record.country, record.platform, record.subject)]
        case StandingRecord():
            marks = standing_marks(record)
            by_day = [("marked", record.country, mark, str(at_us // DAY_US)) for mark, at_us in marks]
            return [*by_day, *(("marked", record.country, mark, _ALWAYS) for mark in {mark for mark, _ in marks})]
        case AmplifiedAccount() if record.officials:
            return [("amplified_account", record.country)]
        case _:
            return []
