"""What a run shows of a roster: nobody acted, another id, several ids of a handle, one id in several terms."""

from datetime import UTC, datetime

from streams.core.clock import to_us
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.roster_use import RosterUse
from streams.events import Account, Event, Post, Suspension


def _entry(
    handle: str | None = "Mfa_Alpha", account_id: str | None = None, since: str | None = None, until: str | None = None
) -> RosterEntry:
    return RosterEntry(
        platform="twitter",
        account_id=account_id,
        handle=handle,
        country="IR",
        category="diplomat",
        source_url="https://example.org",
        valid_from_us=None if since is None else to_us(datetime.fromisoformat(since).replace(tzinfo=UTC)),
        valid_to_us=None if until is None else to_us(datetime.fromisoformat(until).replace(tzinfo=UTC)),
    )


def _acts(account_id: str, handle: str | None, day: str = "2021-03-01") -> Post:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return Post(platform="twitter", id="1", at=at, actor=Account(id=account_id, handle=handle))


def _findings(roster: list[RosterEntry], *events: Event) -> list[tuple[str, str]]:
    use = RosterUse(Roster(roster))
    for event in events:
        use.see(event)
    return [(finding.kind, finding.what) for finding in use.findings()]


def test_a_roster_that_fits_is_no_word_worth() -> None:
    roster = [_entry(account_id="7"), _entry("Emb_Beta")]
    assert _findings(roster, _acts("7", "renamed"), _acts("8", "emb_beta"), _acts("9", "somebody")) == []


def test_entries_that_did_not_act_are_said_only_where_none_did() -> None:
    roster = [_entry("Emb_Beta"), _entry(account_id="7")]
    assert _findings(roster, _acts("7", None)) == []
    ((kind, what),) = _findings(roster, _acts("9", "somebody"))
    assert (kind, "none of the 2 entries" in what, "@Emb_Beta" in what) == ("nobody_acted", True, True)


def test_a_roster_of_which_no_entry_was_valid_when_its_account_acted_is_said_with_days() -> None:
    roster = [_entry(account_id="7", since="2022-01-01"), _entry("Emb_Beta", until="2020-01-01")]
    ((kind, what),) = _findings(roster, _acts("7", None), _acts("8", "emb_beta"))
    assert kind == "never_valid"
    assert "@Mfa_Alpha acted on 2021-03-01 and is valid from 2022-01-01, @Emb_Beta acted on 2021-03-01" in what
    assert _findings(roster, _acts("7", None), _acts("7", None, "2022-02-01")) == []


def test_a_suspended_official_has_not_acted() -> None:
    gone = Suspension(
        platform="twitter", id="1", at=datetime(2021, 3, 1, tzinfo=UTC), actor=Account(id="7"), status="suspended"
    )
    assert [kind for kind, _ in _findings([_entry(account_id="7")], gone, _acts("9", None))] == ["nobody_acted"]
    assert _findings([_entry(account_id="7")], gone) == [], "where nobody acted at all, the roster is not to blame"


def test_a_handle_that_acts_under_another_id_than_the_rosters_is_said() -> None:
    """An id that a spreadsheet rounded never acts; its handle does."""
    kinds = dict(_findings([_entry(account_id="700"), _entry("b", "8")], _acts("712", "mfa_alpha"), _acts("8", "b")))
    assert kinds.keys() == {"other_id"}
    assert "712" in kinds["other_id"]
    assert _findings([_entry(account_id="700")], _acts("712", "mfa_alpha"), _acts("700", None)) == []


def test_ids_that_are_shifted_against_their_handles_are_said() -> None:
    """Not where one id alone acts so: it may have had the handle before another official."""
    roster = [_entry("one", "1"), _entry("two", "2"), _entry("three", "3")]
    shifted = dict(_findings(roster, _acts("1", "Two"), _acts("2", "three"), _acts("3", "one"), _acts("1", "two")))
    assert shifted.keys() == {"shifted"}
    assert "3 accounts" in shifted["shifted"]
    assert (
        "1 as @Two, which is 2 there, 2 as @three, which is 3 there, 3 as @one, which is 1 there" in shifted["shifted"]
    )
    assert _findings(roster, _acts("1", "two"), _acts("2", "renamed"), _acts("3", "three")) == []
    office = [_entry("office", "1"), _entry("office", "2"), _entry(None, "3")]
    assert (
        _findings(office, _acts("1", "office"), _acts("2", "office"), _acts("3", "office"), _acts("4", "office")) == []
    )


def test_two_accounts_under_one_handle_of_the_roster_are_said_with_their_days() -> None:
    events = (_acts("2", "Mfa_Alpha"), _acts("2", "mfa_alpha", "2021-03-03"), _acts("7", "Mfa_Alpha", "2021-04-10"))
    ((kind, what),) = _findings([_entry()], *events)
    assert kind == "several_ids"
    assert "2 from 2021-03-01 to 2021-03-03, 7 from 2021-04-10 to 2021-04-10" in what


def test_one_account_in_two_terms_of_a_handle_is_said() -> None:
    """Statuses fetched after the handover all have the successor's account under the handle of the office."""
    terms = [_entry("Speaker_A", until="2021-01-20"), _entry("Speaker_A", since="2021-01-20")]
    ((kind, what),) = _findings(terms, _acts("5", "Speaker_A", "2020-12-10"), _acts("5", "Speaker_A", "2021-02-01"))
    assert (kind, what.startswith("one account, 5, acted in 2 terms of @Speaker_A")) == (
        "one_id_in_several_terms",
        True,
    )
    assert _findings(terms, _acts("5", "Speaker_A", "2021-02-01")) == []


def test_a_crowd_under_one_handle_stays_bounded() -> None:
    ((_, what),) = _findings([_entry()], *(_acts(str(n), "Mfa_Alpha") for n in range(1, 1_000)))
    assert len(what) < 1_000
