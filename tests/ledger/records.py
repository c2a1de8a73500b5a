"""Records of a ledger, drawn so that they meet: few States, officials, subjects, fingerprints and moments."""

from hypothesis import strategies as st

from streams.core.country_event import Amplifier, Standing, SuspensionPeriod
from streams.core.subject_event import Coordinates
from streams.core.watching.ledger import Record
from streams.core.watching.pending_sweeps import PendingSweeps, Sweep
from streams.core.watching.records import (
    AmplifiedAccount,
    CountryTime,
    Entry,
    PostVersion,
    PublishedHashes,
    RawRead,
    StandingRecord,
    SubjectText,
    UnmatchedDeletion,
)
from streams.core.watching.source_spans import PendingSeenSince, SeenSince
from streams.core.watching.standing_marks import OPENED, REINSTATED, amplifier_mark, reference_mark
from streams.events import Account

__all__ = [
    "ACCOUNTS",
    "COUNTRIES",
    "MARKS",
    "OFFICIALS",
    "PLATFORMS",
    "POST_IDS",
    "PRINTS",
    "SUBJECTS",
    "TIMES",
    "an_entry",
    "records",
]

COUNTRIES = ("IR", "RU")
PLATFORMS = ("twitter", "telegram")
OFFICIALS = ("1", "2", 'it\'s "quoted"; DROP TABLE records --')
SUBJECTS = ("7", "8", "\u202eevil\x00%_")
ACCOUNTS = ("i:7", "i:8", "h:site", "h:' OR 1=1 --", "h:\u0645", "p:1", "p:2")
PRINTS = (-(2**63), -1, 0, 1, 2**53, 2**63 - 1, 11, 12)
MARKS = (
    OPENED,
    REINSTATED,
    *(reference_mark(platform, f"i:{subject}") for platform in PLATFORMS for subject in SUBJECTS),
    *(amplifier_mark(platform, official) for platform in PLATFORMS for official in OFFICIALS),
)
TIMES = st.integers(0, 40)
POST_IDS = ("1", "2", "3", "10", "'", "\u06f1")
_POSTS = st.sampled_from(POST_IDS)
_SOURCE = Coordinates("posts", 0, 1)

_texts = st.text(st.characters(codec="utf-8"), max_size=20)
_prints = st.lists(st.sampled_from(PRINTS), unique=True, max_size=6).map(lambda found: tuple(sorted(found)))
_platforms = st.sampled_from(PLATFORMS)
_countries = st.sampled_from(COUNTRIES)
_subjects = st.sampled_from(SUBJECTS).map(lambda found: Account(id=found))


def an_entry(
    post_id: str, at_us: int, *, country: str = "IR", prints: tuple[int, ...] = (), text: str = "text"
) -> Entry:
    """An ordinary post of an official."""
    return Entry(
        "twitter",
        post_id,
        country,
        "1",
        "one",
        "diplomat",
        "post",
        at_us,
        text,
        "fa",
        None,
        None,
        (),
        prints,
        _SOURCE,
        "d",
    )


_entries = st.builds(
    Entry,
    platform=_platforms,
    post_id=_POSTS,
    country=_countries,
    official=st.sampled_from(OFFICIALS),
    handle=st.none() | _texts,
    category=st.just("diplomat"),
    kind=st.sampled_from(["post", "reply", "quote", "retweet"]),
    at_us=TIMES,
    text=_texts,
    lang=st.none() | _texts,
    subject=st.none() | st.sampled_from(SUBJECTS),
    original=st.none() | _POSTS,
    references=st.lists(st.sampled_from(ACCOUNTS), unique=True, max_size=3).map(tuple),
    fingerprints=_prints,
    source=st.just(_SOURCE),
    digest=_texts,
    deleted_us=st.one_of(TIMES, TIMES, st.none()),
)
_unmatched_deletions = st.builds(
    UnmatchedDeletion,
    platform=_platforms,
    post_id=_POSTS,
    official=st.sampled_from(OFFICIALS),
    handle=st.none(),
    category=st.just("diplomat"),
    country=_countries,
    at_us=TIMES,
    source=st.just(_SOURCE),
)
_periods = st.builds(
    SuspensionPeriod,
    opened_us=TIMES,
    status=st.just("suspended"),
    event_id=_POSTS,
    source=st.just(_SOURCE),
    reinstated_us=st.none() | TIMES,
)
_amplifiers = st.builds(
    Amplifier,
    id=st.sampled_from(OFFICIALS),
    handle=st.none(),
    category=st.just("diplomat"),
    amplifications=st.just(1),
    first_us=TIMES,
    last_us=TIMES,
)
_standing_records = st.builds(
    StandingRecord,
    platform=_platforms,
    country=_countries,
    subject=_subjects,
    standing=st.builds(
        Standing,
        version=TIMES,
        periods=st.lists(_periods, max_size=2).map(tuple),
        amplifiers=st.lists(_amplifiers, max_size=2).map(tuple),
    ),
    digest=_texts,
)
_amplified_accounts = st.builds(
    AmplifiedAccount,
    platform=_platforms,
    country=_countries,
    subject=_subjects,
    seen_us=TIMES,
    officials=st.dictionaries(st.sampled_from(OFFICIALS), TIMES, max_size=3),
)
_subject_texts = st.builds(
    SubjectText,
    platform=_platforms,
    post_id=_POSTS,
    country=_countries,
    subject=st.sampled_from(SUBJECTS),
    at_us=TIMES,
    text=_texts,
    fingerprints=_prints,
)
_country_times = st.builds(CountryTime, country=st.sampled_from([*COUNTRIES, ""]), at_us=TIMES)
_raw_read = st.builds(
    RawRead,
    read=st.dictionaries(_texts, st.lists(st.tuples(TIMES, st.integers(0, 3)), max_size=3).map(tuple), max_size=2),
    candidate_us=st.none() | TIMES,
)
_published_hashes = st.builds(
    PublishedHashes,
    platform=_platforms,
    country=_countries,
    subject=st.sampled_from(SUBJECTS),
    hashes=st.dictionaries(_texts, st.integers(-(2**63), 2**63 - 1), max_size=2),
)

_spans = st.lists(st.tuples(TIMES, TIMES), max_size=2).map(tuple)
_owed = st.builds(
    PendingSweeps,
    sweeps=st.dictionaries(
        _countries, st.builds(Sweep, spans=_spans, at=st.none() | st.tuples(TIMES, _texts), more=_spans), max_size=2
    ),
)

_post_versions = st.builds(
    PostVersion,
    platform=_platforms,
    version=_POSTS,
    country=st.sampled_from([*COUNTRIES, ""]),
    post_id=_POSTS,
    at_us=TIMES,
)
_seen_since = st.builds(SeenSince, platform=_platforms, country=_countries, since_us=TIMES)
_pending = st.builds(
    PendingSeenSince, from_us=st.dictionaries(_countries, st.dictionaries(_platforms, TIMES, max_size=2), max_size=2)
)

records: st.SearchStrategy[Record] = st.one_of(
    _entries,
    _entries,
    _entries,
    _entries,
    _unmatched_deletions,
    _standing_records,
    _amplified_accounts,
    _subject_texts,
    _subject_texts,
    _country_times,
    _raw_read,
    _published_hashes,
    _owed,
    _post_versions,
    _seen_since,
    _pending,
)
"""Any record; entries more often than others."""
