"""Any canonical event, within the bounds of the contract."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final, get_args

from hypothesis import strategies as st

from streams.events import (
    Account,
    Coverage,
    CoverageReason,
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
)

_texts: Final = st.text(max_size=20)
_ids: Final = st.text(min_size=1, max_size=20)
# Whole minutes: RFC 3339 knows no other offsets. A day from both ends of the calendar, so that UTC holds every time.
_zones: Final = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times: Final = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC) | _zones)  # noqa: DTZ001 - the bounds are naive by contract

accounts: Final = st.builds(
    Account,
    id=_ids,
    handle=st.none() | _texts,
    name=st.none() | _texts,
    created_at=st.none() | times,
    created_at_source=st.sampled_from([None, "reported", "snowflake"]),
    followers=st.none() | st.integers(0, 2**63 - 1),
    verified=st.none() | st.booleans(),
)
_common: Final = {"platform": st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True), "id": _ids, "at": times}
_seen: Final = {"observed_at": st.none() | times}
_refs: Final = st.none() | st.builds(PostRef, post_id=_ids, account=st.none() | accounts)

events: Final[st.SearchStrategy[Event]] = st.one_of(
    st.builds(
        Post,
        actor=accounts,
        text=_texts,
        lang=st.none() | _texts,
        links=st.lists(_texts, max_size=3).map(tuple),
        mentions=st.lists(accounts, max_size=3).map(tuple),
        reply_to=_refs,
        quotes=_refs,
        **_common,
        **_seen,
    ),
    st.builds(Retweet, actor=accounts, subject=accounts, post_id=st.none() | _ids, text=st.none() | _texts, **_common),
    st.builds(
        Suspension,
        actor=accounts,
        status=st.sampled_from(["suspended", "reinstated", "deleted", "deactivated"]),
        reason=st.none() | _texts,
        **_common,
    ),
    st.builds(Deletion, post_id=_ids, actor=st.none() | accounts, **_common, **_seen),
    st.builds(Follow, actor=accounts, subject=accounts, active=st.booleans(), **_common),
    st.builds(Profile, actor=accounts, changed=st.lists(_texts, max_size=3).map(tuple), **_common),
    st.builds(
        Coverage,
        source=st.sampled_from(["jetstream", "x" * 64]),
        seen=st.booleans(),
        since=st.none() | _common["at"],
        until=st.none() | _common["at"],
        officials=st.none() | st.lists(_ids, max_size=3).map(tuple),
        reason=st.none() | st.sampled_from(get_args(CoverageReason)),
        closed_by=st.sampled_from([None, "replay", "back_fill"]),
        **_common,
    ),
)
