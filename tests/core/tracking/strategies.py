"""What the properties of SCREEN and TRACK draw: histories of a few subjects, rule sets that fire often, arrangements.

Times cluster on the edges that matter: ties, windows, quiet periods, 90 and 365 days of age. Accounts, officials and
times are drawn from lists made ready, the plainest first: few choices an event keep properties fast and examples small.
"""

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from streams.core.clock import DAY_US, HOUR_US, SECOND_US, from_us
from streams.core.gone import RemovalReason
from streams.core.officials import Official
from streams.core.rulebook.rules import SEVERITIES, Condition, Escalation, Rule, RuleSet
from streams.core.subject_event import (
    AMPLIFICATION_KINDS,
    ENGAGEMENT_KINDS,
    Coordinates,
    SubjectEvent,
    SubjectEventKind,
)
from streams.core.tracking.subject_figures import SUBJECT_FIGURES
from streams.events import Account, AccountSource, Precision, SuspensionStatus

__all__ = [
    "BASE_US",
    "NOWHERE",
    "OFFICIALS",
    "accounts_of",
    "arrangements",
    "campaigns",
    "closings",
    "contradictions",
    "copies",
    "examples",
    "histories",
    "placed",
    "retweet",
    "rule_sets",
    "runs",
    "snowflake",
    "streams_in_order",
    "suspended",
    "words_of_watch",
]

# 5 September 2020, 20:00 UTC. What happens, happens in the months after it.
BASE_US: Final = 1_599_336_000 * SECOND_US
NOWHERE: Final = Coordinates("", 0, 0)

_THOROUGH: Final = 20 if os.environ.get("ANTIPHON_TEST_THOROUGH") else 1


def examples(count: int) -> settings:
    """So many examples, or twenty times as many where ANTIPHON_TEST_THOROUGH is set."""
    return settings(max_examples=count * _THOROUGH, deadline=None)


