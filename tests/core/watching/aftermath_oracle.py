"""Aftermaths said again, naively: every figure of a watch recounted over the list of all that happened.

Written from the issue and the public docstrings of the records, over the facts of `watch_oracle`.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from msgspec import Struct

from streams.core.accounts import creation
from streams.core.clock import DAY_US, from_us
from streams.core.country_event import Amplifier, CountryEvent, SuspensionPeriod
from streams.core.rulebook.rules import SEVERITIES, Condition, Rule
from streams.core.texts.closeness import CLOSE_HANDLES, CLOSE_NAMES, handle_closeness, name_closeness
from streams.core.texts.fingerprints import fingerprints
from streams.core.texts.text import words
from streams.events import Account, AccountSource
from tests.core.watching.coverage_oracle import CoverageOracle
from tests.core.watching.watch_oracle import Fact, WatchOracle, is_passed_on

__all__ = ["Expected", "Successor", "expected_aftermaths"]

_LEDGER: Final = 90 * DAY_US
_WATCH: Final = 14 * DAY_US
_BASELINE: Final = 30 * DAY_US
_SUCCESSION: Final = 400 * DAY_US
_YOUNG: Final = 90 * DAY_US
_MOST_UNSEEN: Final = 0.05

Value = float | int | bool | None


class Successor(Struct, kw_only=True, frozen=True):
    """What is to be said of one possible successor."""

    id: str
    handle: str | None
    officials: list[str]
    amplifications: int
    first_us: int
    noticed_us: int
    age_days: float
    days: float
    handle_closeness: float | None
    name_closeness: float | None
    shared: int
    of: int


class Expected(Struct, kw_only=True):
    """What is to be found in an aftermath, and in its alerts by rule."""

    figures: dict[str, object]
    alerts: dict[str, dict[str, object]]


def expected_aftermaths(world: WatchOracle, rules: Sequence[Rule]) -> dict[str, Expected]:
    """What is expected of each aftermath, by its id."""
    newest: dict[tuple[str, str, str], CountryEvent] = {}
    for event in world.events:
        if event.kind == "standing" and event.subject is not None and event.standing is not None:
            key = (event.country, event.platform, event.subject.id)
            known = newest.get(key)
            if known is None or known.standing is None or known.standing.version < event.standing.version:
                newest[key] = event
    found = {}
    for (country, platform, subject), event in newest.items():
        assert event.standing is not None
        opened_in = Counter[int]()
        for period in event.standing.periods:
            fortnight = period.opened_us // _WATCH * _WATCH
            interval = f"{fortnight}/{opened_in[fortnight]}"
            opened_in[fortnight] += 1
            amplifiers = [each for each in event.standing.amplifiers if each.first_us <= period.opened_us]
            if amplifiers:
                name = sha256(f"aftermath\n{country}\n{platform}:{subject}\n{interval}".encode()).hexdigest()[:32]
                found[name] = _Looking(world, rules, event, period, amplifiers).expected()
    return found


class _Looking:
    """One suspension looked at: everything counted over the list of posts."""

    def __init__(
        self,
        world: WatchOracle,
        rules: Sequence[Rule],
        event: CountryEvent,
        period: SuspensionPeriod,
        amplifiers: list[Amplifier],
    ) -> None:
        assert event.subject is not None
        self.world = world
        self.rules = [rule for rule in rules if rule.on == "aftermath"]
        self.event = event
        self.subject: Account = event.subject
        self.period = period
        self.amplifiers = amplifiers
        self.opened_us = period.opened_us
        self.ends_us = period.opened_us + _WATCH
        back_us = period.reinstated_us
        self.reinstated = back_us is not None and back_us < self.ends_us
        self.until_us = back_us if self.reinstated and back_us is not None else self.ends_us
        self.closed = self.reinstated or world.watermark_us() >= self.ends_us
        mine = [fact for fact in world.posts if fact.event.country == event.country]
        self.posts = [fact for fact in mine if self.opened_us <= fact.event.at_us < self.until_us]
        here = [fact for fact in mine if fact.event.platform == event.platform]
        self.referring = [fact for fact in here if fact.official.id != self.subject.id and self._refers(fact)]
        self.references = sorted(
            (fact for fact in self.referring if self.opened_us <= fact.event.at_us < self.until_us),
            key=lambda fact: (fact.event.at_us, fact.event.event_id),
        )
        self.gone = Counter(
            fact.removal_reason for fact in here if self.opened_us <= (fact.deleted_us or 0) < self.until_us
        )
        here = [fact for fact in here if fact.removal_reason == "taken_back"]
        self.deletions = sorted(
            (fact for fact in here if self.opened_us <= (fact.deleted_us or 0) < self.until_us),
            key=lambda fact: (fact.deleted_us or 0, fact.event.event_id),
        )
        before_us = self.opened_us - _BASELINE
        self.references_before = sum(before_us <= fact.event.at_us < self.opened_us for fact in self.referring)
        self.deletions_before = sum(before_us <= (fact.deleted_us or 0) < self.opened_us for fact in here)
        first_us = max(before_us - 1, -1 if period.not_before_us is None else period.not_before_us)
        self.references_uncertain = sum(first_us < fact.event.at_us < self.opened_us for fact in self.referring)
        self.deletions_uncertain = sum(first_us < (fact.deleted_us or 0) < self.opened_us for fact in here)
        self.coverage = CoverageOracle(
            world.events, event.country, event.platform, [each.id for each in amplifiers], closed=self.closed
        )
        self.silent = [
            each
            for each in amplifiers
            if all(fact.official.id != each.id for fact in self.references)
            and self.coverage.share(self.opened_us, self.until_us, [each.id], over=True) <= _MOST_UNSEEN
        ]
        self.successors = self._successors()

    def _refers(self, fact: Fact) -> bool:
        event, handle = fact.event, (self.subject.handle or "").lower()
        if self.subject.id in {account.id for account in event.about}:
            return True
        if event.subject is not None and event.subject.id == self.subject.id:
            return True
        if not handle:
            return False
        named = f"@{handle}" in fact.text.lower().replace(")", " ").split()
        paths = [link.lower().partition("twitter.com/")[2] for link in event.links]
        linked = event.platform == "twitter" and any(path.split("/")[0] == handle for path in paths)
        return named or linked

    def expected(self) -> Expected:
        """The record's figures, and the alerts."""
        deletions = len(self.deletions)
        expected_deletions = self.deletions_before * 14 / 30
        parts = {each.id: each for each in self.amplifiers}
        ids = {*parts, *(fact.official.id for fact in (*self.references, *self.deletions))}
        ranked = sorted(ids, key=lambda each: (-(parts[each].amplifications if each in parts else 0), each))
        world, event = self.world, self.event
        figures: dict[str, object] = {
            "country": event.country,
            "platform": event.platform,
            "subject": self.subject,
            "status": "closed" if self.closed else "open",
            "closed_because": None if not self.closed else "reinstated" if self.reinstated else "elapsed",
            "opened_at": from_us(self.opened_us),
            "suspension": (
                self.period.precision,
                None if self.period.not_before_us is None else from_us(self.period.not_before_us),
                from_us(self.opened_us),
                from_us(self.period.reinstated_us) if self.period.seen_again and self.period.reinstated_us else None,
            ),
            "ends_at": from_us(self.ends_us),
            "closed_at": from_us(self.until_us) if self.closed else None,
            "amplifying_officials": len(self.amplifiers),
            "silent_officials": len(self.silent),
            "references": len(self.references),
            "references_before": self.references_before,
            "references_uncertain": self.references_uncertain,
            "deletions_uncertain": self.deletions_uncertain,
            "deletions": deletions,
            "deletions_before": self.deletions_before,
            "expected_deletions": expected_deletions,
            "deletion_ratio": deletions / max(1.0, expected_deletions),
            "deletions_by_account": dict(Counter(fact.official.handle or fact.official.id for fact in self.deletions)),
            "deletions_by_language": dict(Counter(fact.event.lang or "und" for fact in self.deletions)),
            "deletions_unknown": sum(
                country == event.country and self.opened_us <= at_us < self.until_us for country, at_us in world.unknown
            ),
            "gone_with_original": self.gone["with_original"],
            "gone_with_official": self.gone["with_official"],
            "gone_unknown": self.gone["unknown"],
            "officials": [
                (
                    each,
                    parts[each].amplifications if each in parts else 0,
                    sum(fact.official.id == each for fact in self.references),
                    sum(fact.official.id == each for fact in self.deletions),
                    sum(fact.official.id == each for fact in self.posts) if self.closed else None,
                    each in parts and parts[each] in self.silent,
                )
                for each in ranked
            ],
            "listed_references": [(fact.event.event_id, fact.text) for fact in self.references],
            "listed_deletions": self._listed_deletions(),
            "possible_successors": self.successors,
            "roster_digest": event.roster_digest,
            "coverage": self._coverage(),
        }
        return Expected(figures=figures, alerts=self._alerts())

    def _hidden(self, at_us: int) -> tuple[bool, bool]:
        """Whether too much was unseen up to a moment: of what was posted, and of what was deleted."""
        over, coverage = at_us >= self.until_us, self.coverage
        end_us = min(at_us, self.until_us)
        posts = coverage.share(self.opened_us, end_us, over=over)
        deletions = coverage.share(self.opened_us, end_us, over=over, back_filled=False)
        before = coverage.share(self.opened_us - _BASELINE, self.opened_us, over=over, back_filled=False)
        return posts > _MOST_UNSEEN, max(deletions, before) > _MOST_UNSEEN

    def _coverage(self) -> dict[str, object] | None:
        coverage = self.coverage
        if not coverage.reported:
            return None
        spans = coverage.unseen_spans(self.opened_us, self.until_us)
        first_us = coverage.since_us()
        posts, deletions = self._hidden(self.until_us)
        return {
            "seen_since": None if first_us is None else from_us(first_us),
            "unseen_share": round(coverage.share(self.opened_us, self.until_us, over=True), 9),
            "deletions_unseen_share": round(
                coverage.share(self.opened_us, self.until_us, over=True, back_filled=False), 9
            ),
            "deletions_unseen_share_before": round(
                coverage.share(self.opened_us - _BASELINE, self.opened_us, over=True, back_filled=False), 9
            ),
            "unseen_spans": len(spans),
            "unseen": [(from_us(since_us), from_us(until_us), count) for since_us, until_us, count in spans],
            "says_nothing_of_silence": posts,
            "says_nothing_of_deletions": deletions,
        }

    def _listed_deletions(self) -> list[tuple[str, str, bool, int, tuple[str, ...]]]:
        texts = [
            text
            for (country, platform, _), (subject, at_us, _last_us, text) in self.world.texts().items()
            if (country, platform, subject) == (self.event.country, self.event.platform, self.subject.id)
            and self.opened_us - _LEDGER <= at_us < self.until_us
        ]
        prints = {each for text in texts for each in fingerprints(text)}
        vocabulary = {word for text in texts for word in words(text)}
        return [
            (
                fact.event.event_id,
                fact.text,
                self._refers(fact),
                0
                if fact.event.post_kind == "retweet" or is_passed_on(fact.text)
                else len(prints & set(fingerprints(fact.text))),
                tuple(sorted(words(fact.text) & vocabulary))[:12],
            )
            for fact in self.deletions
        ]

    # Possible successors

    def _successors(self) -> list[Successor]:
        """Every account that the State's officials amplified, asked whether all of the conditions hold."""
        found = []
        amplified: dict[str, list[CountryEvent]] = {}
        known: dict[str, list[CountryEvent]] = {}
        for event in self.world.events:
            if (event.country, event.platform) != (self.event.country, self.event.platform) or event.subject is None:
                continue
            amplifies = (
                event.kind == "post" and event.post_kind in ("retweet", "quote") and not event.subject_is_official
            )
            if amplifies:
                amplified.setdefault(event.subject.id, []).append(event)
            if amplifies or (event.kind == "subject_post" and len(event.text) >= 20):
                known.setdefault(event.subject.id, []).append(event)
        own = self._prints(known.get(self.subject.id, []))
        for account_id, events in amplified.items():
            if account_id != self.subject.id:
                facts = self._successor(account_id, events, known[account_id], own)
                if facts is not None:
                    found.append(facts)
        return sorted(found, key=lambda each: (each.noticed_us, each.id))

    @staticmethod
    def _prints(events: Sequence[CountryEvent]) -> set[int]:
        """Fingerprints of an account's texts: its own posts, and what was passed on of it."""
        texts = [event.text for event in events if event.kind == "subject_post" or event.post_kind == "retweet"]
        return {each for text in texts if len(text) >= 20 for each in fingerprints(text)}

    def _successor(
        self, account_id: str, events: list[CountryEvent], known: list[CountryEvent], own: set[int]
    ) -> Successor | None:
        firsts: dict[str, int] = {}
        posts: dict[str, tuple[int, str]] = {}
        for event in events:
            assert event.official is not None
            firsts[event.official.id] = min(event.at_us, firsts.get(event.official.id, event.at_us))
            posts[event.event_id] = (event.at_us, event.official.id)
        if not self.opened_us <= min(firsts.values()) < self.opened_us + _SUCCESSION:
            return None
        amplifiers = {each.id for each in self.amplifiers}
        common = sorted(
            (at_us, official)
            for official, at_us in firsts.items()
            if official in amplifiers and at_us < self.opened_us + _SUCCESSION
        )
        enough = 1 if len(amplifiers) == 1 else 2
        if len(common) < enough:
            return None
        account = _account(account_id, self.event.platform, known)
        if account.created_at is None:
            return None
        created_us = round(account.created_at.timestamp() * 1_000_000)
        mine, _ = creation(self.event.platform, self.subject, self.opened_us)
        first_us = common[0][0]
        if not 0 <= first_us - created_us <= _YOUNG or (mine is not None and created_us <= mine):
            return None
        handles = (self.subject.handle, account.handle)
        names = (self.subject.name, account.name)
        handle = handle_closeness(handles[0], handles[1]) if handles[0] and handles[1] else None
        name = name_closeness(names[0], names[1]) if names[0] and names[1] else None
        theirs = self._prints(known)
        shared, of = len(own & theirs), min(len(own), len(theirs))
        close = (handle or 0) >= CLOSE_HANDLES or (name or 0) >= CLOSE_NAMES or (shared >= 8 and shared / of >= 0.25)
        if not close:
            return None
        by_common = [official in {each for _, each in common} for _, official in sorted(posts.values())[:20]]
        return Successor(
            id=account_id,
            handle=account.handle,
            officials=[official for _, official in common],
            amplifications=sum(by_common),
            first_us=first_us,
            noticed_us=common[enough - 1][0],
            age_days=(first_us - created_us) / DAY_US,
            days=(first_us - self.opened_us) / DAY_US,
            handle_closeness=handle,
            name_closeness=name,
            shared=shared,
            of=of,
        )

    # Alerts

    def figure(self, name: str, at_us: int) -> Value:
        """The figure as of a moment of the watch; what is in the record is as of its end."""
        over = at_us >= self.until_us
        deletions = sum(over or (fact.deleted_us or 0) <= at_us for fact in self.deletions)
        match name:
            case "deletions":
                return deletions
            case "deletion_ratio":
                return None if self._hidden(at_us)[1] else deletions / max(1.0, self.deletions_before * 14 / 30)
            case "references":
                return sum(over or fact.event.at_us <= at_us for fact in self.references)
            case "amplifying_officials":
                return len(self.amplifiers)
            case "references_before":
                return self.references_before
            case "silent_officials" | "silent_share" if self.reinstated or at_us < self.ends_us:
                return None
            case "silent_officials" | "silent_share" if self._hidden(at_us)[0]:
                return None
            case "unseen_share" if not self.coverage.reported:
                return None
            case "unseen_share":
                return self.coverage.share(self.opened_us, min(at_us, self.until_us), over=at_us >= self.until_us)
            case "silent_officials":
                return len(self.silent)
            case "silent_share":
                return len(self.silent) / len(self.amplifiers)
            case "reinstated":
                return self.reinstated and over
            case "possible_successors":
                return sum(each.noticed_us <= at_us for each in self.successors)
            case _:
                raise KeyError(name)

    def _times(self, name: str) -> list[int]:
        """When a figure may move."""
        match name:
            case "deletions" | "deletion_ratio":
                return [fact.deleted_us or 0 for fact in self.deletions]
            case "references":
                return [fact.event.at_us for fact in self.references]
            case "amplifying_officials" | "references_before":
                return [self.opened_us]
            case "possible_successors":
                return [each.noticed_us for each in self.successors]
            case _:
                return [self.until_us] if self.closed else []

    def _alerts(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for rule in self.rules:
            when = rule.countries.get(self.event.country, rule.when)
            looked_at = [*rule.when, *(each for each_when in rule.countries.values() for each in each_when)]
            looked_at += [each for escalation in rule.escalations for each in escalation.when]
            times = sorted({at_us for condition in looked_at for at_us in self._times(condition.figure)})
            held: list[tuple[int, int]] = []
            for at_us in times:
                if all(self._holds(condition, at_us) for condition in when):
                    severities = [rule.severity]
                    severities += [
                        each.severity for each in rule.escalations if all(self._holds(c, at_us) for c in each.when)
                    ]
                    held.append((at_us, max(SEVERITIES.index(severity) for severity in severities)))
            if held:
                found[rule.name] = {
                    "severity": SEVERITIES[max(severity for _, severity in held)],
                    "fired_at": from_us(held[0][0]),
                    "as_of": from_us(held[-1][0]),
                    "expires_at": from_us(held[-1][0] + rule.quiet_us),
                    "figures": {name: self.figure(name, held[-1][0]) for name in _FIGURES},
                    "fired_figures": {name: self.figure(name, held[0][0]) for name in _FIGURES},
                    "countries": (self.event.country,),
                }
        return found

    def _holds(self, condition: Condition, at_us: int) -> bool:
        value = self.figure(condition.figure, at_us)
        if value is None:
            return False
        if condition.at_least is not None:
            return value >= condition.at_least
        if condition.at_most is not None:
            posts, deletions = self._hidden(at_us)
            # There may have been more that nobody saw.
            if (condition.figure == "references" and posts) or (condition.figure == "deletions" and deletions):
                return False
            return value <= condition.at_most
        return value is condition.equals


_FIGURES: Final = (
    "reinstated",
    "amplifying_officials",
    "references_before",
    "references",
    "deletions",
    "deletion_ratio",
    "silent_officials",
    "silent_share",
    "unseen_share",
    "possible_successors",
)


def _account(account_id: str, platform: str, events: Sequence[CountryEvent]) -> Account:
    """What the reports say together: the newest handle and name, and the creation time, rather a reported one."""
    handles = [(event.at_us, event.subject.handle) for event in events if event.subject and event.subject.handle]
    names = [(event.at_us, event.subject.name) for event in events if event.subject and event.subject.name]
    created = [creation(platform, event.subject, event.at_us) for event in events if event.subject]
    order: list[AccountSource | None] = ["reported", "directory", "snowflake"]
    reported = sorted((order.index(source), us) for us, source in created if us is not None)
    return Account(
        id=account_id,
        handle=max(handles)[1] if handles else None,
        name=max(names)[1] if names else None,
        created_at=from_us(reported[0][1]) if reported else None,
    )
