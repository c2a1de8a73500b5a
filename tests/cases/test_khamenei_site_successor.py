"""The second case: the later account and the near-misses lack or have exactly what its README says."""

import pytest

from streams.cases import KHAMENEI_SITE_SUCCESSOR
from tests.cases.recount import Amplification, Recount
from tools.cases.khamenei_site_successor.make_case import make_events, make_roster


@pytest.fixture(scope="module")
def case() -> Recount:
    return Recount(KHAMENEI_SITE_SUCCESSOR.events, KHAMENEI_SITE_SUCCESSOR.roster)


@pytest.fixture(scope="module")
def by_handle(case: Recount) -> dict[str, list[Amplification]]:
    """The amplifications of each subject, by its handle."""
    handles = {account_id: handle for handle, account_id in case.id_of.items()}
    return {handles[subject]: found for subject, found in case.amplifications().items()}


def test_the_files_are_what_the_script_makes() -> None:
    assert KHAMENEI_SITE_SUCCESSOR.events.read_bytes() == make_events()
    assert KHAMENEI_SITE_SUCCESSOR.roster.read_bytes() == make_roster()


def test_the_later_account_is_taken_up_by_the_same_officials_within_its_first_week(
    case: Recount, by_handle: dict[str, list[Amplification]]
) -> None:
    first, later = by_handle["Khamenei_site"], by_handle["KhameneiSite"]
    ((suspended_at, _),) = case.suspensions(case.id_of["Khamenei_site"])
    created = case.created(case.id_of["KhameneiSite"], later[0].at)
    assert created is not None
    assert first[-1].at < suspended_at < created < later[0].at
    assert (later[0].at - created).days < 7
    assert len({a.by for a in later} & {a.by for a in first}) == 9
    ((ended_at, _),) = case.suspensions(case.id_of["KhameneiSite"])
    assert 350 < (ended_at - suspended_at).days < 370, "a year later"


@pytest.mark.parametrize("handle", ["Khamenei_site", "KhameneiSite"])
def test_the_retweets_of_a_suspended_account_vanish_with_it(
    handle: str, case: Recount, by_handle: dict[str, list[Amplification]]
) -> None:
    vanished = case.vanished(case.id_of[handle])
    assert sorted(by for _, by, _ in vanished) == sorted(a.by for a in by_handle[handle])
    assert {names_it for _, _, names_it in vanished} == {True, False}


@pytest.mark.parametrize(
    "handle", ["Vaksan_Khabar", "Nowruz_1400", "Rah_e_Abrisham_En", "Entekhabat_Rooz", "Olympic_Kavan"]
)
def test_ordinary_new_accounts_are_taken_up_as_early_by_as_many(
    handle: str, case: Recount, by_handle: dict[str, list[Amplification]]
) -> None:
    amplifications = by_handle[handle]
    first = {amplification.by for amplification in by_handle["Khamenei_site"]}
    created = case.created(case.id_of[handle], amplifications[0].at)
    assert created is not None
    assert (amplifications[0].at - created).days < 90
    assert len({amplification.by for amplification in amplifications} & first) >= 6


def test_each_account_that_is_close_in_its_handle_lacks_one_thing(
    case: Recount, by_handle: dict[str, list[Amplification]]
) -> None:
    first = {amplification.by for amplification in by_handle["Khamenei_site"]}
    ((suspended_at, _),) = case.suspensions(case.id_of["Khamenei_site"])
    assert len({amplification.by for amplification in by_handle["Khamenei__site"]} & first) == 1
    assert not {amplification.by for amplification in by_handle["KhameneiSite_"]} & first
    old = by_handle["khameneisite1"]
    created = case.created(case.id_of["khameneisite1"], old[0].at)
    assert created is not None
    assert (old[0].at - created).days > 2_000
    assert all(amplification.at < suspended_at for amplification in by_handle["Khamenei_site2"])
