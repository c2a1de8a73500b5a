"""Who is listed as a possible successor: only an account for which everything speaks, with the figures that do."""

from collections import Counter
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.accounts import CERTAINTY
from streams.core.clock import from_us
from streams.core.subject_event import Coordinates
from streams.core.watching.amplified_accounts import keep_amplification
from streams.core.watching.records import Amplified, AmplifiedAccount, StandingRecord
from streams.core.watching.successors import known_better, successor_of
from streams.core.watching.watch import WatchPeriod, watches_of
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account, AccountSource
from tests.core.tracking.strategies import examples, snowflake
from tests.core.watching.watch_events import SUBJECT, amplification, day, standing

_POLICY = WatchPolicy()
_SOURCE = Coordinates("retweets", 0, 0)


def _watch(by: int = 6, subject: Account = SUBJECT) -> WatchPeriod:
    event = standing(by=by, subject=subject)
    assert event.standing is not None
    [watch] = watches_of(StandingRecord("twitter", "IR", subject, event.standing, "roster"), _POLICY)
    return watch


def _amplified_account(
    taken_up: dict[str, float],
    *,
    handle: str | None = "KhameneiSite",
    name: str | None = None,
    created: float | None = 30,
    sketch: tuple[int, ...] = (),
    platform: str = "twitter",
    account: str = "later",
) -> AmplifiedAccount:
    """An account that officials took up on these days, by their ids."""
    officials = {official: day(days) for official, days in taken_up.items()}
    known = Account(id=account, handle=handle, name=name, created_at=None if created is None else from_us(day(created)))
    first = tuple(Amplified(us, f"r{official}", "retweet", official, _SOURCE) for official, us in officials.items())
    return AmplifiedAccount(platform, "IR", known, 0, officials, first=first, sketch=sketch)


def _own(sketch: tuple[int, ...]) -> AmplifiedAccount:
    return AmplifiedAccount("twitter", "IR", SUBJECT, 0, {}, sketch=sketch)


@pytest.mark.parametrize("order", list(permutations(("reported", "directory", "snowflake"))))
def test_of_several_creation_times_the_platforms_own_counts_and_a_directorys_before_an_ids(
    order: tuple[AccountSource, ...],
) -> None:
    known: AmplifiedAccount | None = None
    seen: list[AccountSource] = []
    for source in order:
        seen.append(source)
        account = Account(id="77", created_at=from_us(day(-len(source))), created_at_source=source)
        event = msgspec.structs.replace(amplification("1", 1), subject=account)
        known = keep_amplification(known, event, (), _POLICY)
        assert known.subject.created_at_source == max(seen, key=CERTAINTY.__getitem__)
        assert known.subject.created_at == from_us(day(-len(max(seen, key=CERTAINTY.__getitem__))))


def test_an_account_for_which_everything_speaks_is_listed_with_its_figures() -> None:
    found = successor_of(_watch(), _amplified_account({"0": 40, "1": 41, "11": 39}), None, _POLICY)
    assert found is not None
    assert (found.officials_in_common, found.officials) == (2, ("0", "1")), "the third had not amplified the subject"
    assert (found.first_amplified_at, found.noticed_at) == (from_us(day(40)), from_us(day(41)))
    assert (found.days_after_suspension, found.age_days, found.amplifications) == (40, 10, 2)
    assert (found.handle_closeness, found.name_closeness) == (1.0, None)
    handle, officials = found.reasons
    assert handle == "its handle @KhameneiSite is close to @Khamenei_site"
    assert officials == (
        "2 of the 6 officials that had amplified the suspended account took it up, the first 40.0 days after the "
        "suspension, when it was 10.0 days old"
    )


