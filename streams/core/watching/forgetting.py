"""What a State's watches leave behind when they are over for good, and when it is forgotten: by event time, in order.

Nothing that comes in time can change a watch any more `remembered_days` after it opened. From then on it is final: no
event is judged by it. What the ledger has of it goes a few records a batch. Owns the order in which that happens; what
has been here for long enough, by the clock, is the store's word.
"""

from typing import Final, Protocol

import msgspec

from streams.core.clock import DAY_US
from streams.core.watching.keys import forgotten_key, published_hashes_key, standing_key
from streams.core.watching.ledger import Ledger, record_key
from streams.core.watching.official_accounts import official_account_only
from streams.core.watching.records import AmplifiedAccount, Forgotten, PublishedHashes, StandingRecord
from streams.core.watching.watch_counts import WatchCounts
from streams.core.watching.watch_policy import WatchPolicy

__all__ = ["ForgetfulLedger", "forget_watches", "forgotten_before"]

_BEFORE_ALL: Final = (-(2**62), "")
_KEPT_US: Final = 30 * DAY_US  # what a suspended account's texts were is looked at again after so long


class ForgetfulLedger(Ledger, Protocol):
    """A ledger that says what is old. `past_grace`: the number up to which its records are older than the grace."""

    def first_within_grace(self, country: str, before_us: int, past_grace: int) -> int | None:
        """When the first suspension before `before_us` opened of which the record is not past the grace."""

    def oldest_standings(self, country: str, before_us: int, past_grace: int, limit: int) -> list[StandingRecord]:
        """Up to `limit` standings past the grace with `last_us < before_us`, oldest first."""

    def unseen(self, country: str, before_us: int, past_grace: int, limit: int) -> list[AmplifiedAccount]:
        """Up to `limit` amplified accounts past the grace, seen or kept on no day from that of `before_us` on."""

    def counts_of(self, country: str, platform: str, subject: str) -> list[WatchCounts]:
        """What the watches of a subject counted."""


def forgotten_before(ledger: Ledger, country: str) -> int:
    """The watches of a State that opened before this time (µs) are forgotten; 0 where none are."""
    known = ledger.get(forgotten_key(country))
    return known.before_us if isinstance(known, Forgotten) else 0


def forget_watches(
    ledger: ForgetfulLedger, country: str, watermark_us: int, past_grace: int, limit: int, policy: WatchPolicy
) -> int:
    """Forget up to `limit` of the State's oldest standings, with what they led to, and as many amplified accounts, when
    event time has come as far as `watermark_us`. Returns how many records that were.
    """
    before_us = (watermark_us // DAY_US - policy.remembered_days) * DAY_US
    within_grace_us = ledger.first_within_grace(country, before_us, past_grace)
    if within_grace_us is not None:  # an old file is being read: its watches are judged whole
        before_us = within_grace_us
    final_us = forgotten_before(ledger, country)
    over = ledger.oldest_standings(country, before_us, past_grace, limit)
    going_on = ledger.opened(country, _BEFORE_ALL, before_us, limit)
    if before_us > final_us and (over or going_on):
        ledger.put(Forgotten(country, before_us))
        final_us = before_us
    gone = sum(_forget_standing(ledger, standing_record) for standing_record in over)
    for _, standing_record in going_on:
        if isinstance(ledger.get(record_key(standing_record)), StandingRecord):
            ledger.put(msgspec.structs.replace(standing_record, final_us=final_us))
            gone += _forget_counts(ledger, standing_record, final_us)
    for amplified_account in ledger.unseen(country, before_us, past_grace, limit):
        if isinstance(
            ledger.get(standing_key(country, amplified_account.platform, amplified_account.subject.id)), StandingRecord
        ):
            ledger.put(msgspec.structs.replace(amplified_account, kept_us=before_us + _KEPT_US))
        else:
            ledger.discard(record_key(amplified_account))
            gone += 1
    return gone


def _forget_standing(ledger: ForgetfulLedger, standing_record: StandingRecord) -> int:
    """Discard a standing with all that was counted and told of the subject."""
    ledger.discard(record_key(standing_record))
    gone = 1 + _forget_counts(ledger, standing_record, None)
    published = ledger.get(
        published_hashes_key(standing_record.country, standing_record.platform, standing_record.subject.id)
    )
    if isinstance(published, PublishedHashes):
        left = official_account_only(published)
        if left is None:
            ledger.discard(record_key(published))
            gone += 1
        else:
            ledger.put(left)
    return gone


def _forget_counts(ledger: ForgetfulLedger, standing_record: StandingRecord, before_us: int | None) -> int:
    """Discard what the subject's watches counted, or those that opened before a time."""
    counts = ledger.counts_of(standing_record.country, standing_record.platform, standing_record.subject.id)
    old = [counted for counted in counts if before_us is None or counted.opened_us < before_us]
    for counted in old:
        ledger.discard(record_key(counted))
    return len(old)
