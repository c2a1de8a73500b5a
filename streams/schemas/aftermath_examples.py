"""How the story in `examples` goes on: the new account is suspended, and what the officials do afterwards.

Everything in it is made up, as in the first part.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from streams.core.clock import DAY_US, to_us
from streams.core.country_event import CountryEvent
from streams.core.enriched import SuspensionRecord
from streams.core.identity import aftermath_id, interval_start, watch_about
from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.core.tracked import TrackedAccount
from streams.core.watching.aftermath_records import (
    Aftermath,
    AftermathCoverage,
    AftermathDeletion,
    AftermathOfficial,
    AftermathReference,
    PossibleSuccessor,
    UnseenSpan,
)
from streams.events import Account

__all__ = ["AFTERMATH_EXAMPLES"]

_PLATFORM: Final = "twitter"
_STATE: Final = "XK"
_ROSTER_DIGEST: Final = "5f0c4a1e" * 8
_SUBJECT: Final = Account(
    id="1280000000000000001",
    handle="new_voice_example",
    name="A new voice",
    created_at=datetime(2020, 7, 6, 6, 13, tzinfo=UTC),
    created_at_source="snowflake",
)
_OPENED_AT: Final = datetime(2020, 11, 2, 18, 5, tzinfo=UTC)
_QUOTE_AT: Final = datetime(2020, 7, 20, 9, 41, tzinfo=UTC)
_QUOTE: Final = "Worth reading: https://example.org/speech @new_voice_example"
_DELETED_AT: Final = datetime(2020, 11, 3, 7, 12, tzinfo=UTC)
_ASKED_AT: Final = datetime(2020, 11, 5, 10, 30, tzinfo=UTC)

AFTERMATH_EXAMPLES: Final[Mapping[str, tuple[str, object]]] = MappingProxyType(
    {  # file name without ending: (schema, value)
        "country-event": (
            "country-event",
            CountryEvent(
                kind="post",
                country=_STATE,
                platform=_PLATFORM,
                event_id="1285140000000000002",
                at_us=to_us(_QUOTE_AT),
                source=Coordinates("posts", 7, 902_114),
                roster_digest=_ROSTER_DIGEST,
                official=Official(
                    id="271413771",
                    handle="minister_example",
                    country=_STATE,
                    category="government",
                    name="Minister of examples",
                ),
                post_kind="quote",
                text=_QUOTE,
                lang="en",
                links=("https://example.org/speech",),
                about=(Account(id=_SUBJECT.id, handle=_SUBJECT.handle),),
                subject=_SUBJECT,
                post_id="1285100000000000003",
            ),
        ),
        "tracked-account": (
            "tracked-account",
            TrackedAccount(platform=_PLATFORM, id=_SUBJECT.id, countries=(_STATE,)),
        ),
        "aftermath": (
            "aftermath",
            Aftermath(
                id=aftermath_id(
                    watch_about(_STATE, _PLATFORM, _SUBJECT.id), f"{interval_start(to_us(_OPENED_AT), 14 * DAY_US)}/0"
                ),
                country=_STATE,
                platform=_PLATFORM,
                subject=_SUBJECT,
                number=0,
                status="closed",
                closed_because="elapsed",
                opened_at=_OPENED_AT,
                ends_at=_OPENED_AT + timedelta(days=14),
                closed_at=_OPENED_AT + timedelta(days=14),
                suspension=SuspensionRecord(
                    status="suspended",
                    at=_OPENED_AT,
                    event_id="suspension-1280000000000000001-2020-11-02",
                    precision="exact",
                    not_before=_OPENED_AT,
                    not_after=_OPENED_AT,
                ),
                officials=(
                    AftermathOfficial(
                        id="271413771",
                        handle="minister_example",
                        category="government",
                        amplifications=2,
                        references=0,
                        deletions=1,
                        posts=41,
                        silent=True,
                    ),
                    AftermathOfficial(
                        id="98104455",
                        handle="agency_example",
                        category="state_media",
                        amplifications=1,
                        references=1,
                        deletions=0,
                        posts=388,
                        silent=False,
                    ),
                ),
                amplifying_officials=2,
                silent_officials=1,
                references=1,
                references_before=3,
                listed_references=(
                    AftermathReference(
                        official="98104455",
                        handle="agency_example",
                        post_id="1324400000000000008",
                        kind="post",
                        at=_ASKED_AT,
                        text="Why was @new_voice_example silenced?",
                        lang="en",
                    ),
                ),
                deletions=1,
                deletions_before=0,
                expected_deletions=0.0,
                deletion_ratio=1.0,
                deletions_by_account={"minister_example": 1},
                deletions_by_language={"en": 1},
                deletions_unknown=2,
                gone_with_original=0,
                gone_with_official=0,
                gone_unknown=0,
                listed_deletions=(
                    AftermathDeletion(
                        official="271413771",
                        handle="minister_example",
                        post_id="1285140000000000002",
                        kind="quote",
                        posted_at=_QUOTE_AT,
                        deleted_at=_DELETED_AT,
                        lang="en",
                        text=_QUOTE,
                        concerns_subject=True,
                        shared_fingerprints=0,
                        shared_words=("reading",),
                    ),
                ),
                possible_successors=(
                    PossibleSuccessor(
                        subject=Account(
                            id="1325500000000000009",
                            handle="newvoice_example",
                            created_at=datetime(2020, 11, 8, 13, 1, tzinfo=UTC),
                            created_at_source="snowflake",
                        ),
                        officials_in_common=2,
                        officials=("98104455", "271413771"),
                        amplifications=3,
                        first_amplified_at=datetime(2020, 11, 9, 18, 5, tzinfo=UTC),
                        noticed_at=datetime(2020, 11, 10, 6, 5, tzinfo=UTC),
                        days_after_suspension=7.0,
                        age_days=1.21,
                        handle_closeness=1.0,
                        name_closeness=None,
                        shared_fingerprints=0,
                        fingerprints=4,
                        reasons=(
                            "its handle @newvoice_example is close to @new_voice_example",
                            "2 of the 2 officials that had amplified the subject took it up, the first 7.0 days later",
                        ),
                    ),
                ),
                roster_digest=_ROSTER_DIGEST,
                coverage=AftermathCoverage(
                    seen_since=datetime(2020, 6, 1, 8, 30, tzinfo=UTC),
                    unseen_share=6 / 336,
                    deletions_unseen_share=6 / 336,
                    deletions_unseen_share_before=0.0,
                    unseen_spans=1,
                    unseen=(
                        UnseenSpan(
                            since=_OPENED_AT + timedelta(days=2),
                            until=_OPENED_AT + timedelta(days=2, hours=6),
                            officials=2,
                        ),
                    ),
                    says_nothing_of_silence=False,
                    says_nothing_of_deletions=False,
                ),
            ),
        ),
    }
)