@pytest.mark.parametrize(
    "amplified_account",
    [
        pytest.param(_amplified_account({"0": 40}), id="one official alone"),
        pytest.param(_amplified_account({"0": 40, "11": 40}), id="one of the same officials and another one"),
        pytest.param(_amplified_account({"0": 40, "1": 401}), id="the second too late"),
        pytest.param(_amplified_account({"0": 400, "1": 400}, created=390), id="both too late"),
        pytest.param(
            _amplified_account({"0": 40, "1": 41, "11": -1}, created=-2), id="an official knew it before the suspension"
        ),
        pytest.param(_amplified_account({"0": 121, "1": 121}), id="too old by then"),
        pytest.param(_amplified_account({"0": 40, "1": 41}, created=None), id="of unknown age"),
        pytest.param(
            _amplified_account({"0": 40, "1": 41}, created=40.5), id="said to be created after it was taken up"
        ),
        pytest.param(
            _amplified_account({"0": 40, "1": 41}, handle="AnotherVoice", name="Another"), id="like it in nothing"
        ),
        pytest.param(_amplified_account({"0": 40, "1": 41}, handle=None), id="of which nothing is known"),
        pytest.param(_amplified_account({"0": 40, "1": 41}, platform="mastodon"), id="on another platform"),
        pytest.param(_amplified_account({"0": 40, "1": 41}, account=SUBJECT.id), id="the account itself, reinstated"),
        pytest.param(_amplified_account({}), id="taken up by nobody"),
    ],
)
def test_an_account_that_lacks_one_thing_is_not_listed(amplified_account: AmplifiedAccount) -> None:
    assert successor_of(_watch(), amplified_account, None, _POLICY) is None


def test_the_edges_of_the_conditions_belong_to_them() -> None:
    for amplified_account in (
        _amplified_account({"0": 0, "1": 399.999}, created=0),
        _amplified_account({"0": 120, "1": 120}),
        _amplified_account({"0": 30, "1": 30}),
    ):
        assert successor_of(_watch(), amplified_account, None, _POLICY) is not None


def test_an_account_older_than_the_subject_is_not_its_successor() -> None:
    young = Account(id=snowflake(day(-5)), handle="Khamenei_site")
    for created, listed in ((-4.9, True), (-5, False), (-5.1, False)):
        found = successor_of(
            _watch(subject=young), _amplified_account({"0": 40, "1": 41}, created=created), None, _POLICY
        )
        assert (found is not None) is listed


def test_where_one_official_had_amplified_the_subject_that_one_is_enough() -> None:
    assert successor_of(_watch(by=1), _amplified_account({"0": 40}), None, _POLICY) is not None
    assert successor_of(_watch(by=1), _amplified_account({"1": 40}), None, _POLICY) is None


def test_name_and_texts_are_reasons_of_their_own() -> None:
    named = successor_of(
        _watch(), _amplified_account({"0": 40, "1": 41}, handle="x", name="the LEADER's site"), None, _POLICY
    )
    assert named is not None
    assert named.reasons[0] == "its name is close to that of the suspended account"
    prints = tuple(range(32))
    for shared, listed in ((8, True), (7, False)):
        amplified_account = _amplified_account(
            {"0": 40, "1": 41}, handle="x", sketch=prints[:shared] + tuple(range(100, 100 + 32 - shared))
        )
        found = successor_of(_watch(), amplified_account, _own(prints), _POLICY)
        assert (found is not None) is listed
        if found is not None:
            assert found.reasons[0] == "its posts share 8 of 32 fingerprints with those of the suspended account"


_days = st.integers(-40, 500).map(float) | st.integers(0, 120).map(float)


def test_what_is_listed_meets_every_condition_and_says_so() -> None:
    listed = Counter[bool]()

    @examples(200)
    @given(
        st.dictionaries(st.sampled_from([str(n) for n in range(8)]), _days, min_size=1, max_size=4),
        _days,
        st.sampled_from(("KhameneiSite", "khamenei_site2", "other", None)),
        st.sets(st.integers(0, 40), max_size=20),
    )
    def check(taken_up: dict[str, float], created: float, handle: str | None, sketch: set[int]) -> None:
        watch = _watch()
        amplified_account = _amplified_account(taken_up, handle=handle, created=created, sketch=tuple(sorted(sketch)))
        found = successor_of(watch, amplified_account, _own(tuple(range(20))), _POLICY)
        listed[found is not None] += 1
        if found is not None:
            assert found.officials_in_common >= 2
            assert set(found.officials) <= watch.amplifier_ids
            assert min(taken_up.values()) >= 0
            assert 0 <= found.age_days <= 90
            assert 0 <= found.days_after_suspension < 400
            assert len(found.reasons) >= 2
            assert found.first_amplified_at <= found.noticed_at

    check()
    assert min(listed[True], listed[False]) > 5


def test_an_amplified_account_is_known_better_only_if_something_that_counts_changed() -> None:
    amplified_account = _amplified_account({"0": 40})
    assert known_better(None, amplified_account)
    assert not known_better(
        amplified_account, msgspec.structs.replace(amplified_account, seen_us=day(99), handle_us=day(99))
    )
    assert known_better(amplified_account, _amplified_account({"0": 39}))
    assert known_better(amplified_account, _amplified_account({"0": 40}, handle="other"))
