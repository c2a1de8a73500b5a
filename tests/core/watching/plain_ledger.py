"""The ledger as a dictionary: `core.watching.ledger.Ledger` by brute force, every answer a scan of all that was put.

The oracle of stores on disk and the ledger of WATCH's own tests. Keeps bytes, so that nothing is shared or lost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from streams.core.watching.ledger import Record, decode_record, encode_record, record_key
from streams.core.watching.records import AmplifiedAccount, Entry, StandingRecord, SubjectText, UnmatchedDeletion
from streams.core.watching.standing_marks import standing_marks

__all__ = ["PlainLedger"]

_Kind = TypeVar("_Kind", bound=Record)


class PlainLedger:
    """Records by key, as bytes. `records` is what a changelog would hold."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> Record | None:
        payload = self.records.get(key)
        return None if payload is None else decode_record(payload)

    def read_ahead(self, keys: Iterable[bytes]) -> None:
        pass

    def put(self, record: Record) -> None:
        self.records[record_key(record)] = encode_record(record)

    def discard(self, key: bytes) -> None:
        self.records.pop(key, None)

    def references(self, country: str, keys: Sequence[str], from_us: int, to_us: int) -> list[Entry]:
        wanted = set(keys)
        found = [
            entry
            for entry in self._all(Entry, b"e/")
            if entry.country == country and from_us <= entry.at_us < to_us and wanted.intersection(entry.references)
        ]
        return sorted(found, key=lambda entry: (entry.at_us, entry.post_id, entry.platform))

    def deletions(self, country: str, from_us: int, to_us: int) -> list[Entry]:
        found = [
            (entry.deleted_us, entry.post_id, entry.platform, entry)
            for entry in self._all(Entry, b"e/")
            if entry.country == country and entry.deleted_us is not None and from_us <= entry.deleted_us < to_us
        ]
        return [entry for *_, entry in sorted(found, key=lambda item: item[:3])]

    def retweets_gone(self, platform: str, original: str) -> list[Entry]:
        found = [
            (entry.deleted_us, entry.post_id, entry)
            for entry in self._all(Entry, b"e/")
            if entry.deleted_us is not None
            and (entry.kind, entry.platform, entry.original) == ("retweet", platform, original)
        ]
        return [entry for *_, entry in sorted(found, key=lambda item: item[:2])]

    def unmatched_deletions(self, country: str, from_us: int, to_us: int) -> int:
        return sum(
            unmatched_deletion.country == country and from_us <= unmatched_deletion.at_us < to_us
            for unmatched_deletion in self._all(UnmatchedDeletion, b"o/")
        )

    def posts_of(self, country: str, officials: Sequence[str], from_us: int, to_us: int) -> dict[str, int]:
        return dict(
            Counter(
                entry.official
                for entry in self._all(Entry, b"e/")
                if entry.country == country and entry.official in officials and from_us <= entry.at_us < to_us
            )
        )

    def entries_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        return _sharing((entry for entry in self._all(Entry, b"e/") if entry.country == country), fingerprints)

    def texts_sharing(self, country: str, fingerprints: Sequence[int]) -> dict[str, int]:
        return _sharing((text for text in self._all(SubjectText, b"t/") if text.country == country), fingerprints)

    def texts_of(self, country: str, platform: str, subject: str, limit: int) -> list[SubjectText]:
        wanted = (country, platform, subject)
        found = [
            text for text in self._all(SubjectText, b"t/") if (text.country, text.platform, text.subject) == wanted
        ]
        found.sort(key=lambda text: (text.at_us, text.post_id))
        return found[max(0, len(found) - limit) :]

    def standings(self, country: str, marks: Sequence[str], from_us: int, to_us: int) -> list[StandingRecord]:
        return [
            standing_record
            for standing_record in self._all(StandingRecord, b"s/")
            if standing_record.country == country
            and any(mark in marks and from_us <= at_us < to_us for mark, at_us in standing_marks(standing_record))
        ]

    def opened(self, country: str, after: tuple[int, str], to_us: int, limit: int) -> list[tuple[int, StandingRecord]]:
        found = {
            (at_us, f"{standing_record.platform}:{standing_record.subject.id}"): standing_record
            for standing_record in self._all(StandingRecord, b"s/")
            for at_us in {period.opened_us for period in standing_record.standing.periods}
            if standing_record.country == country and at_us < to_us
        }
        return [(at[0], found[at]) for at in sorted(found) if at > after][:limit]

    def amplified_accounts(self, country: str, from_us: int, to_us: int) -> Iterator[AmplifiedAccount]:
        found = [
            amplified_account
            for amplified_account in self._all(AmplifiedAccount, b"u/")
            if amplified_account.country == country
            and amplified_account.officials
            and from_us <= amplified_account.first_us < to_us
        ]
        return iter(
            sorted(found, key=lambda amplified_account: (amplified_account.first_us, record_key(amplified_account)))
        )

    def posts_by(self, country: str, official: str) -> list[Entry]:
        return [each for each in self._all(Entry, b"e/") if (each.country, each.official) == (country, official)]

    def beginning_with(self, prefix: bytes) -> list[Record]:
        return [decode_record(self.records[key]) for key in sorted(self.records) if key.startswith(prefix)]

    def _all(self, kind: type[_Kind], first: bytes) -> Iterator[_Kind]:
        # The first bytes of the keys are a short cut; the records themselves say what they are.
        mine = (payload for key, payload in self.records.items() if key.startswith(first))
        return (record for record in map(decode_record, mine) if isinstance(record, kind))


def _sharing(records: Iterator[Entry] | Iterator[SubjectText], fingerprints: Sequence[int]) -> dict[str, int]:
    wanted = set(fingerprints)
    shared = {f"{each.platform}:{each.post_id}": len(wanted.intersection(each.fingerprints)) for each in records}
    return {key: count for key, count in shared.items() if count}
