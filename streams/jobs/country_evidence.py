"""What the evidence says to the ledger of a State of some accounts, under a roster: the parts of the order to WATCH."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import Final

from msgspec.structs import replace

from streams.core.bounds import bounded_country_event, bounded_id
from streams.core.corrections.affected_subjects import engaged_by
from streams.core.country_event import CountryEvent
from streams.core.country_recounts import CountryOrder, post_name
from streams.core.recounts import ORDER_BYTES, encode_recount
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates, subject_key
from streams.deadletters import Rejection
from streams.events import Coverage, Deletion, Event, Post, Retweet
from streams.jobs.event_spool import EventSpool, Spooled

__all__ = ["CountryEvidence", "place_of"]

_FEW: Final = 50_000  # events of which what SCREEN says is held, some 50 MB; of more it is asked twice
_EVENTS: Final = 2_000  # and accounts, of a part: WATCH applies it in one transaction


class CountryEvidence:
    """Of `events`, screened by whom SCREEN `known`-s, those that concern `accounts` (by key). `officials` are the
    changed ones among them, with their States in either roster; `platforms` those (with State) that had officials
    before. `engaged` has the States of which the evidence says that officials engaged with an account: another State's
    ledger has nothing about it that could change. `touched` has those of the changed accounts that touched one, as far
    as the evidence knows: what officials of other States did about it is the same under both rosters.
    """

    def __init__(
        self,
        events: EventSpool,
        known: AccountIndex,
        accounts: Set[str],
        officials: Mapping[str, Set[str]],
        platforms: Set[tuple[str, str]],
        engaged: Mapping[str, Set[str]],
        touched: Mapping[str, Set[str]],
        now_us: int,
    ) -> None:
        self._accounts, self._officials, self._platforms = accounts, officials, platforms
        self._engaged, self._touched = engaged, touched
        self._acted: set[str] = set()  # accounts whose own posts or deletions the evidence has
        self._authors: dict[tuple[str, str], set[str]] = defaultdict(set)  # of posts by or of the accounts
        self._names: dict[str, set[str]] = defaultdict(set)  # of posts that the evidence has, by account
        self._about: dict[tuple[str, str, str], set[str]] = defaultdict(set)  # posts of a State, and the accounts
        self._found: dict[tuple[str, str], list[CountryEvent]] = defaultdict(list)  # by State and account
        for each in events:
            self._meet(each.event)
        few = list(_screened(events, known, now_us)) if len(events) <= _FEW else None
        for take in (self._tie, self._keep):
            for event in _screened(events, known, now_us) if few is None else few:
                take(event)

    def parts(self, country: str, blank: CountryOrder) -> Iterator[CountryOrder]:
        """The parts of the order to a State, each small enough for a transaction and a message, as `blank` has the
        rest.
        """
        officials = {key for key, countries in self._officials.items() if country in countries}
        accounts: list[str] = []
        unchanged: list[str] = []
        events: list[CountryEvent] = []
        # A text may match a post of a changed account: these go before it is compared again.
        for account in sorted(self._accounts | officials, key=lambda each: (each not in officials, each)):
            found = self._found.get((country, account), [])
            if not found and account not in self._officials and country not in self._engaged.get(account, {country}):
                continue
            have = len(accounts) + len(unchanged) + len(events)
            if have and have + len(found) > _EVENTS:
                yield from self._split(officials, replace(blank, unchanged=tuple(unchanged)), accounts, events)
                accounts, unchanged, events = [], [], []
            if self._is_unchanged(country, account):
                unchanged.append(account)
                continue
            accounts.append(account)
            events += found
        yield from self._split(officials, replace(blank, unchanged=tuple(unchanged)), accounts, events)

    def _is_unchanged(self, country: str, account: str) -> bool:
        """Whether the State's ledger has about a touched account what it would have under the other roster. What the
        account did itself came to all States for which SCREEN followed it, and that may be others now.
        """
        return (
            country not in self._touched.get(account, {country})
            and account not in self._officials
            and account not in self._acted
        )

    def _split(
        self, officials: Set[str], blank: CountryOrder, accounts: list[str], events: list[CountryEvent]
    ) -> Iterator[CountryOrder]:
        once = list({(each.kind, each.event_id, each.source): each for each in events}.values())
        order = replace(
            blank,
            officials=tuple(each for each in accounts if each in officials),
            subjects=tuple(accounts),
            events=tuple(once),
            known=tuple(sorted(set().union(*(self._names.get(each, ()) for each in accounts)))),
        )
        if len(once) < 2 or (len(once) <= _EVENTS and len(encode_recount(order)) <= ORDER_BYTES):
            yield order
            return
        half = len(once) // 2
        yield from self._split(officials, blank, accounts, once[:half])
        yield from self._split(officials, replace(blank, unchanged=()), [], once[half:])

    def _meet(self, event: Event) -> None:
        """Whose posts are quoted or passed on, and which posts the evidence has of whom."""
        if isinstance(event, Coverage) or event.actor is None:
            return
        platform, actor = event.platform, subject_key(event.platform, event.actor.id)
        if isinstance(event, Post | Deletion) and actor in self._accounts:
            self._acted.add(actor)
        if isinstance(event, Deletion) and actor in self._officials:
            self._names[actor].add(post_name(platform, bounded_id(event.post_id), gone=True))
        if not isinstance(event, Post | Retweet):
            return
        name = post_name(platform, bounded_id(event.id))
        for account in {actor, *(subject_key(platform, each.id) for each in engaged_by(event))} & self._accounts:
            self._names[account].add(name)
        if isinstance(event, Post) and actor in self._accounts:
            self._authors[platform, bounded_id(event.id)].add(actor)
        if isinstance(event, Retweet) and event.post_id is not None:
            self._written(platform, event.post_id, event.subject.id)
        if isinstance(event, Post) and event.quotes is not None and event.quotes.account is not None:
            self._written(platform, event.quotes.post_id, event.quotes.account.id)

    def _written(self, platform: str, post_id: str, author: str) -> None:
        if (key := subject_key(platform, author)) in self._accounts:
            self._authors[platform, bounded_id(post_id)].add(key)

    def _tie(self, event: CountryEvent) -> None:
        """Which posts of officials concern the accounts, by any of their reports."""
        if event.kind == "post" and (accounts := self._of_post(event)):
            self._about[event.country, event.platform, event.event_id] |= accounts
            if event.author_unknown:
                for account in accounts:
                    self._names[account].add(post_name(event.platform, event.event_id))

    def _keep(self, event: CountryEvent) -> None:
        for account in self._concerned(event):
            self._found[event.country, account].append(event)

    def _concerned(self, event: CountryEvent) -> Set[str]:
        country, platform = event.country, event.platform
        match event.kind:
            case "post":
                return self._about.get((country, platform, event.event_id), set())
            case "deletion":
                of_post = self._about.get((country, platform, event.post_id or ""), set())
                return of_post | self._official(event)
            case "notice":
                return self._official(event)
            case "subject_post" | "subject_deletion":
                return self._subject(event)
            case "coverage":
                named = () if event.coverage is None else event.coverage.officials or ()
                found = {subject_key(platform, each) for each in named} & self._officials.keys()
                if not found and (platform, country) not in self._platforms:
                    found = {key for key, countries in self._officials.items() if country in countries}
                return found
            case _:
                return frozenset()

    def _of_post(self, event: CountryEvent) -> Set[str]:
        found = self._official(event) | self._subject(event)
        if event.author_unknown and event.post_id is not None:
            found |= self._authors.get((event.platform, event.post_id), set())
        return found

    def _official(self, event: CountryEvent) -> set[str]:
        official = event.official
        return set() if official is None else {subject_key(event.platform, official.id)} & self._officials.keys()

    def _subject(self, event: CountryEvent) -> set[str]:
        subject = event.subject
        return set() if subject is None else {subject_key(event.platform, subject.id)} & self._accounts


def _screened(events: EventSpool, known: AccountIndex, now_us: int) -> Iterator[CountryEvent]:
    for each in events:
        screening = screen_event(each.event, place_of(each), known, now_us, ScreenPolicy())
        if not isinstance(screening, Rejection):
            for event in screening.country_events:
                if event.country:
                    yield bounded_country_event(event)


def place_of(spooled: Spooled) -> Coordinates:
    """Where an event of the evidence stood in its raw topic."""
    topic, _, partition = spooled.path.rpartition("/")
    return Coordinates(topic, int(partition), spooled.line)
