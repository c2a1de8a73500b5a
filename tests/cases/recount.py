"""Counts a case out by hand: plain JSON and CSV, every figure from the whole list, nothing of the product used."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["RULES", "Amplification", "Recount", "Rule"]

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Amplification:
    """An official retweeted or quoted a subject."""

    at: datetime
    by: str
    id: str


@dataclass(frozen=True)
class Rule:
    """The bounds of one rule of the issue, and ways to loosen it by the least there is."""

    max_age: timedelta | None = None
    max_age_at_first: timedelta | None = None
    max_followers: int | None = None
    window: timedelta | None = None
    officials: int = 0
    amplifications: int = 0
    by_one: int = 0
    suspended: bool = False
    unknown_is_met: bool = False
    reinstated_is_suspended: bool = False
    officials_always: bool = False
    anybody_is_official: bool = False

    def but(self, **changes: Any) -> "Rule":  # any field of this class
        return replace(self, **changes)


_DAY = timedelta(days=1)

# As the issue words them.
RULES = {
    "new-account-burst": Rule(max_age=90 * _DAY, window=7 * _DAY, officials=3),
    "new-account-sustained": Rule(max_age=365 * _DAY, max_age_at_first=90 * _DAY, officials=5, amplifications=20),
    "low-profile": Rule(max_followers=5_000, window=30 * _DAY, officials=5, amplifications=10),
    "single-patron": Rule(max_age=365 * _DAY, by_one=20),
    "amplified-then-suspended": Rule(officials=5, suspended=True),
}


def _when(event: Json) -> datetime:
    return datetime.fromisoformat(event["at"])


@dataclass(frozen=True)
class Recount:
    """One case, read from its two files."""

    events_path: Path
    roster_path: Path
    withdrawn_count: bool = False
    _memo: dict[tuple[bool, bool], dict[str, list[Amplification]]] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[bytes]:
        return self.events_path.read_bytes().splitlines()

    @cached_property
    def events(self) -> list[Json]:
        return [json.loads(line) for line in self.lines]

    @cached_property
    def roster(self) -> list[dict[str, str]]:
        with self.roster_path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def of_kind(self, *kinds: str) -> Iterator[Json]:
        return (event for event in self.events if event["kind"] in kinds)

    def official(self, account: Json, at: datetime, *, always: bool = False) -> str | None:
        """The handle on the roster of an account that was an official then."""
        for row in self.roster:
            same = account["id"] == row["account_id"] if row["account_id"] else account.get("handle") == row["handle"]
            if same and (always or row["valid_from"] <= at.strftime("%Y-%m-%d")):
                return row["handle"]
        return None

    def amplifications(self, *, always: bool = False, anybody: bool = False) -> dict[str, list[Amplification]]:
        """By subject id, in the order of event time; what was taken back is left out unless `withdrawn_count`.

        What vanished with its original was taken back by nobody.
        """
        if (always, anybody) not in self._memo:
            gone = {} if self.withdrawn_count else {e["post_id"]: _when(e) for e in self.of_kind("deletion")}
            found: dict[str, list[Amplification]] = {}
            for event in self.of_kind("retweet", "post"):
                subject = event["subject"] if event["kind"] == "retweet" else event.get("quotes", {}).get("account")
                if subject is None or subject["id"] == event["actor"]["id"]:
                    continue
                if event["id"] in gone and not self.is_away(subject["id"], gone[event["id"]]):
                    continue
                at = _when(event)
                by = event["actor"]["id"] if anybody else self.official(event["actor"], at, always=always)
                if by is not None:
                    found.setdefault(subject["id"], []).append(Amplification(at, by, event["id"]))
            for amplifications in found.values():
                amplifications.sort(key=lambda amplification: amplification.at)
            self._memo[always, anybody] = found
        return self._memo[always, anybody]

    @cached_property
    def accounts(self) -> dict[str, list[tuple[datetime, Json]]]:
        """Every report of every account, wherever it appears in an event, in the order of event time."""
        found: dict[str, list[tuple[datetime, Json]]] = {}
        for event in self.events:
            at = datetime.fromisoformat(event["at"])
            refs = [event.get(name, {}).get("account") for name in ("reply_to", "quotes")]
            for account in (event.get("actor"), event.get("subject"), *refs, *event.get("mentions", ())):
                if account is not None:
                    found.setdefault(account["id"], []).append((at, account))
        for reports in found.values():
            reports.sort(key=lambda report: report[0])
        return found

    @cached_property
    def id_of(self) -> dict[str, str]:
        """Ids by handle; nobody in a case changes the handle."""
        return {account["handle"]: account["id"] for reports in self.accounts.values() for _, account in reports}

    def created(self, account_id: str, at: datetime) -> datetime | None:
        for _, account in self.accounts[account_id]:
            if "created_at" in account and (created := datetime.fromisoformat(account["created_at"])) <= at:
                return created
        if int(account_id) > 10**17:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                milliseconds=(int(account_id) >> 22) + 1_288_834_974_657
            )
        return None

    def followers(self, account_id: str, at: datetime) -> int | None:
        known = [
            account["followers"] for when, account in self.accounts[account_id] if when <= at and "followers" in account
        ]
        return known[-1] if known else None

    def suspensions(self, account_id: str) -> list[tuple[datetime, str]]:
        return sorted(
            (_when(event), event["status"])
            for event in self.of_kind("suspension")
            if event["actor"]["id"] == account_id
        )

    def is_away(self, account_id: str, at: datetime) -> bool:
        """Whether the account was suspended then, or within the day after: that is how early it is noticed."""
        status = [status for when, status in self.suspensions(account_id) if when <= at + _DAY]
        return status[-1:] == ["suspended"]

    def vanished(self, account_id: str) -> list[tuple[datetime, str, bool]]:
        """Retweets of a suspended account that are noticed to be gone: when, whose, and whether the notice says so."""
        retweets = {event["id"]: event for event in self.of_kind("retweet") if event["subject"]["id"] == account_id}
        return sorted(
            (_when(event), retweets[event["post_id"]]["actor"]["handle"], "actor" in event)
            for event in self.of_kind("deletion")
            if event["post_id"] in retweets and self.is_away(account_id, _when(event))
        )

    def fires(self, rule: Rule) -> set[str]:
        """The subjects (ids; officials left out) for which the rule holds at the time of any event about them."""
        found = set()
        for subject, amplifications in self.amplifications(
            always=rule.officials_always, anybody=rule.anybody_is_official
        ).items():
            _, account = self.accounts[subject][0]
            moments = [a.at for a in amplifications] + [at for at, _ in self.suspensions(subject)]
            if any(
                self.official(account, at) is None and self._holds(rule, subject, amplifications, at) for at in moments
            ):
                found.add(subject)
        return found

    def _holds(self, rule: Rule, subject: str, amplifications: list[Amplification], at: datetime) -> bool:
        until = [a for a in amplifications if a.at <= at]
        counted = until if rule.window is None else [a for a in until if a.at > at - rule.window]
        created = self.created(subject, at)
        age = None if created is None else at - created
        first_age = None if created is None or not until else until[0].at - created
        followers = self.followers(subject, at)
        status = [status for when, status in self.suspensions(subject) if when <= at]
        suspended = "suspended" in status if rule.reinstated_is_suspended else status[-1:] == ["suspended"]

        def at_most(figure: Any, bound: Any) -> bool:  # timedelta with timedelta, int with int
            return bound is None or (rule.unknown_is_met if figure is None else figure <= bound)

        return (
            at_most(age, rule.max_age)
            and at_most(first_age, rule.max_age_at_first)
            and at_most(followers, rule.max_followers)
            and len({a.by for a in counted}) >= rule.officials
            and len(counted) >= rule.amplifications
            and max([0, *(sum(b.by == a.by for b in until) for a in until)]) >= rule.by_one
            and (suspended or not rule.suspended)
        )
