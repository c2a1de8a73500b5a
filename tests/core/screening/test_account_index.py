"""Whom SCREEN knows does not depend on the order in which rosters and records came."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex, KnownAccount
from streams.core.tracked import TrackedAccount
from streams.events import Account
from tests.core.tracking.strategies import examples

_PLATFORMS: Final = ("twitter", "mastodon")
_ENTRIES: Final = [
    RosterEntry(
        platform=platform,
        account_id=account_id,
        handle=handle,
        country="IR",
        category="diplomat",
        source_url="https://example.org",
    )
    for platform in _PLATFORMS
    for account_id, handle in (("1", "one"), ("2", None), (None, "embassy"))
]
_rosters: Final = st.lists(st.sampled_from(_ENTRIES), unique=True).map(Roster)
_records: Final = st.builds(
    TrackedAccount,
    platform=st.sampled_from(_PLATFORMS),
    id=st.sampled_from(("1", "2", "3")),
    countries=st.sampled_from(((), ("IR",), ("IR", "RU"))),
    handle=st.sampled_from((None, "embassy", "other")),
)


@pytest.mark.slow
@examples(200)
@given(st.lists(_rosters | _records, max_size=8))
def test_the_last_roster_and_every_record_count_in_any_order(
    arriving: list[Roster | TrackedAccount],
) -> None:
    """The roster's accounts of an earlier roster are strangers again, unless something else is known of them. A record
    that says nothing of an account ends that it is followed as a subject.
    """
    known = AccountIndex()
    roster = Roster()
    countries: dict[tuple[str, str], tuple[str, ...]] = {}
    handles: dict[tuple[str, str], str] = {}
    for each in arriving:
        if isinstance(each, Roster):
            known.use(each)
            roster = each
        else:
            known.add(each)
            is_of_subject = each.countries or each.handle is None
            countries |= {(each.platform, each.id): each.countries} if is_of_subject else {}
            handles |= {(each.platform, each.id): each.handle} if each.handle else {}
    assert known.roster == roster
    assert known.tracked == len({key for key, found in countries.items() if found} | handles.keys())
    for platform in _PLATFORMS:
        ids, account_index, by_handle = known.platform_index(platform)
        assert by_handle == roster.handles_of(platform)
        expected = {
            account_id: KnownAccount(
                account_id in roster.ids_of(platform),
                countries.get((platform, account_id), ()),
                handles.get((platform, account_id)),
            )
            for account_id in ("1", "2", "3")
        }
        assert ids == account_index.keys()
        assert account_index == {key: value for key, value in expected.items() if value != KnownAccount()}
        for account_id, handle in (("1", None), ("3", None), ("3", "EMBASSY")):
            account = Account(id=account_id, handle=handle)
            assert known.official(platform, account, 0) == roster.official(platform, account_id, handle, 0)
            seen_as = Account(id=account_id, handle=handle or handles.get((platform, account_id)))
            assert known.author(platform, account, 0) == (
                roster.official(platform, account_id, handle, 0)
                or roster.official(platform, account_id, seen_as.handle, 0)
            )


def test_a_million_tracked_accounts_share_what_is_the_same_in_them() -> None:
    """Per account no more than its entry in a dict: here, of a few thousand."""
    known = AccountIndex()
    for number in range(5_000):
        known.add(TrackedAccount(platform="twitter", id=str(number), countries=("IR",) if number % 2 else ("RU", "CN")))
    ids, account_index, _ = known.platform_index("twitter")
    assert len(ids) == len(account_index) == known.tracked == 5_000
    assert len({id(each) for each in account_index.values()}) == 2
