"""One story in examples, a record of each payload: three officials amplify a new account, which is later suspended.

Everything in it is made up. The names of the files in `schemas/examples/` are the keys.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from streams.core.clock import DAY_US, to_us
from streams.core.corrections.correction import Correction, FigureChange
from streams.core.dossier_parts import OfficialFigures, Totals, WindowFigures
from streams.core.enriched import Alert, AlertOfficial, Amplification, Dossier, Evidence, SuspensionRecord
from streams.core.evidence import EvidenceHeaders
from streams.core.identity import alert_id, dedup_key, interval_start
from streams.core.notifications import Acceptance, Notification
from streams.core.officials import Category, Official
from streams.core.rosters.roster import RosterEntry
from streams.core.rosters.roster_log import Manifest
from streams.core.subject_event import Coordinates, SubjectEvent, subject_key
from streams.deadletters import Reason
from streams.events import Account, Coverage, Deletion, Follow, Post, PostRef, Profile, Retweet, Suspension
from streams.schemas.aftermath_examples import AFTERMATH_EXAMPLES
from streams.schemas.payloads import DeadLetterHeaders

__all__ = ["EXAMPLES"]


def _at(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2020, month, day, hour, minute, tzinfo=UTC)


_PLATFORM: Final = "twitter"
_ROSTER_DIGEST: Final = "5f0c4a1e" * 8
_RULE_DIGEST: Final = "b39e77d2" * 8

_SUBJECT: Final = Account(
    id="1280000000000000001",
    handle="new_voice_example",
    name="A new voice",
    created_at=_at(7, 6, 6, 13),
    created_at_source="snowflake",
    followers=312,
    verified=False,
)
_MINISTER: Final = Account(
    id="271413771",
    handle="minister_example",
    name="The minister",
    created_at=datetime(2011, 3, 24, 13, 4, 47, tzinfo=UTC),
    created_at_source="reported",
    followers=802_113,
    verified=True,
)
_OFFICIAL: Final = Official(
    id=_MINISTER.id, handle=_MINISTER.handle, country="XK", category="government", name="Minister of examples"
)
_RETWEET_AT: Final = _at(7, 20, 9, 30)
_SOURCE: Final = Coordinates("retweets", 7, 41_216)

_POST: Final = Post(
    platform=_PLATFORM,
    id="1285140000000000002",
    at=_at(7, 20, 9, 41),
    observed_at=_at(7, 20, 9, 42),
    actor=_MINISTER,
    text="Worth reading: https://example.org/speech @new_voice_example",
    lang="en",
    links=("https://example.org/speech",),
    mentions=(Account(id=_SUBJECT.id, handle=_SUBJECT.handle),),
    quotes=PostRef(post_id="1285100000000000003", account=_SUBJECT),
)

_FIRED_AT: Final = _at(7, 24, 11, 1)
_FIGURES: Final[dict[str, float | int | bool | None]] = {
    "age_days": 18.2,
    "distinct_officials_7d": 3,
    "age_at_first_amplification_days": 14.136805555555556,
    "amplifications": 4,
    "distinct_officials": 3,
    "distinct_countries": 1,
    "followers": 312,
    "top_official_amplifications": 2,
    "suspended": False,
}


def _part(official: str, handle: str, category: Category, retweets: int, quotes: int, *at: datetime) -> OfficialFigures:
    return OfficialFigures(
        id=official,
        handle=handle,
        country="XK",
        category=category,
        retweets=retweets,
        quotes=quotes,
        first_at=min(at),
        last_at=max(at),
    )


def _evidence(event_id: str, kind: Literal["retweet", "quote"], at: datetime, official: str, offset: int) -> Evidence:
    source = Coordinates("retweets" if kind == "retweet" else "posts", 7, offset)
    return Evidence(event_id=event_id, kind=kind, at=at, official=official, source=source)


EXAMPLES: Final[Mapping[str, tuple[str, object]]] = MappingProxyType(
    {  # file name without ending: (schema, value)
        "post": ("post", _POST),
        "retweet": (
            "retweet",
            Retweet(
                platform=_PLATFORM,
                id="1285138000000000004",
                at=_RETWEET_AT,
                observed_at=_at(7, 20, 9, 31),
                actor=_MINISTER,
                subject=_SUBJECT,
                post_id="1285100000000000003",
                text="Our history, told by those who lived it.",
            ),
        ),
        "suspension": (
            "suspension",
            Suspension(
                platform=_PLATFORM,
                id="suspension-1280000000000000001-2020-11-02",
                at=_at(11, 2, 18, 5),
                actor=Account(id=_SUBJECT.id, handle=_SUBJECT.handle),
                status="suspended",
                reason="platform manipulation",
                precision="exact",
            ),
        ),
        "deletion": (
            "deletion",
            Deletion(
                platform=_PLATFORM,
                id="deletion-1285140000000000002",
                at=_at(11, 3, 7, 12),
                post_id=_POST.id,
                actor=Account(id=_MINISTER.id),
            ),
        ),
        "follow": (
            "follow",
            Follow(
                platform=_PLATFORM,
                id="follow-271413771-1280000000000000001",
                at=_at(7, 21),
                actor=Account(id=_MINISTER.id, handle=_MINISTER.handle),
                subject=_SUBJECT,
            ),
        ),
        "profile": (
            "profile",
            Profile(
                platform=_PLATFORM,
                id="profile-1280000000000000001-2020-08-01",
                at=_at(8, 1),
                actor=_SUBJECT,
                changed=("name", "followers"),
            ),
        ),
        "coverage": (
            "coverage",
            Coverage(
                platform=_PLATFORM,
                id="example-collector-2020-10-30T04:10Z-stopped",
                at=_at(10, 30, 9, 40),
                source="example-collector",
                seen=False,
                since=_at(10, 30, 4, 10),
                until=_at(10, 30, 9, 40),
                reason="stopped",
            ),
        ),
        "official": (
            "official",
            (
                RosterEntry(
                    platform=_PLATFORM,
                    account_id=_MINISTER.id,
                    handle=_MINISTER.handle,
                    name="Minister of examples",
                    country="XK",
                    category="government",
                    source_url="https://example.org/government/ministers",
                    valid_from_us=to_us(datetime(2019, 6, 1, tzinfo=UTC)),
                    domains=("ministry.example.org",),
                ),
            ),
        ),
        "official-manifest": ("official", Manifest(digest=_ROSTER_DIGEST, entries=19)),
        "subject-event": (
            "subject-event",
            SubjectEvent(
                kind="retweet",
                platform=_PLATFORM,
                event_id="1285138000000000004",
                at_us=to_us(_RETWEET_AT),
                subject=_SUBJECT,
                source=_SOURCE,
                roster_digest=_ROSTER_DIGEST,
                official=_OFFICIAL,
                post_id="1285100000000000003",
            ),
        ),
        "amplification": (
            "amplification",
            Amplification(
                id="1285138000000000004",
                kind="retweet",
                platform=_PLATFORM,
                at=_RETWEET_AT,
                official=_OFFICIAL,
                subject=_SUBJECT,
                subject_is_official=False,
                post_id="1285100000000000003",
                roster_digest=_ROSTER_DIGEST,
                source=_SOURCE,
            ),
        ),
        "dossier": (
            "dossier",
            Dossier(
                platform=_PLATFORM,
                subject=_SUBJECT,
                subject_is_official=False,
                totals=Totals(retweet=3, quote=1, reply=0, mention=0, follow=1),
                distinct_officials=3,
                officials=(
                    _part("271413771", "minister_example", "government", 1, 1, _RETWEET_AT, _POST.at),
                    _part("331400210", "embassy_example", "diplomat", 1, 0, _at(7, 22, 8, 15)),
                    _part("98104455", "agency_example", "state_media", 1, 0, _FIRED_AT),
                ),
                windows={
                    "1h": WindowFigures(amplifications=1, distinct_officials=1),
                    "24h": WindowFigures(amplifications=1, distinct_officials=1),
                    "7d": WindowFigures(amplifications=4, distinct_officials=3),
                    "30d": WindowFigures(amplifications=4, distinct_officials=3),
                },
                first_amplified_at=_RETWEET_AT,
                last_amplified_at=_FIRED_AT,
                age_at_first_amplification_days=14.13680556,
                countries=("XK",),
                suspension=SuspensionRecord(
                    status="suspended",
                    at=_at(11, 2, 18, 5),
                    event_id="suspension-1280000000000000001-2020-11-02",
                    precision="exact",
                    not_before=_at(11, 2, 18, 5),
                    not_after=_at(11, 2, 18, 5),
                ),
                withdrawn=0,
                gone_with_original=0,
                gone_with_official=0,
                gone_unknown=0,
                dropped=0,
                roster_digest=_ROSTER_DIGEST,
                seen_since={"XK": _at(7, 1)},
            ),
        ),
        "alert": (
            "alert",
            Alert(
                id=alert_id(
                    "new-account-burst",
                    subject_key(_PLATFORM, _SUBJECT.id),
                    interval_start(to_us(_FIRED_AT), 7 * DAY_US),
                ),
                dedup_key=dedup_key("new-account-burst", subject_key(_PLATFORM, _SUBJECT.id)),
                rule="new-account-burst",
                severity="warning",
                mode="live",
                status="firing",
                platform=_PLATFORM,
                subject=_SUBJECT,
                countries=("XK",),
                fired_at=_FIRED_AT,
                as_of=_FIRED_AT,
                expires_at=_at(7, 31, 11, 1),
                figures=_FIGURES,
                fired_figures=_FIGURES,
                evidence=(
                    _evidence("1285138000000000004", "retweet", _RETWEET_AT, "271413771", 41_216),
                    _evidence("1285140000000000002", "quote", _POST.at, "271413771", 902_114),
                    _evidence("1285890000000000005", "retweet", _at(7, 22, 8, 15), "331400210", 41_377),
                    _evidence("1286600000000000006", "retweet", _FIRED_AT, "98104455", 41_590),
                ),
                evidence_total=4,
                summary="@new_voice_example, created 2020-07-06 (from its id), was amplified 4 times by 3 officials "
                "of XK from 2020-07-20 to 2020-07-24; 2 times by @minister_example alone.",
                rule_digest=_RULE_DIGEST,
                roster_digest=_ROSTER_DIGEST,
                officials=(
                    AlertOfficial(id="271413771", handle="minister_example", country="XK", amplifications=2),
                    AlertOfficial(id="331400210", handle="embassy_example", country="XK", amplifications=1),
                    AlertOfficial(id="98104455", handle="agency_example", country="XK", amplifications=1),
                ),
                officials_total=3,
            ),
        ),
        "correction": (
            "correction",
            Correction(
                correction="5f0c9a1be37d4b60a1d2f3e48c7b9a05",
                about="alert",
                outcome="would_not_have_fired",
                cause="roster",
                reason="@minister_example left office in May",
                old_digest=_ROSTER_DIGEST,
                new_digest="b1946ac92492d2347c6235b4d2611184a3b0c4f8d5e6978012345678abcdef01",
                at=_at(8, 3, 9, 0),
                platform="twitter",
                subject_id="1280051736210571265",
                alert_id="0a4d55a8d778e5022fab701977c5d840",
                rule="new-account-amplified",
                accounts=("twitter:98104455",),
                severity_before="warning",
                figures=(FigureChange(figure="amplifications", before=4), FigureChange(figure="followers")),
            ),
        ),
        "notification": (
            "notification",
            Notification(
                alert_id="0a4d55a8d778e5022fab701977c5d840",
                accepted=(
                    Acceptance(
                        severity="warning",
                        state="firing",
                        receiver="alertmanager.example",
                        accepted_at=_FIRED_AT + timedelta(seconds=2),
                        published_at=_FIRED_AT + timedelta(seconds=1),
                    ),
                ),
            ),
        ),
        "evidence": (
            "evidence",
            EvidenceHeaders(
                sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
                topic=_SOURCE.topic,
                partition=str(_SOURCE.partition),
                offset=str(_SOURCE.offset),
                observed_at=str(to_us(_RETWEET_AT)),
                received_at=str(to_us(_RETWEET_AT) + 2_000_000),
            ),
        ),
        "evidence-withheld": (
            "evidence",
            EvidenceHeaders(
                sha256="fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
                topic=_SOURCE.topic,
                partition=str(_SOURCE.partition),
                offset=str(_SOURCE.offset),
                received_at=str(to_us(_RETWEET_AT) + 2_000_000),
                withheld="the account's owner asked for it",
            ),
        ),
        "dead-letter": (
            "dead-letter",
            DeadLetterHeaders(
                reason=Reason.NOT_AN_EVENT,
                detail="Object missing required field `actor`",
                topic="posts",
                partition="3",
                offset="90311",
                size="118",
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
        ),
        **AFTERMATH_EXAMPLES,
    }
)
