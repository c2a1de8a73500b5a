"""Examples of every payload, in one story: those of what goes in and of aftermaths stand in files of their own.

Everything in it is made up. The names of the files in `schemas/examples/` are the keys.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from streams.core.clock import DAY_US, to_us
from streams.core.corrections.correction import Correction, FigureChange
from streams.core.dossier_parts import OfficialFigures, Totals, WindowFigures
from streams.core.enriched import Alert, AlertOfficial, Amplification, Dossier, Evidence, SuspensionRecord
from streams.core.evidence import EvidenceHeaders
from streams.core.identity import alert_id, dedup_key, interval_start
from streams.core.notifications import Acceptance, Notification
from streams.core.officials import Category
from streams.core.subject_event import Coordinates, subject_key
from streams.deadletters import Reason
from streams.schemas.aftermath_examples import AFTERMATH_EXAMPLES
from streams.schemas.example_story import (
    OFFICIAL,
    PLATFORM,
    POST,
    RETWEET_AT,
    ROSTER_DIGEST,
    RULE_DIGEST,
    SOURCE,
    SUBJECT,
    at_2020,
)
from streams.schemas.input_examples import INPUT_EXAMPLES
from streams.schemas.payloads import DeadLetterHeaders

__all__ = ["EXAMPLES"]

_FIRED_AT: Final = at_2020(7, 24, 11, 1)
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
        **INPUT_EXAMPLES,
        "amplification": (
            "amplification",
            Amplification(
                id="1285138000000000004",
                kind="retweet",
                platform=PLATFORM,
                at=RETWEET_AT,
                official=OFFICIAL,
                subject=SUBJECT,
                subject_is_official=False,
                post_id="1285100000000000003",
                roster_digest=ROSTER_DIGEST,
                source=SOURCE,
            ),
        ),
        "dossier": (
            "dossier",
            Dossier(
                platform=PLATFORM,
                subject=SUBJECT,
                subject_is_official=False,
                totals=Totals(retweet=3, quote=1, reply=0, mention=0, follow=1),
                distinct_officials=3,
                officials=(
                    _part("271413771", "minister_example", "government", 1, 1, RETWEET_AT, POST.at),
                    _part("331400210", "embassy_example", "diplomat", 1, 0, at_2020(7, 22, 8, 15)),
                    _part("98104455", "agency_example", "state_media", 1, 0, _FIRED_AT),
                ),
                windows={
                    "1h": WindowFigures(amplifications=1, distinct_officials=1),
                    "24h": WindowFigures(amplifications=1, distinct_officials=1),
                    "7d": WindowFigures(amplifications=4, distinct_officials=3),
                    "30d": WindowFigures(amplifications=4, distinct_officials=3),
                },
                first_amplified_at=RETWEET_AT,
                last_amplified_at=_FIRED_AT,
                age_at_first_amplification_days=14.13680556,
                countries=("XK",),
                suspension=SuspensionRecord(
                    status="suspended",
                    at=at_2020(11, 2, 18, 5),
                    event_id="suspension-1280000000000000001-2020-11-02",
                    precision="exact",
                    not_before=at_2020(11, 2, 18, 5),
                    not_after=at_2020(11, 2, 18, 5),
                ),
                withdrawn=0,
                gone_with_original=0,
                gone_with_official=0,
                gone_unknown=0,
                dropped=0,
                roster_digest=ROSTER_DIGEST,
                seen_since={"XK": at_2020(7, 1)},
            ),
        ),
        "alert": (
            "alert",
            Alert(
                id=alert_id(
                    "new-account-burst",
                    subject_key(PLATFORM, SUBJECT.id),
                    interval_start(to_us(_FIRED_AT), 7 * DAY_US),
                ),
                dedup_key=dedup_key("new-account-burst", subject_key(PLATFORM, SUBJECT.id)),
                rule="new-account-burst",
                severity="warning",
                mode="live",
                status="firing",
                platform=PLATFORM,
                subject=SUBJECT,
                countries=("XK",),
                fired_at=_FIRED_AT,
                as_of=_FIRED_AT,
                expires_at=at_2020(7, 31, 11, 1),
                figures=_FIGURES,
                fired_figures=_FIGURES,
                evidence=(
                    _evidence("1285138000000000004", "retweet", RETWEET_AT, "271413771", 41_216),
                    _evidence("1285140000000000002", "quote", POST.at, "271413771", 902_114),
                    _evidence("1285890000000000005", "retweet", at_2020(7, 22, 8, 15), "331400210", 41_377),
                    _evidence("1286600000000000006", "retweet", _FIRED_AT, "98104455", 41_590),
                ),
                evidence_total=4,
                summary="@new_voice_example, created 2020-07-06 (from its id), was amplified 4 times by 3 officials "
                "of XK from 2020-07-20 to 2020-07-24; 2 times by @minister_example alone.",
                rule_digest=RULE_DIGEST,
                roster_digest=ROSTER_DIGEST,
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
                old_digest=ROSTER_DIGEST,
                new_digest="b1946ac92492d2347c6235b4d2611184a3b0c4f8d5e6978012345678abcdef01",
                at=at_2020(8, 3, 9, 0),
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
                topic=SOURCE.topic,
                partition=str(SOURCE.partition),
                offset=str(SOURCE.offset),
                observed_at=str(to_us(RETWEET_AT)),
                received_at=str(to_us(RETWEET_AT) + 2_000_000),
            ),
        ),
        "evidence-withheld": (
            "evidence",
            EvidenceHeaders(
                sha256="fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
                topic=SOURCE.topic,
                partition=str(SOURCE.partition),
                offset=str(SOURCE.offset),
                received_at=str(to_us(RETWEET_AT) + 2_000_000),
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
