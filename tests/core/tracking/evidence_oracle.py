"""The part of TRACK's oracle that goes beyond counts: follows, first officials, own posts, suspension periods, who is
told what.

As naive as the rest: each answer is worked out anew from every report there is.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from streams.core.dossier_parts import (
    Contribution,
    FirstOfficial,
    Follower,
    Links,
    OfficialFigures,
    Score,
    TextMatch,
    TextMatches,
)
from streams.core.officials import Official
from streams.core.subject_event import SubjectEvent
from tests.core.tracking.facts import AMPLIFICATION, DAY, END_OF_TIME, EPOCH, Fact, official_of, time_of
from tests.core.tracking.when_oracle import PeriodFact, suspension_periods_of, times_there

__all__ = ["EvidenceOracle"]


class EvidenceOracle:
    """Answers from the reports and facts that `Oracle` collects."""

    events: list[SubjectEvent]
    engagements: list[Fact]
    amplifications: list[Fact]
    suspensions: list[Fact]
    officials: dict[str, Official]

    # For the dossier

    def first_officials(self, parts: Sequence[OfficialFigures]) -> tuple[FirstOfficial, ...]:
        """The five that amplified the subject first."""
        return tuple(
            FirstOfficial(
                id=part.id, handle=part.handle, country=part.country, category=part.category, at=part.first_at
            )
            for part in sorted(parts, key=lambda part: (part.first_at, part.id))[:5]
        )

    def following(self) -> tuple[Follower, ...]:
        """Who follows, since the first follow that nothing ended; the first 50."""
        since: list[tuple[datetime, str]] = []
        for official in self.officials:
            began = None
            for fact in self.engagements:
                if fact.kind == "follow" and fact.official == official:
                    began = (began or fact.at) if fact.active else None
            if began is not None:
                since.append((began, official))
        return tuple(
            Follower(
                id=official, handle=self.officials[official].handle, country=self.officials[official].country, since=at
            )
            for at, official in sorted(since)[:50]
        )

    def links(self) -> Links:
        """Each post once, with all domains that any report of it names."""
        domains: dict[str, set[str]] = {}
        for event in self.events:
            if event.kind == "post":
                domains.setdefault(event.event_id, set()).update(event.domains)
        counts = Counter(domain for named in domains.values() for domain in named)
        return Links(posts=len(domains), domains=dict(counts))

    def text_matches(self) -> TextMatches:
        """Each post once, with the official post that shares most; of equals the earliest, then by name."""
        reports = [event for event in self.events if event.kind == "text_match"]
        found: list[tuple[tuple[object, ...], TextMatch]] = []
        for post_id in {event.event_id for event in reports}:
            same = [event for event in reports if event.event_id == post_id]
            best = min(same, key=_closeness_of_texts)
            at = time_of(min(event.at_us for event in same))
            match = TextMatch(
                post_id=post_id,
                at=at,
                official=official_of(best).id,
                handle=official_of(best).handle,
                official_post_id=str(best.post_id),
                official_at=time_of(best.matched_us or 0),
                shared=best.shared,
                of=best.of,
            )
            found.append(((*_closeness_of_texts(best), at, post_id), match))
        found.sort(key=lambda item: item[0])
        return TextMatches(posts=len(found), best=tuple(match for _, match in found[:5]))

    # What other agents are told

    @property
    def followed(self) -> bool | None:
        """Whether the subject's own posts are asked for; `None` where reports differ on whether it was an official."""
        on_roster: dict[str, list[bool]] = {}
        for event in self.events:
            if event.kind in AMPLIFICATION:
                on_roster.setdefault(event.event_id, []).append(event.subject_is_official)
        surely = sum(not any(said) for said in on_roster.values()) >= 3
        possibly = sum(not all(said) for said in on_roster.values()) >= 3
        return surely if surely == possibly else None

    def amplifying_countries(self) -> tuple[str, ...]:
        """Every State of which any report of an amplification speaks."""
        return tuple(sorted({official_of(event).country for event in self.events if event.kind in AMPLIFICATION}))

    def there(self) -> list[datetime]:
        """When the subject was there."""
        return times_there(self.engagements, self.events)

    def periods(self) -> list[PeriodFact]:
        """When the subject was suspended or deleted, until when, by which notice."""
        return suspension_periods_of(self.suspensions, self.there())

    def amplifiers(self) -> dict[str, dict[str, tuple[int, datetime, datetime]]]:
        """By State and official: how many of its amplifications stood when it was suspended, and since when."""
        suspended_at = min((period.opened_at for period in self.periods()), default=END_OF_TIME)
        live = [fact for fact in self.amplifications if fact.withdrawn_at >= suspended_at]
        found: dict[str, dict[str, tuple[int, datetime, datetime]]] = {}
        for official in {fact.official for fact in live}:
            times = [fact.at for fact in live if fact.official == official]
            state = self.officials[official].country
            found.setdefault(state, {})[official] = (len(times), min(times), max(times))
        return found

    def score(self, live: list[Fact], age: float | None) -> Score:
        """Nine terms, each its weight times how much of the full value there is."""
        officials = Counter(fact.official for fact in live)
        leaders = sum(self.officials[fact.official].category == "leader" for fact in live)
        many = len(live) >= 10
        asked = self.followed or any(event.kind in ("post", "text_match") for event in self.events)
        most = max(officials.values(), default=0)
        values: dict[str, tuple[float | None, float, float]] = {
            "distinct_officials": (len(officials), 25, 10),
            "leader_share": (round(leaders / len(live), 4) if many else None, 10, 1),
            "top_official_share": (round(most / len(live), 4) if many else None, 10, 1),
            "age_at_first_amplification_days": (None if age is None else round(age, 2), 15, 365),
            "weeks_amplified": (len({(fact.at - EPOCH) // (7 * DAY) for fact in live}), 15, 26),
            "follows": (len(self.following()), 5, 3),
            "linking_posts": (self.links().posts if asked else None, 10, 10),
            "matching_posts": (self.text_matches().posts if asked else None, 5, 3),
            "distinct_countries": (len({self.officials[official].country for official in officials}), 5, 3),
        }
        terms = []
        for name, (value, weight, full) in values.items():
            part = 0.0 if value is None else min(1.0, value / full)
            if name == "age_at_first_amplification_days" and value is not None:
                part = 1.0 - part
            terms.append(Contribution(name=name, value=value, weight=weight, points=round(weight * part, 2)))
        return Score(total=round(sum(term.points for term in terms), 2), contributions=tuple(terms))


def _closeness_of_texts(event: SubjectEvent) -> tuple[int, int, str, str, str, int]:
    official = official_of(event)
    return (
        -event.shared,
        event.matched_us or 0,
        str(event.post_id),
        official.id,
        official.handle or "",
        event.of,
    )