def snowflake(at_us: int) -> str:
    """The smallest Twitter id of a millisecond."""
    return str((at_us // 1_000 - 1_288_834_974_657) << 22)


# An account 85 days old at BASE (its 90th day is among the times drawn), one with an id that tells nothing, one of
# another platform, and one whose id says that it was created after the first events.
_SUBJECTS: Final = (
    ("twitter", snowflake(BASE_US - 85 * DAY_US)),
    ("twitter", "12"),
    ("mastodon", "12"),
    ("twitter", snowflake(BASE_US + 6 * HOUR_US)),
)
_CREATED: Final[tuple[tuple[int, AccountSource | None] | None, ...]] = (
    None,
    (BASE_US - 400 * DAY_US, "reported"),
    None,
    (BASE_US - 85 * DAY_US, None),
    (BASE_US - 84 * DAY_US, "snowflake"),
    (BASE_US - 86 * DAY_US, "directory"),
    (BASE_US + 2 * HOUR_US, "reported"),
    None,
    (BASE_US + 300 * DAY_US, "reported"),
    (-DAY_US, "reported"),
    (BASE_US - 90 * DAY_US, "reported"),
)

OFFICIALS: Final = (
    Official(id="o1", handle="leader_fa", country="IR", category="leader"),
    Official(id="o2", handle=None, country="IR", category="state_media"),
    Official(id="o3", handle="Embassy", country="RU", category="diplomat"),
    Official(id="o4", handle="mfa", country="RU", category="government", name="Ministry"),
    Official(id="o5", handle="deputy", country="FR", category="parliament"),
    Official(id="o6", handle="channel", country="FR", category="state_media"),
    *(Official(id=f"o{n}", handle=f"consulate{n}", country="IR", category="diplomat") for n in (7, 8, 9, 10, 11, 12)),
)
_MOVED: Final = (
    Official(id="o1", handle="leader_fa", country="SY", category="leader"),
    Official(id="o3", handle=None, country="FR", category="diplomat"),
)

_SPANS: Final = (0, SECOND_US, HOUR_US, 2 * HOUR_US, DAY_US, 5 * DAY_US, 7 * DAY_US, 30 * DAY_US)
_TIMES: Final = sorted(
    {
        BASE_US + first + second + far + nudge
        for first in _SPANS
        for second in _SPANS
        for far in (0, 280 * DAY_US)
        for nudge in (-1, 0, 1)
    }
)[1:]
_near: Final = st.sampled_from([BASE_US + span for span in _SPANS])
_times: Final = _near | st.sampled_from(_TIMES)
_counts: Final = st.integers(1, 25)
_few: Final = st.integers(1, 6)
_digests: Final = st.sampled_from(("roster-a", "roster-b"))
_ENGAGEMENTS: Final[tuple[SubjectEventKind, ...]] = ("retweet",) * 5 + ("quote", "quote", "reply", "mention", "follow")
_OWN_POSTS: Final[tuple[SubjectEventKind, ...]] = ("post", "text_match")
_NOTICES: Final[tuple[SubjectEventKind, ...]] = ("suspension", "suspension", "profile")
_KINDS: Final[tuple[SubjectEventKind, ...]] = (*_ENGAGEMENTS, *_OWN_POSTS, *_NOTICES, "deletion")
_STRONGEST_FIRST: Final[tuple[SubjectEventKind, ...]] = ("retweet", "quote", "reply", "mention")
_ORIGINALS: Final = ("p0", "p1", "p2")
_PRECISIONS: Final[tuple[Precision | None, ...]] = ("exact", "day", "noticed", None)
_STATUSES: Final[tuple[SuspensionStatus, ...]] = ("suspended", "reinstated", "deleted", "deactivated")


_DOMAINS: Final = (("example.org",), ("example.org", "mfa.example"), ("news.example",), ("mfa.example", "tv.example"))


def _own_post(event: SubjectEvent, index: int) -> SubjectEvent:
    """A post of the subject's own as the `index`-th of the reports that there may be: links, or the text it shares."""
    if event.kind == "post":
        return msgspec.structs.replace(event, domains=_DOMAINS[index % 4], official=None)
    if event.kind == "text_match":
        return msgspec.structs.replace(
            event,
            official=OFFICIALS[index % 5],
            post_id=f"p{index % 3}",
            shared=1 + index % 4,
            of=8 + index % 2,
            matched_us=BASE_US + (index % 3) * DAY_US,
        )
    return event


def _account(account_id: str, index: int) -> Account:
    """The `index`-th of the accounts that somebody may report: periods without a common factor, so that all mix."""
    created = _CREATED[index % 11]
    return Account(
        id=account_id,
        handle=(None, "site", "site_2")[index % 3],
        name=(None, None, "A site", None)[index % 4],
        created_at=None if created is None else from_us(created[0]),
        created_at_source=None if created is None else created[1],
        followers=(None, 10, 5_000, 0, 5_001)[index % 5],
        verified=(None, None, False, None, None, None, True)[index % 7],
    )


def accounts_of(account_id: str) -> st.SearchStrategy[Account]:
    """What events report of one account: any of its fields known or not, creation times that contradict each other."""
    return st.integers(0, 300).map(lambda index: _account(account_id, index))


def runs(
    platform: str,
    account_id: str,
    *,
    times: st.SearchStrategy[int] = _times,
    counts: st.SearchStrategy[int] = _counts,
    officials: st.SearchStrategy[int] = _few,
) -> st.SearchStrategy[list[SubjectEvent]]:
    """Many alike: retweets at equal distances by the first few officials in turn, the stuff that alerts are made of."""

    def build(start_us: int, step_us: int, count: int, officials: int, account: Account) -> list[SubjectEvent]:
        return [
            SubjectEvent(
                kind="retweet",
                platform=platform,
                event_id="",
                at_us=start_us + index * step_us,
                subject=account,
                source=NOWHERE,
                roster_digest="roster-a",
                official=OFFICIALS[index % officials],
            )
            for index in range(count)
        ]

    steps = st.sampled_from((0, HOUR_US // 2, HOUR_US, 12 * HOUR_US, DAY_US, 8 * DAY_US))
    return st.builds(build, times, steps, counts, officials, accounts_of(account_id))


@st.composite
def _events(
    draw: st.DrawFn,
    platform: str,
    account_id: str,
    kinds: Sequence[SubjectEventKind],
    officials: Sequence[Official],
    rostered: int,
) -> SubjectEvent:
    """One event as it was first reported, without its id. `rostered`: see `histories`."""
    kind = draw(st.sampled_from(kinds))
    engages = kind not in ("suspension", "profile", "deletion")
    event = SubjectEvent(
        kind=kind,
        platform=platform,
        event_id="",
        at_us=draw(_times),
        subject=draw(accounts_of(account_id)),
        source=NOWHERE,
        roster_digest=draw(_digests),
        subject_is_official=rostered > 0 and draw(st.integers(0, 9)) >= 10 - rostered,
        official=draw(st.sampled_from(officials)) if engages else None,
        active=kind != "follow" or draw(st.booleans()),
        status=draw(st.sampled_from(_STATUSES)) if kind == "suspension" else None,
        precision=draw(st.sampled_from(_PRECISIONS)) if kind == "suspension" else None,
        post_id=draw(st.sampled_from(_ORIGINALS)) if kind == "deletion" else None,
    )
    later_us = draw(st.sampled_from((None, None, 0, DAY_US, DAY_US + 1, 400 * DAY_US)))
    if later_us is not None:
        event = msgspec.structs.replace(event, observed_us=event.at_us + later_us)
    return _own_post(event, draw(st.integers(0, 59))) if kind in _OWN_POSTS else event


@st.composite
def histories(draw: st.DrawFn, *, longest: int = 12) -> list[SubjectEvent]:
    """What happened to one or two subjects, each event once, in no order; ids are unique within a kind.

    Up to `longest` single events and two runs a subject. Retweets and quotes share no id, so that it is clear what a
    withdrawal takes back.
    """
    subjects = draw(st.lists(st.sampled_from(_SUBJECTS), min_size=1, max_size=2, unique=True))
    officials = (*OFFICIALS, *_MOVED) if draw(st.integers(0, 3)) == 3 else OFFICIALS
    rostered = draw(st.sampled_from((0, 0, 0, 2, 6)))  # of ten events, how many find the subject on the roster
    happened: list[SubjectEvent] = []
    for platform, account_id in subjects:
        noticed = draw(st.integers(0, 7)) == 7  # nobody engages: there are notices and snapshots only
        kinds = _NOTICES if noticed else _KINDS
        single = _events(platform, account_id, kinds, officials, rostered)
        mine = draw(st.lists(single, min_size=1, max_size=longest))
        for run in draw(st.lists(runs(platform, account_id), max_size=0 if noticed else 2)):
            mine += run
        happened += draw(_withdrawn(_numbered(mine, draw(st.sampled_from((1, 7, 371))))))
    return happened


@st.composite
def campaigns(draw: st.DrawFn) -> list[SubjectEvent]:
    """Many retweets of a young account by up to twelve officials, and a few other events: what bundled rules seek."""
    platform, account_id = _SUBJECTS[0]
    kinds: tuple[SubjectEventKind, ...] = (*_KINDS, *("suspension",) * 8)
    mine = draw(st.lists(_events(platform, account_id, kinds, OFFICIALS, 0), max_size=6))
    counts, officials = st.integers(20, 50), st.sampled_from((5, 1, 12, 1, 10, 3))
    many = runs(platform, account_id, times=_near, counts=counts, officials=officials)
    for run in draw(st.lists(many, min_size=1, max_size=2)):
        mine += run
    young = msgspec.structs.replace(_account(account_id, 0), followers=draw(st.sampled_from((None, 10, 5_001))))
    claims = draw(st.sampled_from((False, False, True)))  # whether other creation times are reported
    events = draw(_withdrawn(_numbered(mine, 7)))
    return events if claims else [msgspec.structs.replace(event, subject=young) for event in events]


@st.composite
def suspended(draw: st.DrawFn) -> list[SubjectEvent]:
    """A few amplifications by a few officials, most of them taken back, and suspensions of the subject."""
    platform, account_id = draw(st.sampled_from(_SUBJECTS))
    amplifications = st.lists(_events(platform, account_id, ("retweet", "quote"), OFFICIALS[:4], 0), max_size=6)
    notices = st.lists(_events(platform, account_id, ("suspension",), OFFICIALS, 0), max_size=6)
    others = st.lists(_events(platform, account_id, (*_OWN_POSTS, "mention", "profile"), OFFICIALS, 0), max_size=2)
    mine = _numbered([*draw(amplifications), *draw(notices), *draw(others)], 7)
    withdrawals = [
        draw(_withdrawals(each)) for each in mine if each.kind in AMPLIFICATION_KINDS and draw(st.booleans())
    ]
    return [*mine, *withdrawals]


@st.composite
def closings(draw: st.DrawFn) -> list[SubjectEvent]:
    """An account that five officials or more amplified, and what its platform and its owner did to it afterwards."""
    amplified = [retweet(number, official=OFFICIALS[number]) for number in range(draw(st.integers(4, 7)))]
    days = st.integers(1, 90).map(lambda number: BASE_US + number * DAY_US)
    for number, at_us in enumerate(draw(st.lists(days, max_size=4))):
        amplified.append(retweet(100 + number, official=OFFICIALS[number], at_us=at_us))
    statuses = st.sampled_from(("suspended", "reinstated", "suspended", "reinstated", "deleted", "deactivated"))
    notices = draw(st.lists(st.tuples(days, statuses), min_size=1, max_size=5))
    if draw(st.booleans()):  # back for a day or two, and suspended again
        first_us = draw(days)
        for number, status in enumerate(("suspended", "reinstated", "suspended")):
            notices.append((first_us + number * draw(st.sampled_from((1, 2))) * DAY_US, status))
    return amplified + [
        msgspec.structs.replace(
            retweet(200 + number),
            kind="suspension",
            event_id=f"{200 + number}-{status}",
            at_us=at_us,
            official=None,
            status=status,
        )
        for number, (at_us, status) in enumerate(notices)
    ]


@st.composite
def streams_in_order(draw: st.DrawFn, *, recent: int) -> list[SubjectEvent]:
    """A long history of one subject as it arrives in order of time and id, with reports of recent events repeated.

    `recent` is how many of its amplifications, and of its contacts, the tracker is sure to retain: only those are
    repeated or taken back. The account is the same throughout but for its followers.
    """
    platform, account_id = draw(st.sampled_from(_SUBJECTS))
    account = msgspec.structs.replace(_account(account_id, 0), handle="site", created_at=from_us(BASE_US - 85 * DAY_US))
    at_us = BASE_US
    events: list[SubjectEvent] = []
    kept: dict[bool, list[SubjectEvent]] = {True: [], False: []}
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(_KINDS + 3 * _OWN_POSTS))  # their bounds are reached by whole blocks only
        gap_us = draw(st.sampled_from((HOUR_US // 7, 0, HOUR_US, 12 * HOUR_US, DAY_US - 1, 8 * DAY_US)))
        officials = draw(st.integers(1, 6))
        on_roster = draw(st.integers(0, 9)) == 9
        at_us += 1
        # Of events at one time, no more than are retained: a moment is judged when the first of them leaves.
        for _ in range(draw(st.integers(1, 25 if gap_us else min(recent, 4)))):
            index = len(events)
            at_us += gap_us
            event = SubjectEvent(
                kind=kind,
                platform=platform,
                event_id=f"{index:05}",
                at_us=at_us,
                subject=msgspec.structs.replace(account, followers=(None, 10, 5_000)[index % 3]),
                source=NOWHERE,
                roster_digest=f"roster-{index // 50}",
                subject_is_official=on_roster,
                post_id=_ORIGINALS[index % 3] if kind == "deletion" else None,
                official=None if kind in ("suspension", "profile", "deletion") else OFFICIALS[index % officials],
                active=kind != "follow" or index % 4 != 3,
                status=_STATUSES[index % 4] if kind == "suspension" else None,
                precision=_PRECISIONS[index // 4 % 4] if kind == "suspension" else None,
            )
            event = _own_post(event, index)
            events.append(event)
            if kind in ENGAGEMENT_KINDS:
                kept[kind in AMPLIFICATION_KINDS].append(event)
        for amplifies in (True, False):
            retained = kept[amplifies][-recent:]
            repeated = draw(st.lists(st.sampled_from(retained), max_size=2)) if retained else []
            events += repeated
            if amplifies and repeated and draw(st.booleans()):
                events.append(msgspec.structs.replace(repeated[0], kind="withdrawal", at_us=at_us))
    return events


@st.composite
def _withdrawn(draw: st.DrawFn, events: list[SubjectEvent]) -> list[SubjectEvent]:
    """The events, and notices that some of the amplifications among them were taken back."""
    amplifications = [event for event in events if event.kind in AMPLIFICATION_KINDS]
    chosen = draw(st.lists(st.sampled_from(amplifications), max_size=4)) if amplifications else []
    return [*events, *(draw(_withdrawals(event)) for event in chosen)]


def _numbered(events: Sequence[SubjectEvent], step: int) -> list[SubjectEvent]:
    """Ids that say nothing of the order, and that follows and suspensions share with officials' posts.

    `step` and 1,000 have no common factor, so that each number comes once.
    """
    counts = Counter[bool]()
    numbered = []
    for event in events:
        by_post = event.kind in _STRONGEST_FIRST
        numbered.append(msgspec.structs.replace(event, event_id=f"{counts[by_post] * step % 1000:03}"))
        counts[by_post] += 1
    return numbered


@st.composite
def _withdrawals(draw: st.DrawFn, event: SubjectEvent) -> SubjectEvent:
    """A notice that an amplification was taken back, now and then by somebody who never made it.

    WATCH says when it was made, and knows who made it; whoever else may write withdrawals says neither.
    """
    by = draw(st.sampled_from((event.official, event.official, event.official, OFFICIALS[0], OFFICIALS[1])))
    number = int(event.event_id)  # what WATCH says of the post and of its author is the same each time
    at_us = event.at_us + draw(st.sampled_from((HOUR_US, 0, -1, DAY_US, 8 * DAY_US)))
    known = by is not None and event.official is not None and by.id == event.official.id and draw(st.integers(0, 3)) > 0
    return msgspec.structs.replace(
        event,
        kind="withdrawal",
        amplified_us=event.at_us if known else None,
        amplification_kind=event.kind if known else None,
        at_us=at_us,
        last_us=draw(st.sampled_from((None, None, at_us + 9 * DAY_US))),
        observed_us=draw(st.sampled_from((None, None, None, at_us + 2 * DAY_US))),
        post_id=_ORIGINALS[number % 3],
        by_official=(None, None, None, RemovalReason.UNKNOWN, None, None, RemovalReason.WITH_OFFICIAL)[number % 7],
        official=by,
        subject=draw(accounts_of(event.subject.id)),
    )


@st.composite
def copies(draw: st.DrawFn, events: Sequence[SubjectEvent]) -> list[SubjectEvent]:
    """Further reports of some of the events: the same thing, known better or worse, screened by another roster; of a
    post also copies that do not say what it passes on, quotes or answers.
    """
    reports = []
    for event in draw(st.lists(st.sampled_from(events), max_size=5)):
        official = event.official
        seen_us = event.at_us + draw(st.sampled_from((0, DAY_US, 9 * DAY_US)))
        if official is not None and event.kind != "withdrawal":
            official = msgspec.structs.replace(official, handle=draw(st.sampled_from((official.handle, None, "seen"))))
        reports.append(
            msgspec.structs.replace(
                event,
                subject=draw(accounts_of(event.subject.id)),
                subject_is_official=event.subject_is_official or draw(st.integers(0, 5)) == 5,
                roster_digest=draw(_digests),
                official=official,
                observed_us=seen_us if event.kind in AMPLIFICATION_KINDS else event.observed_us,
            )
        )
        if event.kind == "suspension":
            reports[-1] = msgspec.structs.replace(reports[-1], precision=draw(st.sampled_from(_PRECISIONS)))
        if event.kind in _OWN_POSTS:
            reports[-1] = _own_post(reports[-1], draw(st.integers(0, 59)))
        if event.kind in _STRONGEST_FIRST and draw(st.booleans()):  # without what it passes on, quotes or answers
            poorer = _STRONGEST_FIRST[_STRONGEST_FIRST.index(event.kind) :]
            reports[-1] = msgspec.structs.replace(reports[-1], kind=draw(st.sampled_from(poorer)))
    return reports


@st.composite
def words_of_watch(draw: st.DrawFn, events: Sequence[SubjectEvent]) -> list[SubjectEvent]:
    """Since when officials of some States have been seen, told to some of the subjects."""
    subjects = sorted({(event.platform, event.subject.id) for event in events})
    countries = sorted({event.official.country for event in events if event.official is not None})
    keys = [(*subject, country) for subject in subjects for country in (*countries, "XK")]
    return [
        SubjectEvent(
            kind="seen_since",
            platform=platform,
            event_id=country,
            at_us=BASE_US,
            subject=Account(id=account_id),
            source=NOWHERE,
            country=country,
            since_us=draw(st.sampled_from((BASE_US - DAY_US, 0, BASE_US))),
        )
        for platform, account_id, country in draw(st.lists(st.sampled_from(keys), max_size=3, unique=True))
    ]


@st.composite
def contradictions(draw: st.DrawFn, events: Sequence[SubjectEvent]) -> list[SubjectEvent]:
    """Reports of some of the events that give another time, or another official who acted.

    The official is left alone where somebody took the amplification back: a withdrawal by another counts for nothing.
    """
    withdrawn = {event.event_id for event in events if event.kind == "withdrawal"}
    reports = []
    for event in draw(st.lists(st.sampled_from(events), max_size=5)):
        if event.kind in ("profile", "withdrawal", "deletion"):
            continue
        official = event.official
        if event.kind in ENGAGEMENT_KINDS and event.event_id not in withdrawn:
            official = draw(st.sampled_from((official, *OFFICIALS)))
        at_us = event.at_us + draw(st.sampled_from((0, 1, -1, HOUR_US, -HOUR_US, -7 * DAY_US)))
        account = draw(accounts_of(event.subject.id))
        reports.append(msgspec.structs.replace(event, at_us=at_us, official=official, subject=account))
    return reports


@st.composite
def arrangements(draw: st.DrawFn, events: Sequence[SubjectEvent]) -> list[list[SubjectEvent]]:
    """One way in which events may arrive: any order, some more than once, in any batches.

    Coordinates follow the order of arrival, on one to three raw partitions.
    """
    arriving = list(events)
    if draw(st.booleans()):
        draw(st.randoms(use_true_random=False)).shuffle(arriving)
    for event in draw(st.lists(st.sampled_from(events), max_size=4)):
        arriving.insert(draw(st.integers(0, len(arriving))), event)
    arrived = placed(arriving, partitions=draw(st.integers(1, 3)))
    cuts = sorted(draw(st.sets(st.integers(1, len(arrived)), max_size=5)))
    batches = [arrived[start:end] for start, end in pairwise([0, *cuts, len(arrived)])]
    return [batch for batch in batches if batch]


def retweet(number: int, *, official: Official = OFFICIALS[0], at_us: int | None = None) -> SubjectEvent:
    """The `number`-th of plain retweets of an account of which nothing is known, an hour apart."""
    return SubjectEvent(
        kind="retweet",
        platform="twitter",
        event_id=f"{number:06}",
        at_us=BASE_US + number * HOUR_US if at_us is None else at_us,
        subject=Account(id="12"),
        source=Coordinates("retweets", 0, number),
        roster_digest="roster",
        official=official,
    )


def placed(events: Sequence[SubjectEvent], *, partitions: int = 2) -> list[SubjectEvent]:
    """The events with the coordinates of a few raw partitions, whose offsets rise in the order of arrival."""
    return [
        msgspec.structs.replace(event, source=Coordinates(f"raw-{event.kind}", index % partitions, 10 * index))
        for index, event in enumerate(events)
    ]


def _condition(figure: str) -> list[Condition]:
    """The bounds that a rule of ours may set on a figure: low enough to be met, or refuted, by a few events."""
    if SUBJECT_FIGURES[figure].type == "truth":
        return [Condition(figure=figure, equals=truth) for truth in (True, False)]
    if figure.startswith("age"):
        return [Condition(figure=figure, at_most=days) for days in (85.0, 90.0, 365.0, 5.0)]
    if figure == "followers":
        most = [Condition(figure=figure, at_most=bound) for bound in (10, 5_000)]
        return [*most, Condition(figure=figure, at_least=10)]
    if figure == "top_official_share":
        return [Condition(figure=figure, at_least=share) for share in (0.3, 0.5, 1.0)]
    least = [Condition(figure=figure, at_least=bound) for bound in (1, 2, 3)]
    return [*least, Condition(figure=figure, at_most=1), Condition(figure=figure, at_most=6)]


_MOVED_OTHERWISE: Final = ("suspended", "followers", "age_days", "distinct_countries", "follows", "mentions", "replies")


@st.composite
def _rules(draw: st.DrawFn, name: str, figures: Sequence[str]) -> Rule:
    # Half of the conditions look at what other events than amplifications move: there are few such figures.
    seldom = [name for name in figures if name in _MOVED_OTHERWISE]
    some_figure = st.sampled_from(figures) | st.sampled_from(seldom)
    some = some_figure.flatmap(lambda figure: st.sampled_from(_condition(figure)))
    conditions = st.lists(some, min_size=1, max_size=2).map(tuple)
    severity = draw(st.sampled_from(SEVERITIES))
    higher = SEVERITIES[SEVERITIES.index(severity) + 1 :]
    escalations: list[Escalation] = []
    if higher:
        one = st.builds(Escalation, severity=st.sampled_from(higher), when=conditions)
        escalations = draw(st.lists(one, max_size=2))
    return Rule(
        name=name,
        description="drawn",
        severity=severity,
        mode=draw(st.sampled_from(("live", "shadow"))),
        quiet_us=draw(st.sampled_from((HOUR_US, DAY_US, SECOND_US, 7 * DAY_US, 30 * DAY_US))),
        when=draw(conditions),
        countries=draw(st.dictionaries(st.sampled_from(("IR", "RU", "SY")), conditions, max_size=2)),
        escalations=tuple(escalations),
        digest=f"digest of {name}",
    )


@st.composite
def rule_sets(draw: st.DrawFn, *, without: Sequence[str] = ()) -> RuleSet:
    """One to three rules with low thresholds and short quiet periods, on any figures but those named."""
    figures = [name for name in SUBJECT_FIGURES if name not in without]
    rules = [draw(_rules(f"rule-{index}", figures)) for index in range(draw(st.integers(1, 3)))]
    return RuleSet(rules=tuple(rules), digest="digest of all")
