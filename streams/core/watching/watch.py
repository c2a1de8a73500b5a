"""A watch: the span of event time after one suspension of a subject in which a State's officials are looked at.

Owns when it opens, ends and closes. What happened in it is `aftermath_count`.
"""

from hashlib import sha256

from msgspec import Struct

from streams.core.clock import DAY_US
from streams.core.state_event import Amplifier, Spell
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import AftermathStatus, ClosedBecause
from streams.core.watching.ledger import Stood
from streams.core.watching.references import account_keys
from streams.core.watching.touched import Touched
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["Watch", "aftermath_id", "watch_of", "watches_of"]


class Watch(Struct, frozen=True, kw_only=True):
    """One watch. All times are µs; it lasts from `opened_us` up to, not including, `until_us`: its planned end
    `ends_us`, or the account's reinstatement. Its baseline is from `baseline_us` to `opened_us`.

    `amplifiers` are the officials that had amplified the subject by then; `keys` those by which posts refer to it.
    """

    state: str
    platform: str
    subject: Account
    number: int
    spell: Spell
    amplifiers: tuple[Amplifier, ...]
    digest: str
    baseline_us: int
    opened_us: int
    ends_us: int
    until_us: int
    keys: tuple[str, ...]
    amplifier_ids: frozenset[str]

    @property
    def reinstated(self) -> bool:
        """Whether the account came back before the watch had run its time."""
        return self.until_us < self.ends_us

    def status(self, heard_us: int) -> tuple[AftermathStatus, ClosedBecause | None]:
        """Whether it is open, and what closed it, when event time has come as far as `heard_us`."""
        if self.reinstated:
            return "closed", "reinstated"
        return ("closed", "elapsed") if heard_us >= self.ends_us else ("open", None)

    def touched_by(self, touched: Touched, heard_before_us: int, heard_us: int) -> bool:
        """Whether a batch may have changed what it found, by posts, deletions or the passing of event time."""
        if heard_before_us < self.ends_us <= heard_us or (self.platform, self.subject.id) in touched.texts:
            return True
        first_us, until_us, platform = self.baseline_us, self.until_us, self.platform
        if any(first_us <= at_us < until_us and where in (None, platform) for where, at_us in touched.deletions):
            return True
        if any(first_us <= at_us < until_us for key in self.keys for at_us in touched.referred(platform, key)):
            return True
        # How much each official posted is counted when the watch is over, and corrected by what comes late.
        closed = self.status(heard_us)[0] == "closed"
        return closed and any(self.opened_us <= at_us < until_us for at_us in touched.posted())


def watches_of(stood: Stood, policy: WatchPolicy) -> list[Watch]:
    """The watches of a subject, one for each suspension before which officials of the State had amplified it."""
    numbers = range(len(stood.standing.spells))
    return [watch for number in numbers if (watch := watch_of(stood, number, policy)).amplifiers]


def watch_of(stood: Stood, number: int, policy: WatchPolicy) -> Watch:
    """The watch for one suspension, whether or not anybody had amplified the subject by then."""
    spell = stood.standing.spells[number]
    opened_us = spell.opened_us
    ends_us = opened_us + policy.watch_days * DAY_US
    until_us = ends_us if spell.reinstated_us is None else min(ends_us, max(opened_us, spell.reinstated_us))
    amplifiers = tuple(each for each in stood.standing.amplifiers if each.first_us <= opened_us)
    return Watch(
        state=stood.state,
        platform=stood.platform,
        subject=stood.subject,
        number=number,
        spell=spell,
        amplifiers=amplifiers,
        amplifier_ids=frozenset(amplifier.id for amplifier in amplifiers),
        digest=stood.digest,
        baseline_us=opened_us - policy.baseline_days * DAY_US,
        opened_us=opened_us,
        ends_us=ends_us,
        until_us=until_us,
        keys=account_keys(stood.subject),
    )


def aftermath_id(state: str, platform: str, subject: str, number: int) -> str:
    """32 hex digits that name the aftermath of a subject's n-th suspension for a State, wherever it is computed."""
    return sha256(f"aftermath\n{state}\n{subject_key(platform, subject)}\n{number}".encode()).hexdigest()[:32]
